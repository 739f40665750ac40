"""The page on reliability reports a complete run, and names tests that exist."""

from __future__ import annotations

import re

from local.cloud import ROOT
from local.load.faults import ALL
from local.load.figures import Figures


def test_the_kept_run_was_complete_and_good() -> None:
    """The run had every fault; nothing is lost, left or different, and every log has a result."""
    run = Figures.load()
    assert run.faults.keys() == {one.name for one in ALL}
    assert run.logs >= 10_000
    assert sum(run.faults.values()) * 20 == run.logs
    assert (run.lost, run.left, run.dead_letters, run.differences) == (0, 0, 0, 0)
    assert run.rows + sum(run.parked.values()) == run.logs
    assert run.max_in_flight <= run.max_allowed
    assert run.redelivered > 0


def test_commands_name_tests_that_exist() -> None:
    """The page does not name a suite that was moved."""
    page = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    paths = re.findall(r"ARGS=([^`]+)`", page)
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []
