"""The simulation of a burst: nothing is lost, limits hold, and the seed decides."""

from __future__ import annotations

from dataclasses import replace

from bench import scale
from bench.measured import FILE, Measured
from bench.queueing import World, drain

WORLD = World(
    messages=20_000, concurrency=4, api_per_second=1e9, batch_seconds=lambda fetched: fetched / 100
)


def test_every_message_is_stored_or_parked() -> None:
    """Whatever the API's limit."""
    for limit in (20.0, 200.0, 1e9):
        outcome = drain(replace(WORLD, api_per_second=limit))
        assert outcome.stored + outcome.parked == WORLD.messages
        assert outcome.left[-1][1] >= 0


def test_without_a_limit_the_consumers_decide() -> None:
    """Four batches of a second each, two hundred batches: fifty seconds."""
    outcome = drain(WORLD)
    assert (outcome.parked, outcome.refused) == (0, 0)
    assert outcome.batches == 200
    assert 50 <= outcome.seconds < 52


def test_the_api_is_not_asked_beyond_its_limit() -> None:
    """What it answers in the time is all that can be stored."""
    outcome = drain(replace(WORLD, api_per_second=100.0))
    assert outcome.refused > 0
    assert outcome.stored <= 100 * (outcome.seconds + 1)


def test_a_limit_far_too_low_parks_what_is_refused_too_often() -> None:
    """Attempts are bounded: an operator redrives what is left."""
    outcome = drain(replace(WORLD, messages=100_000, concurrency=10, api_per_second=10.0))
    assert outcome.parked > 0


def test_the_same_seed_ends_alike() -> None:
    """Another one does not."""
    limited = replace(WORLD, api_per_second=100.0)
    assert drain(limited).left == drain(limited).left
    assert drain(limited).left != drain(replace(limited, seed=8)).left


def test_the_page_is_that_of_the_measured_run() -> None:
    """Its calculation follows the figures; the simulation's table is too slow to repeat here."""
    run = Measured.model_validate_json(FILE.read_text())
    there = scale.PAGE.read_text(encoding="utf-8")
    written = scale.page(run, {})
    assert there.partition("## A burst")[0] == written.partition("## A burst")[0]
    assert there.count("| no limit |") == 2
