"""The list of deliberate bugs is up to date; ``make bugs`` checks that tests notice them."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from local.cloud import ROOT
from tests.bugs.bugs import Bug, Verdict, judge, load

BUGS = load()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.step}: {bug.why}")
def test_a_bug_is_up_to_date(tmp_path: Path, bug: Bug) -> None:
    """A bug's old text occurs once, its result is valid Python, and its tests exist."""
    path = tmp_path / bug.file
    path.parent.mkdir(parents=True)
    shutil.copy(ROOT / bug.file, path)
    original = bug.apply(tmp_path)
    with_bug = path.read_text(encoding="utf-8")
    assert with_bug != original
    compile(with_bug, bug.file, "exec")
    assert bug.tests
    assert all((ROOT / test).is_file() for test in bug.tests)


def test_every_step_has_bugs() -> None:
    """Every step has at least two, and no two share a reason."""
    found = Counter(bug.step for bug in BUGS)
    assert min(found.values()) >= 2
    assert len({bug.why for bug in BUGS}) == len(BUGS)


def test_a_stale_bug_is_told(tmp_path: Path) -> None:
    """A bug whose old text occurs never or twice raises an error."""
    (tmp_path / "a.py").write_text("one = two = 1\n")
    for old in ("three", "="):
        with pytest.raises(ValueError, match="has this"):
            Bug("parse", "because", "a.py", old, "", ["a.py"]).apply(tmp_path)


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ("def test_it(): assert True", Verdict.SURVIVED),
        ("import nothing_of_that_name", Verdict.BROKEN),
    ],
)
def test_verdict(tmp_path: Path, test: str, verdict: Verdict) -> None:
    """Only a failing test kills a bug; tests that cannot run prove nothing."""
    (tmp_path / "test_it.py").write_text(test)
    assert judge(tmp_path, ["test_it.py"])[0] is verdict
