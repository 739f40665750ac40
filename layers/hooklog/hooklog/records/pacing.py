"""The pace as all instances share it: one row, read with a batch's own rows.

Nothing is written while no limit is known. If there is no such row, or if it is garbled or cannot
be read or written, everything is asked at once, as without a limit. If other instances keep
changing it, nothing is asked now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hooklog.errors import StoreContendedError, StoreError
from hooklog.pace import Depth, Experience, Grant, Pace
from hooklog.records.rows import PACE_KEY, Row, Write, pace_values, present
from hooklog.records.store import Table, apply


@dataclass(slots=True)
class _ChangePace[Result]:
    """Decide with the pace as it stands, and keep the last decision: it is the one that counts."""

    decide: Callable[[Pace], tuple[Pace, Result]]
    known: float | None
    now: float
    decided: list[tuple[Row | None, Pace, Result]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The row's partition key."""
        return PACE_KEY

    def plan(self, row: Row | None) -> Write | None:
        """Write the pace that the decision leaves, unless it is the same."""
        before = pace_of(row, self.known, self.now)
        after, result = self.decide(before)
        write = None if after == before else _write(row, after)
        if write is not None:
            row = Row(version=write.version, names=frozenset(write.values), pace=after)
        self.decided = [(row, after, result)]
        return write


def _write(row: Row | None, pace: Pace) -> Write:
    values = pace_values(pace)
    kept = present(values)
    return Write(
        key=PACE_KEY,
        expected_version=row.version if row is not None else None,
        values=kept,
        remove=sorted((values.keys() - kept.keys()) & row.names) if row is not None else (),
    )


def pace_of(row: Row | None, known: float | None, now: float) -> Pace:
    """Return the pace that a row shows; an unlimited one if there is none that can be."""
    pace = row.pace if row is not None else None
    if pace is None or not pace.is_possible(now):
        pace = Pace()
    return replace(pace, known=known)


class Brake:
    """Holds requests of one batch or page back, as the pace says."""

    def __init__(
        self,
        table: Table,
        *,
        moment: Callable[[], float],
        depth: Callable[[], tuple[int, int]] = lambda: (0, 0),
        known: float | None = None,
    ) -> None:
        """Know no pace yet.

        Args:
            table: with the pace's row.
            moment: seconds since 1970 by the table's clock.
            depth: returns how many messages of the queue are visible, and how many in flight.
            known: requests per second, if the deployment sets the limit.

        """
        self._table = table
        self._moment = moment
        self._depth = depth
        self._known = known
        self._row: Row | None = None
        self._pace = Pace(known=known)
        #: What kept the pace from being read or written, if anything did.
        self.error: StoreError | None = None

    @property
    def pace(self) -> Pace:
        """The pace as it was last read or written."""
        return self._pace

    def now(self) -> float:
        """Return the moment."""
        return self._moment()

    def read(self, rows: Mapping[str, Row], error: StoreError | None = None) -> None:
        """Take the pace from rows that were read with its key, or note why it was not read."""
        self.error = error
        self._row = rows.get(PACE_KEY)
        self._pace = pace_of(self._row, self._known, self.now())

    def grant(self, wanted: int) -> Grant:
        """Return how many requests may be sent now, and how far apart."""
        now = self.now()
        return self._change(
            lambda pace: pace.grant(wanted, now),
            now,
            contended=Grant(requests=0),
            otherwise=Grant(requests=wanted),
        )

    def learn(self, seen: Experience) -> None:
        """Take into account what a batch saw."""
        now = self.now()
        self._change(
            lambda pace: (pace.learned(seen, now), None), now, contended=None, otherwise=None
        )

    def waits(self, count: int, *, is_served: bool) -> Sequence[float]:
        """Return the seconds that each of the messages waits that go back.

        Args:
            count: number of messages.
            is_served: whether their batch got slots, only too few.

        """
        is_simple = is_served or self._pace.outage is not None
        visible, in_flight = (0, 0) if is_simple else self._depth()
        depth = Depth(visible=visible, in_flight=in_flight)
        return self._pace.waits(count, self.now(), depth, is_served=is_served)

    def _change[Result](
        self,
        decide: Callable[[Pace], tuple[Pace, Result]],
        now: float,
        *,
        contended: Result,
        otherwise: Result,
    ) -> Result:
        """Decide and write; return one of the substitutes if that fails."""
        change = _ChangePace(decide, self._known, now)
        rows = {PACE_KEY: self._row} if self._row is not None else {}
        outcome = apply(self._table, [change], rows)[PACE_KEY]
        if isinstance(outcome, StoreError):
            self.error = outcome
            return contended if isinstance(outcome, StoreContendedError) else otherwise
        self._row, self._pace, result = change.decided[-1]
        return result
