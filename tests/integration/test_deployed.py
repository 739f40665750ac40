"""From a message on the queue to a row and a metric, in the deployed stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from local.metric_data import emitted
from local.space import OFFICIAL_FAX_ID, OFFICIAL_MESSAGE_ID, Fault, FaultKind
from local.stack import log_lines, messages_left, rows, send
from tests.builders import body
from tests.integration.conftest import Deployment, drain

pytestmark = pytest.mark.integration

UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def processed(deployment: Deployment) -> Iterator[dict[str, dict[str, Any]]]:
    """Send every log of the space, an unknown one and two bad messages; yield the rows by key."""
    bodies = [
        body(log_type, log_id) for log_type, ids in deployment.space.ids().items() for log_id in ids
    ]
    deployment.space.add_fault(Fault(FaultKind.RATE_LIMITED, times=1, retry_after=1))
    deployment.space.add_fault(Fault(FaultKind.DROPPED, times=3))
    deployment.space.add_fault(Fault(FaultKind.HTML, times=2))
    bad = [body("fax", UNKNOWN_ID), "not JSON", body("telegram")]
    send(deployment.cloud, deployment.stack, bodies + bad)
    drain(deployment)
    ours = {f"{kind}#{log_id}" for kind, ids in deployment.space.ids().items() for log_id in ids}
    ours.add(f"fax#{UNKNOWN_ID}")
    yield {
        row["pk"]: row
        for row in rows(deployment.cloud, deployment.stack)
        # Other tests also write to the table.
        if row["pk"] in ours or row["pk"].startswith("parked#")
    }
    deployment.space.clear_faults()


def test_every_log_of_the_space_has_its_row(
    deployment: Deployment, processed: dict[str, dict[str, Any]]
) -> None:
    """No log is lost, despite rate limits, dropped connections and a proxy's pages."""
    for log_type, statuses in deployment.space.ids().items():
        for log_id, status in statuses.items():
            row = processed[f"{log_type}#{log_id}"]
            assert row["status"] == status
            assert row["log_type"] == log_type
            assert row["outcome"] in {"succeeded", "failed", "in_progress"}


def test_every_failure_is_explained(processed: dict[str, dict[str, Any]]) -> None:
    """A failed row says why and what to do; no other row does."""
    for row in processed.values():
        failed = row.get("outcome") == "failed"
        assert failed == bool(row.get("cause")) == bool(row.get("advice"))


def test_the_official_examples_are_stored(processed: dict[str, dict[str, Any]]) -> None:
    """The fax without remote_station, and the message whose charges do not add up."""
    fax = processed[f"fax#{OFFICIAL_FAX_ID}"]
    assert fax["outcome"] == "failed"
    assert fax["explanation"].startswith("fax:")
    assert "missing:remote_station" in fax["drift"]
    message = processed[f"message#{OFFICIAL_MESSAGE_ID}"]
    assert float(message["charge_gap"]) == -0.00415


def test_what_cannot_be_processed_is_parked_with_its_reason(
    processed: dict[str, dict[str, Any]],
) -> None:
    """The unknown log after its attempts, the bad messages at once."""
    parked = Counter(row["parked_code"] for row in processed.values() if "parked_code" in row)
    assert parked == {
        "fetch.not_found": 1,
        "message.malformed": 1,
        "message.unsupported_type": 1,
    }
    assert processed[f"fax#{UNKNOWN_ID}"]["parked_attempts"] == 5


@pytest.mark.usefixtures("processed")
def test_the_dead_letter_queue_stays_empty(deployment: Deployment) -> None:
    """Nothing crashed, so there are no dead letters."""
    assert messages_left(deployment.cloud, deployment.stack.dead_letter_queue_url) == 0


def counted_failures(deployment: Deployment) -> dict[bool, Counter[str]]:
    """Add up FailedLogs by log type: those with an error code, and those without."""
    sums: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    for metric in emitted(log_lines(deployment.cloud, deployment.stack)):
        if metric.name == "FailedLogs":
            by_code = "error_code" in metric.dimensions
            sums[by_code][metric.dimensions["log_type"]] += int(sum(metric.values))
    return sums


def test_failures_are_counted_once_each_in_the_emitted_metrics(
    deployment: Deployment, processed: dict[str, dict[str, Any]]
) -> None:
    """FailedLogs by kind is the number of failed rows, and by error code it has the same sum."""
    failed = Counter(
        row["log_type"] for row in processed.values() if row.get("outcome") == "failed"
    )
    assert set(failed) == {"fax", "message"}
    assert counted_failures(deployment) == {False: failed, True: failed}


def test_a_log_that_changes_is_updated(
    deployment: Deployment, processed: dict[str, dict[str, Any]]
) -> None:
    """A later callback updates the row to the new status."""
    key = next(
        key for key, row in processed.items() if row.get("status") == "queued" and "fax#" in key
    )
    log_id = key.removeprefix("fax#")
    done = fax_as_completed(processed[key], log_id)
    deployment.space.put_log("fax", done)
    # A row that was fetched only just after a message does not count as reflecting it.
    send(deployment.cloud, deployment.stack, [body("fax", log_id, status="delivered")])
    drain(deployment)
    after = {row["pk"]: row for row in rows(deployment.cloud, deployment.stack)}[key]
    assert after["status"] == "completed"
    assert after["outcome"] == "succeeded"
    assert after["version"] > processed[key]["version"]


def fax_as_completed(row: dict[str, Any], log_id: str) -> dict[str, Any]:
    """Return that fax as the API shows it at its end."""
    account, sid = row.get("account_id", "a"), row.get("resource_sid", "s")
    return {
        "id": log_id,
        "from": row.get("from"),
        "to": row.get("to"),
        "status": "completed",
        "direction": row.get("direction"),
        "source": "laml",
        "type": "laml_call",
        "url": f"https://example.signalwire.com/api/laml/2010-04-01/Accounts/{account}/Faxes/{sid}",
        "remote_station": None,
        "charge": 0.01,
        "number_of_pages": 1,
        "quality": "fine",
        "charge_details": [],
        "created_at": row["created_at"],
        "error_code": None,
        "error_message": None,
    }
