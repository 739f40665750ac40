"""The simulation of a burst: nothing is lost, limits hold, and the seed decides."""

from __future__ import annotations

from dataclasses import replace

from bench.queueing import Burst, drain

BURST = Burst(
    messages=20_000, concurrency=4, api_per_second=1e9, batch_seconds=lambda fetched: fetched / 100
)


def test_every_message_is_stored_or_parked() -> None:
    """No message is lost, whatever the API's limit."""
    for limit in (20.0, 200.0, 1e9):
        outcome = drain(replace(BURST, api_per_second=limit))
        assert outcome.stored + outcome.parked == BURST.messages


def test_without_a_limit_the_consumers_decide() -> None:
    """Four batches of a second each, two hundred batches: fifty seconds."""
    outcome = drain(BURST)
    assert (outcome.parked, outcome.refused) == (0, 0)
    assert outcome.batches == 200
    assert 50 <= outcome.seconds < 52


def test_the_api_answers_up_to_its_limit() -> None:
    """No more logs are stored than the API answers in that time."""
    outcome = drain(replace(BURST, api_per_second=100.0))
    assert outcome.refused > 0
    assert outcome.stored <= 100 * (outcome.seconds + 1)


def test_a_limit_far_too_low_parks_messages() -> None:
    """A message that is refused too often is parked."""
    outcome = drain(replace(BURST, messages=100_000, concurrency=10, api_per_second=10.0))
    assert outcome.parked > 0


def test_the_seed_decides() -> None:
    """The same seed gives the same outcome, another seed another one."""
    limited = replace(BURST, api_per_second=100.0)
    assert drain(limited) == drain(limited)
    assert drain(limited) != drain(replace(limited, seed=8))
