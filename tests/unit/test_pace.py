"""The pace: how fast SignalWire may be asked, decided without a clock."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.pace import Allowance, Depth, Experience, Grant, Pace

NOW = 1_800_000_000.0
#: A limit that was met an hour ago, and tried again just now.
KNOWN = Pace(
    rate=90.0,
    ceiling=100.0,
    since=NOW,
    limited_at=NOW - 3600,
    lowered_at=NOW - 60,
    next_at=NOW,
)
MOMENTS = st.floats(NOW - 10_000, NOW + 10_000)
RATES = st.floats(1, 20_000)
PACES = st.builds(
    Pace,
    known=st.none() | RATES,
    rate=st.none() | RATES,
    ceiling=st.none() | RATES,
    since=MOMENTS,
    limited_at=MOMENTS,
    lowered_at=MOMENTS,
    warned_at=MOMENTS,
    next_at=MOMENTS,
    used=st.integers(0, 10**6),
    used_since=MOMENTS,
    outage=st.none() | st.just("fetch.upstream"),
    outage_at=MOMENTS,
    probe_at=MOMENTS,
)


def seen(
    *,
    began_at: float = NOW,
    answered: int = 0,
    refused: int = 0,
    failed: int = 0,
    allowance: Allowance | None = None,
) -> Experience:
    """Return what a batch saw."""
    return Experience(
        began_at=began_at,
        answered=answered,
        refused=refused,
        failed=failed,
        failed_keys=frozenset(f"fax#{number}" for number in range(failed)),
        code="fetch.upstream" if failed else "",
        allowance=allowance,
    )


# --- the limit --------------------------------------------------------------------------------


def test_without_a_limit_everything_is_sent_at_once() -> None:
    """Nothing changes, so nothing is written."""
    assert Pace().grant(100, NOW) == (Pace(), Grant(requests=100))
    assert Pace().learned(seen(answered=100), NOW) == Pace()


def test_the_first_429s_make_the_answers_the_limit() -> None:
    """Nine tenths of what the batch got per second, and at least a quarter of what it sent."""
    pace = Pace().learned(seen(began_at=NOW - 2, answered=80, refused=60), NOW)
    assert (pace.limit(NOW), pace.ceiling, pace.limited_at) == (36.0, None, NOW)
    assert Pace().learned(seen(refused=9), NOW).limit(NOW) == 2.25
    assert Pace().learned(seen(refused=3), NOW).limit(NOW) == 1.0


def test_a_short_batch_shows_no_high_rate() -> None:
    """Four requests that were answered at once are not a thousand a second."""
    assert Pace().learned(seen(answered=4, refused=3), NOW).limit(NOW) == pytest.approx(14.4)


def test_of_those_who_meet_the_limit_together_the_luckiest_counts() -> None:
    """Their batches began before the limit was known, so each got a part of it."""
    pace = Pace().learned(seen(began_at=NOW - 1, answered=10, refused=60), NOW)
    more = pace.learned(seen(began_at=NOW - 1, answered=40, refused=60), NOW)
    assert [pace.limit(NOW), more.limit(NOW)] == pytest.approx([17.5, 36])
    assert more.learned(seen(began_at=NOW - 1, answered=2, refused=60), NOW) == more


def search(rate: float = 9.0) -> Pace:
    """Return the pace of a search that begins now."""
    return Pace().learned(seen(began_at=NOW - 1, answered=round(rate / 0.9), refused=3), NOW)


def test_batches_that_need_more_raise_the_rate_of_a_search() -> None:
    """By a half each second, once no 429 came for two; without them it stays."""
    pace = search()
    assert pace.limit(NOW + 60) == 9.0
    idle, _ = pace.grant(3, NOW + 2)
    assert idle.limit(NOW + 2) == 9.0
    limits = []
    for second in (1, 2, 2.5, 3):
        pace, _ = pace.grant(99, NOW + second)
        limits.append(pace.limit(NOW + second))
    assert limits == pytest.approx([9, 13.5, 13.5, 20.25])


@pytest.mark.parametrize(
    ("answered", "refused", "left"), [(90, 10, 0.8), (30, 20, 0.6), (0, 3, 0.4)]
)
def test_429s_in_the_search_end_it_below(answered: int, refused: int, left: float) -> None:
    """What was answered of a batch tells how far, within bounds; the ceiling is a little lower."""
    batch = seen(began_at=NOW + 4, answered=answered, refused=refused)
    pace = search(72).learned(batch, NOW + 6)
    assert pace.ceiling == pytest.approx(0.97 * 72)
    assert pace.limit(NOW + 6) == pytest.approx(left * 72)


def test_the_rate_returns_to_its_ceiling_and_stays_there_for_a_while() -> None:
    """It grows as a cubic of time: fast, then hardly, then fast again."""
    ceiling = 20.9  # seconds, about
    assert KNOWN.limit(NOW) == pytest.approx(90)
    assert KNOWN.limit(NOW + ceiling / 2) == pytest.approx(98.7, abs=0.2)
    assert KNOWN.limit(NOW + ceiling) == pytest.approx(100, abs=0.1)
    assert KNOWN.limit(NOW + 2 * ceiling) == pytest.approx(110, abs=0.5)
    assert KNOWN.limit(NOW + 1000) == pytest.approx(125)


def test_a_429_takes_a_tenth_and_sets_the_ceiling() -> None:
    """A little below the rate that was too much, it becomes careful again."""
    later = NOW + 40
    pace = KNOWN.learned(seen(began_at=later - 1, refused=3), later)
    assert pace.ceiling == pytest.approx(0.97 * (KNOWN.limit(later) or 0))
    assert pace.limit(later) == pytest.approx(0.9 * (KNOWN.limit(later) or 0))
    assert (pace.limited_at, pace.warned_at) == (KNOWN.limited_at, later)


def test_a_429_may_have_a_reason_of_its_own() -> None:
    """Three have not, each within two seconds after the one before, whichever batch met them."""
    pace = KNOWN
    for second in (0, 2.1, 4):
        pace = pace.learned(seen(began_at=NOW + 10, answered=9, refused=1), NOW + 11 + second)
    assert pace == replace(KNOWN, warned_at=NOW + 15, warned=2)
    late = pace.learned(seen(began_at=NOW + 12, refused=1), NOW + 17.1)
    assert late == replace(KNOWN, warned_at=NOW + 17.1, warned=1)
    soon = pace.learned(seen(began_at=NOW + 12, refused=1), NOW + 17)
    assert (soon.since, soon.warned) == (NOW + 17, 0)
    together = pace.learned(seen(began_at=NOW + 12, refused=1), NOW + 15)
    assert (together.since, together.warned) == (NOW + 15, 0)
    assert Pace().learned(seen(answered=9, refused=2), NOW).limit(NOW) is None


def test_one_round_trip_lowers_the_rate_once() -> None:
    """Batches that began before the rate was lowered say nothing about the lower one."""
    later = NOW + 40
    pace = KNOWN.learned(seen(began_at=later - 1, refused=3), later)
    assert pace.learned(seen(began_at=later + 0.9, refused=50), later + 2) == pace
    assert pace.learned(seen(began_at=later + 1, refused=3), later + 2).since > pace.since


def test_a_limit_that_falls_is_followed_fast() -> None:
    """More 429s within five seconds mean that the rate is far too high; the ceiling stays near."""
    lately = replace(KNOWN, rate=50.0, lowered_at=NOW)
    pace = lately.learned(seen(began_at=NOW + 1.5, answered=10, refused=10), NOW + 2)
    assert pace.limit(NOW + 2) == pytest.approx(0.5 * (lately.limit(NOW + 2) or 0))
    assert pace.ceiling == pytest.approx(0.97 * 70)
    later = lately.learned(seen(began_at=NOW + 4, answered=10, refused=10), NOW + 5)
    assert later.limit(NOW + 5) == pytest.approx(0.9 * (lately.limit(NOW + 5) or 0))


#: Seconds after which a rate that began at its ceiling is a fifth above it, exactly.
A_FIFTH_ABOVE = 26.316159643915793


@pytest.mark.parametrize(("lasts", "left"), [(A_FIFTH_ABOVE, 0.9), (A_FIFTH_ABOVE + 0.01, 0.5)])
def test_a_rate_more_than_a_fifth_above_its_ceiling_is_far_too_high(
    lasts: float, left: float
) -> None:
    """What was answered of the batch tells how far; up to a fifth above it, a tenth is enough."""
    # Moments near zero are exact to the last bit of the rate.
    pace = Pace(rate=100.0, ceiling=100.0, lowered_at=-60.0)
    lowered = pace.learned(seen(began_at=lasts - 1, answered=10, refused=10), lasts)
    assert lowered.limit(lasts) == pytest.approx(left * (pace.limit(lasts) or 0))


def busy(now: float) -> Pace:
    """Return a pace whose rate was used up in the last second."""
    return replace(KNOWN, next_at=now, used=88, used_since=now - 1)


def test_a_limit_that_rose_is_found_by_batches_that_need_it() -> None:
    """At a quarter above the ceiling, a batch that got too little raises the ceiling."""
    late = NOW + 300
    easy, _ = busy(late).grant(10, late)
    assert easy.ceiling == 100.0
    more, _ = busy(late).grant(1000, late)
    assert more.ceiling == pytest.approx(125)
    assert (more.limit(late + 100) or 0) > 140


def test_a_rate_that_was_not_used_up_is_not_raised() -> None:
    """One batch that needs much shows nothing, and neither do batches now and then."""
    late = NOW + 300
    seldom, _ = replace(busy(late), used_since=late - 3).grant(1000, late)
    assert (seldom.ceiling, seldom.used, seldom.used_since) == (100.0, 0, late)
    soon, _ = seldom.grant(1000, late + 0.9)
    assert (soon.ceiling, soon.used_since) == (100.0, late)
    assert soon.used > 100
    assert soon.grant(1000, late + 1.9)[0].ceiling == pytest.approx(125)


@pytest.mark.parametrize(("used", "rate"), [(5, 10.0), (6, 15.0)])
def test_seven_tenths_of_the_slots_use_a_rate_up(used: int, rate: float) -> None:
    """With the one that this batch takes, and waits for."""
    pace = Pace(rate=10.0, since=NOW - 9, used=used, used_since=NOW - 1, next_at=NOW + 0.5)
    assert pace.grant(1, NOW)[0].rate == rate


def test_a_limit_is_forgotten_after_half_an_hour_without_a_429() -> None:
    """Then everything is sent at once again."""
    assert KNOWN.limit(NOW + 1799) is not None
    assert KNOWN.limit(NOW + 1800) is None


def test_a_limit_that_was_forgotten_leaves_nothing_to_the_next_search() -> None:
    """It has no ceiling, and neither slots nor 429s of before count."""
    old = NOW - 1800
    pace = replace(KNOWN, since=old, warned_at=NOW - 1, warned=2, next_at=old, used=50)
    assert pace.learned(seen(began_at=NOW - 1, answered=20, refused=3), NOW) == Pace(
        rate=18.0,
        since=NOW,
        limited_at=NOW,
        lowered_at=NOW,
        warned_at=NOW,
        next_at=NOW,
        used_since=NOW,
    )


def test_a_rate_of_a_clock_that_is_ahead_counts_for_a_minute() -> None:
    """Clocks differ by less, so a rate that was set later than that is none."""
    assert KNOWN.limit(NOW - 59) == pytest.approx(90)
    assert KNOWN.limit(NOW - 60) is None


def test_a_known_limit_holds_from_the_start() -> None:
    """And a 429 may still lower it."""
    pace = Pace(known=50.0)
    assert pace.limit(NOW) == 50.0
    after, grant = pace.grant(100, NOW)
    assert grant.requests == 55  # a second's worth, and a tenth more, of slots that nobody took
    assert after.next_at == pytest.approx(NOW + 1, abs=0.02)
    lower = pace.learned(seen(began_at=NOW - 1, answered=20, refused=3), NOW)
    assert lower.limit(NOW) == 18.0
    assert replace(lower, rate=99.0).limit(NOW) == 50.0


@given(st.floats(1e-9, 1e11), st.floats(1e-9, 1e11), st.floats(0, 1800))
def test_a_limit_is_never_nothing(rate: float, ceiling: float, after: float) -> None:
    """Whatever rates somebody wrote into the row, so that a slot has a length."""
    for known in (ceiling, None):
        limit = replace(KNOWN, rate=rate, ceiling=known).limit(NOW + after)
        assert limit is None or limit >= 1


# --- what a batch may send ----------------------------------------------------------------------


def test_requests_are_spread_over_their_slots() -> None:
    """The second batch goes on where the first one ends."""
    first, granted = KNOWN.grant(30, NOW)
    assert granted == Grant(requests=30, wait=0.0, gap=granted.gap)
    assert granted.gap == pytest.approx(1 / 90)
    assert first.next_at == pytest.approx(NOW + 30 / 90, abs=0.001)
    second, granted = first.grant(30, NOW + 0.25)
    assert granted.requests == 30
    assert granted.wait == pytest.approx(30 / 90 - 0.25)
    assert second.next_at == pytest.approx(NOW + 60 / 90, abs=0.002)


def test_a_batch_gets_a_seconds_worth() -> None:
    """The rest goes back to the queue."""
    _, granted = KNOWN.grant(500, NOW)
    assert granted.requests == 90


def test_a_batch_without_a_slot_soon_gets_none() -> None:
    """It does not wait for one, because waiting in a function costs."""
    taken, _ = KNOWN.grant(90, NOW)
    assert taken.grant(10, NOW + 0.5) == (taken, Grant(requests=0))
    assert taken.grant(10, NOW + 0.9)[1].requests == 10


def test_slots_that_nobody_took_are_kept_for_a_moment() -> None:
    """So a tenth of a second between two batches is no loss."""
    paused = Pace(known=100.0, next_at=NOW - 0.05)
    after, granted = paused.grant(100, NOW)
    assert granted == Grant(requests=100, gap=granted.gap)
    assert granted.gap == pytest.approx(0.95 / 100, rel=1e-4)
    assert after.next_at == pytest.approx(NOW + 0.95)
    idle, _ = replace(paused, next_at=NOW - 3600).grant(20, NOW)
    assert idle.next_at == pytest.approx(NOW + 0.16)


def test_slots_that_nobody_took_make_no_burst() -> None:
    """The requests follow each other a quarter faster than the rate, never more."""
    paused = Pace(known=100.0, next_at=NOW - 3600)
    for wanted in (1, 10, 100, 1000):
        after, granted = paused.grant(wanted, NOW)
        assert granted.gap >= 1 / 125 * 0.999
        assert granted.requests == min(wanted, 110)
        assert after.next_at == pytest.approx(NOW + granted.requests * granted.gap)


def test_while_the_limit_is_searched_a_batch_waits_for_its_slots() -> None:
    """A second, so that they are used, and the rate is really tried."""
    pace, _ = search(90).grant(90, NOW)
    assert pace.grant(10, NOW + 0.1)[1].wait == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(
    ("pace", "ahead", "requests"),
    [
        (KNOWN, 0.3, 10),
        (KNOWN, 0.31, 0),
        (replace(KNOWN, ceiling=None), 1, 1),
        (replace(KNOWN, ceiling=None), 1.01, 0),
        # A second, half of one for a request, and a tenth for slots that nobody took.
        (Pace(known=2.0), 1.6, 0),
        (Pace(known=2.0), 1.61, 2),
        (KNOWN, 30, 10),
    ],
)
def test_a_batch_waits_for_a_slot_that_is_near(pace: Pace, ahead: float, requests: int) -> None:
    """A later one it leaves to others; and one later than anybody reserves is ignored."""
    assert replace(pace, next_at=NOW + ahead).grant(10, NOW)[1].requests == requests


# --- announcements ------------------------------------------------------------------------------


def test_a_scarce_allowance_sets_the_limit_before_a_429_has_to() -> None:
    """What is left is spread over the time until there is more."""
    scarce = Allowance(remaining=20, seconds=4, whole=100)
    pace = Pace().learned(seen(answered=80, allowance=scarce), NOW)
    assert (pace.limit(NOW), pace.limited_at) == (5.0, NOW)


@pytest.mark.parametrize("seconds", [0, 0.2, 1])
def test_what_is_left_for_less_than_a_second_is_a_seconds(seconds: float) -> None:
    """The period may end while the answer is on its way."""
    assert Allowance(remaining=20, seconds=seconds).rate == 20


@pytest.mark.parametrize(
    "allowance",
    [Allowance(remaining=25, seconds=4, whole=100), Allowance(remaining=100, seconds=4)],
)
def test_an_ample_allowance_limits_nothing(allowance: Allowance) -> None:
    """A quarter of the whole, or a hundred requests where the whole is not announced, are ample."""
    assert Pace().learned(seen(answered=80, allowance=allowance), NOW) == Pace()


def test_while_a_limit_is_known_announcements_are_followed() -> None:
    """Up and down; a rate that is nearly the same is not written again."""
    pace = replace(KNOWN, rate=90.0, ceiling=90.0, limited_at=NOW - 1800)
    more = pace.learned(seen(allowance=Allowance(remaining=900, seconds=3, whole=900)), NOW)
    assert more == replace(pace, rate=300.0, ceiling=300.0)
    same = Allowance(remaining=95, seconds=1, whole=100)
    assert pace.learned(seen(allowance=same), NOW) == pace
    a_tenth_more = Allowance(remaining=100, seconds=1, whole=100)
    assert pace.learned(seen(allowance=a_tenth_more), NOW).limit(NOW) == 100


def test_an_announced_limit_is_forgotten_when_it_was_ample_for_long() -> None:
    """Half an hour after it was met."""
    ample = Allowance(remaining=900, seconds=3, whole=900)
    late = replace(KNOWN, limited_at=NOW - 1801)
    forgotten = late.learned(seen(allowance=ample), NOW)
    assert (forgotten.limit(NOW), forgotten.ceiling) == (None, None)


# --- outages ------------------------------------------------------------------------------------


def outage(since: float = NOW) -> Pace:
    """Return a pace in an outage."""
    return Pace().learned(seen(answered=4, failed=5), since)


def test_an_outage_begins_when_most_requests_fail() -> None:
    """Half of them is not most."""
    assert outage().outage == "fetch.upstream"
    assert Pace().learned(seen(answered=5, failed=5), NOW).outage is None


def test_one_log_that_fails_alone_is_no_outage() -> None:
    """Nobody else asked, so it may be its own trouble; another log that fails shows more."""
    once = Pace().learned(seen(failed=1), NOW)
    assert (once.outage, once.suspect) == (None, "fax#0")
    assert once.learned(seen(failed=1), NOW + 60) == once
    assert once.learned(seen(answered=1), NOW + 60) == Pace()
    assert once.learned(seen(refused=1), NOW + 60).suspect == "fax#0"
    other = Experience(began_at=NOW, failed=1, failed_keys=frozenset({"fax#9"}), code="x")
    later = once.learned(other, NOW + 60)
    assert (later.outage, later.suspect) == ("x", None)


def test_in_an_outage_one_batch_sends_one_request() -> None:
    """The others send none until it is time for the next probe."""
    assert outage().grant(99, NOW + 2.9)[1].requests == 0
    probing, granted = outage().grant(99, NOW + 3)
    assert granted == Grant(requests=1)
    assert probing.grant(99, NOW + 3.1)[1].requests == 0
    assert probing.grant(0, NOW + 100)[1].requests == 0


@pytest.mark.parametrize(("lasts", "pause"), [(3, 3), (8, 3), (40, 10), (240, 60), (86_400, 60)])
def test_probes_become_rarer(lasts: float, pause: float) -> None:
    """A quarter of the time that it lasts lies between two of them, and at most a minute."""
    probing, granted = outage().grant(1, NOW + lasts)
    assert granted.requests == 1
    assert probing.probe_at == NOW + lasts + pause


def test_an_answer_ends_the_outage() -> None:
    """A refusal is an answer, too; a failed probe changes nothing."""
    assert outage().learned(seen(began_at=NOW + 2, answered=1), NOW + 3).outage is None
    assert outage().learned(seen(began_at=NOW + 2, failed=1), NOW + 3) == outage()
    limited = outage().learned(seen(began_at=NOW + 2, refused=1), NOW + 3)
    assert (limited.outage, limited.warned_at) == (None, NOW + 3)
    both = outage().learned(seen(began_at=NOW + 2, answered=1, refused=1), NOW + 3)
    assert both.outage is None


def test_after_an_outage_the_rate_is_the_one_from_before() -> None:
    """It has not grown meanwhile, and is not forgotten."""
    begun = KNOWN.learned(seen(answered=4, failed=5), NOW + 10)
    after = begun.learned(seen(began_at=NOW + 7200, answered=1), NOW + 7200)
    assert after.outage is None
    assert after.limit(NOW + 7200) == pytest.approx(KNOWN.limit(NOW + 10))


def test_after_an_outage_the_rate_is_no_higher_than_its_ceiling() -> None:
    """What it had grown above that, no batch had proved."""
    begun = KNOWN.learned(seen(answered=4, failed=5), NOW + 300)
    assert begun.limit(NOW + 300) == pytest.approx(125)
    after = begun.learned(seen(began_at=NOW + 400, answered=1), NOW + 400)
    assert after.limit(NOW + 400) == pytest.approx(100)


@pytest.mark.parametrize(
    ("began", "ended", "is_over"), [(-1, 3, False), (-1, 0, False), (0, 3, True)]
)
def test_an_answer_from_before_the_outage_does_not_end_it(
    began: float, ended: float, *, is_over: bool
) -> None:
    """Its batch began earlier, and only ended late."""
    batch = seen(began_at=NOW + began, answered=9)
    assert (outage().learned(batch, NOW + ended).outage is None) == is_over


def test_an_outage_of_the_future_ends_with_any_answer() -> None:
    """No batch begins after it, so it would otherwise never end."""
    ahead = replace(outage(), outage_at=NOW + 10**8)
    assert ahead.learned(seen(began_at=NOW + 2, answered=1), NOW + 3).outage is None


@pytest.mark.parametrize(
    ("lasts", "wait"), [(0, 5), (20, 5), (60, 15), (3600, 900), (864_000, 21_600)]
)
def test_messages_wait_a_quarter_of_the_outage(lasts: float, wait: float) -> None:
    """So it is noticed soon after its end, and no message is received too often."""
    assert outage().waits(2, NOW + lasts, Depth()) == [wait, wait]


@pytest.mark.parametrize(("ahead", "requests"), [(0, 1), (120, 0), (120.5, 1), (9999, 1)])
def test_a_probe_of_a_clock_that_is_ahead_is_not_waited_for(ahead: float, requests: int) -> None:
    """No probe is more than a minute ahead, and no clock by more than another."""
    assert replace(outage(), probe_at=NOW + ahead).grant(1, NOW)[1].requests == requests


# --- what goes back -----------------------------------------------------------------------------


def test_the_rest_of_a_batch_has_the_next_free_slots() -> None:
    """Not before, and not after the whole queue."""
    taken, _ = KNOWN.grant(500, NOW)
    waits = taken.waits(3, NOW, Depth(visible=99_999), is_served=True)
    assert list(waits) == pytest.approx([1, 1, 1])


def test_messages_are_spread_over_the_time_that_the_queue_needs() -> None:
    """A little less, so that no slot stays unused; and a second at least."""
    waits = KNOWN.waits(5, NOW, Depth(visible=100_000, in_flight=10_000))
    assert waits == pytest.approx([99, 297, 495, 693, 891])
    assert KNOWN.waits(2, NOW, Depth(visible=10, in_flight=20)) == [1, 1]


def test_what_can_never_be_in_flight_together_needs_no_early_turn() -> None:
    """The visible ones come first; but one in ten comes early, so that there is always one."""
    waits = KNOWN.waits(10, NOW, Depth(visible=200_000, in_flight=10_000))
    assert waits == pytest.approx([954 * 0.05, *range(1062, 2000, 108)])
    many = KNOWN.waits(20, NOW, Depth(visible=200_000, in_flight=10_000))
    assert [index for index, wait in enumerate(many) if wait < 900] == [0, 10]


def test_no_message_waits_longer_than_an_hour() -> None:
    """The limit may have risen meanwhile."""
    waits = KNOWN.waits(10, NOW, Depth(visible=10_000_000, in_flight=120_000))
    assert max(waits) == 3600


def test_while_the_limit_is_searched_nobody_waits_long() -> None:
    """The rate grows, so the turn comes sooner than today's rate says."""
    waits = search().waits(10, NOW, Depth(visible=1_000_000))
    assert max(waits) == 10
    waits = search().waits(2, NOW + 10, Depth(visible=100_000))
    growth = math.log(1.5)
    drained = math.log1p(1e5 * growth / 9) / growth
    assert waits == pytest.approx([0.225 * drained, 0.675 * drained])


def test_without_a_limit_messages_come_back_at_once() -> None:
    """There is nothing to wait for."""
    assert Pace().waits(2, NOW, Depth(visible=10**6)) == [1.0, 1.0]


# --- whatever is stored -------------------------------------------------------------------------


@given(PACES, st.integers(0, 1000), MOMENTS)
def test_a_grant_is_possible_whatever_the_row_says(pace: Pace, wanted: int, now: float) -> None:
    """At most what is wanted, within little more than a second, and one request in an outage."""
    after, granted = pace.grant(wanted, now)
    assert 0 <= granted.requests <= wanted
    assert 0 <= granted.wait <= 1
    assert 0 <= granted.gap * granted.requests <= 1 + granted.gap
    if pace.outage:
        assert granted.requests <= 1
    assert after.next_at <= max(pace.next_at, now + 1 + 1 / (pace.limit(now) or 1))


@given(
    PACES,
    MOMENTS,
    st.builds(
        Experience,
        began_at=MOMENTS,
        answered=st.integers(0, 100),
        refused=st.integers(0, 100),
        failed=st.integers(0, 100),
        failed_keys=st.frozensets(st.text(max_size=3), min_size=1, max_size=3),
        code=st.just("fetch.timeout"),
        allowance=st.none()
        | st.builds(
            Allowance,
            remaining=st.integers(0, 10**6),
            seconds=st.floats(0, 10**6),
            whole=st.none() | st.integers(1, 10**6),
        ),
    ),
)
def test_whatever_is_learned_leaves_a_rate(pace: Pace, now: float, batch: Experience) -> None:
    """SignalWire is never asked less than once a second for a limit, and always again."""
    after = pace.learned(batch, now)
    limit = after.limit(now)
    assert limit is None or limit >= 1 * 0.999
    assert after.grant(1, now + 200)[1].requests <= 1
    assert replace(after, outage=None).grant(1, now + 200)[1].requests == 1


@given(
    PACES,
    st.integers(0, 120),
    MOMENTS,
    st.builds(Depth, visible=st.integers(0, 10**7), in_flight=st.integers(0, 120_000)),
    st.booleans(),
)
def test_every_wait_is_one_that_sqs_takes(
    pace: Pace,
    count: int,
    now: float,
    depth: Depth,
    is_served: bool,  # noqa: FBT001 - drawn
) -> None:
    """A second at least, and less than twelve hours; one for each message."""
    waits = pace.waits(count, now, depth, is_served=is_served)
    assert len(waits) == count
    assert all(1 <= wait < 43_200 for wait in waits)


# --- what cannot be -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"rate": 0.001},
        {"rate": 0.499},
        {"rate": 1e100},
        {"ceiling": math.inf},
        {"ceiling": math.nan},
        {"since": math.nan},
        {"next_at": -math.inf},
        {"outage_at": -0.001},
        *(
            {name: NOW + 3600}
            for name in ("limited_at", "lowered_at", "warned_at", "next_at", "used_since")
        ),
        *({name: NOW + 3600} for name in ("since", "outage_at", "probe_at")),
    ],
    ids=str,
)
def test_a_pace_that_nobody_can_have_written_is_known_as_such(changes: dict[str, float]) -> None:
    """By its rates, and by moments that no clock can have shown."""
    assert KNOWN.is_possible(NOW)
    assert not replace(KNOWN, **changes).is_possible(NOW)  # type: ignore[arg-type] # all numbers


def test_a_pace_of_a_clock_that_is_ahead_is_possible() -> None:
    """A minute is more than clocks differ."""
    ahead = replace(outage(NOW + 60), next_at=NOW + 62, probe_at=NOW + 120)
    assert ahead.is_possible(NOW)
    assert Pace().is_possible(NOW)


def test_the_lowest_and_the_highest_rate_are_possible() -> None:
    """Half a request per second, and a million."""
    assert replace(KNOWN, rate=0.5, ceiling=1_000_000.0).is_possible(NOW)


# --- a limit that is used up --------------------------------------------------------------------


def test_a_rate_without_a_ceiling_is_raised_by_half() -> None:
    """A while after the last warning, and counted from now; before, it stays."""
    pace = Pace(rate=10.0, since=NOW - 60, warned_at=NOW - 3600)
    assert pace.raised(10.0, NOW) == replace(pace, rate=15.0, since=NOW)
    warned = replace(pace, warned_at=NOW)
    assert warned.raised(10.0, NOW) is warned


@pytest.mark.parametrize(("limit", "is_higher"), [(124.0, False), (124.875, True), (125.0, True)])
def test_a_ceiling_is_raised_when_the_limit_has_grown_past_it(
    limit: float, *, is_higher: bool
) -> None:
    """A quarter above it, but for rounding; then this is the rate and the ceiling from now on."""
    raised = replace(KNOWN, rate=limit, ceiling=limit, since=NOW + 9)
    assert KNOWN.raised(limit, NOW + 9) == (raised if is_higher else KNOWN)
