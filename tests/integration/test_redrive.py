"""Parked messages and dead letters become records by an operator's command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from local.space import Fault, FaultKind
from local.stack import rows, send
from tests.builders import body
from tests.integration.command_line import CommandLine
from tests.integration.conftest import Deployment, drain

pytestmark = pytest.mark.integration

#: No other test parks a message with this code.
CODE = "fetch.history_limit"


@pytest.fixture(scope="module")
def hooklog(deployment: Deployment) -> CommandLine:
    """Return the operator's command line."""
    return CommandLine(deployment)


@pytest.fixture(scope="module")
def parked_ids(deployment: Deployment) -> Iterator[list[str]]:
    """Park three fax logs, which SignalWire refuses once."""
    ids = sorted(deployment.space.ids()["fax"])[-3:]
    for log_id in ids:
        deployment.space.add_fault(Fault(FaultKind.HISTORY_LIMIT, log_id=log_id))
    send(deployment.cloud, deployment.stack, [body("fax", log_id) for log_id in ids])
    drain(deployment)
    yield ids
    deployment.space.clear_faults()


def row(deployment: Deployment, key: str) -> dict[str, Any]:
    """Read one row."""
    return next(row for row in rows(deployment.cloud, deployment.stack) if row["pk"] == key)


def test_redriven_logs_become_records(
    deployment: Deployment, hooklog: CommandLine, parked_ids: list[str]
) -> None:
    """They are listed, counted by a dry run, redriven and stored, and keep their history."""
    chosen = ("--code", CODE)
    listed = hooklog.json("parked", "list", *chosen)
    assert listed["counts"] == [{"code": CODE, "log_type": "fax", "count": 3}]
    assert {item["key"] for item in listed["items"]} == {f"fax#{log_id}" for log_id in parked_ids}

    assert hooklog.json("parked", "redrive", *chosen, "--dry-run")["would_redrive"] == 3
    assert hooklog.json("parked", "list", *chosen)["counts"][0]["count"] == 3

    before = datetime.now(UTC).isoformat()
    assert hooklog.json("parked", "redrive", *chosen, "--yes")["redriven"] == 3
    drain(deployment)

    assert hooklog.json("parked", "list", *chosen)["counts"] == []
    for log_id in parked_ids:
        stored = row(deployment, f"fax#{log_id}")
        assert stored["status"] == deployment.space.ids()["fax"][log_id]
        assert "parked_at" not in stored
        entry = stored["parked_history"][-1]
        assert entry["code"] == CODE
        assert re.match(r"arn:aws:(iam|sts)::", entry["redriven_by"])
        assert before < entry["redriven_at"] < entry["lifted_at"]


def test_a_period_and_a_kind_can_be_chosen(hooklog: CommandLine, parked_ids: list[str]) -> None:
    """Other messages are neither counted nor redriven."""
    assert parked_ids
    for outside in (("--until", "2020-01-01"), ("--since", "2100-01-01"), ("--type", "message")):
        chosen = ("--code", "message.malformed", *outside)
        assert hooklog.json("parked", "list", *chosen)["counts"] == []
        assert hooklog.json("parked", "redrive", *chosen, "--dry-run")["would_redrive"] == 0


def test_a_dead_letter_becomes_a_record(deployment: Deployment, hooklog: CommandLine) -> None:
    """It is shown, counted by a dry run, redriven, stored, and leaves the dead-letter queue."""
    log_id = min(deployment.space.ids()["message"])
    deployment.cloud.client("sqs").send_message(
        QueueUrl=deployment.stack.dead_letter_queue_url, MessageBody=body("message", log_id)
    )
    seen = hooklog.json("dlq", "peek")
    assert [(one["log_type"], one["log_id"]) for one in seen["messages"]] == [("message", log_id)]
    assert hooklog.json("dlq", "redrive", "--type", "fax", "--dry-run")["would_redrive"] == 0
    assert hooklog.json("dlq", "redrive", "--dry-run")["would_redrive"] == 1
    assert hooklog.json("dlq", "redrive", "--yes")["redriven"] == 1
    drain(deployment)
    assert hooklog.json("dlq", "peek") == {"count": 0, "messages": []}
    assert row(deployment, f"message#{log_id}")["outcome"] in {"succeeded", "failed", "in_progress"}
