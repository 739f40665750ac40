"""The list of deliberate bugs is up to date; ``make mutants`` checks that tests notice them."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.mutation import ROOT, Mutant, Verdict, judge, load

MUTANTS = load()
#: The steps of the enrichment, the adapters, the pace, and the other two functions.
STEPS = {
    "parse",
    "coalesce",
    "known",
    "fetch",
    "validate",
    "enrich",
    "store",
    "confirm",
    "park",
    "wait",
    "report",
    "lift",
    "signalwire",
    "dynamodb",
    "alias",
    "settle",
    "sqs",
    "secret",
    "pace",
    "front door",
    "sweep",
    "page",
    "events",
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.step}: {mutant.why}")
def test_mutant_is_up_to_date(tmp_path: Path, mutant: Mutant) -> None:
    """A mutant's old text occurs once, its result is valid Python, and its tests exist."""
    path = tmp_path / mutant.file
    path.parent.mkdir(parents=True)
    shutil.copy(ROOT / mutant.file, path)
    original = mutant.apply(tmp_path)
    mutated = path.read_text(encoding="utf-8")
    assert mutated != original
    compile(mutated, mutant.file, "exec")
    assert mutant.tests
    assert all((ROOT / test).is_file() for test in mutant.tests)


def test_every_step_has_mutants() -> None:
    """Every step has at least two mutants, and no two mutants share a reason."""
    found = Counter(mutant.step for mutant in MUTANTS)
    assert set(found) == STEPS
    assert min(found.values()) >= 2
    assert len({mutant.why for mutant in MUTANTS}) == len(MUTANTS)


def test_stale_mutant_is_told(tmp_path: Path) -> None:
    """A mutant whose old text occurs never or twice raises an error."""
    (tmp_path / "a.py").write_text("one = two = 1\n")
    for old in ("three", "="):
        with pytest.raises(ValueError, match="has this"):
            Mutant("parse", "because", "a.py", old, "", ["a.py"]).apply(tmp_path)


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ("def test_it(): assert True", Verdict.SURVIVED),
        ("import nothing_of_that_name", Verdict.BROKEN),
    ],
)
def test_verdict(tmp_path: Path, test: str, verdict: Verdict) -> None:
    """Only a failing test kills a mutant; tests that cannot run prove nothing."""
    (tmp_path / "test_it.py").write_text(test)
    assert judge(tmp_path, ["test_it.py"])[0] is verdict
