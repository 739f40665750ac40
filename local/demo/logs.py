"""The logs of the demo that no callback announces, and the messages that name them."""

from __future__ import annotations

from hooklog.logs import KINDS
from hooklog.queue_messages import Origin, message_body
from local.space import LOG_TYPES, OFFICIAL_FAX_ID, OFFICIAL_MESSAGE_ID, RunningSpace, Space

_UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"
_IN_PROGRESS = frozenset({"queued", "initiated", "ringing", "in-progress"})


def _body(log_type: str, log_id: str) -> str:
    return message_body(log_type=log_type, log_id=log_id, origin=Origin.MANUAL)


#: Messages that lead to no log: one names an unknown log, the other is not JSON.
UNUSABLE = (_body("fax", _UNKNOWN_ID), "not JSON")


def older(generated: Space) -> Space:
    """Pick logs in which no send ends: the public examples, and one log per early status."""
    picked = Space()
    for log_type in LOG_TYPES:
        logs = generated.logs(log_type)
        first = {str(log["status"]): log_id for log_id, log in reversed(logs.items())}
        wanted = {OFFICIAL_FAX_ID, OFFICIAL_MESSAGE_ID}
        wanted |= {first[status] for status in _IN_PROGRESS & first.keys()}
        for log_id, log in logs.items():
            if log_id in wanted:
                picked.put(log_type, log)
    return picked


def add_all(space: RunningSpace, generated: Space) -> None:
    """Put all these logs into a running space."""
    for log_type in LOG_TYPES:
        for log in generated.logs(log_type).values():
            space.put_log(log_type, log)


def truth(space: RunningSpace) -> dict[str, str]:
    """Return the status of each log in the space, by the key of its row."""
    return {
        KINDS[log_type].key(log_id): status
        for log_type, statuses in space.ids().items()
        for log_id, status in statuses.items()
    }


def spare(generated: Space, space: RunningSpace) -> str:
    """Return the ID of a failed fax that the space does not have yet."""
    present = space.ids()["fax"]
    return next(
        log_id
        for log_id, log in generated.logs("fax").items()
        if log["status"] == "failed" and log_id not in present
    )


def bodies(older: Space) -> list[str]:
    """Return the messages of other producers: each log, the first one twice, and the unusable."""
    messages = [
        _body(log_type, log_id) for log_type in LOG_TYPES for log_id in older.logs(log_type)
    ]
    # The unknown log comes first, because its retries take longest.
    return [*UNUSABLE, *messages, messages[0]]
