"""The sweep keeps to the pace: its pages take turns, and its messages half of the limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from hooklog.errors import (
    HeldBackError,
    HooklogError,
    RateLimitedError,
    StoreThrottledError,
    UpstreamError,
)
from hooklog.logs import FAX, LogKind
from hooklog.logs.listing import Page
from hooklog.pace import Pace
from hooklog.records.pacing import Brake
from hooklog.records.rows import PACE_KEY, pace_values, present
from hooklog.sweep.pacing import SHARE, PacedLists
from tests.fakes import NOW, Clock, MemoryTable

if TYPE_CHECKING:
    from hooklog.errors import FetchError

MOMENT = NOW.timestamp()
PAGE = Page([], None, NOW)
#: Ten requests per second, and the next free slot is now.
LIMITED = Pace(rate=10.0, ceiling=10.0, since=MOMENT, limited_at=MOMENT, next_at=MOMENT)
OUTAGE = Pace(outage="fetch.timeout", outage_at=MOMENT - 40, probe_at=MOMENT + 5)


@dataclass
class FakeListing:
    """Raises its errors, one per call, and then gives a page."""

    clock: Clock
    errors: list[FetchError] = field(default_factory=list)
    #: The moment of each call, and the seconds that it was given.
    calls: list[tuple[float, float]] = field(default_factory=list)
    #: Called with each request.
    meanwhile: Callable[[], None] = lambda: None

    def page(
        self,
        kind: LogKind,
        start: datetime,
        end: datetime,
        page: str | None,
        time_left: float,
    ) -> Page:
        """Return a page, or raise the next error."""
        assert (kind, start, end, page) == (FAX, NOW, NOW, "7")
        self.calls.append((self.clock.moment(), time_left))
        self.meanwhile()
        return self._answer()

    def resources(
        self, path: str, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Return a page, or raise the next error."""
        assert (path, start, end, page) == ("/faxes", NOW, NOW, "7")
        self.calls.append((self.clock.moment(), time_left))
        return self._answer()

    def _answer(self) -> Page:
        if self.errors:
            raise self.errors.pop(0)
        return PAGE


class Harness:
    """A listing at the pace that a table has; sleeping is what lets time pass."""

    def __init__(self) -> None:
        """Wire the listing."""
        self.clock = Clock()
        self.table = MemoryTable()
        self.listing = FakeListing(self.clock)
        #: Seconds.
        self.slept: list[float] = []
        self.paced = PacedLists(
            lists=self.listing,
            table=self.table,
            brake=Brake(self.table, moment=self.clock.moment),
            sleep=self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)

    def store(self, pace: Pace) -> None:
        """Store the pace as another instance would."""
        self.table.items[PACE_KEY] = present(pace_values(pace)) | {"version": 7}

    @property
    def stored(self) -> Pace:
        """The pace that is stored."""
        pace = self.table.read([PACE_KEY])[PACE_KEY].pace
        assert pace is not None
        return pace

    def page(self, time_left: float = 20.0) -> Page:
        """Ask for a page."""
        return self.paced.page(FAX, NOW, NOW, "7", time_left)


@pytest.fixture
def harness() -> Harness:
    """Return a fresh listing."""
    return Harness()


def test_without_a_limit_a_page_is_fetched_at_once(harness: Harness) -> None:
    """The pace is read, and nothing is written."""
    assert harness.page() is PAGE
    assert harness.listing.calls == [(MOMENT, 20.0)]
    assert harness.table.reads == [[PACE_KEY]]
    assert harness.table.writes == []
    assert sum(harness.slept) == 0


def test_a_page_takes_a_slot(harness: Harness) -> None:
    """The others have one less."""
    harness.store(LIMITED)
    assert harness.page() is PAGE
    assert harness.stored.next_at == pytest.approx(MOMENT + 0.1, abs=0.001)


def test_a_page_waits_for_its_slot(harness: Harness) -> None:
    """One that comes soon is waited for exactly."""
    harness.store(replace(LIMITED, next_at=MOMENT + 0.125))
    assert harness.page() is PAGE
    assert harness.listing.calls[0][0] == pytest.approx(MOMENT + 0.125, abs=0.001)


def test_a_page_without_a_slot_looks_again(harness: Harness) -> None:
    """Each look reads the pace anew, because others change it meanwhile."""
    harness.store(replace(LIMITED, next_at=MOMENT + 1.1))
    assert harness.page() is PAGE
    assert harness.slept[:2] == [0.5, 0.5]
    assert len(harness.table.reads) == 3
    assert harness.listing.calls[0][0] == pytest.approx(MOMENT + 1.1, abs=0.001)


def test_a_page_whose_turn_does_not_come_is_held_back(harness: Harness) -> None:
    """It gives up when its time is over, without a request."""

    def sleep(seconds: float) -> None:
        harness.sleep(seconds)
        harness.store(replace(LIMITED, next_at=harness.clock.moment() + 1))

    harness.store(replace(LIMITED, next_at=MOMENT + 1))
    paced = PacedLists(
        lists=harness.listing, table=harness.table, brake=harness.paced.brake, sleep=sleep
    )
    with pytest.raises(HeldBackError):
        paced.page(FAX, NOW, NOW, "7", 3.0)
    assert harness.listing.calls == []
    assert harness.clock.moment() == MOMENT + 3


def test_a_429_is_told_to_all_and_the_page_is_asked_for_again(harness: Harness) -> None:
    """It lowers the rate as that of a batch does."""
    harness.store(replace(LIMITED, since=MOMENT - 20, warned_at=MOMENT - 1, warned=2))
    harness.listing.errors = [RateLimitedError()]
    assert harness.page() is PAGE
    assert len(harness.listing.calls) == 2
    limit = harness.stored.limit(harness.clock.moment())
    assert limit == pytest.approx(10 * (1 + (20 / 45) ** 3) * 0.9, rel=0.01)
    assert harness.stored.since == MOMENT


def test_a_429_counts_once(harness: Harness) -> None:
    """The third within a short time sets a limit."""
    harness.listing.errors = [RateLimitedError()]
    assert harness.page() is PAGE
    assert harness.stored.warned == 1


def test_a_page_that_meets_only_429s_is_held_back(harness: Harness) -> None:
    """The next sweep goes on with it."""
    harness.listing.errors = [RateLimitedError() for _ in range(100)]
    with pytest.raises(HeldBackError):
        harness.page(5.0)
    assert len(harness.listing.calls) <= 10
    assert harness.stored.limit(harness.clock.moment()) is not None


def test_an_outage_stops_a_page_with_its_error(harness: Harness) -> None:
    """Nothing is asked before the next probe is due, and nothing is waited for."""
    harness.store(OUTAGE)
    with pytest.raises(HooklogError) as caught:
        harness.page()
    assert caught.value.code == "fetch.timeout"
    assert (harness.listing.calls, harness.slept) == ([], [])


def test_a_page_that_is_answered_ends_an_outage(harness: Harness) -> None:
    """It is a probe like that of a batch."""
    harness.store(OUTAGE)
    harness.clock.advance(seconds=5)
    assert harness.page() is PAGE
    assert harness.stored.outage is None


def test_an_outage_of_unknown_cause_is_waited_for(harness: Harness) -> None:
    """Somebody else wrote it; the page is the next probe."""
    harness.store(Pace(outage="?", outage_at=MOMENT, probe_at=MOMENT + 2))
    assert harness.page() is PAGE
    assert harness.listing.calls[0][0] == MOMENT + 2


def test_an_error_is_passed_on(harness: Harness) -> None:
    """One page that fails says nothing about the pace."""
    harness.listing.errors = [UpstreamError()]
    with pytest.raises(UpstreamError):
        harness.page()
    assert PACE_KEY not in harness.table.items


def test_a_pace_that_cannot_be_read_stops_a_page(harness: Harness) -> None:
    """The table is needed for the comparison anyway."""
    harness.table.read_errors = [StoreThrottledError()]
    with pytest.raises(StoreThrottledError):
        harness.page()
    assert harness.listing.calls == []


def test_messages_have_half_of_the_limit(harness: Harness) -> None:
    """And all that they want if there is none."""
    assert harness.paced.allowed() == math.inf
    harness.store(LIMITED)
    harness.page()
    assert harness.paced.allowed() == pytest.approx(SHARE * 10)


def test_pages_of_fax_resources_take_turns_as_well(harness: Harness) -> None:
    """They are requests as any others."""
    harness.store(LIMITED)
    harness.listing.errors = [RateLimitedError()]
    assert harness.paced.resources("/faxes", NOW, NOW, "7", 20.0) is PAGE
    assert len(harness.listing.calls) == 2
    assert harness.listing.calls[0][1] == 20.0
    assert harness.slept
