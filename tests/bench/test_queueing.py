"""The simulation of a burst: nothing is lost, and what the pace promises holds."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean

import pytest

from bench.queueing import (
    Api,
    Arrivals,
    Burst,
    FixedWindow,
    OpenRequests,
    Outcome,
    TokenBucket,
    drain,
)
from hooklog.pace import MOST_IN_FLIGHT

LIMIT = 500.0
BURST = Burst(
    messages=30_000,
    concurrency=10,
    batch_size=99,
    batch_seconds=lambda fetched: 0.13 + fetched * 0.0047,
    api=lambda: bucket(LIMIT),
    group=11,
)


def bucket(limit: float) -> TokenBucket:
    """Return an API with this limit of requests per second."""
    return TokenBucket(lambda _: limit)


FREE = replace(BURST, api=lambda: bucket(1e9))


@pytest.fixture(scope="module")
def limited() -> Outcome:
    """A burst that an API takes slower than the consumers could send it."""
    return drain(BURST)


# --- without a limit ------------------------------------------------------------------------------


def test_without_a_limit_the_consumers_decide() -> None:
    """Ten batches at a time, all full but those at the start and the end, and no write."""
    outcome = drain(FREE)
    assert (outcome.done, outcome.refused, outcome.writes) == (BURST.messages, 0, 0)
    assert 304 <= outcome.batches <= 314
    assert outcome.received == BURST.messages
    assert outcome.most_received == 1
    assert 0 <= outcome.seconds - outcome.busy_seconds / 10 < 3


def test_lambda_adds_consumers_one_after_the_other() -> None:
    """Five at once, five more in each second."""
    short = drain(replace(FREE, messages=99 * 20, concurrency=1000))
    assert short.seconds > 2 * 0.6


def test_a_call_of_sqs_holds_ten_messages() -> None:
    """A full batch is received in ten calls, and deleted in ten."""
    outcome = drain(replace(FREE, messages=990))
    assert outcome.queue_calls == 10 * 20


def test_fair_pollers_gather_smaller_batches() -> None:
    """What arrives within a window goes to all of them in turn, not to the first."""
    few = replace(FREE, messages=0, arrivals=(Arrivals(per_second=100.0, until=20.0),))
    assert drain(replace(few, is_fair=True)).batches > 3 * drain(few).batches


# --- with a limit ---------------------------------------------------------------------------------


def test_every_message_is_done(limited: Outcome) -> None:
    """However often it has to wait."""
    assert limited.done == BURST.messages
    assert limited.received > BURST.messages
    assert 1 < limited.most_received < 50


def test_the_limit_is_used_up_and_kept(limited: Outcome) -> None:
    """Little time is lost, and few requests are refused once the limit is found."""
    least = BURST.messages / LIMIT
    assert least - 1.1 <= limited.seconds < 1.8 * least
    # Most of them before the first answer: nobody knows the limit yet.
    assert 0 < limited.refused < 2500


def test_a_batch_is_as_long_as_its_requests_take() -> None:
    """At a hundred per second, ninety-nine take almost a second, and one batch always runs."""
    outcome = drain(replace(BURST, messages=10_000, api=lambda: bucket(100.0)))
    assert outcome.busy_seconds > 0.9 * outcome.seconds


def test_what_goes_back_costs_calls_and_writes(limited: Outcome) -> None:
    """Slots are reserved in the pace's item; messages are hidden in tens."""
    free = drain(FREE)
    assert limited.writes > 0
    assert limited.queue_calls > free.queue_calls
    assert limited.batches > free.batches


def test_no_more_than_sqs_allows_are_in_flight() -> None:
    """Hidden messages count; the rest stays on the queue."""
    many = replace(BURST, messages=2 * MOST_IN_FLIGHT, concurrency=50, group=99)
    outcome = drain(replace(many, api=lambda: bucket(2000.0)))
    assert outcome.most_in_flight == MOST_IN_FLIGHT
    assert outcome.done == many.messages


@pytest.mark.parametrize(
    "api",
    [
        FixedWindow(lambda _: 500.0),
        OpenRequests(lambda _: 50.0, 0.1),
        TokenBucket(lambda now: 500.0 if now < 20 else 100.0),
        TokenBucket(lambda now: 100.0 if now < 60 else 500.0),
    ],
    ids=["window", "open", "falls", "rises"],
)
def test_other_limits_are_kept_too(api: Api) -> None:
    """The pace knows nothing of how the API counts, and follows a limit that changes."""
    outcome = drain(replace(BURST, api=lambda: api, group=1))
    assert outcome.done == BURST.messages
    assert outcome.refused < 0.2 * BURST.messages
    assert outcome.seconds < 600


@pytest.mark.parametrize(
    "trouble",
    [
        replace(BURST, clocks={3: 0.5}),
        replace(BURST, clocks={3: -0.5}),
        replace(BURST, stale_seconds=30.0),
        replace(BURST, late_seconds=1.0),
        replace(BURST, is_fair=True),
    ],
    ids=["ahead", "behind", "stale", "late", "fair"],
)
def test_clocks_counts_and_pollers_may_be_off(trouble: Burst) -> None:
    """It takes somewhat longer, and hardly more requests are refused."""
    outcome = drain(trouble)
    assert outcome.done == BURST.messages
    assert outcome.refused < 0.1 * BURST.messages
    assert outcome.seconds < 2 * BURST.messages / LIMIT


# --- an outage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lasts", [60.0, 600.0])
@pytest.mark.parametrize("limit", [LIMIT, 1e9])
def test_an_outage_is_probed_and_noticed_when_it_ends(lasts: float, limit: float) -> None:
    """Those under way fail, then few requests do; it ends a quarter later at most."""
    down = replace(BURST, outage=(5.0, 5.0 + lasts), api=lambda: bucket(limit))
    outcome = drain(down)
    assert outcome.done == BURST.messages
    assert 3 <= outcome.failed < 10 * 99 + lasts / 2
    assert outcome.seconds < 5 + 1.3 * lasts + 1.5 * BURST.messages / LIMIT


# --- who waits ------------------------------------------------------------------------------------


def test_watched_messages_tell_how_long_they_waited() -> None:
    """All of them, and hardly longer beside others that leave room."""
    watched = Arrivals(per_second=30.0, until=120.0, are_watched=True)
    others = Arrivals(per_second=50.0, until=120.0)
    alone = drain(replace(BURST, messages=0, api=lambda: bucket(100.0), arrivals=(watched,)))
    beside = drain(
        replace(BURST, messages=0, api=lambda: bucket(100.0), arrivals=(watched, others))
    )
    assert len(alone.waits) == len(beside.waits) == 3600
    assert beside.done == 3600 + 6000
    assert 0 < mean(beside.waits) < 2 * mean(alone.waits)


def test_the_same_burst_ends_the_same() -> None:
    """Only what is random depends on the seed."""
    late = replace(BURST, messages=10_000, late_seconds=1.0)
    assert drain(late) == drain(late)
    assert drain(late) != drain(replace(late, seed=8))
