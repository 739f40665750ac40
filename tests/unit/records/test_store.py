"""One log ends in one row under every interleaving of deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from hooklog.errors import (
    NotFoundError,
    StoreContendedError,
    StoreRejectedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from hooklog.records.enrichment import Record
from hooklog.records.items import record_attributes
from hooklog.records.parking import Park
from hooklog.records.recording import StoreRecord
from hooklog.records.rows import Attribute, Change, Write
from hooklog.records.store import Stored, StoreResult, UpToDate, apply
from local.space import Json
from tests.builders import FAX_ID, FETCHED_AT, body, fax_log, record
from tests.fakes import Item, MemoryTable

KEY = f"fax#{FAX_ID}"

#: States that SignalWire's API may show of one fax, in any order if it lags.
STATES: tuple[dict[str, Json], ...] = (
    {"status": "queued", "charge": 0.0},
    {"status": "in-progress", "charge": 0.0},
    {"status": "completed", "charge": 0.02},
    {"status": "completed", "charge": 0.02, "error_code": "34004"},
    {"status": "failed", "error_message": "The call dropped prematurely"},
    {"status": "no-answer"},
)


def state(index: int, second: int) -> StoreRecord:
    """Return the record of a fetch at that second."""
    return StoreRecord(
        record(fax_log(**STATES[index]), fetched_at=FETCHED_AT + timedelta(seconds=second))
    )


def check(item: Item, changes: Sequence[StoreRecord], winner: Record) -> None:
    """Check that a row shows the winner, and every failure that another log reported."""
    failed = [change.record for change in changes if change.record.outcome == "failed"]
    if winner.outcome != "succeeded" or not failed:
        assert _log_attributes(item) == record_attributes(winner)
        return
    assert item["status"] == winner.log.status
    assert item["outcome"] == "failed"
    assert (item["settled_by"], item["drift"]) == ("log", ["contradiction:log"])
    assert item["explanation"] in {one.explanation.key for one in failed if one.explanation}


def parking(second: int) -> Park:
    """Return a parking of the same fax at that second."""
    at = FETCHED_AT + timedelta(seconds=second)
    return Park(key=KEY, error=NotFoundError(), body=body(), attempts=5, at=at, log_type="fax")


#: Changes of one log by several invocations, each with a time of its own.
deliveries = st.lists(
    st.tuples(st.integers(0, len(STATES) - 1), st.integers(0, 99)),
    min_size=1,
    max_size=6,
    unique_by=lambda pair: pair[1],
)


@dataclass
class Interleaving:
    """Runs changes nested: while one is about to write, others write first."""

    table: MemoryTable
    waiting: Iterator[Change]
    cuts_in: Iterator[bool]
    results: list[StoreResult] = field(default_factory=list)

    def run(self) -> list[StoreResult]:
        """Apply all changes; repeat those that lost too many races, as the queue would."""
        self.table.meanwhile = self._others
        for change in self.waiting:
            self._deliver(change)
        return self.results

    def _others(self) -> None:
        if next(self.cuts_in, False) and (change := next(self.waiting, None)) is not None:
            self._deliver(change)

    def _deliver(self, change: Change) -> None:
        # Every delivery reads before it fetches, so what it knows may be outdated by now.
        for _ in range(len(STATES)):
            result = apply(self.table, [change], self.table.read([change.key]))[change.key]
            if not isinstance(result, StoreContendedError):
                self.results.append(result)
                return


@given(deliveries, st.lists(st.booleans(), max_size=30))
def test_any_interleaving_ends_in_the_same_row(
    seen: list[tuple[int, int]], cuts_in: list[bool]
) -> None:
    """The row shows the latest end, or the latest progress; a failure outlasts a later success."""
    table = MemoryTable()
    changes = [state(*pair) for pair in seen]
    results = Interleaving(table, iter(changes), iter(cuts_in)).run()

    winner = max(changes, key=lambda c: (c.record.log.is_terminal, c.record.fetched_at))
    stored = table.items[KEY]
    check(stored, changes, winner.record)
    assert len(results) == len(changes)
    assert all(isinstance(result, Stored | UpToDate) for result in results)


@given(deliveries, st.lists(st.booleans(), max_size=30))
def test_a_failure_is_counted_exactly_once(
    seen: list[tuple[int, int]], cuts_in: list[bool]
) -> None:
    """A failure counts once if one was ever stored, under every interleaving."""
    table = MemoryTable()
    results = Interleaving(table, iter([state(*pair) for pair in seen]), iter(cuts_in)).run()

    counted = sum(isinstance(result, Stored) and result.write.counts_failure for result in results)
    assert counted == ("first_failed_at" in table.items[KEY])
    assert counted or table.items[KEY]["outcome"] != "failed"


@given(
    deliveries,
    st.lists(st.integers(100, 199), min_size=1, max_size=3, unique=True),
    st.lists(st.booleans(), max_size=30),
    st.randoms(use_true_random=False),
)
def test_parking_never_costs_a_record_anything(
    seen: list[tuple[int, int]], parked: list[int], cuts_in: list[bool], random: object
) -> None:
    """Failed deliveries leave the record unchanged, and their parking is on the row."""
    assert hasattr(random, "shuffle")
    changes: list[Change] = [*map(parking, parked), *(state(*pair) for pair in seen)]
    random.shuffle(changes)
    table = MemoryTable()
    Interleaving(table, iter(changes), iter(cuts_in)).run()

    records = [change for change in changes if isinstance(change, StoreRecord)]
    winner = max(records, key=lambda c: (c.record.log.is_terminal, c.record.fetched_at))
    check(table.items[KEY], records, winner.record)
    # All parkings are later than all fetches here, so the last of them still stands.
    assert table.items[KEY]["parked_at"] == parking(max(parked)).plan(None).values["parked_at"]  # type: ignore[union-attr]


def test_a_lost_race_is_read_again_and_decided_again() -> None:
    """The second insert finds the row and updates it only if its log supersedes the stored one."""
    table = MemoryTable()
    table.meanwhile = lambda: _once(table, state(0, 1))
    stored = apply(table, [state(1, 2)], {})[KEY]
    assert isinstance(stored, Stored)
    assert (stored.write.version, stored.write.counts_end) == (2, False)
    assert table.items[KEY]["status"] == "in-progress"

    table = MemoryTable()
    table.meanwhile = lambda: _once(table, state(2, 1))
    assert isinstance(apply(table, [state(1, 2)], {})[KEY], UpToDate)
    assert table.items[KEY]["status"] == "completed"


def test_only_a_lost_race_is_worth_a_consistent_read() -> None:
    """Another read may miss the write that won; where no race was lost, none is needed."""
    table = MemoryTable()
    other = StoreRecord(record(fax_log(id="11111111-2222-4333-8444-555555555555")))
    table.meanwhile = lambda: _once(table, state(0, 1))
    assert isinstance(apply(table, [state(1, 2), other], {})[KEY], Stored)
    assert table.consistent_reads == [[KEY]]


def test_a_row_that_never_stands_still_is_given_up_as_contended() -> None:
    """After five lost races the message goes back to the queue, and nothing is overwritten."""
    table = MemoryTable()

    def raise_version() -> None:
        stored = table.items.get(KEY, {})
        version = stored.get("version", 0)
        assert isinstance(version, int)
        table.items[KEY] = {**stored, "version": version + 1}

    table.meanwhile = raise_version
    assert isinstance(apply(table, [state(1, 2)], {})[KEY], StoreContendedError)
    assert len(table.writes) == 5


def test_one_refused_write_does_not_touch_its_neighbours() -> None:
    """Each change has its own result."""
    table = MemoryTable(write_errors={KEY: StoreThrottledError()})
    other = record(fax_log(id="11111111-2222-4333-8444-555555555555"))
    results = apply(table, [state(0, 1), StoreRecord(other)], {})
    assert isinstance(results[KEY], StoreThrottledError)
    assert isinstance(stored := results[other.key], Stored)
    assert stored.write.counts_end


def test_an_attribute_that_is_set_and_removed_costs_only_its_own_row() -> None:
    """DynamoDB refuses an update that names one path twice, so the tests' table does."""
    table = MemoryTable(items={"fax#1": {"version": 1}, "fax#2": {"version": 1}})
    results = table.write(
        [
            Write(key="fax#1", expected_version=1, values={"a": "x"}, remove=("a",)),
            Write(key="fax#2", expected_version=1, values={"a": "x"}, remove=("b",)),
        ]
    )
    assert isinstance(results["fax#1"], StoreRejectedError)
    assert results["fax#2"] is None
    assert table.items == {"fax#1": {"version": 1}, "fax#2": {"version": 2, "a": "x"}}


def test_a_round_keeps_the_results_of_the_rounds_before() -> None:
    """A change that was stored at once keeps its result while its neighbour tries again."""
    table = MemoryTable()
    other = StoreRecord(record(fax_log(id="11111111-2222-4333-8444-555555555555")))
    table.meanwhile = lambda: _once(table, state(0, 1))
    results = apply(table, [state(1, 2), other], {})
    assert results.keys() == {KEY, other.key}
    assert isinstance(results[KEY], Stored)
    assert isinstance(first := results[other.key], Stored)
    assert first.write.counts_end


def test_each_of_many_changes_has_its_result() -> None:
    """Each of many changes has its result, although writes go out a hundred at a time."""
    table = MemoryTable()
    ids = [f"11111111-2222-4333-8444-{number:012}" for number in range(250)]
    changes = [StoreRecord(record(fax_log(id=log_id))) for log_id in ids]
    assert set(apply(table, changes, {})) == {change.key for change in changes}
    assert set(table.items) == {change.key for change in changes}


def test_a_read_that_fails_after_a_lost_race_is_that_changes_result() -> None:
    """A change that lost its race and cannot be read again is retried; the winners stay stored."""
    table = MemoryTable()

    def lose_and_fail() -> None:
        _once(table, state(0, 1))
        table.read_errors = [StoreUnavailableError()]

    table.meanwhile = lose_and_fail
    assert isinstance(apply(table, [state(1, 2)], {})[KEY], StoreUnavailableError)
    assert table.items[KEY]["status"] == "queued"


def test_nothing_to_do_makes_no_call() -> None:
    """Without changes, or with needless ones alone, nothing is written."""
    table = MemoryTable()
    assert apply(table, [], {}) == {}
    apply(table, [state(2, 5)], {})
    table.writes.clear()
    rows = table.read([KEY])
    assert isinstance(apply(table, [state(2, 4)], rows)[KEY], UpToDate)
    assert table.writes == []


def _once(table: MemoryTable, change: Change) -> None:
    table.meanwhile = lambda: None
    apply(table, [change], table.read([change.key]))


def _log_attributes(item: dict[str, Attribute]) -> dict[str, Attribute]:
    """Return the item without the attributes that belong to the row and not to the log."""
    return {
        name: value
        for name, value in item.items()
        if name not in {"version", "first_failed_at"} and not name.startswith("parked_")
    }
