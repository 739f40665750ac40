"""The logs and messages of the demo that no callback is about."""

from __future__ import annotations

import json

from local.space import (
    LOG_TYPES,
    OFFICIAL_FAX_ID,
    OFFICIAL_MESSAGE_ID,
    Log,
    LogType,
    RunningSpace,
    Space,
)

_UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"
_IN_PROGRESS = frozenset({"queued", "initiated", "ringing", "in-progress"})


def older(logs: Space) -> Space:
    """Pick what no send ends as: the logs of the public examples, and some in progress."""

    def pick(logs: dict[str, Log]) -> dict[str, Log]:
        official = {OFFICIAL_FAX_ID, OFFICIAL_MESSAGE_ID} & logs.keys()
        first = {str(log["status"]): log_id for log_id, log in reversed(logs.items())}
        wanted = official | {first[status] for status in _IN_PROGRESS & first.keys()}
        return {log_id: log for log_id, log in logs.items() if log_id in wanted}

    return Space(fax=pick(logs.fax), message=pick(logs.message))


def add_all(space: RunningSpace, logs: Space) -> None:
    """Put all these logs into a space that runs."""
    for log_type in LOG_TYPES:
        for log in logs.logs(log_type).values():
            space.put_log(log_type, log)


def truth(space: RunningSpace) -> dict[str, str]:
    """Give the status of each log in the space, by the key of its row."""
    return {
        f"{log_type}#{log_id}": status
        for log_type, logs in space.ids().items()
        for log_id, status in logs.items()
    }


def spare(logs: Space, older: Space) -> str:
    """Find a failed fax that the table does not have, for the user to try with."""
    return next(
        log_id
        for log_id, log in logs.fax.items()
        if log["status"] == "failed" and log_id not in older.fax
    )


def bodies(older: Space) -> list[str]:
    """Make the messages of other producers: log IDs, one of them twice, and what leads nowhere."""
    # The unknown log goes first: its retries take longest.
    return [
        *UNUSABLE,
        *(body("fax", log_id) for log_id in older.fax),
        *(body("message", log_id) for log_id in older.message),
        body("fax", next(iter(older.fax))),
    ]


def body(log_type: LogType, log_id: str) -> str:
    """Make the message that names a log."""
    return json.dumps({"log_type": log_type, "log_id": log_id})


#: Messages that lead to no log: an unknown one, and no JSON at all.
UNUSABLE = (body("fax", _UNKNOWN_ID), "not JSON")
