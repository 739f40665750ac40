"""The short form of ``make load``: faults, duplicates and a rate limit lose no log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.load.backfill import compare
from local.load.comparison import differences
from local.load.faults import ALL
from local.load.plan import Plan, logs
from local.load.run import Outcome, Rig, current_conditions, rig, run

pytestmark = pytest.mark.integration

COUNT = 300
#: Seconds, far more than the run takes.
_TIMEOUT = 300.0


@dataclass(frozen=True)
class Loaded:
    """A stack and its space after a run."""

    rig: Rig
    plan: Plan
    outcome: Outcome

    def differences(self) -> list[str]:
        """Compare the current table with the space."""
        return differences(logs(self.plan.space), self.plan.faults, self.rig.rows())


@pytest.fixture(scope="module")
def loaded(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Run the plan, with at least two logs per fault."""
    plan = Plan.make(
        COUNT,
        datetime.now(UTC),
        cases=ALL,
        faulty=0.2,
        duplicated=0.1,
    )
    # More environments would only compete for the cores while they start.
    conditions = current_conditions(batches_at_once=3)
    log = tmp_path_factory.mktemp("load") / "cloud.log"
    with rig(plan, log, conditions, built=built) as deployed:
        outcome = run(deployed, plan, conditions, timeout_s=_TIMEOUT, report=lambda _: None)
        yield Loaded(deployed, plan, outcome)


def test_nothing_is_lost_and_every_row_agrees_with_the_space(loaded: Loaded) -> None:
    """Each log is stored, or parked under the code of its fault; the queues are empty."""
    assert loaded.outcome.differences == []
    figures = loaded.outcome.figures
    codes = (fault.parked_as for fault in loaded.plan.faults.values())
    assert figures.parked == Counter(code for code in codes if code)
    assert figures.rows == COUNT - sum(figures.parked.values())
    assert (figures.lost, figures.left, figures.dead_letters) == (0, 0, 0)


def test_every_message_and_every_fault_occurred(loaded: Loaded) -> None:
    """The run had duplicates, redeliveries, and every fault."""
    figures = loaded.outcome.figures
    assert figures.duplicates == COUNT // 10
    assert figures.redelivered > 0
    shown = loaded.rig.space.requests().faults
    assert shown.keys() == {str(case.fault.kind) for case in loaded.plan.faults.values()}


def test_requests_are_bounded(loaded: Loaded) -> None:
    """The concurrent requests stay below what the concurrent batches may send together."""
    figures = loaded.outcome.figures
    assert 1 < figures.max_in_flight <= figures.max_allowed


def test_a_changed_or_missing_row_is_found(loaded: Loaded) -> None:
    """The comparison reads the deployed table."""
    table = loaded.rig.cloud.client("dynamodb")
    name = loaded.rig.stack.table_name
    healthy = sorted(logs(loaded.plan.space).keys() - loaded.plan.faults.keys())
    keys = changed, gone = healthy[:2]
    items = [table.get_item(TableName=name, Key={"pk": {"S": key}})["Item"] for key in keys]
    table.put_item(TableName=name, Item=items[0] | {"cause": {"S": "The line was busy."}})
    table.delete_item(TableName=name, Key={"pk": {"S": gone}})
    about_changed, about_gone = loaded.differences()
    assert about_changed.startswith(f"{changed}: cause is 'The line was busy.'")
    assert about_gone.startswith(f"{gone}: lost")
    for item in items:
        table.put_item(TableName=name, Item=item)
    assert loaded.differences() == []


def test_a_backfill_stores_the_same_logs_without_messages(built: Path, tmp_path: Path) -> None:
    """Both ways end with all rows; one costs a few pages, and the other a request per log."""
    plan = Plan.make(120, datetime.now(UTC), cases=(), faulty=0, duplicated=0)
    conditions = current_conditions(batches_at_once=2, rate_limit=None)
    with rig(plan, tmp_path / "cloud.log", conditions, built=built) as deployed:
        by_pages, through_the_queue = compare(deployed, plan, lambda _: None)
    assert (by_pages.logs, through_the_queue.logs) == (120, 120)
    assert (by_pages.messages, through_the_queue.messages) == (0, 120)
    assert by_pages.requests < 10
    assert through_the_queue.requests >= 120
