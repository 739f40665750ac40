"""The webhook function as Lambda runs it: wired from the environment at the first event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from hooklog.errors import SettingsError
from tests.adapters.aws.secrets_manager import ARN, SecretsManager
from tests.adapters.functions import load
from tests.webhook import BASE, KEY, Request, json_request, message_status

QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/000000000000/hooklog"
#: Seconds that SignalWire waits.
PATIENCE_S = 5


class Sqs:
    """An SQS that keeps the messages, or cannot be reached."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.bodies: list[str] = []
        self.is_down = False

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - as in boto3
        """Take a message."""
        assert QueueUrl == QUEUE_URL
        if self.is_down:
            raise EndpointConnectionError(endpoint_url=QueueUrl)
        self.bodies.append(MessageBody)


class Function:
    """A freshly loaded function, with AWS replaced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
        """Load the function."""
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        self.app = load("webhook", monkeypatch)
        self.sqs = Sqs()
        self.secrets = SecretsManager(json.dumps({"signing_keys": [KEY]}))
        self.clients: list[str] = []
        monkeypatch.setattr("boto3.session.Session.client", self._client)

    def _client(self, service: str, *, config: Any, endpoint_url: None) -> Any:  # noqa: ANN401 - as boto3's
        self.clients.append(service)
        assert config is self.app._BOTO_CONFIG
        assert endpoint_url is None
        return {"sqs": self.sqs, "secretsmanager": self.secrets}[service]

    def call(self, request: Request) -> int:
        """Invoke the function and return the status of the answer."""
        status: int = self.app.lambda_handler(request.event(), None)["statusCode"]
        return status


COMPLETE = {"QUEUE_URL": QUEUE_URL, "SIGNALWIRE_SECRET_ARN": ARN, "WEBHOOK_URL": BASE}


def test_a_callback_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed callbacks reach the queue, and each client is created once."""
    function = Function(monkeypatch, **COMPLETE)
    assert [function.call(json_request()) for _ in range(3)] == [204] * 3
    assert len(function.sqs.bodies) == 3
    assert sorted(function.clients) == ["secretsmanager", "sqs"]
    assert function.secrets.reads == 1


@pytest.mark.parametrize(("statuses", "enqueued"), [("All", 2), ("Final", 1)])
def test_the_deployment_says_which_callbacks_are_wanted(
    monkeypatch: pytest.MonkeyPatch, statuses: str, enqueued: int
) -> None:
    """With ``Final``, one that tells no end is answered, and is not put on the queue."""
    function = Function(monkeypatch, **COMPLETE, CALLBACK_STATUSES=statuses)
    requests = [json_request(message_status(status=status)) for status in ("sent", "delivered")]
    assert [function.call(request) for request in requests] == [204, 204]
    assert len(function.sqs.bodies) == enqueued


def test_an_unsigned_one_needs_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unsigned request is refused without creating a client."""
    function = Function(monkeypatch, **COMPLETE)
    assert function.call(Request(body="{}")) == 403
    assert function.clients == []


def test_a_queue_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that is down means 503, and 204 when SignalWire retries after its recovery."""
    function = Function(monkeypatch, **COMPLETE)
    function.sqs.is_down = True
    assert function.call(json_request()) == 503
    function.sqs.is_down = False
    assert function.call(json_request()) == 204


def test_an_unset_url(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Without ``WEBHOOK_URL`` every request is refused, and the log names the setting once."""
    function = Function(monkeypatch, **(COMPLETE | {"WEBHOOK_URL": ""}))
    assert [function.call(json_request()) for _ in range(3)] == [403] * 3
    assert function.clients == []
    (line,) = caplog.records
    assert line.levelname == "ERROR"
    assert "parameter WebhookUrl" in line.__dict__["reason"]


def test_a_missing_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing setting fails the invocation with an error that names it."""
    function = Function(monkeypatch, **{k: v for k, v in COMPLETE.items() if k != "QUEUE_URL"})
    with pytest.raises(SettingsError, match="QUEUE_URL"):
        function.call(json_request())


def test_one_aws_call_ends_before_signalwire_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """All attempts with their timeouts and pauses take less time than SignalWire waits."""
    config = Function(monkeypatch).app._BOTO_CONFIG
    tries: int = config.retries["total_max_attempts"]
    assert tries * (config.connect_timeout + config.read_timeout) + (tries - 1) < PATIENCE_S
