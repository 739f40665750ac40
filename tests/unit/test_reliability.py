"""The page on reliability says what the kept run and the tests' own tables say."""

from __future__ import annotations

import re

from local.cloud import ROOT
from local.load.faults import LATE_PARKED, PASSING, SOON_PARKED
from local.reliability import RELIABILITY, kept, reliability


def test_the_page_is_up_to_date() -> None:
    """`make docs` writes exactly what is there."""
    assert RELIABILITY.read_text(encoding="utf-8") == reliability()


def test_the_kept_run_was_a_whole_and_a_good_one() -> None:
    """With every kind of fault, and nothing lost, left or different; each log ended somewhere."""
    run = kept()
    assert run.faults.keys() == {one.name for one in (*PASSING, *SOON_PARKED, *LATE_PARKED)}
    assert run.logs >= 10_000
    assert sum(run.faults.values()) * 20 == run.logs
    assert (run.lost, run.left, run.dead, run.different) == (0, 0, 0, 0)
    assert run.rows + sum(run.parked.values()) == run.logs
    assert run.most_in_flight <= run.most_allowed
    assert run.redelivered > 0


def test_commands_name_tests_that_exist() -> None:
    """A suite that was moved is noticed."""
    paths = re.findall(r"ARGS=([^`]+)`", reliability())
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []
