"""A measurement counts only if the subject did its whole job."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bench.batches import Batches, Sample
from bench.measured import Spread
from bench.processes import Stub, Subject
from bench.rounds import Rounds
from bench.stub_aws import Aws, AwsError
from bench.workloads import NEW, Workload
from tests.bench.conftest import Idler

ALL_DONE: dict[str, list[str]] = {"batchItemFailures": []}
CONDITION = "attribute_not_exists(pk) OR fetched_at < :fetched_at"


def process(stub: Stub, subject: Idler, workload: Workload = NEW) -> None:
    """Have a subject process a batch."""
    Batches(stub).process(cast("Subject", subject), workload)


def test_missing_rows(stub: Stub) -> None:
    """A subject that stores nothing is not measured."""
    with pytest.raises(RuntimeError, match="does not hold the rows"):
        process(stub, Idler(ALL_DONE))


def test_failed_messages(stub: Stub) -> None:
    """A subject that could not process a message is not measured."""
    with pytest.raises(RuntimeError, match="Messages failed"):
        process(stub, Idler({"batchItemFailures": [{"itemIdentifier": "1"}]}))


def test_ratios_are_taken_within_a_round(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round in which the machine was slow weighs no more than another."""
    times = iter([1.0, 10.0, 200.0, 1000.0, 3.0, 10.0])
    batches = Batches(stub)
    monkeypatch.setattr(batches, "process", lambda *_: Sample(next(times), 1.0, 1.0, 1, {}))
    rounds = Rounds(batches)
    idler = cast("Subject", Idler(ALL_DONE))
    rounds.run({"hooklog": idler, "sequential": idler}, [NEW], 3)
    ratio = rounds.ratio(("hooklog", NEW), ("sequential", NEW), lambda sample: sample.wall_ms)
    assert ratio == Spread(median=0.2, low=0.1, high=0.3)


def put(fetched_at: str, condition: str = CONDITION) -> dict[str, Any]:
    """Return the request that writes a row."""
    at = {"S": fetched_at}
    return {
        "Item": {"pk": {"S": "fax#1"}, "outcome": {"S": "failed"}, "fetched_at": at},
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {":fetched_at": at},
    }


def test_a_row_is_replaced_by_a_later_fetch_only() -> None:
    """The stub checks the peers' condition as DynamoDB does."""
    aws = Aws()
    for fetched_at in ("2026-05-04T12:00:00Z", "2026-05-04T12:00:01Z"):
        aws.call("DynamoDB_20120810.PutItem", put(fetched_at))
    for refused in ("2026-05-04T12:00:00Z", "2026-05-04T12:00:01Z"):
        with pytest.raises(AwsError, match="ConditionalCheckFailedException"):
            aws.call("DynamoDB_20120810.PutItem", put(refused))
    assert aws.rows["fax#1"]["fetched_at"] == {"S": "2026-05-04T12:00:01Z"}


def test_an_unconditional_write_is_refused() -> None:
    """A peer that omits the condition would be faster, and wrong."""
    with pytest.raises(AwsError, match="ValidationException"):
        Aws().call("DynamoDB_20120810.PutItem", put("2026-05-04T12:00:00Z", condition=""))
