"""What a simulated space holds: logs of every kind, in the shape that the REST API returns."""

from __future__ import annotations

import copy
import re
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from hooklog.clock import as_utc
from hooklog.logs import KINDS, UUID_PATTERN

if TYPE_CHECKING:
    from collections.abc import Sequence

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None
type Log = dict[str, Json]
type LogType = str
"""The name of a kind of log."""
type Position = tuple[datetime, str]
"""The place of a log among the others: its creation time (UTC), then its ID for ties."""

LOG_TYPES: tuple[LogType, ...] = tuple(KINDS)
FAX_RESOURCE, FAX_RESOURCE_LIST = "fax_resource", "fax_resource_list"
"""The endpoints of fax resources; those of logs are `<log type>_one` and `<log type>_list`."""

_UUID = re.compile(UUID_PATTERN, re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Return whether the text is a UUID in the hyphenated form, in either case.

    `uuid.UUID` would be too lenient: it also takes braces, URNs and bare digits.
    """
    return _UUID.fullmatch(text) is not None


def instant(text: str) -> datetime:
    """Read an ISO 8601 date or time as an aware UTC time; without an offset it is UTC already.

    Raises ValueError for anything else, including a time outside the years 1 to 9999.
    """
    return as_utc(datetime.fromisoformat(text))


def resource_sid(log: Log) -> str:
    """Return the end of a log's `url`, the SID of its resource; empty without a URL."""
    return str(log.get("url") or "").rpartition("/")[2]


@dataclass
class Space:
    """The logs of one space.

    `deleted` holds the IDs that a list leaves out unless it is asked for deleted logs. Change the
    logs through `put` only, which also keeps the order that paging relies on.
    """

    deleted: set[str] = field(default_factory=set, init=False)
    _logs: dict[LogType, dict[str, Log]] = field(
        default_factory=lambda: {name: {} for name in KINDS}, init=False, repr=False
    )
    _order: dict[LogType, list[Position]] = field(
        default_factory=lambda: {name: [] for name in KINDS}, init=False, repr=False
    )
    _sids: dict[LogType, dict[str, str]] = field(
        default_factory=lambda: {name: {} for name in KINDS}, init=False, repr=False
    )

    def logs(self, log_type: LogType) -> dict[str, Log]:
        """Return the logs of one kind by lower-case ID, in the order in which they were added."""
        return self._logs[log_type]

    def order(self, log_type: LogType) -> Sequence[Position]:
        """Return the positions of the logs of one kind, oldest first."""
        return self._order[log_type]

    def position(self, log_type: LogType, log_id: str) -> Position:
        """Return the position of one log; raises KeyError for an unknown ID."""
        return _position(self._logs[log_type][log_id])

    def log_of(self, log_type: LogType, sid: str) -> Log | None:
        """Return the log whose `url` ends in this SID, in either case; the one put last of several.

        None if there is no such log.
        """
        log_id = self._sids[log_type].get(sid.lower())
        return None if log_id is None else self._logs[log_type][log_id]

    def put(self, log_type: LogType, log: Log, *, deleted: bool = False) -> None:
        """Add a log, or replace the one with the same ID.

        Raises ValueError when the kind is unknown, `id` is not a UUID or `created_at` not a time.
        Nothing else is checked, so that a test can also plant a log that breaks the specification.
        """
        if log_type not in self._logs:
            raise ValueError(f"log_type must be one of {', '.join(self._logs)}, not {log_type!r}")
        position = _position(log)
        log_id = position[1]
        logs, order = self._logs[log_type], self._order[log_type]
        sids = self._sids[log_type]
        if log_id in logs:
            del order[bisect_left(order, _position(logs[log_id]))]
            old = resource_sid(logs[log_id]).lower()
            if sids.get(old) == log_id:
                del sids[old]
        insort(order, position)
        if sid := resource_sid(log).lower():
            sids[sid] = log_id
        # A copy, or the caller could move the log without changing the order.
        logs[log_id] = copy.deepcopy(log)
        if deleted:
            self.deleted.add(log_id)
        else:
            self.deleted.discard(log_id)


def _position(log: Log) -> Position:
    log_id, created_at = log.get("id"), log.get("created_at")
    if not isinstance(log_id, str) or not is_uuid(log_id):
        raise ValueError(f"a log needs a UUID as its id, not {log_id!r}")
    if not isinstance(created_at, str):
        raise ValueError(f"a log needs a time as its created_at, not {created_at!r}")  # noqa: TRY004 - one kind of error for one kind of mistake
    return instant(created_at), log_id.lower()
