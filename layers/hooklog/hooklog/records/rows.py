"""The table's rows, and how a change of one is written.

Every write is a compare-and-swap on the row's ``version``: an INSERT for a row that does not
exist, an UPDATE on condition of the version that was read. So plain code decides once what to
write, on exactly the row that the write will meet; a write that meets another row changes nothing
(``docs/decisions/0002-compare-and-swap.md``). The decisions are in :mod:`hooklog.records.recording`
and :mod:`hooklog.records.parking`, and :mod:`hooklog.records.store` carries them out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, cast

from hooklog.logs import LogKind
from hooklog.pace import Pace
from hooklog.records.signals import CONTRADICTION, Signal, failure_of, signal_names

type Attribute = str | int | Decimal | bool | list[Attribute] | Mapping[str, Attribute]


def present(attributes: Mapping[str, Attribute | None]) -> dict[str, Attribute]:
    """Return the attributes that have a value."""
    return {name: value for name, value in attributes.items() if value is not None}


#: Key of the row with the pace, which all instances share.
PACE_KEY = "pace#signalwire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often what a row's messages ask for failed with one error, and when it did last."""

    count: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What decisions need of a stored row.

    Attributes:
        names: every attribute that the row has, those below and all others.
        version: counts the row's writes.
        status: of the stored log; None while none is stored.
        outcome: of the stored log.
        error_message: of the stored log, if it has one.
        drift: of the stored log.
        settled_by: who told of the log's end beside the log.
        unsettled: whether the log contradicts them, and is to be fetched again.
        signal: what they told.
        charge: of the stored log, dollars.
        error_code: of the stored log, if it has one.
        fetched_at: when the fetch of the stored log began; None while there is no log.
        final: whether that log had reached its end.
        first_failed_at: when a failure of this log was counted, once and for all.
        parked_at: last parking that no later success has lifted.
        parked_code: error code of that parking.
        parked_first_at: first of those parkings.
        parked_attempts: how often its log met that error before.
        redriven_at: when an operator put the message on the queue again.
        redriven_by: the operator.
        parked_history: parkings that were lifted, oldest first.
        alias_of: key of the log's row, if this row stands under the log's other name.
        tries: failures of what the row's messages ask for, since the last success, by error code.
        pace: that all instances share, if this is its row and it can be read.
        erased_at: when an operator erased everything else on request; the row stays, so that
            nothing stores the log again.

    """

    names: frozenset[str] = frozenset()
    version: int
    status: str | None = None
    outcome: str | None = None
    charge: Decimal | None = None
    error_code: str | None = None
    error_message: str | None = None
    drift: Sequence[str] = ()
    settled_by: str | None = None
    unsettled: bool = False
    signal: Signal | None = None
    fetched_at: datetime | None = None
    final: bool = False
    first_failed_at: datetime | None = None
    parked_at: datetime | None = None
    parked_code: str | None = None
    parked_first_at: datetime | None = None
    parked_attempts: int | None = None
    redriven_at: datetime | None = None
    redriven_by: str | None = None
    parked_history: Sequence[Attribute] = ()
    alias_of: str | None = None
    tries: Mapping[str, Tries] = field(default_factory=dict)
    pace: Pace | None = None
    erased_at: datetime | None = None

    @classmethod
    def of(cls, key: str, item: Mapping[str, Attribute], names: frozenset[str]) -> Row:
        """Read a row.

        Args:
            key: of the row.
            item: at least the attributes of :func:`read_of` that the row has.
            names: of all attributes that the row has.

        """
        values: dict[str, object] = {name: item[name] for name in _ATTRIBUTES if name in item}
        for name in _TIMES & values.keys():
            values[name] = datetime.fromisoformat(str(values[name]))
        for name in _WHOLE & values.keys():
            values[name] = int(cast("Decimal", values[name]))
        values["signal"] = _signal(key, item)
        if "tries" in values:
            values["tries"] = _tries(values["tries"])
        if key == PACE_KEY:
            values["pace"] = _pace(item)
        return cls(names=names, **values)  # type: ignore[arg-type] # each field has its own type

    def kept_signal(self, kind: LogKind) -> Signal | None:
        """Return the end that the row keeps; a resource that was under way has gone on since."""
        return self.signal if self.signal is not None and self.signal.tells_end(kind) else None

    def own_failure(self, kind: LogKind) -> Signal | None:
        """Return the failure that the stored log itself reports, if it does."""
        if self.status is None:
            return None
        code, message = self.error_code, self.error_message
        return failure_of(kind, self.status, code, message, is_end=self.final)

    @property
    def has_contradiction(self) -> bool:
        """Whether the row names one, for which the log was fetched often enough."""
        return any(name.startswith(CONTRADICTION) for name in self.drift)


def read_of(key: str) -> frozenset[str]:
    """Name the attributes that :meth:`Row.of` reads of an item."""
    if key == PACE_KEY:
        return frozenset(_PACE) | {"version"}
    return _ATTRIBUTES.union(signal_names(key.partition("#")[0]).values())


def _signal(key: str, item: Mapping[str, Attribute]) -> Signal | None:
    names = signal_names(key.partition("#")[0])
    values: dict[str, object] = {field: item[name] for field, name in names.items() if name in item}
    if "status" not in values:
        return None
    if "duration" in values:
        values["duration"] = int(cast("Decimal", values["duration"]))
    return Signal(**values)  # type: ignore[arg-type] # each field has its own type


def _tries(stored: object) -> dict[str, Tries]:
    return {
        code: Tries(count=int(one["count"]), at=datetime.fromisoformat(one["at"]))
        for code, one in cast("Mapping[str, Mapping[str, str]]", stored).items()
    }


def _pace(item: Mapping[str, Attribute]) -> Pace | None:
    """Read the pace; None if somebody wrote something else there, which the next write replaces."""
    try:
        pace = Pace(
            **{name: _PACE[name](item[name]) for name in _PACE.keys() & item.keys()}  # type: ignore[arg-type] # each field has its own type
        )
    except (ValueError, TypeError, ArithmeticError):
        return None
    numbers = [value for name in _PACE if isinstance(value := getattr(pace, name), float)]
    rates = [rate for rate in (pace.rate, pace.ceiling) if rate is not None]
    is_sound = all(abs(number) < _LARGEST for number in numbers) and all(rate > 0 for rate in rates)
    return pace if is_sound else None


def pace_values(pace: Pace) -> dict[str, Attribute | None]:
    """Return the attributes of the pace's row; None means absent."""
    stored = {name: getattr(pace, name) for name in _PACE}
    return {
        name: Decimal(f"{value:.3f}") if isinstance(value, int | float) else value
        for name, value in stored.items()
    }


#: Beyond any rate and any moment of the pace.
_LARGEST = 1e12
#: The stored fields of the pace, and how to read them.
_PACE: Mapping[str, Callable[[Any], object]] = {
    one.name: {"str": str, "int": int}.get(str(one.type)[:3], float)
    for one in fields(Pace)
    if one.name != "known"
}
_ATTRIBUTES = frozenset(field.name for field in fields(Row)) - {"names", "signal", "pace"}
_TIMES = frozenset(field.name for field in fields(Row) if str(field.type).startswith("datetime"))
_WHOLE = frozenset(field.name for field in fields(Row) if str(field.type).startswith("int"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One conditional write: INSERT where ``expected_version`` is None, else UPDATE."""

    key: str
    expected_version: int | None
    values: Mapping[str, Attribute]
    remove: Sequence[str] = ()
    counts_failure: bool = False
    counts_end: bool = False
    counts_drift: bool = False
    is_unsettled: bool = False

    @property
    def version(self) -> int:
        """The row's version after this write."""
        return (self.expected_version or 0) + 1


class Change(Protocol):
    """A change of one row that is still to be decided."""

    @property
    def key(self) -> str:
        """The row's partition key."""

    def plan(self, row: Row | None) -> Write | None:
        """Decide what to write on the row as it stands; None if nothing needs to be written."""
