"""When a message comes back: bounded, growing, and never before the server wants it."""

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
#: Also what no server should say.
WISHES = st.floats(-1e9, 1e9) | st.just(math.inf)


@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [(1, 15, 30), (2, 30, 60), (3, 60, 120), (7, 960, 1920), (8, 1800, 3600), (99, 1800, 3600)],
)
def test_default_waits(attempt: int, least: int, most: int) -> None:
    """The first wait is at most half a minute, each further one doubles, an hour is the end."""
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
    """All attempts together take as long as the errors' own numbers are meant to."""
    for jitter, expected in ((0.0, least), (1.0, most)):
        waits = [Backoff().delay(attempt, jitter=jitter) for attempt in range(1, attempts)]
        assert abs(timedelta(seconds=sum(waits)) - expected) < timedelta(minutes=5)


@given(BACKOFFS, ATTEMPTS, JITTERS)
def test_half_is_fixed_and_half_is_drawn(backoff: Backoff, attempt: int, jitter: float) -> None:
    """A wait lies between half of its upper bound and all of it, in whole seconds."""
    wait = backoff.delay(attempt, jitter=jitter)
    most = backoff.delay(attempt, jitter=1)
    assert most / 2 - 1 <= wait <= most
    assert isinstance(wait, int)


@given(BACKOFFS, ATTEMPTS)
def test_upper_bound_grows(backoff: Backoff, attempt: int) -> None:
    """No further attempt waits less at most than the one before, up to the cap."""
    most = backoff.delay(attempt, jitter=1)
    assert most <= backoff.delay(attempt + 1, jitter=1)
    assert most <= math.ceil(backoff.cap)


@given(BACKOFFS, ATTEMPTS, JITTERS, st.none() | WISHES)
def test_sqs_takes_every_wait(
    backoff: Backoff, attempt: int, jitter: float, wish: float | None
) -> None:
    """A wait is one that SQS accepts, twelve hours at most, and never none at all."""
    assert 1 <= backoff.delay(attempt, jitter=jitter, retry_after=wish) <= 12 * 60 * 60


@given(BACKOFFS, ATTEMPTS, JITTERS, WISHES)
def test_wishes_are_lower_bounds(
    backoff: Backoff, attempt: int, jitter: float, wish: float
) -> None:
    """A wait is no shorter than the server wants, nor than it would be without a wish."""
    wait = backoff.delay(attempt, jitter=jitter, retry_after=wish)
    assert wait >= min(wish, backoff.retry_after_cap, SQS_MAX_VISIBILITY)
    assert wait >= backoff.delay(attempt, jitter=jitter)


@given(BACKOFFS, ATTEMPTS, JITTERS, WISHES)
def test_wishes_are_capped(backoff: Backoff, attempt: int, jitter: float, wish: float) -> None:
    """No server makes a message wait beyond the cap for its wishes and the usual spread."""
    wait = backoff.delay(attempt, jitter=jitter, retry_after=wish)
    usual = backoff.delay(attempt, jitter=jitter)
    assert wait <= max(usual, math.ceil(backoff.retry_after_cap + backoff.first))


def test_wishes_are_spread() -> None:
    """Messages that the server sends away together do not come back together."""
    backoff = Backoff()
    waits = {backoff.delay(1, jitter=jitter, retry_after=300) for jitter in (0, 0.5, 1)}
    assert waits == {300, 315, 330}


def test_fractions_are_rounded_up() -> None:
    """A message comes back not even a fraction of a second before the server wants it."""
    assert Backoff().delay(1, jitter=0, retry_after=100.2) == 101
    assert Backoff(first=1).delay(1, jitter=0) == 1
