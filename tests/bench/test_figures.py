"""The results follow from the measurements."""

from __future__ import annotations

import math

import pytest

from bench.measured import Measured, Spread
from bench.results import Result, results
from local.cloud import ROOT


@pytest.fixture(scope="module")
def run() -> Measured:
    """Return the run that is kept."""
    return Measured.load()


def result(run: Measured, scenario: str, offset: int = 0) -> Result:
    """Return a scenario's line by the start of its name, or one of the lines below it."""
    found = list(results(run))
    (start,) = [at for at, one in enumerate(found) if one.scenario.startswith(scenario)]
    return found[start + offset]


def with_ratio(run: Measured, name: str, median: float) -> Measured:
    """Return the run with another ratio."""
    ratio = Spread(median=median, low=median, high=median)
    return run.model_copy(update={"ratios": {**run.ratios, name: ratio}})


@pytest.mark.parametrize(("ratio", "reached"), [(0.0250, True), (0.0251, False)])
def test_a_target_is_reached_or_not(run: Measured, ratio: float, *, reached: bool) -> None:
    """A ratio is compared with its target to the last digit."""
    one = result(with_ratio(run, "wall/sequential", ratio), "99 new logs, remote API")
    assert (one.target, one.reached) == ("at most 1/40", reached)


@pytest.mark.parametrize(("step", "reached"), [(1.05, True), (1.06, False)])
def test_flat_allows_for_noise(run: Measured, step: float, *, reached: bool) -> None:
    """Each step to a larger batch may add up to a twentieth to the time per log."""
    steady = with_ratio(run, "growth/10", 0.9)
    grown = with_ratio(steady, "growth/99", step)
    assert result(grown, "10, 99, 1,000 new logs: ").reached is reached


def test_without_node(run: Measured) -> None:
    """The TypeScript peer has dashes, and its targets are neither reached nor missed."""
    ratios = {name: one for name, one in run.ratios.items() if not name.endswith("typescript")}
    batches = [batch for batch in run.batches if batch.subject != "typescript"]
    machine = run.machine.model_copy(update={"node": None})
    without = run.model_copy(update={"ratios": ratios, "batches": batches, "machine": machine})
    assert result(without, "99 new logs, remote API").figures[2] == "-"
    second = result(without, "99 new logs, remote API", 1)
    assert (second.ratio, second.reached) == ("-", None)


def test_the_readme_quotes_the_run(run: Measured) -> None:
    """The README's ratios are those of the kept run."""
    quoted = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for name, words in {
        "wall/sequential": "a new batch takes 1/{:.0f} of the time of a handler",
        "stored/sequential": "a redelivered one 1/{:.0f} of its processor time",
    }.items():
        assert words.format(math.floor(1 / run.ratios[name].median)) in quoted
    start_up = run.ratios["start_up/sequential"].median
    assert f"a cold start {start_up:.2f} of its start" in quoted
