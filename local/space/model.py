"""What a simulated space holds: fax logs and message logs, in the shape the REST API gives them."""

from __future__ import annotations

import copy
import re
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None
type Log = dict[str, Json]
type Position = tuple[datetime, str]
"""Where a log stands among the others: its creation time (UTC), then its id for ties."""

LogType = Literal["fax", "message"]
LOG_TYPES: tuple[LogType, ...] = get_args(LogType)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Tell whether the text is a UUID in the hyphenated form, in either case.

    `uuid.UUID` would be too lenient: it also takes braces, URNs and bare digits.
    """
    return _UUID.fullmatch(text) is not None


def instant(text: str) -> datetime:
    """Read an ISO 8601 date or time as an aware UTC time; without an offset it is UTC already.

    Raises ValueError for anything else, a time outside the years 1 to 9999 included.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"not a time that can be expressed in UTC: {text!r}") from error


@dataclass
class Space:
    """The logs of one space, by id.

    `fax` and `message` map a lower-case id to its log. `deleted` holds the ids that the list
    leaves out unless it is asked for deleted logs too. Change the logs through `put` only: it
    also keeps the order that paging relies on.
    """

    fax: dict[str, Log] = field(default_factory=dict)
    message: dict[str, Log] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    _order: dict[LogType, list[Position]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the logs that came with the constructor."""
        self._order = {
            kind: sorted(_position(log) for log in self.logs(kind).values()) for kind in LOG_TYPES
        }

    def logs(self, log_type: LogType) -> dict[str, Log]:
        """Give the logs of one type by id, in the order they were added."""
        return self.fax if log_type == "fax" else self.message

    def order(self, log_type: LogType) -> Sequence[Position]:
        """Give the positions of the logs of one type, oldest first."""
        return self._order[log_type]

    def position(self, log_type: LogType, log_id: str) -> Position:
        """Give the position of one log; raises KeyError when there is none with this id."""
        return _position(self.logs(log_type)[log_id])

    def put(self, log_type: LogType, log: Log, *, deleted: bool = False) -> None:
        """Add a log, or replace the one with the same id.

        Raises ValueError when `id` is no UUID or `created_at` no time. Nothing else is checked,
        so that a test can also plant a log that breaks the specification.
        """
        position = _position(log)
        log_id = position[1]
        logs, order = self.logs(log_type), self._order[log_type]
        if log_id in logs:
            del order[bisect_left(order, self.position(log_type, log_id))]
        insort(order, position)
        # A copy, or the caller could move the log without the order knowing.
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
