"""Each function's composition root, called in this process as Lambda calls it."""

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
from local.stack import rows
from tests.builders import body, delivery, fax_log, sqs_event
from tests.integration.conftest import Deployment

pytestmark = pytest.mark.integration


@dataclass
class Context:
    """As much of Lambda's context as the functions use."""

    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long the invocation may still take."""
        return self.remaining_ms


@pytest.fixture
def environment(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """Set the variables that the template sets, for the deployed table, queue and secret."""
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
    """Give a fax's row."""
    found = {row["pk"]: row for row in rows(deployment.cloud, deployment.stack)}
    return found.get(f"fax#{log_id}")


@pytest.mark.usefixtures("environment")
def test_the_enrichment_stores_a_log_with_the_secrets_credentials(deployment: Deployment) -> None:
    """Wired once, with the secret; a second event uses the same parts."""
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


def test_the_enrichment_takes_plain_credentials_too(
    deployment: Deployment, environment: pytest.MonkeyPatch
) -> None:
    """For local use, without a secret; and a time to live reaches the row."""
    environment.delenv("SIGNALWIRE_SECRET_ARN")
    environment.setenv("SIGNALWIRE_PROJECT_ID", deployment.space.project_id)
    environment.setenv("SIGNALWIRE_API_TOKEN", deployment.space.api_token)
    environment.setenv("RECORD_TTL_DAYS", "30")
    log_id = str(uuid.uuid4())
    deployment.space.put_log("fax", fax_log(id=log_id))
    event = sqs_event(delivery(body("fax", log_id)))
    assert function("enrich").lambda_handler(event, Context()) == {"batchItemFailures": []}
    # The local cloud, unlike the real one, removes expired rows within seconds; this one is not.
    stored = row_of(deployment, log_id)
    assert stored is not None
    assert stored["expires_at"] > datetime.now(UTC).timestamp()


def test_a_failed_fetch_changes_the_messages_visibility(
    deployment: Deployment, environment: pytest.MonkeyPatch
) -> None:
    """The message is returned; that its made-up handle cannot be delayed is only counted."""
    environment.setenv("SIGNALWIRE_SPACE", deployment.space.host)
    event = sqs_event(delivery(body("fax", str(uuid.uuid4()))))
    answer = function("enrich").lambda_handler(event, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


@pytest.mark.usefixtures("environment")
def test_the_enrichment_refuses_other_events() -> None:
    """A function wired to the wrong source fails loudly."""
    with pytest.raises(EventError):
        function("enrich").lambda_handler({"version": "2.0"}, Context())


@pytest.mark.parametrize("name", ["enrich", "sweep"])
def test_a_missing_setting_stops_the_function_with_its_name(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    """One sentence, at the first event."""
    environment.delenv("TABLE_NAME")
    with pytest.raises(SettingsError, match="TABLE_NAME is not set"):
        function(name).lambda_handler({"Records": []}, Context())


@pytest.mark.usefixtures("environment")
def test_the_sweep_runs_and_keeps_its_place(deployment: Deployment) -> None:
    """A second sweep begins where the first one ended."""
    app = function("sweep")
    first = app.lambda_handler({}, Context())
    assert first["complete"] is True
    assert set(first["found"]) == {"fax", "message"}
    places = {
        row["pk"]: row["watermark"]
        for row in rows(deployment.cloud, deployment.stack)
        if row["pk"].startswith("sweep#")
    }
    assert set(places) == {"sweep#fax", "sweep#message"}
    assert app.lambda_handler({}, Context())["complete"] is True


@pytest.mark.usefixtures("environment")
def test_a_sweep_without_time_keeps_its_place_for_the_next() -> None:
    """It says that it is not complete."""
    assert function("sweep").lambda_handler({}, Context(1000))["complete"] is False


@pytest.mark.usefixtures("environment")
def test_a_backfill_counts_a_period(capsys: pytest.CaptureFixture[str]) -> None:
    """The official fax of May 2024 is in it; a dry run enqueues nothing, and sets off no alarm."""
    event = {"from": "2024-05-01", "to": "2024-06-01", "log_type": "fax", "dry_run": True}
    app = function("sweep")
    answer = app.lambda_handler(event, Context())
    assert answer["complete"] is True
    assert sum(answer["found"]["fax"].values()) == 1
    assert "SpaceLogs" not in capsys.readouterr().out
    app.lambda_handler({}, Context())
    assert "SpaceLogs" in capsys.readouterr().out


@pytest.mark.usefixtures("environment")
def test_a_malformed_backfill_is_refused() -> None:
    """Before anything is asked of SignalWire."""
    with pytest.raises(BackfillError, match="to"):
        function("sweep").lambda_handler({"from": "2024-05-01"}, Context())
