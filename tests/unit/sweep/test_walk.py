"""A walk compares pages with the table, stores what differs, and repeats work after a crash."""

from __future__ import annotations

import itertools
import math
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from hooklog.clock import iso
from hooklog.errors import (
    HeldBackError,
    HooklogError,
    NotFoundError,
    QueueUnavailableError,
    RejectedError,
    StoreUnavailableError,
)
from hooklog.logs import FAX, MESSAGE, LogKind
from hooklog.logs.listing import Page
from hooklog.sweep.comparison import Verdict
from hooklog.sweep.walk import PAGE_TIME, Checkpoint
from tests.builders import FAX_ID, MESSAGE_ID, failed_fax, fax_log, message_log
from tests.fakes import NOW
from tests.unit.sweep.harness import DAY, ODD, FakeLists, Harness, entry

OTHER = "11111111-2222-4333-8444-555555555555"
TICK = timedelta(milliseconds=1)


@pytest.mark.parametrize("log_id", ["1", None, 7, "../x"])
def test_an_entry_without_a_usable_id_is_counted(harness: Harness, log_id: JsonValue) -> None:
    """An entry without a usable ID is counted, and the rest of its page is compared."""
    harness.lists.pages = {"fax": [[entry() | {"id": log_id}, entry()]]}
    result = harness.walk(FAX)
    assert +result.found == {Verdict.UNREADABLE: 1, Verdict.MISSING: 1}
    assert [sent["log_id"] for sent in harness.producer.sent] == [FAX_ID]


@pytest.mark.parametrize("change", ODD, ids=str)
def test_the_id_suffices_for_a_log_without_a_row(
    harness: Harness, change: dict[str, JsonValue]
) -> None:
    """A log without a row is enqueued whatever else is odd; the enrich function decides."""
    harness.lists.pages = {"fax": [[entry() | change]]}
    assert +harness.walk(FAX).found == {Verdict.MISSING: 1}
    assert [sent["log_id"] for sent in harness.producer.sent] == [FAX_ID]


def test_only_what_is_missing_or_differs_is_stored(harness: Harness) -> None:
    """Logs that the table shows as they are cost no write and no message."""
    harness.keep(fax_log())
    harness.lists.pages = {"fax": [[entry(), entry(OTHER, status="busy")]]}
    result = harness.walk(FAX)
    assert +result.found == {Verdict.PRESENT: 1, Verdict.MISSING: 1}
    assert (result.stored, result.enqueued, harness.producer.sent) == (1, 0, [])
    assert harness.rows == {f"fax#{FAX_ID}": "completed", f"fax#{OTHER}": "busy"} | {
        key: None for key in harness.rows if key not in {f"fax#{FAX_ID}", f"fax#{OTHER}"}
    }


def test_a_stale_row_is_brought_up_to_date(harness: Harness) -> None:
    """The page shows a later truth than the row."""
    harness.keep(message_log(status="sent"))
    harness.lists.pages = {"message": [[{**message_log()}]]}
    assert +harness.walk(MESSAGE).found == {Verdict.STALE: 1}
    assert harness.rows == {f"message#{MESSAGE_ID}": "delivered"}
    assert harness.producer.sent == []


def test_a_page_shows_what_was_true_when_it_was_asked_for(harness: Harness) -> None:
    """Whatever is stored later, a fetch that began after the page shows a later truth."""
    harness.lists.pages = {"message": [[{**message_log()}]]}
    harness.walk(MESSAGE, walker=replace(harness.walker, clock=lambda: NOW + DAY))
    assert harness.table.items[f"message#{MESSAGE_ID}"]["fetched_at"] == iso(NOW)


def test_what_a_page_cannot_tell_goes_on_the_queue(harness: Harness) -> None:
    """Each such log becomes one message with the walk's origin."""
    harness.lists.pages = {"fax": [[entry(), entry(OTHER, status="busy")]]}
    result = harness.walk(FAX)
    assert (result.stored, result.enqueued) == (1, 1)
    assert harness.producer.sent == [{"log_type": "fax", "log_id": FAX_ID, "origin": "sweep"}]


def test_what_a_page_stored_is_published_with_the_page(harness: Harness) -> None:
    """A walk lasts long, and may end in a crash."""
    harness.lists.pages = {"fax": [[entry(status="busy")], [entry(OTHER, status="busy")]]}
    harness.lists.errors = [None, StoreUnavailableError()]
    published: list[tuple[LogKind, int]] = []
    walker = replace(
        harness.walker, publish=lambda kind, counts: published.append((kind, len(counts.failures)))
    )
    assert harness.walk(FAX, walker=walker).stored == 1
    assert published == [(FAX, 1)]


@pytest.mark.parametrize(
    ("only_ends", "status", "verdict"),
    [
        (True, "ringing", Verdict.UNFINISHED),
        (True, "busy", Verdict.MISSING),
        (False, "ringing", Verdict.MISSING),
    ],
)
def test_where_only_ends_are_told_a_log_in_progress_is_not_missing(
    harness: Harness,
    only_ends: bool,  # noqa: FBT001 - a parameter of the test
    status: str,
    verdict: Verdict,
) -> None:
    """Its row comes with the walk, and no callback was lost; otherwise one was."""
    harness.lists.pages = {"fax": [[entry(status=status)]]}
    result = harness.walk(FAX, walker=replace(harness.walker, only_ends=only_ends))
    assert +result.found == {verdict: 1}
    assert harness.rows[f"fax#{FAX_ID}"] == status


def test_a_period_includes_its_begin_and_excludes_its_end(harness: Harness) -> None:
    """The lists exclude both, so the walk asks from a moment before."""
    harness.walk(FAX)
    assert harness.lists.asked == [("fax", NOW - DAY - TICK, NOW, None)]
    assert harness.saved == [Checkpoint(NOW, NOW)]


def test_the_checkpoint_moves_only_when_the_page_is_enqueued(harness: Harness) -> None:
    """If the queue fails, the checkpoint stays, and the next walk repeats the page."""
    harness.lists.pages = {"fax": [[entry()], [entry()]]}
    harness.producer.error = QueueUnavailableError()
    result = harness.walk(FAX)
    assert isinstance(result.error, QueueUnavailableError)
    assert not result.is_complete
    assert harness.saved == []
    assert result.enqueued == 0


def test_the_checkpoint_is_saved_after_each_page(harness: Harness) -> None:
    """It names the next page, and at the end the period's end."""
    harness.lists.pages = {"fax": [[entry()], [entry()]]}
    harness.walk(FAX)
    assert harness.saved == [Checkpoint(NOW - DAY, NOW, "1"), Checkpoint(NOW, NOW)]


def test_a_walk_out_of_time_goes_on_at_its_page(harness: Harness) -> None:
    """The checkpoint of one walk begins the next."""
    harness.lists.pages = {"fax": [[entry()], [entry()], [entry()]]}
    remaining = iter([900.0, 900.0, 5.0])
    begun = Checkpoint(NOW - DAY, NOW - DAY)
    first = harness.walker.walk(FAX, begun, NOW, lambda: next(remaining), save=lambda _: None)
    assert not first.is_complete
    later = NOW + DAY
    second = harness.walker.walk(FAX, first.checkpoint, later, lambda: 900, save=lambda _: None)
    assert second.is_complete
    assert harness.lists.asked[2:] == [
        ("fax", NOW - DAY - TICK, NOW, "2"),
        # The rest, up to the new goal.
        ("fax", NOW - TICK, later, None),
        ("fax", NOW - TICK, later, "1"),
        ("fax", NOW - TICK, later, "2"),
    ]


@pytest.mark.parametrize("error", [RejectedError, NotFoundError])
def test_a_page_whose_token_died_halves_the_period(
    harness: Harness, error: type[HooklogError]
) -> None:
    """The first half begins anew, and the second follows it; together they are the period."""
    harness.lists.pages = {"fax": [[entry()], [entry(MESSAGE_ID)]]}
    harness.lists.errors = [None, error("SignalWire answered 422.")]
    assert harness.walk(FAX).is_complete
    half = NOW - DAY / 2
    assert harness.lists.asked == [
        ("fax", NOW - DAY - TICK, NOW, None),
        ("fax", NOW - DAY - TICK, NOW, "1"),
        ("fax", NOW - DAY - TICK, half, None),
        ("fax", NOW - DAY - TICK, half, "1"),
        ("fax", half - TICK, NOW, None),
        ("fax", half - TICK, NOW, "1"),
    ]
    assert harness.saved[-1] == Checkpoint(NOW, NOW)


def test_a_half_is_followed_by_a_period_as_long_as_the_whole(harness: Harness) -> None:
    """The tokens of a longer one would die again."""
    harness.lists.errors = [RejectedError()]
    begun = Checkpoint(NOW - 4 * DAY, NOW - 2 * DAY, "1")
    assert (
        harness.walker.walk(FAX, begun, NOW + DAY, lambda: 900, save=harness.saved.append).error
        is None
    )
    assert harness.saved == [
        Checkpoint(NOW - 3 * DAY, NOW - DAY),
        Checkpoint(NOW - DAY, NOW + DAY),
        Checkpoint(NOW + DAY, NOW + DAY),
    ]


def test_tokens_that_die_between_walks_do_not_stop_the_sweep(harness: Harness) -> None:
    """Walks of two pages each come to their end, although no token outlives its walk."""
    harness.lists.pages = {"fax": [[entry()], [entry()], [entry()]]}
    checkpoint, walks = Checkpoint(NOW - DAY, NOW - DAY), 0
    while checkpoint.watermark < NOW:
        walks += 1
        assert walks < 100, "the walk begins again for ever"
        if checkpoint.page is not None:
            harness.lists.errors = [RejectedError()]
        # A period of a few seconds has a single page.
        if timedelta(0) < checkpoint.end - checkpoint.watermark < timedelta(seconds=10):
            harness.lists.pages = {"fax": [[entry()]]}
        left = itertools.chain([900.0, 900.0], itertools.repeat(5.0))
        result = harness.walker.walk(FAX, checkpoint, NOW, left.__next__, save=lambda _: None)
        assert result.error is None
        checkpoint = result.checkpoint
    assert walks > 2


def test_a_backlog_shrinks_although_no_token_outlives_its_walk(harness: Harness) -> None:
    """Each hour brings 20 pages, and a walk has time for 100; three days are caught up with."""

    class Lists(FakeLists):
        dead = False

        def page(
            self,
            kind: LogKind,  # noqa: ARG002 - the walk's interface
            start: datetime,
            end: datetime,
            page: str | None,
            time_left: float,  # noqa: ARG002
        ) -> Page:
            if page is not None and self.dead:
                self.dead = False
                raise RejectedError
            self.dead = False
            number = int(page or 0) + 1
            pages = (end - start) / timedelta(hours=1) * 20
            return Page([], str(number) if number < pages else None, NOW)

    lists = Lists(harness.clock)
    walker = replace(harness.walker, listing=lists)
    now, checkpoint = NOW, Checkpoint(NOW - 3 * DAY, NOW - 3 * DAY)
    for _ in range(60):
        lists.dead = checkpoint.page is not None
        left = itertools.chain([900.0] * 100, itertools.repeat(5.0))
        result = walker.walk(MESSAGE, checkpoint, now, left.__next__, save=lambda _: None)
        checkpoint, now = result.checkpoint, now + timedelta(hours=1)
        if result.is_complete:
            return
    pytest.fail("the backlog does not shrink")


def test_a_short_period_with_a_dead_token_begins_anew(harness: Harness) -> None:
    """It is too short to be cut, and its token never lives again."""
    harness.lists.errors = [RejectedError()]
    begun = Checkpoint(NOW - timedelta(seconds=1), NOW, "1")
    result = harness.walker.walk(FAX, begun, NOW, lambda: 900, save=harness.saved.append)
    assert isinstance(result.error, RejectedError)
    assert harness.saved == [replace(begun, page=None)]


def test_a_period_of_two_seconds_is_cut(harness: Harness) -> None:
    """Its halves are whole seconds, as all checkpoints are."""
    harness.lists.errors = [RejectedError()]
    second = timedelta(seconds=1)
    begun = Checkpoint(NOW - 2 * second, NOW, "1")
    result = harness.walker.walk(FAX, begun, NOW, lambda: 900, save=harness.saved.append)
    assert (result.error, result.is_complete) == (None, True)
    assert harness.saved == [Checkpoint(NOW - second, NOW), Checkpoint(NOW, NOW)]


def test_a_checkpoint_that_cannot_be_saved_hides_no_refusal(harness: Harness) -> None:
    """The result names the error that stopped the walk; the next walk is refused, too."""
    refusal = RejectedError()
    harness.lists.errors = [refusal]

    def save(_: Checkpoint) -> None:
        raise StoreUnavailableError

    begun = Checkpoint(NOW - DAY, NOW - DAY)
    assert harness.walker.walk(FAX, begun, NOW, lambda: 900, save=save).error is refusal


def test_pages_of_a_period_that_begins_anew_count_once(harness: Harness) -> None:
    """What was counted of the whole is forgotten when its halves are walked."""
    harness.lists.pages = {"fax": [[entry()], [entry()]]}
    harness.lists.errors = [None, RejectedError()]
    begun = Checkpoint(NOW - DAY, NOW - DAY)
    result = harness.walker.walk(
        FAX, begun, NOW, lambda: 900, save=harness.saved.append, dry_run=True
    )
    # Two pages of each half.
    assert result.found[Verdict.MISSING] == 4


def test_what_all_pages_stored_and_enqueued_counts(harness: Harness) -> None:
    """One log of each page is stored from it, and one goes on the queue."""
    first, second = (
        [
            entry(str(uuid.UUID(int=2 * number))),
            entry(str(uuid.UUID(int=2 * number + 1)), status="busy"),
        ]
        for number in (1, 2)
    )
    harness.lists.pages = {"fax": [first, second]}
    result = harness.walk(FAX)
    assert (result.stored, result.enqueued, len(harness.producer.sent)) == (2, 2, 2)


def test_an_entry_that_is_listed_twice_is_readable(harness: Harness) -> None:
    """It counts once, and is no entry without an ID."""
    harness.lists.pages = {"fax": [[entry(), entry(FAX_ID.upper())]]}
    assert +harness.walk(FAX).found == {Verdict.MISSING: 1}


def test_a_page_that_always_fails_ends_in_an_error(harness: Harness) -> None:
    """The period is halved until it is too short."""
    harness.lists.pages = {"fax": [[entry()], [entry()]]}
    harness.lists.errors = [None, RejectedError()] * 40
    result = harness.walk(FAX)
    assert isinstance(result.error, RejectedError)
    assert result.checkpoint.watermark == NOW - DAY
    assert len(harness.lists.asked) < 40


def test_a_first_page_that_is_refused_is_an_error(harness: Harness) -> None:
    """A rejected first page is an error, because a restart would be rejected too."""
    harness.lists.errors = [RejectedError()]
    result = harness.walk(FAX)
    assert isinstance(result.error, RejectedError)
    assert len(harness.lists.asked) == 1
    assert (result.kind, result.goal, +result.found) == (FAX, NOW, {})
    assert result.checkpoint == Checkpoint(NOW - DAY, NOW - DAY)


def test_unreadable_entries_count_on_every_page(harness: Harness) -> None:
    """Those of a page add to those of the pages before."""
    odd = entry() | {"id": "1"}
    harness.lists.pages = {"fax": [[odd, odd], [odd], []]}
    assert +harness.walk(FAX).found == {Verdict.UNREADABLE: 3}


@pytest.mark.parametrize(
    ("minutes", "verdict"),
    [(59, Verdict.PRESENT), (60, Verdict.PRESENT), (61, Verdict.UNFINISHED)],
)
def test_a_log_in_progress_for_more_than_an_hour_is_stuck(
    harness: Harness, minutes: int, verdict: Verdict
) -> None:
    """A younger one is left alone, because its callbacks are still to come."""
    created_at = iso(NOW - timedelta(minutes=minutes))
    log = fax_log(status="in-progress", created_at=created_at)
    harness.keep(log)
    harness.lists.pages = {"fax": [[{**log}]]}
    assert +harness.walk(FAX).found == {verdict: 1}


@pytest.mark.parametrize(("more", "asked"), [(0.0, 0), (0.001, 1)])
def test_a_page_begins_only_with_more_time_than_it_may_take(
    harness: Harness, more: float, asked: int
) -> None:
    """A page that takes all its time would end with the function."""
    begun = Checkpoint(NOW - DAY, NOW - DAY)
    harness.walker.walk(
        FAX, begun, NOW, lambda: PAGE_TIME + more, save=harness.saved.append, dry_run=True
    )
    assert len(harness.lists.asked) == asked


def test_a_page_that_is_held_back_is_no_error(harness: Harness) -> None:
    """The next walk goes on at the page whose turn did not come."""
    harness.lists.pages = {"fax": [[entry()], [entry(MESSAGE_ID)]]}
    harness.lists.errors = [None, HeldBackError()]
    result = harness.walk(FAX)
    assert (result.is_complete, result.error, result.checkpoint.page) == (False, None, "1")
    assert +result.found == {Verdict.MISSING: 1}


@pytest.mark.parametrize(
    ("allowed", "most", "seconds"),
    [(math.inf, math.inf, 0.0), (10.0, math.inf, 0.2), (10.0, 4.0, 0.5), (1.0, math.inf, 0.4)],
)
def test_messages_go_on_the_queue_as_fast_as_allowed(
    harness: Harness, allowed: float, most: float, seconds: float
) -> None:
    """The slower of the two rates counts; five a second are always allowed, so a page ends."""
    harness.lists.pages = {"fax": [[entry(), entry(MESSAGE_ID)]]}
    harness.walk(FAX, walker=replace(harness.walker, allowed=lambda: allowed), most=most)
    assert harness.slept == [pytest.approx(seconds)]
    assert len(harness.producer.sent) == 2


def test_what_is_allowed_is_asked_after_each_page(harness: Harness) -> None:
    """The limit may have changed meanwhile; a page without messages waits for nothing."""
    harness.keep(fax_log())
    harness.lists.pages = {"fax": [[entry(MESSAGE_ID)], [entry()], [entry(MESSAGE_ID)]]}
    rates = iter([10.0, 20.0])
    harness.walk(FAX, walker=replace(harness.walker, allowed=lambda: next(rates)))
    assert harness.slept == pytest.approx([0.1, 0.05])


def test_an_unreadable_table_stops_the_walk_where_it_is(harness: Harness) -> None:
    """If the table cannot be read, the checkpoint stays where it is."""
    harness.lists.pages = {"fax": [[entry()]]}
    harness.table.read_errors = [StoreUnavailableError()]
    assert isinstance(harness.walk(FAX).error, StoreUnavailableError)
    assert harness.saved == []


def test_a_failed_fax_that_is_stored_as_such_is_present(harness: Harness) -> None:
    """Verdicts compare the API's values, not what hooklog derived from them."""
    harness.keep(failed_fax())
    harness.lists.pages = {"fax": [[entry(error_code="34004")]]}
    assert +harness.walk(FAX).found == {Verdict.PRESENT: 1}
