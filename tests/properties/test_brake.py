"""However many instances share the pace, SignalWire is asked as fast as it allows.

Instances with clocks of their own act in random order on one row in memory, and a simulated API
refuses what exceeds its limit. Whatever somebody writes into the row, the pace recovers.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hooklog.errors import StoreError, StoreThrottledError, UpstreamError
from hooklog.pace import Experience, Grant, Pace
from hooklog.records.pacing import Brake
from hooklog.records.rows import PACE_KEY, Row, Write, pace_values
from hooklog.records.store import Conflict
from tests.fakes import NOW, Clock, Item, MemoryTable
from tests.properties.profiles import examples

MOMENT = NOW.timestamp()
#: What takes slots that nobody took is sent by so much faster than the rate.
FASTER = 1.25
#: A number, or what is none, in any place of the row.
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(Decimal(number) for number in ("0", "-1", "0.001", "1", "20000", "1e12", "1e100")),
        *(Decimal(round(MOMENT) + seconds) for seconds in (-(10**6), -60, -2, 0, 2, 60, 10**6)),
        *("fast", "", "inf", "nan", "fetch.upstream", "log.invalid"),
        *(None, True, [], {}),
    ]
)
PACES = st.none() | st.dictionaries(st.sampled_from(sorted(pace_values(Pace()))), VALUES)


def _rate(rate: str) -> Item:
    """Return the row of a rate that was just set."""
    now = Decimal(round(MOMENT))
    return {"rate": Decimal(rate), "ceiling": Decimal(rate), "since": now, "next_at": now}


class StrictTable(MemoryTable):
    """A table that takes only numbers which DynamoDB takes."""

    def write(self, writes: Sequence[Write]) -> dict[str, Conflict | StoreError | None]:
        """Write the pace."""
        for write in writes:
            for name, value in write.values.items():
                is_number = isinstance(value, Decimal)
                assert not is_number or len(str(value)) <= 38, f"{name} cannot be stored"
        return super().write(writes)


@dataclass
class Api:
    """Answers a number of requests in each second, and refuses the others."""

    #: Requests in a second.
    limit: float
    is_down: bool = False
    asked: int = 0
    answered: int = 0
    #: Requests that were answered, by the second.
    seconds: Counter[int] = field(default_factory=Counter)

    def ask(self, moments: Sequence[float]) -> Experience:
        """Take the requests of a batch."""
        refused = 0
        for moment in moments:
            if self.is_down:
                continue
            if self.seconds[int(moment)] < self.limit:
                self.seconds[int(moment)] += 1
            else:
                refused += 1
        failed = len(moments) if self.is_down else 0
        self.asked += len(moments)
        self.answered += len(moments) - refused - failed
        return Experience(
            began_at=moments[0],
            answered=len(moments) - refused - failed,
            refused=refused,
            failed=failed,
            failed_keys=frozenset(f"fax#{index}" for index in range(failed)),
            code=UpstreamError.code if failed else "",
        )


@dataclass
class Instance:
    """One instance, which reads the pace, is granted requests, and learns from the answers."""

    table: MemoryTable
    clock: Clock
    #: Seconds by which its clock is ahead.
    skew: float
    brake: Brake = field(init=False)
    #: That it may send now.
    granted: Grant | None = None
    granted_at: float = 0.0

    def __post_init__(self) -> None:
        """Wire the brake."""
        self.brake = Brake(self.table, moment=lambda: self.clock.moment() + self.skew)

    def ask(self, wanted: int, rows: dict[str, Row] | None = None) -> Grant:
        """Read the pace, which may be an old one, and ask how much may be sent."""
        self.brake.read(self.table.read([PACE_KEY]) if rows is None else rows)
        self.granted = self.brake.grant(wanted)
        self.granted_at = self.clock.moment()
        return self.granted

    def moments(self) -> list[float]:
        """Return when its requests are sent."""
        assert self.granted is not None
        first = self.granted_at + self.granted.wait
        return [first + index * self.granted.gap for index in range(self.granted.requests)]


def most_in_a_second(moments: Sequence[float]) -> int:
    """Return how many of the moments lie within one second at most."""
    ordered = sorted(moments)
    return max(
        (bisect_left(ordered, one + 1) - index for index, one in enumerate(ordered)), default=0
    )


# --- the slots, where clocks agree ----------------------------------------------------------------


@given(
    limit=st.integers(1, 300),
    steps=st.lists(
        st.tuples(st.sampled_from([0, 0, 0.01, 0.1, 0.3, 1, 5]), st.integers(1, 120)), max_size=60
    ),
)
def test_no_second_has_more_than_the_rate_and_what_nobody_took(
    limit: int, steps: list[tuple[float, int]]
) -> None:
    """Instances with clocks that agree share one row of slots, each at the rate's distance.

    Two requests are never closer than a rate that is a quarter higher says, and a second may have
    one at each of its ends.
    """
    clock, table = Clock(), StrictTable()
    moments: list[float] = []
    for after, wanted in steps:
        clock.advance(seconds=after)
        brake = Brake(table, moment=clock.moment, known=float(limit))
        brake.read(table.read([PACE_KEY]))
        granted = brake.grant(wanted)
        first = clock.moment() + granted.wait
        moments += [first + index * granted.gap for index in range(granted.requests)]
    assert most_in_a_second(moments) <= limit * FASTER + 2


@given(
    limit=st.integers(2, 300),
    count=st.integers(2, 10),
    seconds=st.integers(2, 10),
)
def test_busy_instances_use_every_slot(limit: int, count: int, seconds: int) -> None:
    """As long as one of them asks often, no slot stays unused."""
    clock, table = Clock(), StrictTable()
    instances = [Instance(table, clock, 0.0) for _ in range(count)]
    for one in instances:
        one.brake = Brake(table, moment=clock.moment, known=float(limit))
    sent = 0
    for step in range(seconds * 10):
        clock.advance(seconds=0.1)
        sent += instances[step % count].ask(100).requests
    assert sent >= min(limit * (seconds - 1), 100 * seconds) * 0.9


# --- whatever the row says ------------------------------------------------------------------------


@example(item={"rate": "inf", "ceiling": "inf", "since": Decimal(round(MOMENT))}, skews=[0.0])
@example(item={"next_at": "inf"}, skews=[0.0])
@example(item=_rate("0.001"), skews=[0.0])
@example(item=_rate("1e100"), skews=[0.0])
@given(item=PACES, skews=st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]), min_size=1))
def test_the_pace_recovers_from_whatever_is_in_the_row(
    item: Item | None, skews: list[float]
) -> None:
    """Within an hour of answers everything is asked at once again, and until then something."""
    clock, table = Clock(), StrictTable()
    if item is not None:
        table.items[PACE_KEY] = item | {"version": 3}
    api = Api(limit=math.inf)
    instances = [Instance(table, clock, skew) for skew in skews]
    granted = Grant(requests=0)
    asked_at: list[float] = [clock.moment()]
    for step in range(1, 240):
        clock.advance(seconds=15)
        instance = instances[step % len(instances)]
        granted = instance.ask(5)
        if granted.requests:
            asked_at.append(clock.moment())
            instance.brake.learn(api.ask(instance.moments()))
        waits = instance.brake.waits(3, is_served=False)
        assert all(1 <= wait <= 21_600 for wait in waits)
    assert granted.requests == 5
    pauses = [later - earlier for earlier, later in pairwise(asked_at)]
    assert max(pauses) <= 150, "nothing was asked for long"
    assert {one.brake.pace.outage for one in instances if one.granted is not None} == {None}


# --- everything at once ---------------------------------------------------------------------------


class Shared(RuleBasedStateMachine):
    """Instances, an API and the row."""

    def __init__(self) -> None:
        """Start with one row and nobody."""
        super().__init__()
        self.clock = Clock()
        self.table = StrictTable()
        self.api = Api(math.inf)
        self.instances: list[Instance] = []
        self.old: dict[str, Row] = {}

    @initialize(
        skews=st.lists(st.sampled_from([-2.0, 0.0, 0.0, 2.0]), min_size=2, max_size=5),
        limit=st.sampled_from([3, 20, 100]),
    )
    def begin(self, skews: list[float], limit: int) -> None:
        """Some instances start, each with its own clock."""
        self.api.limit = limit
        self.instances = [Instance(self.table, self.clock, skew) for skew in skews]

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 10.0, 600.0, 4000.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds=seconds)

    @rule(place=st.integers(0, 9), wanted=st.integers(1, 100), is_old=st.booleans())
    def ask(self, place: int, wanted: int, *, is_old: bool) -> None:
        """An instance reads the row, or an old one, and is granted requests."""
        instance = self.instances[place % len(self.instances)]
        if instance.granted is not None:
            return
        granted = instance.ask(wanted, self.old if is_old else None)
        assert granted.requests <= wanted
        if instance.brake.pace.outage is not None and instance.brake.error is None:
            assert granted.requests <= 1
        if not granted.requests:
            instance.granted = None

    @rule(place=st.integers(0, 9))
    def learn(self, place: int) -> None:
        """An instance gets its answers."""
        instance = self.instances[place % len(self.instances)]
        if instance.granted is not None:
            instance.brake.learn(self.api.ask(instance.moments()))
            instance.granted = None

    @rule()
    def keep(self) -> None:
        """Later reads may still show the row as it is now."""
        self.old = self.table.read([PACE_KEY])

    @rule(item=PACES)
    def spoil(self, item: Item | None) -> None:
        """The row is lost, or somebody writes into it."""
        old = self.table.items.pop(PACE_KEY, {"version": 0})
        if item is not None:
            self.table.items[PACE_KEY] = item | {"version": int(str(old["version"])) + 1}

    @rule()
    def refuse(self) -> None:
        """The table takes no write, or takes them again."""
        if PACE_KEY in self.table.write_errors:
            self.table.write_errors.clear()
        else:
            self.table.write_errors[PACE_KEY] = StoreThrottledError()

    @rule()
    def fail(self) -> None:
        """SignalWire goes down, or comes back."""
        self.api.is_down = not self.api.is_down

    @invariant()
    def row_can_be_read(self) -> None:
        """Whoever wrote the row, reading it fails for nobody."""
        self.table.read([PACE_KEY])

    def teardown(self) -> None:
        """Once the faults end, most requests are answered, and the limit is used."""
        if not self.instances:
            return
        self.table.write_errors.clear()
        self.api.is_down = False
        for one in self.instances:
            one.granted = None
            one.skew = 0.0
        # A rate that was set before is forgotten after half an hour, and a clock's time is past.
        self.clock.advance(seconds=7200)
        self._ask(20)
        before = self.api.asked, self.api.answered
        self._ask(30)
        asked = self.api.asked - before[0]
        answered = self.api.answered - before[1]
        assert asked - answered <= 0.2 * asked + 10, "too much is refused"
        assert answered >= 0.5 * self.api.limit * 30, "the limit is not used"

    def _ask(self, seconds: int) -> None:
        """All instances ask as much as they may, one after the other, ten times a second."""
        for step in range(seconds * 10):
            self.clock.advance(seconds=0.1)
            instance = self.instances[step % len(self.instances)]
            if instance.ask(100).requests:
                instance.brake.learn(self.api.ask(instance.moments()))


def test_the_pace_is_found_again_whatever_happened() -> None:
    """After faults of all kinds the instances use the limit, and little is refused."""
    run_state_machine_as_test(Shared, settings=examples(1, stateful_step_count=30))
