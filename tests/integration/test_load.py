"""The short form of ``make load``: faults, duplicates and a rate limit lose no log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from local.load.comparison import differences
from local.load.faults import PASSING, SOON_PARKED
from local.load.plan import Plan, logs
from local.load.site import Outcome, Site, conditions_now, run, site
from local.stack import build

pytestmark = pytest.mark.integration

COUNT = 300
#: Seconds, far more than a run takes.
_WITHIN = 300.0


@dataclass(frozen=True)
class Loaded:
    """A stack and its space after a run."""

    site: Site
    plan: Plan
    outcome: Outcome

    def differences(self) -> list[str]:
        """Compare the table with the space."""
        return differences(logs(self.plan.space), self.plan.troubles, self.site.rows())


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Run it, with at least two logs per fault that passes or parks soon."""
    plan = Plan.make(
        COUNT,
        datetime.now(UTC),
        kinds=(*PASSING, *SOON_PARKED),
        faulty=0.2,
        repeated=0.1,
    )
    # More execution environments would only compete for the processors.
    conditions = conditions_now(batches_at_once=3)
    build()
    with site(plan, tmp_path_factory.mktemp("load") / "cloud.log", conditions) as at:
        outcome = run(at, plan, conditions, within_s=_WITHIN, say=lambda _: None)
        yield Loaded(at, plan, outcome)


def test_nothing_is_lost_and_every_row_equals_the_space(loaded: Loaded) -> None:
    """Each log is a row or is parked under the code of its fault; the queues are empty."""
    assert loaded.outcome.differences == []
    figures = loaded.outcome.figures
    codes = (trouble.parked_as for trouble in loaded.plan.troubles.values())
    assert figures.parked == Counter(code for code in codes if code)
    assert figures.rows == COUNT - sum(figures.parked.values())
    assert (figures.lost, figures.left, figures.dead) == (0, 0, 0)


def test_every_message_and_every_fault_occurred(loaded: Loaded) -> None:
    """The run had duplicates, redeliveries, and a response of each fault."""
    figures = loaded.outcome.figures
    assert figures.duplicates == COUNT // 10
    assert figures.redelivered > 0
    shown = loaded.site.space.requests().faults
    assert shown.keys() == {str(trouble.fault.kind) for trouble in loaded.plan.troubles.values()}


def test_concurrent_requests_are_bounded(loaded: Loaded) -> None:
    """No more requests are open than all concurrent batches may make together."""
    figures = loaded.outcome.figures
    assert 1 < figures.most_in_flight <= figures.most_allowed


def test_a_changed_or_missing_row_is_found(loaded: Loaded) -> None:
    """The comparison reads the real table."""
    table = loaded.site.cloud.client("dynamodb")
    name = loaded.site.stack.table_name
    untroubled = sorted(logs(loaded.plan.space).keys() - loaded.plan.troubles.keys())
    keys = changed, gone = untroubled[:2]
    items = [table.get_item(TableName=name, Key={"pk": {"S": key}})["Item"] for key in keys]
    table.put_item(TableName=name, Item=items[0] | {"cause": {"S": "The line was busy."}})
    table.delete_item(TableName=name, Key={"pk": {"S": gone}})
    about_changed, about_gone = loaded.differences()
    assert about_changed.startswith(f"{changed}: cause is 'The line was busy.'")
    assert about_gone.startswith(f"{gone}: lost")
    for item in items:
        table.put_item(TableName=name, Item=item)
    assert loaded.differences() == []
