"""The commands that need the deployed functions and SignalWire."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from local.space import Fault, FaultKind
from local.stack import send
from tests.builders import body
from tests.integration.command_line import CommandLine
from tests.integration.conftest import Deployment, drain

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def hooklog(deployment: Deployment) -> CommandLine:
    """Return the operator's command line."""
    return CommandLine(deployment)


def a_log(deployment: Deployment, status: str) -> str:
    """Find a message log of the space with this status."""
    return min(log_id for log_id, now in deployment.space.ids()["message"].items() if now == status)


def test_doctor_finds_no_problem(hooklog: CommandLine) -> None:
    """Each check says ok on the deployed stack."""
    findings = {one["what"]: one for one in hooklog.json("doctor")}
    assert {"SignalWire's fax logs", "secret", "queue", "event source", "webhook"} <= set(findings)
    assert {one["verdict"] for one in findings.values()} == {"ok"}, findings


def test_doctor_finds_a_missing_scope(deployment: Deployment, hooklog: CommandLine) -> None:
    """It says which logs cannot be read and what to do, and fails."""
    deployment.space.add_fault(Fault(FaultKind.FORBIDDEN, times=2))
    result = hooklog.result("doctor")
    deployment.space.clear_faults()
    assert result.exit_code == 1
    assert result.stdout.count("bad") == 2
    assert "scopes Fax and Messaging" in result.stdout


def test_a_wrong_secret_is_found(deployment: Deployment, hooklog: CommandLine) -> None:
    """The missing field is named, and no value is shown."""
    secrets = deployment.cloud.client("secretsmanager")
    right = secrets.get_secret_value(SecretId=deployment.stack.secret_arn)["SecretString"]
    wrong = {**json.loads(right), "project_id": ""}
    try:
        secrets.put_secret_value(
            SecretId=deployment.stack.secret_arn, SecretString=json.dumps(wrong)
        )
        shown = hooklog.result("doctor").stdout
    finally:
        secrets.put_secret_value(SecretId=deployment.stack.secret_arn, SecretString=right)
    assert "lacks project_id" in shown
    assert deployment.space.api_token not in shown


def test_show_fetch_shows_differences(deployment: Deployment, hooklog: CommandLine) -> None:
    """None at first; after the log has changed, the attributes that differ."""
    log_id = a_log(deployment, "sent")
    send(deployment.cloud, deployment.stack, [body("message", log_id)])
    drain(deployment)
    same = hooklog.json("show", "message", log_id, "--fetch")
    assert same["record"]["status"] == same["fetched"]["log"]["status"] == "sent"
    assert same["fetched"]["differences"] == []
    log = same["fetched"]["log"]
    deployment.space.put_log("message", {**log, "status": "delivered"})
    moved = hooklog.json("show", "message", log_id, "--fetch")["fetched"]["differences"]
    assert {"name": "status", "stored": "sent", "now": "delivered"} in moved
    assert {one["name"] for one in moved} <= {"status", "outcome", "final"}
    assert "delivered" in hooklog.run("show", "message", log_id, "--fetch")
    deployment.space.put_log("message", log)


def test_show_fetch_of_an_unknown_log_says_why(hooklog: CommandLine) -> None:
    """The error has a code."""
    unknown = "99999999-2222-4333-8444-555555555555"
    fresh = hooklog.json("show", "fax", unknown, "--fetch")["fetched"]
    assert fresh["error"].startswith("fetch.not_found")


def test_a_backfill_counts_and_stores(deployment: Deployment, hooklog: CommandLine) -> None:
    """The logs that a dry run finds missing are then stored, and no longer missing."""
    deployment.cloud.client("dynamodb").delete_item(
        TableName=deployment.stack.table_name,
        Key={"pk": {"S": f"message#{a_log(deployment, 'delivered')}"}},
    )
    now = datetime.now(UTC)
    period = ("--from", (now - timedelta(days=5)).isoformat(), "--to", now.isoformat())
    chosen = (*period, "--type", "message")
    dry = hooklog.json("backfill", *chosen, "--dry-run")
    assert dry["found"]["message"]["missing"] >= 1
    assert dry["would_store"] >= 1
    assert dry["price"]["functions"] > 0
    done = hooklog.json("backfill", *chosen, "--rate", "1000", "--yes")
    assert done["stored"] + done["enqueued"] == dry["would_store"]
    drain(deployment)
    # Logs that stay in progress for long are fetched again each time.
    left = hooklog.json("backfill", *chosen, "--dry-run")
    assert left["would_store"] == left["found"]["message"].get("unfinished", 0)


def test_a_number_of_the_space_has_its_history(
    deployment: Deployment, hooklog: CommandLine
) -> None:
    """The deployed function writes the keys of the deployed indexes."""
    log_id = a_log(deployment, "undelivered")
    send(deployment.cloud, deployment.stack, [body("message", log_id)])
    drain(deployment)
    record = hooklog.json("show", "message", log_id)["record"]
    history = hooklog.json("number", record["number"])["items"]
    assert record["pk"] in [item["pk"] for item in history]
