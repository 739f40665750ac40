"""The delay of a retry is bounded, grows, and never undercuts the server's Retry-After."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.enrich.retry import SQS_MAX_VISIBILITY, Backoff
from hooklog.errors import IMPATIENT, PATIENT

BACKOFFS = st.builds(
    Backoff,
    first=st.floats(1, 900),
    factor=st.floats(1, 10),
    cap=st.floats(900, 100_000),
    retry_after_cap=st.floats(0, 100_000),
)
ATTEMPTS = st.integers(1, 1000)
JITTERS = st.floats(0, 1)
#: Includes values that no server should send.
WISHES = st.floats(-1e9, 1e9) | st.just(math.inf)


@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [(1, 15, 30), (2, 30, 60), (3, 60, 120), (7, 960, 1920), (8, 1800, 3600), (99, 1800, 3600)],
)
def test_default_waits(attempt: int, least: int, most: int) -> None:
    """The first wait is at most 30 seconds, each further one doubles, and an hour is the cap."""
    backoff = Backoff()
    assert backoff.delay(attempt, jitter=0) == least
    assert backoff.delay(attempt, jitter=1) == most


@pytest.mark.parametrize(
    ("attempts", "least", "most"),
    [
        (PATIENT, timedelta(hours=1, minutes=30), timedelta(hours=3, minutes=5)),
        (IMPATIENT, timedelta(minutes=3, seconds=45), timedelta(minutes=7, seconds=30)),
    ],
)
def test_patience(attempts: int, least: timedelta, most: timedelta) -> None:
    """All attempts together last as long as the errors' attempt limits intend."""
    for jitter, expected in ((0.0, least), (1.0, most)):
        waits = [Backoff().delay(attempt, jitter=jitter) for attempt in range(1, attempts)]
        assert abs(timedelta(seconds=sum(waits)) - expected) < timedelta(minutes=5)


@given(BACKOFFS, ATTEMPTS, JITTERS)
def test_half_is_fixed_and_half_is_drawn(backoff: Backoff, attempt: int, jitter: float) -> None:
    """A wait is between half of its upper bound and the bound itself, in whole seconds."""
    wait = backoff.delay(attempt, jitter=jitter)
    most = backoff.delay(attempt, jitter=1)
    assert most / 2 - 1 <= wait <= most
    assert isinstance(wait, int)


@given(BACKOFFS, ATTEMPTS)
def test_upper_bound_grows(backoff: Backoff, attempt: int) -> None:
    """The upper bound never shrinks from one attempt to the next, up to the cap."""
    most = backoff.delay(attempt, jitter=1)
    assert most <= backoff.delay(attempt + 1, jitter=1)
    assert most <= math.ceil(backoff.cap)


@given(BACKOFFS, ATTEMPTS, JITTERS, st.none() | WISHES)
def test_sqs_takes_every_wait(
    backoff: Backoff, attempt: int, jitter: float, wish: float | None
) -> None:
    """SQS accepts every wait: at least one second and at most twelve hours."""
    assert 1 <= backoff.delay(attempt, jitter=jitter, retry_after=wish) <= 12 * 60 * 60


@given(BACKOFFS, ATTEMPTS, JITTERS, WISHES)
def test_wishes_are_lower_bounds(
    backoff: Backoff, attempt: int, jitter: float, wish: float
) -> None:
    """A wait is no shorter than the server asks for, nor than it would be without Retry-After."""
    wait = backoff.delay(attempt, jitter=jitter, retry_after=wish)
    assert wait >= min(wish, backoff.retry_after_cap, SQS_MAX_VISIBILITY)
    assert wait >= backoff.delay(attempt, jitter=jitter)


@given(BACKOFFS, ATTEMPTS, JITTERS, WISHES)
def test_wishes_are_capped(backoff: Backoff, attempt: int, jitter: float, wish: float) -> None:
    """Retry-After delays a message by no more than its cap plus the usual spread."""
    wait = backoff.delay(attempt, jitter=jitter, retry_after=wish)
    usual = backoff.delay(attempt, jitter=jitter)
    assert wait <= max(usual, math.ceil(backoff.retry_after_cap + backoff.first))


@pytest.mark.parametrize("wish", [0, -5])
def test_a_server_that_asks_for_no_wait_gets_the_usual_one(wish: float) -> None:
    """A Retry-After of the past is none."""
    assert Backoff().delay(1, jitter=1, retry_after=wish) == 30


def test_wishes_are_spread() -> None:
    """Messages that the server rejects together do not come back together."""
    backoff = Backoff()
    waits = {backoff.delay(1, jitter=jitter, retry_after=300) for jitter in (0, 0.5, 1)}
    assert waits == {300, 315, 330}


def test_fractions_are_rounded_up() -> None:
    """Fractions are rounded up, so that no message comes back before Retry-After."""
    assert Backoff().delay(1, jitter=0, retry_after=100.2) == 101
    assert Backoff(first=1).delay(1, jitter=0) == 1
