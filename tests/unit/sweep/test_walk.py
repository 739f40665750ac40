"""The sweep finds logs whose callbacks were lost, and repeats work after a crash."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import JsonValue

from hooklog.clock import iso
from hooklog.errors import (
    BackfillError,
    ForbiddenError,
    HeldBackError,
    HistoryLimitError,
    HooklogError,
    NotFoundError,
    QueueUnavailableError,
    RejectedError,
    StoreUnavailableError,
)
from hooklog.logs import FAX, MESSAGE, LogKind
from hooklog.logs.listing import Page, RawLog
from hooklog.records.recording import StoreRecord
from hooklog.records.rows import Row
from hooklog.sweep.backfill import BackfillRequest, backfill
from hooklog.sweep.comparison import ListedLog, Verdict, compare, listed_log
from hooklog.sweep.walk import PAGE_TIME, Checkpoint, Sweeper, SweepWindow
from local.space import Log
from tests.builders import FAX_ID, MESSAGE_ID, failed_fax, fax_log, message_log, record
from tests.fakes import NOW, Clock, MemoryTable

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def entry(log_id: str = FAX_ID, **changes: JsonValue) -> RawLog:
    """Return a list's entry for a log, by default the builders' fax."""
    log: RawLog = {"id": log_id, "status": "completed", "charge": 0.02, "error_code": None}
    return {**log, "created_at": iso(NOW - DAY), **changes}


def listed(log_id: str = FAX_ID, **changes: JsonValue) -> ListedLog:
    """Return a listed log that can be compared."""
    log = listed_log(entry(log_id, **changes))
    assert log is not None
    return log


@dataclass
class FakeListing:
    """Serves pages by kind and number; the last page has no next."""

    pages: dict[str, list[list[RawLog]]] = field(default_factory=dict)
    asked: list[tuple[str, datetime, datetime, str | None]] = field(default_factory=list)
    errors: list[HooklogError | None] = field(default_factory=list)

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Return a page, or raise the next error."""
        assert time_left == PAGE_TIME
        self.asked.append((kind.name, start, end, page))
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        pages = self.pages.get(kind.name, [[]])
        number = int(page or 0)
        return Page(pages[number], str(number + 1) if number + 1 < len(pages) else None)


@dataclass
class FakeProducer:
    """Keeps the enqueued messages; raises its error if it has one."""

    sent: list[dict[str, str]] = field(default_factory=list)
    error: QueueUnavailableError | None = None

    def send_all(self, bodies: Sequence[str]) -> None:
        """Take messages."""
        if self.error is not None:
            raise self.error
        self.sent += [json.loads(body) for body in bodies]


@dataclass
class FakeCheckpoints:
    """Keeps checkpoints in memory."""

    current: dict[str, Checkpoint] = field(default_factory=dict)
    saved: list[tuple[str, Checkpoint]] = field(default_factory=list)

    def load(self, kind: LogKind) -> Checkpoint | None:
        """Return a checkpoint."""
        return self.current.get(kind.name)

    def save(self, kind: LogKind, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint."""
        self.current[kind.name] = checkpoint
        self.saved.append((kind.name, checkpoint))


class Bench:
    """A sweeper with fakes around it."""

    def __init__(self) -> None:
        """Wire the sweeper."""
        self.clock = Clock()
        self.listing = FakeListing()
        self.table = MemoryTable()
        self.producer = FakeProducer()
        self.checkpoints = FakeCheckpoints()
        #: Seconds.
        self.slept: list[float] = []
        self.sweeper = Sweeper(
            listing=self.listing,
            table=self.table,
            producer=self.producer,
            clock=self.clock,
            sleep=self.slept.append,
        )

    def store(self, log: Log) -> None:
        """Put a log's row into the table."""
        write = StoreRecord(record(log)).plan(None)
        assert write is not None
        self.table.items[write.key] = dict(write.values) | {"version": 1}


@pytest.fixture
def bench() -> Bench:
    """Return a fresh sweeper."""
    return Bench()


ROW = Row(version=1, status="completed", charge=Decimal("0.02"), fetched_at=NOW, final=True)


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (None, Verdict.MISSING),
        (ROW, Verdict.PRESENT),
        (Row(version=1), Verdict.MISSING),
        (Row(version=1, status="queued", charge=Decimal("0.02"), fetched_at=NOW), Verdict.STALE),
        (Row(version=1, status="completed", charge=Decimal(0), final=True), Verdict.STALE),
        (
            Row(version=1, status="completed", charge=Decimal("0.02"), error_code="34004"),
            Verdict.STALE,
        ),
        (Row(version=1, status="completed", charge=Decimal("0.02")), Verdict.UNFINISHED),
        (Row(version=1, parked_at=NOW, parked_code="log.invalid"), Verdict.PARKED),
        # Parked because attempts ran out: the outage may be over.
        (Row(version=1, parked_at=NOW, parked_code="fetch.upstream"), Verdict.MISSING),
    ],
)
def test_verdicts(row: Row | None, verdict: Verdict) -> None:
    """The verdict follows from the row's status, charge, error and age, or from its absence."""
    assert compare(listed(), row, stuck_before=NOW) == verdict


@pytest.mark.parametrize("log_id", ["1", None, 7, "../x"])
def test_an_entry_without_a_usable_id_is_counted(bench: Bench, log_id: JsonValue) -> None:
    """An entry without a usable ID is counted, and the rest of its page is compared."""
    bench.listing.pages = {"fax": [[entry() | {"id": log_id}, entry()]]}
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert +results["fax"].found == {Verdict.UNREADABLE: 1, Verdict.MISSING: 1}
    assert [sent["log_id"] for sent in bench.producer.sent] == [FAX_ID]


ODD: list[dict[str, JsonValue]] = [
    {"charge": None},
    {"charge": "a lot"},
    {"status": None},
    {"status": 7},
    {"error_code": [1]},
    {"created_at": "yesterday"},
    {"created_at": 1714997000},
]


@pytest.mark.parametrize("change", ODD, ids=str)
def test_the_id_suffices_for_a_log_without_a_row(
    bench: Bench, change: dict[str, JsonValue]
) -> None:
    """A log without a row is enqueued whatever else is odd; the enrich function decides."""
    bench.listing.pages = {"fax": [[entry() | change]]}
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert +results["fax"].found == {Verdict.MISSING: 1}
    assert [sent["log_id"] for sent in bench.producer.sent] == [FAX_ID]


@pytest.mark.parametrize("change", ODD[1:], ids=str)
def test_a_value_that_cannot_be_read_is_not_compared(change: dict[str, JsonValue]) -> None:
    """An unreadable value is not compared, or every sweep would fetch the log again."""
    odd = listed_log(entry() | change)
    assert odd is not None
    assert compare(odd, ROW, stuck_before=NOW) == Verdict.PRESENT
    other = listed_log(entry() | {"charge": 7, "status": "failed"} | change)
    assert other is not None
    assert compare(other, ROW, stuck_before=NOW) == Verdict.STALE


def test_an_error_code_is_compared_as_text() -> None:
    """A numeric error code equals the same digits in the row."""
    row = Row(version=1, status="completed", charge=Decimal("0.02"), error_code="34004", final=True)
    assert compare(listed(error_code=34004), row, stuck_before=NOW) == Verdict.PRESENT
    assert compare(listed(error_code=34005), row, stuck_before=NOW) == Verdict.STALE


def test_a_contradiction_that_nobody_settled_is_fetched_again() -> None:
    """Its messages may be lost; the log has ended, and no value differs."""
    row = Row(version=1, status="completed", charge=Decimal("0.02"), final=True, unsettled=True)
    assert compare(listed(), row, stuck_before=NOW) == Verdict.UNFINISHED
    young = listed(created_at=iso(NOW))
    assert compare(young, row, stuck_before=NOW - HOUR) == Verdict.PRESENT


def test_a_young_log_in_progress_is_left_alone() -> None:
    """A young log in progress counts as present, because its callbacks are still to come."""
    row = Row(version=1, status="queued", charge=Decimal(0))
    young = listed(status="queued", charge=0, created_at=iso(NOW - HOUR))
    assert compare(young, row, stuck_before=NOW - 2 * HOUR) == Verdict.PRESENT


def test_only_what_is_missing_or_differs_is_enqueued(bench: Bench) -> None:
    """Each missing or stale log becomes one message with origin ``sweep``; present logs none."""
    other = "11111111-2222-4333-8444-555555555555"
    bench.store(fax_log())
    bench.store(message_log(status="sent"))
    bench.listing.pages = {
        "fax": [[entry(), entry(other)]],
        "message": [[entry(MESSAGE_ID, status="delivered", charge=0.00415)]],
    }
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert sorted(bench.producer.sent, key=lambda sent: sent["log_type"]) == [
        {"log_type": "fax", "log_id": other, "origin": "sweep"},
        {"log_type": "message", "log_id": MESSAGE_ID, "origin": "sweep"},
    ]
    assert +results["fax"].found == {Verdict.PRESENT: 1, Verdict.MISSING: 1}
    assert +results["message"].found == {Verdict.STALE: 1}


def test_the_first_sweep_looks_back_a_day_and_leaves_the_youngest(bench: Bench) -> None:
    """The first sweep covers one day up to the settling time, and its end is the watermark."""
    bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    window = SweepWindow()
    end = NOW - window.settling
    assert bench.listing.asked[0][1:] == (NOW - window.first - window.overlap, end, None)
    assert bench.checkpoints.current["fax"] == Checkpoint(end, end, end)


def test_the_next_sweep_begins_at_the_watermark_less_the_overlap(bench: Bench) -> None:
    """The overlap covers logs that may have changed since."""
    bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    watermark = bench.checkpoints.current["fax"].watermark
    bench.listing.asked.clear()
    bench.clock.advance(hours=1)
    bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert bench.listing.asked[0][1:3] == (watermark - 3 * DAY, watermark + HOUR)


def test_the_checkpoint_moves_only_when_the_page_is_enqueued(bench: Bench) -> None:
    """If the queue fails, the checkpoint stays, and the next sweep repeats the page."""
    bench.listing.pages = {"fax": [[entry()], [entry()]]}
    bench.producer.error = QueueUnavailableError()
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert isinstance(results["fax"].error, QueueUnavailableError)
    assert not results["fax"].is_complete
    assert "fax" not in bench.checkpoints.current
    bench.producer.error = None
    bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert len(bench.producer.sent) == 2


def test_a_sweep_out_of_time_goes_on_at_its_page(bench: Bench) -> None:
    """A sweep that runs out of time continues at the same page of the same period."""
    bench.listing.pages = {"fax": [[entry()], [entry()], [entry()]]}
    remaining = iter([900.0, 900.0, 5.0])
    first = bench.sweeper.sweep(bench.checkpoints, lambda: next(remaining, 5.0))
    assert not first["fax"].is_complete
    asked = bench.listing.asked[-1]
    bench.clock.advance(hours=1)
    second = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert second["fax"].is_complete
    continued = [ask for ask in bench.listing.asked if ask[0] == "fax"][2]
    assert continued == (*asked[:3], "2")


def test_a_page_whose_token_died_begins_the_period_again(bench: Bench) -> None:
    """A page token that SignalWire rejects restarts the period from its first page."""
    bench.listing.pages = {"fax": [[entry()], [entry(MESSAGE_ID)]]}
    bench.listing.errors = [None, RejectedError("SignalWire answered 422.")]
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert results["fax"].is_complete
    assert [ask[3] for ask in bench.listing.asked if ask[0] == "fax"] == [None, "1", None, "1"]


def test_a_page_that_is_held_back_is_no_error(bench: Bench) -> None:
    """The next sweep goes on at the page whose turn did not come."""
    bench.listing.pages = {"fax": [[entry()], [entry(MESSAGE_ID)]]}
    bench.listing.errors = [None, HeldBackError()]
    result = bench.sweeper.sweep(bench.checkpoints, lambda: 900)["fax"]
    assert (result.is_complete, result.error, result.checkpoint.page) == (False, None, "1")
    assert +result.found == {Verdict.MISSING: 1}
    assert bench.sweeper.sweep(bench.checkpoints, lambda: 900)["fax"].is_complete
    assert [ask[3] for ask in bench.listing.asked if ask[0] == "fax"] == [None, "1", "1"]


@pytest.mark.parametrize(
    ("allowed", "most", "seconds"),
    [(math.inf, math.inf, 0.0), (10.0, math.inf, 0.2), (10.0, 4.0, 0.5), (1.0, math.inf, 0.4)],
)
def test_messages_go_on_the_queue_as_fast_as_allowed(
    bench: Bench, allowed: float, most: float, seconds: float
) -> None:
    """The slower of the two rates counts; five a second are always allowed, so a page ends."""
    bench.listing.pages = {"fax": [[entry(), entry(MESSAGE_ID)]]}
    sweeper = replace(bench.sweeper, allowed=lambda: allowed)
    sweeper.walk(
        FAX, Checkpoint(NOW - DAY, NOW - DAY, NOW), lambda: 900, save=lambda _: None, most=most
    )
    assert bench.slept == [pytest.approx(seconds)]
    assert len(bench.producer.sent) == 2


def test_what_is_allowed_is_asked_after_each_page(bench: Bench) -> None:
    """The limit may have changed meanwhile; a page without messages waits for nothing."""
    bench.store(fax_log())
    bench.listing.pages = {"fax": [[entry(MESSAGE_ID)], [entry()], [entry(MESSAGE_ID)]]}
    rates = iter([10.0, 20.0])
    sweeper = replace(bench.sweeper, allowed=lambda: next(rates))
    sweeper.walk(FAX, Checkpoint(NOW - DAY, NOW - DAY, NOW), lambda: 900, save=lambda _: None)
    assert bench.slept == pytest.approx([0.1, 0.05])


def test_a_first_page_that_is_refused_is_an_error(bench: Bench) -> None:
    """A rejected first page is an error, because a restart would be rejected too."""
    bench.listing.errors = [RejectedError()]
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert isinstance(results["fax"].error, RejectedError)
    assert len([ask for ask in bench.listing.asked if ask[0] == "fax"]) == 1


@pytest.mark.parametrize("error", [RejectedError, NotFoundError])
def test_a_period_begins_again_once(bench: Bench, error: type[HooklogError]) -> None:
    """A period restarts once, so that a page that always fails ends in an error."""
    bench.listing.pages = {"fax": [[entry()], [entry()]]}
    bench.listing.errors = [None, error(), None, error(), None]
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert isinstance(results["fax"].error, error)
    assert [ask[3] for ask in bench.listing.asked if ask[0] == "fax"] == [None, "1", None, "1"]


def test_what_stops_one_kind_does_not_stop_the_other(bench: Bench) -> None:
    """If the token lacks the Fax scope, messages are still swept and the error is reported."""
    bench.listing.errors = [ForbiddenError()]
    bench.listing.pages = {"message": [[entry(MESSAGE_ID)]]}
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert isinstance(results["fax"].error, ForbiddenError)
    assert results["message"].is_complete
    assert [sent["log_type"] for sent in bench.producer.sent] == ["message"]


def test_a_watermark_older_than_the_history_is_given_up(bench: Bench) -> None:
    """After months without a sweep the next starts like a first one, and reports the gap."""
    long_ago = NOW - 400 * DAY
    bench.checkpoints.current = {
        FAX.name: Checkpoint(long_ago, long_ago, long_ago),
        MESSAGE.name: Checkpoint(NOW, NOW, NOW),
    }
    bench.listing.errors = [HistoryLimitError()]
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert isinstance(results["fax"].error, HistoryLimitError)
    assert bench.checkpoints.current["fax"].watermark == NOW - DAY
    assert bench.sweeper.sweep(bench.checkpoints, lambda: 900)["fax"].is_complete


def test_an_unreadable_table_stops_the_sweep_where_it_is(bench: Bench) -> None:
    """If the table cannot be read, the checkpoint stays where it is."""
    bench.listing.pages = {"fax": [[entry()]]}
    bench.table.read_errors = [StoreUnavailableError()]
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert isinstance(results["fax"].error, StoreUnavailableError)
    assert "fax" not in bench.checkpoints.current


def test_the_kind_that_is_furthest_behind_goes_first(bench: Bench) -> None:
    """The kind with the oldest watermark is swept first, so that neither starves."""
    begun = {
        FAX.name: Checkpoint(NOW - HOUR, NOW - HOUR, NOW - HOUR),
        MESSAGE.name: Checkpoint(NOW - DAY, NOW - DAY, NOW - DAY),
    }
    bench.checkpoints.current = dict(begun)
    bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert [ask[0] for ask in bench.listing.asked if ask[0] in begun] == ["message", "fax"]


# --- a period of the past -------------------------------------------------------------------

EVENT = {"from": "2026-01-01", "to": "2026-02-01T12:00:00+02:00", "log_type": "fax"}


def run(
    bench: Bench, time_left: float = 900, **more: object
) -> tuple[dict[str, object], list[float]]:
    """Run a backfill; return its summary and its pauses in seconds."""
    request = BackfillRequest.read({**EVENT, **more})
    _, summary = backfill(bench.sweeper, request, lambda: time_left)
    return dict(summary), bench.slept


def test_a_backfill_compares_its_period(bench: Bench) -> None:
    """A backfill enqueues with its own origin, at the requested rate."""
    bench.listing.pages = {"fax": [[entry()]]}
    summary, slept = run(bench, messages_per_second=4)
    assert summary == {"found": {"fax": {"missing": 1}}, "complete": True}
    assert bench.producer.sent == [{"log_type": "fax", "log_id": FAX_ID, "origin": "backfill"}]
    assert slept == [0.25]
    assert bench.listing.asked[0][1].isoformat() == "2026-01-01T00:00:00+00:00"
    assert bench.listing.asked[0][2].isoformat() == "2026-02-01T10:00:00+00:00"


def test_a_dry_run_only_counts(bench: Bench) -> None:
    """A dry run enqueues nothing and does not wait."""
    bench.listing.pages = {"fax": [[entry()]]}
    summary, slept = run(bench, dry_run=True)
    assert summary["found"] == {"fax": {"missing": 1}}
    assert (bench.producer.sent, slept) == ([], [])


def test_a_backfill_out_of_time_says_how_to_go_on(bench: Bench) -> None:
    """A backfill out of time returns the event that continues it."""
    bench.listing.pages = {"fax": [[entry()]]}
    summary, _ = run(bench, time_left=1)
    assert summary["complete"] is False
    assert summary["next_event"] == {
        "from": "2026-01-01T00:00:00.000Z",
        "to": "2026-02-01T10:00:00.000Z",
        "log_type": "fax",
        "dry_run": False,
        "messages_per_second": 20,
        "page": None,
    }
    next_event = summary["next_event"]
    assert isinstance(next_event, dict)
    assert BackfillRequest.read(next_event).page is None


def test_a_period_beyond_the_history_ends_with_a_clear_sentence(bench: Bench) -> None:
    """A period before the oldest log (422 ``exceeds_history_logs_limit``) ends with a reason."""
    bench.listing.errors = [HistoryLimitError()]
    summary, _ = run(bench)
    assert "before the oldest log that SignalWire keeps" in str(summary["stopped"])
    assert summary["complete"] is False


def test_a_backfill_leaves_itself_the_time_to_wait(bench: Bench) -> None:
    """A page starts only if the time left covers the pauses that it may need."""
    bench.listing.pages = {"fax": [[entry()]]}
    summary, slept = run(bench, time_left=60, messages_per_second=4)
    assert (summary["complete"], slept, bench.listing.asked) == (False, [], [])
    assert run(bench, time_left=80, messages_per_second=4)[0]["complete"] is True


def test_a_backfill_that_fails_says_where_to_go_on(bench: Bench) -> None:
    """A backfill that fails keeps its counts and returns the event that continues it."""
    bench.listing.pages = {"fax": [[entry()], [entry()]]}
    bench.listing.errors = [None, StoreUnavailableError()]
    summary, _ = run(bench)
    assert summary["found"] == {"fax": {"missing": 1}}
    next_event = summary["next_event"]
    assert isinstance(next_event, dict)
    assert next_event["page"] == "1"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"from": "soon"}, "from"),
        ({"to": None}, "to"),
        ({"log_type": "letter"}, "log_type"),
        ({"messages_per_second": 0}, "messages_per_second"),
        ({"page": "https://elsewhere.example/"}, "page"),
        ({"dryrun": True}, "dryrun"),
        ({"to": "2025-12-31"}, "the whole"),
    ],
)
def test_a_malformed_backfill_names_what_is_wrong(change: dict[str, object], named: str) -> None:
    """A malformed request is refused before any work, with the field's name."""
    with pytest.raises(BackfillError, match=named):
        BackfillRequest.read({**EVENT, **change})


def test_a_failed_fax_that_is_stored_as_such_is_present(bench: Bench) -> None:
    """Verdicts compare the API's values, not what hooklog derived from them."""
    bench.store(failed_fax())
    bench.listing.pages = {"fax": [[entry(error_code="34004")]]}
    results = bench.sweeper.sweep(bench.checkpoints, lambda: 900)
    assert +results["fax"].found == {Verdict.PRESENT: 1}
