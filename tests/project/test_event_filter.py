"""Lambda's filter in the template: it stops what cannot be news, and never what is."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from hooklog.publish.changes import Wanted, is_news
from tests.adapters.aws.test_stream import image
from tests.builders import failed_fax, fax_log
from tests.publishing import change, row
from tests.template import properties

IN_PROGRESS = row(fax_log(status="ringing"))
FAILED = row(failed_fax())
ROWS = {
    "none": None,
    "in progress": IN_PROGRESS,
    "succeeded": row(fax_log()),
    "failed": FAILED,
    "another code": row(failed_fax(error_code="34005")),
    "parked": {"pk": FAILED["pk"], "version": 1, "parked_code": "fetch.not_found"},
    "erased": {"pk": FAILED["pk"], "version": 2, "erased_at": "2026-05-05T00:00:00.000Z"},
}


def patterns(wanted: Wanted) -> list[dict[str, Any]]:
    """Return the patterns that a deployment with this choice has."""
    source = properties("PublishFunction")["Events"]["Changes"]["Properties"]
    chosen = source["FilterCriteria"]["Filters"]
    holds = {"TellsFailures": Wanted.FAILURES, "TellsEnds": Wanted.ENDS}
    while isinstance(chosen[0], str):
        condition, yes, no = chosen
        chosen = yes if holds[condition] is wanted else no
    return [json.loads(one["Pattern"]) for one in chosen]


def matches(pattern: dict[str, Any], content: dict[str, Any]) -> bool:
    """Return whether Lambda passes a record: each key has one of the values."""
    return all(
        name in content
        and (
            content[name] in wanted if isinstance(wanted, list) else matches(wanted, content[name])
        )
        for name, wanted in pattern.items()
    )


def passes(wanted: Wanted, before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    """Return whether the change of a row reaches the function."""
    name = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
    images = {"OldImage": before, "NewImage": after}
    changed = {name: image(item) for name, item in images.items() if item is not None}
    record = {"eventName": name, "dynamodb": changed}
    return any(matches(pattern, record) for pattern in patterns(wanted))


@pytest.mark.parametrize("wanted", Wanted)
@pytest.mark.parametrize(("before", "after"), [*itertools.permutations(ROWS, 2)])
def test_all_news_passes(wanted: Wanted, before: str, after: str) -> None:
    """Whatever the function would tell reaches it."""
    old, new = ROWS[before], ROWS[after]
    if is_news(change(old, new, FAILED["pk"]), wanted):
        assert passes(wanted, old, new)


@pytest.mark.parametrize("wanted", Wanted)
@pytest.mark.parametrize("before", ROWS)
def test_a_row_that_is_gone_is_stopped(wanted: Wanted, before: str) -> None:
    """DynamoDB's time to live costs no invocation."""
    assert not passes(wanted, ROWS[before], None)


def test_what_is_never_wanted_starts_no_function() -> None:
    """Progress, with failures or ends only; a parking and an erasure without an outcome."""
    assert not passes(Wanted.FAILURES, None, IN_PROGRESS)
    assert not passes(Wanted.FAILURES, IN_PROGRESS, ROWS["succeeded"])
    assert not passes(Wanted.ENDS, None, IN_PROGRESS)
    for wanted in Wanted:
        assert not passes(wanted, None, ROWS["parked"])
        assert not passes(wanted, ROWS["parked"], ROWS["erased"])
