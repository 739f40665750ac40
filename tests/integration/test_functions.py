"""Each function's handler, called in this process as Lambda calls it."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from hooklog.errors import BackfillError, EventError, SettingsError
from hooklog.logs import KINDS
from local.stack import rows
from tests.builders import body, delivery, fax_log, sqs_event
from tests.integration.conftest import Deployment, forget_sweeps

pytestmark = pytest.mark.integration


@dataclass
class Context:
    """The part of Lambda's context that the functions use."""

    remaining_ms: int = 900_000

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that the invocation has left."""
        return self.remaining_ms


@pytest.fixture
def environment(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """Set the template's variables, for the deployed table, queue and secret."""
    for name, value in {
        "AWS_ENDPOINT_URL": deployment.cloud.url,
        "TABLE_NAME": deployment.stack.table_name,
        "QUEUE_URL": deployment.stack.queue_url,
        "SIGNALWIRE_SPACE": deployment.space.host,
        "SIGNALWIRE_SECRET_ARN": deployment.stack.secret_arn,
    }.items():
        monkeypatch.setenv(name, value)
    yield monkeypatch
    function("enrich").enricher.cache_clear()
    function("sweep").parts.cache_clear()


def function(name: str) -> ModuleType:
    """Import a function's module."""
    return importlib.import_module(f"functions.{name}.app")


def row_of(deployment: Deployment, log_id: str) -> dict[str, Any] | None:
    """Return a fax's row."""
    found = {row["pk"]: row for row in rows(deployment.cloud, deployment.stack)}
    return found.get(f"fax#{log_id}")


@pytest.mark.usefixtures("environment")
def test_the_enrich_function_stores_a_log_with_the_secrets_credentials(
    deployment: Deployment,
) -> None:
    """It is wired once, with the secret; a second event uses the same parts."""
    app = function("enrich")
    log_id = str(uuid.uuid4())
    deployment.space.put_log("fax", fax_log(id=log_id))
    event = sqs_event(
        delivery(body("fax", log_id), sent_at=datetime.now(UTC) - timedelta(minutes=1))
    )
    assert app.lambda_handler(event, Context()) == {"batchItemFailures": []}
    assert app.lambda_handler(event, Context()) == {"batchItemFailures": []}
    stored = row_of(deployment, log_id)
    assert stored is not None
    assert stored["version"] == 1


def test_the_enrich_function_accepts_plain_credentials(
    deployment: Deployment, environment: pytest.MonkeyPatch
) -> None:
    """For local use without a secret; and a time to live is stored in the row."""
    environment.delenv("SIGNALWIRE_SECRET_ARN")
    environment.setenv("SIGNALWIRE_PROJECT_ID", deployment.space.project_id)
    environment.setenv("SIGNALWIRE_API_TOKEN", deployment.space.api_token)
    environment.setenv("RECORD_TTL_DAYS", "30")
    log_id = str(uuid.uuid4())
    deployment.space.put_log("fax", fax_log(id=log_id))
    event = sqs_event(delivery(body("fax", log_id)))
    assert function("enrich").lambda_handler(event, Context()) == {"batchItemFailures": []}
    # The local cloud removes expired rows within seconds; this one is still valid.
    stored = row_of(deployment, log_id)
    assert stored is not None
    assert stored["expires_at"] > datetime.now(UTC).timestamp()


def test_a_failed_fetch_changes_the_messages_visibility(
    deployment: Deployment, environment: pytest.MonkeyPatch
) -> None:
    """The message is returned, although its invented receipt handle cannot be delayed."""
    environment.setenv("SIGNALWIRE_SPACE", deployment.space.host)
    message = delivery(body("fax", str(uuid.uuid4())), sent_at=datetime.now(UTC))
    event = sqs_event(message)
    answer = function("enrich").lambda_handler(event, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


@pytest.mark.usefixtures("environment")
def test_the_enrich_function_refuses_other_events() -> None:
    """A function with the wrong event source raises."""
    with pytest.raises(EventError):
        function("enrich").lambda_handler({"version": "2.0"}, Context())


@pytest.mark.parametrize("name", ["enrich", "sweep"])
def test_a_missing_setting_stops_the_function_with_its_name(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    """The first event raises one sentence."""
    environment.delenv("TABLE_NAME")
    with pytest.raises(SettingsError, match="TABLE_NAME is not set"):
        function(name).lambda_handler({"Records": []}, Context())


@pytest.mark.usefixtures("environment")
def test_the_sweep_runs_and_stores_its_checkpoints(deployment: Deployment) -> None:
    """A second sweep begins where the first one ended."""
    app = function("sweep")
    first = app.lambda_handler({}, Context())
    assert first["complete"] is True
    assert set(first["found"]) == {"fax", "message"}
    checkpoints = {
        row["pk"]: row["watermark"]
        for row in rows(deployment.cloud, deployment.stack)
        if row["pk"].startswith("sweep#")
    }
    tiers = ("", "#1h", "#24h", "#48h", "#72h")
    assert set(checkpoints) == {f"sweep#{kind}{tier}" for kind in KINDS for tier in tiers}
    assert app.lambda_handler({}, Context())["complete"] is True


@pytest.mark.usefixtures("environment")
def test_a_sweep_without_time_is_incomplete(deployment: Deployment) -> None:
    """Its answer says so."""
    # A sweep of this very second would have nothing to do.
    forget_sweeps(deployment)
    assert function("sweep").lambda_handler({}, Context(1000))["complete"] is False


@pytest.mark.usefixtures("environment")
def test_a_backfill_counts_a_period(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run emits no metrics and sets off no alarm."""
    put_fax = fax_log(id=str(uuid.uuid4()), status="busy", created_at="2025-05-06T12:00:00Z")
    deployment.space.put_log("fax", put_fax)
    event = {"from": "2025-05-01", "to": "2025-06-01", "log_type": "fax"}
    app = function("sweep")
    answer = app.lambda_handler({**event, "dry_run": True}, Context())
    assert answer["complete"] is True
    assert answer["found"] == {"fax": {"missing": 1}}
    assert '"_aws"' not in capsys.readouterr().out
    answer = app.lambda_handler(event, Context())
    assert (answer["stored"], answer["enqueued"]) == (1, 0)
    printed = capsys.readouterr().out
    assert "LogsEnriched" in printed
    assert "MissingLogs" not in printed


@pytest.mark.usefixtures("environment")
def test_a_malformed_backfill_is_refused() -> None:
    """It is refused before any request to SignalWire."""
    with pytest.raises(BackfillError, match="to"):
        function("sweep").lambda_handler({"from": "2024-05-01"}, Context())
