"""Messages that wait for an operator: parked, redriven, and lifted from the list.

A log is parked in its own row, so that a later success lifts the parking in the same write; a
message without a usable log ID gets a row of its own. ``parked_code`` and ``parked_at`` are the
keys of the sparse index ``parked``, so a row is on the list exactly while it has them::

    Park ──▶ on the list ──Redrive──▶ on the list, and on the queue ──┬─ Park: still on the list
                  │                                                   │
                  └──────────── a later success, or Lift ─────────────┴─▶ in parked_history
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hooklog.clock import iso
from hooklog.errors import HooklogError, LogError
from hooklog.logs import KINDS
from hooklog.records.items import expires_at
from hooklog.records.rows import Attribute, Row, Write, present
from hooklog.records.signals import Signal, signal_values, strongest

#: Attributes of a row that is on the list; the last two only after a redrive.
PARKED_ATTRIBUTES = frozenset(
    {
        "parked_code",
        "parked_detail",
        "parked_body",
        "parked_payload",
        "parked_attempts",
        "parked_first_at",
        "parked_at",
        "redriven_at",
        "redriven_by",
    }
)
#: Lifted parkings that a row keeps.
_LONGEST_HISTORY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Put a message that cannot be processed on the list.

    What the message tells of the log's end stays in the row when the parking is lifted.
    """

    key: str
    error: HooklogError
    body: str
    attempts: int
    at: datetime
    log_type: str | None = None
    told: Signal | None = None

    def plan(self, row: Row | None) -> Write | None:
        """Park, unless a later fetch has stored the log, or a later failure has parked it.

        An erased log is not parked: the message and the payload may contain a number.
        """
        if row is not None and row.erased_at is not None:
            return None
        if row is not None and any(
            later is not None and later > self.at for later in (row.fetched_at, row.parked_at)
        ):
            return None
        first_at = row.parked_first_at if row is not None and row.parked_first_at else self.at
        values: dict[str, Attribute] = {
            "parked_code": self.error.code,
            "parked_detail": self.error.detail,
            "parked_body": self.body,
            "parked_attempts": self.attempts,
            "parked_first_at": iso(first_at),
            "parked_at": iso(self.at),
        }
        if self.log_type is not None:
            values["log_type"] = self.log_type
        values |= self._told(row)
        if isinstance(self.error, LogError) and self.error.payload is not None:
            values["parked_payload"] = self.error.payload
        if row is None:
            return Write(key=self.key, expected_version=None, values=values)
        # A parked row waits for a person, so it must not expire meanwhile.
        outdated = {"expires_at", "parked_payload", "tries"} - values.keys()
        return Write(
            key=self.key,
            expected_version=row.version,
            values=values,
            remove=sorted(outdated & row.names),
        )

    def _told(self, row: Row | None) -> Mapping[str, Attribute]:
        """Return the attributes of what the message tells, unless the row knows as much."""
        kind = KINDS.get(self.log_type or "")
        if kind is None or self.told is None:
            return {}
        kept = row.kept_signal(kind) if row is not None else None
        if strongest(kind, self.told, kept) == kept:
            return {}
        told = present(signal_values(kind.name, self.told))
        if row is not None and row.outcome == "succeeded" and self.told.is_failure(kind):
            # The next fetch weighs it against the log; until then the row is no plain success.
            told["unsettled"] = True
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """Record that an operator puts a parked message on the queue again.

    Attributes:
        key: of the row.
        parked_at: of the parking that the operator has seen; a later one is left alone.
        by: the operator.
        at: time of the redrive.

    """

    key: str
    parked_at: datetime
    by: str
    at: datetime

    def plan(self, row: Row | None) -> Write | None:
        """Mark the row, unless its parking was lifted or repeated meanwhile."""
        if row is None or row.parked_at != self.parked_at:
            return None
        values: dict[str, Attribute] = {"redriven_at": iso(self.at), "redriven_by": self.by}
        return Write(key=self.key, expected_version=row.version, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """Take a row off the list after its redriven message succeeded without writing that row.

    Either the log is in another row, because the message was parked under ``parked#<message id>``
    or its fax's SID; or the log's row already reflected the message.

    Attributes:
        key: of the parked row.
        into: key of the row that shows the log now.
        at: time of the success; a later parking is left alone.
        ttl: after which an alias expires that the message was parked in.

    """

    key: str
    into: str
    at: datetime
    ttl: timedelta | None = None

    def plan(self, row: Row | None) -> Write | None:
        """Move the parking into the row's history, unless it is later than the success."""
        if row is None or row.parked_at is None or row.parked_at > self.at:
            return None
        values: dict[str, Attribute] = {
            "parked_history": history(row, lifted_at=self.at, into=self.into)
        }
        if self.ttl is not None and row.alias_of is not None:
            values["expires_at"] = expires_at(self.at, self.ttl)
        return Write(
            key=self.key,
            expected_version=row.version,
            values=values,
            remove=sorted(PARKED_ATTRIBUTES & row.names),
        )


def history(row: Row, *, lifted_at: datetime, into: str | None = None) -> list[Attribute]:
    """Return the row's lifted parkings, and with them the one that is lifted now."""
    entry: dict[str, str | int | datetime | None] = {
        "code": row.parked_code,
        "attempts": row.parked_attempts,
        "first_at": row.parked_first_at,
        "at": row.parked_at,
        "redriven_at": row.redriven_at,
        "redriven_by": row.redriven_by,
        "lifted_at": lifted_at,
        "into": into,
    }
    known: dict[str, Attribute] = {
        name: iso(value) if isinstance(value, datetime) else value
        for name, value in entry.items()
        if value is not None
    }
    return [*row.parked_history, known][-_LONGEST_HISTORY:]
