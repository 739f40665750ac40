"""The table and the page say what the figures say."""

from __future__ import annotations

import math

import pytest

from bench.lines import Line, lines
from bench.measured import FILE, Measured, Spread
from bench.page import PAGE, page
from local.cloud import ROOT


@pytest.fixture(scope="module")
def run() -> Measured:
    """Give the run whose figures are kept."""
    return Measured.model_validate_json(FILE.read_bytes())


def line(run: Measured, scenario: str, place: int = 0) -> Line:
    """Find a scenario's line by the beginning of its name, or one of those that belong to it."""
    found = list(lines(run))
    (start,) = [at for at, one in enumerate(found) if one.scenario.startswith(scenario)]
    return found[start + place]


def with_ratio(run: Measured, name: str, median: float) -> Measured:
    """Give the run with another ratio."""
    ratio = Spread(median=median, low=median, high=median)
    return run.model_copy(update={"ratios": {**run.ratios, name: ratio}})


def test_the_page_is_up_to_date(run: Measured) -> None:
    """`make bench` writes exactly what is there."""
    assert PAGE.read_text(encoding="utf-8") == page(run)


@pytest.mark.parametrize(("ratio", "reached"), [(0.0250, True), (0.0251, False)])
def test_a_target_is_reached_or_not(run: Measured, ratio: float, *, reached: bool) -> None:
    """A ratio is held against the largest that is wanted, to the last digit."""
    one = line(with_ratio(run, "wall/sequential", ratio), "100 new logs from afar")
    assert (one.target, one.reached) == ("at most 1/40", reached)


@pytest.mark.parametrize(("step", "reached"), [(1.05, True), (1.06, False)])
def test_flat_allows_for_noise(run: Measured, step: float, *, reached: bool) -> None:
    """Each step to a larger batch may cost a twentieth more time a log, not more."""
    steady = with_ratio(run, "growth/10", 0.9)
    assert (
        line(with_ratio(steady, "growth/100", step), "10, 100, 1,000 new logs: ").reached is reached
    )


def test_without_node(run: Measured) -> None:
    """The peer in TypeScript is left out visibly; its targets are neither reached nor missed."""
    ratios = {name: one for name, one in run.ratios.items() if not name.endswith("typescript")}
    batches = [batch for batch in run.batches if batch.subject != "typescript"]
    machine = run.machine.model_copy(update={"node": None})
    without = run.model_copy(update={"ratios": ratios, "batches": batches, "machine": machine})
    assert line(without, "100 new logs from afar").figures[2] == "-"
    second = line(without, "100 new logs from afar", 1)
    assert (second.held, second.reached) == ("-", None)


def test_a_spread() -> None:
    """It has the median, the lowest and the highest of what was measured."""
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(median=2.0, low=1.0, high=3.0)


def test_the_readme_quotes_the_run(run: Measured) -> None:
    """Its ratios are those of the page."""
    quoted = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for name, words in {
        "wall/sequential": "a new batch takes 1/{:.0f} of the time of a handler",
        "stored/sequential": "a redelivered one 1/{:.0f} of its processor time",
    }.items():
        assert words.format(math.floor(1 / run.ratios[name].median)) in quoted
    start_up = run.ratios["start_up/sequential"].median
    assert f"a cold start {start_up:.2f} of its start" in quoted
