"""`hooklog doctor`, on deployments with one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from hooklog.clock import utc_now
from hooklog.errors import UnauthorizedError
from hooklog.logs import KINDS
from hooklog.pace import Pace
from hooklog.records.rows import pace_values, present
from hooklog_ops.checks import CheckStatus, Finding, examine
from hooklog_ops.deployment import Deployment
from hooklog_ops.errors import StackNotFoundError
from tests.template import properties

_ENVIRONMENT = {
    "TABLE_NAME": "table",
    "QUEUE_URL": "queue",
    # Nothing listens there, so SignalWire's logs cannot be read in these tests.
    "SIGNALWIRE_SPACE": "127.0.0.1:1",
    "SIGNALWIRE_SECRET_ARN": "secret",
    "WEBHOOK_URL": "https://hooks.example.com",
}
type Spoil = Callable[[Made], None]
_SECRET = {"project_id": "p", "api_token": "t", "signing_keys": ["PSK"]}


class Made:
    """A deployment in which everything is in place, except what a test changes."""

    def __init__(self) -> None:
        """Put everything in place."""
        self.outputs = dict.fromkeys(
            (
                *("EnrichFunctionName", "WebhookFunctionName", "SweepFunctionName"),
                *("TableName", "QueueUrl", "DeadLetterQueueUrl", "CredentialsSecretArn"),
                "WebhookEndpoint",
            ),
            "x",
        )
        self.caller = "arn:aws:iam::000000000000:user/operator"
        self.environment: dict[str, str] = dict(_ENVIRONMENT)
        self.configuration: dict[str, Any] = {
            "FunctionName": "enrich",
            "Timeout": 60,
            "Runtime": "python3.13",
            "Layers": [{"Arn": "layer"}],
        }
        self.mapping: dict[str, Any] = {
            "State": "Enabled",
            "BatchSize": 99,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": 10},
        }
        self.concurrency = 1000
        self.attributes = {
            "VisibilityTimeout": "360",
            "RedrivePolicy": json.dumps({"maxReceiveCount": 200}),
            **dict.fromkeys(
                (
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ),
                "0",
            ),
        }
        self.secret: str | ClientError = json.dumps(_SECRET)
        self.mappings = True
        self.status = "ACTIVE"
        self.pace = Pace()

    def output(self, name: str) -> str:
        """Return an output of the stack."""
        if name not in self.outputs:
            raise StackNotFoundError(f"no {name}")
        return self.outputs[name]

    def function(self, _output: str) -> Mapping[str, Any]:
        """Return the configuration of every function."""
        return self.configuration

    def variables(self, _output: str) -> Mapping[str, str]:
        """Return the environment of every function."""
        return self.environment

    @property
    def secrets(self) -> SimpleNamespace:
        """A client for the secret."""
        return SimpleNamespace(get_secret_value=self._secret_value)

    def _secret_value(self, **_: object) -> dict[str, str]:
        if isinstance(self.secret, ClientError):
            raise self.secret
        return {"SecretString": self.secret}

    @property
    def dynamodb(self) -> SimpleNamespace:
        """A client for the table."""
        table = {"TableName": "table", "TableStatus": self.status, "GlobalSecondaryIndexes": []}
        values = {"version": 1, **present(pace_values(self.pace))}
        item = {name: TypeSerializer().serialize(value) for name, value in values.items()}
        return SimpleNamespace(
            describe_table=lambda **_: {"Table": table}, get_item=lambda **_: {"Item": item}
        )

    @property
    def sqs(self) -> SimpleNamespace:
        """A client for the queues."""
        return SimpleNamespace(get_queue_attributes=lambda **_: {"Attributes": self.attributes})

    @property
    def functions(self) -> SimpleNamespace:
        """A client for the event source and the account's quota."""
        found = {"EventSourceMappings": [self.mapping] if self.mappings else []}
        limit = {"AccountLimit": {"ConcurrentExecutions": self.concurrency}}
        return SimpleNamespace(
            list_event_source_mappings=lambda **_: found, get_account_settings=lambda: limit
        )


def findings(made: Made) -> dict[str, Finding]:
    """Make all checks."""
    return {one.what: one for one in examine(cast("Deployment", made))}


def test_everything_is_in_place() -> None:
    """Except SignalWire, which does not answer here; those findings have advice."""
    found = findings(Made())
    logs = {what for what in found if what.startswith("SignalWire's")}
    assert logs == {f"SignalWire's {kind} logs" for kind in KINDS}
    assert {what for what, one in found.items() if one.verdict is not CheckStatus.OK} == logs
    assert all(found[what].advice for what in logs)


def _slow(made: Made) -> None:
    made.environment |= {"FETCH_CONNECT_TIMEOUT": "20", "FETCH_READ_TIMEOUT": "40"}


def _impatient(made: Made) -> None:
    made.attributes["VisibilityTimeout"] = "359"


def _hasty(made: Made) -> None:
    made.attributes["RedrivePolicy"] = json.dumps({"maxReceiveCount": "199"})


def _down(made: Made) -> None:
    made.pace = Pace(outage="fetch.unauthorized", outage_at=utc_now().timestamp())


def _old(made: Made) -> None:
    made.configuration["Runtime"] = "python3.12"


def _bare(made: Made) -> None:
    del made.configuration["Layers"]


def _unset(made: Made) -> None:
    made.environment = {}


def _disabled(made: Made) -> None:
    made.mapping["State"] = "Disabled"


def _whole(made: Made) -> None:
    made.mapping["FunctionResponseTypes"] = []


def _unfed(made: Made) -> None:
    made.mappings = False


def _garbled(made: Made) -> None:
    made.secret = "no JSON"


def _empty(made: Made) -> None:
    made.secret = json.dumps(_SECRET | {"api_token": ""})


def _forbidden(made: Made) -> None:
    made.secret = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "No."}}, "GetSecretValue"
    )


@pytest.mark.parametrize(
    ("spoil", "what", "told"),
    [
        (_slow, "settings", "a request may take 60 s, the function 60 s"),
        (_impatient, "queue", "hides a message for 359 s"),
        (_hasty, "queue", "gives a message up after 199 deliveries"),
        (_down, "pace", "an outage since"),
        (_old, "functions", "runs on python3.12"),
        (_bare, "functions", "has no layers"),
        (_unset, "settings", "TABLE_NAME"),
        (_disabled, "event source", "is Disabled"),
        (_whole, "event source", "does not report batch item failures"),
        (_unfed, "event source", "nothing feeds the function"),
        (_garbled, "secret", "is not JSON"),
        (_empty, "secret", "lacks api_token"),
        (_forbidden, "secret", "Have it allowed"),
    ],
)
def test_a_wrong_finding_says_what_to_do(spoil: Spoil, what: str, told: str) -> None:
    """And the other checks are made."""
    made = Made()
    spoil(made)
    found = findings(made)
    assert found[what].verdict is CheckStatus.WRONG
    assert told in found[what].told
    assert found[what].advice or found[what].told.endswith(".")
    assert "webhook" in found


def _keyless(made: Made) -> None:
    made.secret = json.dumps(_SECRET | {"signing_keys": []})


def _deaf(made: Made) -> None:
    made.environment["WEBHOOK_URL"] = ""


def _dead(made: Made) -> None:
    made.attributes["ApproximateNumberOfMessages"] = "3"


def _busy(made: Made) -> None:
    made.status = "UPDATING"


def _new(made: Made) -> None:
    made.concurrency = 19


@pytest.mark.parametrize(
    ("spoil", "what", "told"),
    [
        (_keyless, "secret", "every callback is refused"),
        (_deaf, "webhook", "every callback is refused"),
        (_dead, "dead letters", "3 waiting"),
        (_busy, "table", "is UPDATING"),
        (_new, "concurrency", "19 functions may run at once in this account, of them 10 batches"),
    ],
)
def test_what_may_be_intended_is_a_warning(spoil: Spoil, what: str, told: str) -> None:
    """The deployment may be meant so, or it passes."""
    made = Made()
    spoil(made)
    finding = findings(made)[what]
    assert finding.verdict is CheckStatus.WARNING
    assert told in finding.told


def test_an_outage_has_the_advice_of_its_error() -> None:
    """What to do depends on why SignalWire does not answer."""
    made = Made()
    _down(made)
    assert findings(made)["pace"].advice == UnauthorizedError.operator


_BUS = "arn:aws:events:us-east-1:{account}:event-bus/application"


class WithEvents(Made):
    """A deployment that tells events."""

    def __init__(self) -> None:
        """Put everything in place."""
        super().__init__()
        self.outputs |= dict.fromkeys(("PublishFunctionName", "UnpublishedQueueUrl"), "x")
        self.outputs["EventBusArn"] = _BUS.format(account="000000000000")
        self.bus_error: str | None = None

    @property
    def events(self) -> SimpleNamespace:
        """A client for the event bus."""
        return SimpleNamespace(describe_event_bus=self._describe)

    def _describe(self, *, Name: str) -> dict[str, str]:  # noqa: N803 - as in boto3
        assert Name == "application"
        if self.bus_error is not None:
            raise ClientError({"Error": {"Code": self.bus_error, "Message": "?"}}, "Describe")
        return {}


def test_events_are_looked_at_where_they_are_told() -> None:
    """The bus, what feeds the function, and what was set aside; without events none of it."""
    own = {"event bus", "events' source", "untold changes"}
    assert not own & set(findings(Made()))
    found = findings(WithEvents())
    assert {what for what in own if found[what].verdict is CheckStatus.OK} == own


def test_a_bus_that_does_not_exist_is_found() -> None:
    """EventBridge would not tell: it takes the events, and drops them."""
    made = WithEvents()
    made.bus_error = "ResourceNotFoundException"
    finding = findings(made)["event bus"]
    assert finding.verdict is CheckStatus.WRONG
    assert "every event is lost" in finding.told
    made.bus_error = "AccessDeniedException"
    assert "lost" not in findings(made)["event bus"].told


def test_a_bus_of_another_account_is_not_looked_for() -> None:
    """It need not be visible from here."""
    made = WithEvents()
    made.bus_error = "ResourceNotFoundException"
    made.outputs["EventBusArn"] = _BUS.format(account="111111111111")
    assert findings(made)["event bus"].verdict is CheckStatus.OK


def test_changes_that_are_not_told_are_found() -> None:
    """A trigger that is disabled, and messages on the queue of their own."""
    made = WithEvents()
    _disabled(made)
    _dead(made)
    found = findings(made)
    assert "lost after a day" in found["events' source"].advice
    assert found["untold changes"].told == "3 set aside"


def test_a_limit_is_fine_and_named() -> None:
    """It needs nobody."""
    made = Made()
    assert findings(made)["pace"].told == "no limit is known"
    made.environment["API_REQUESTS_PER_SECOND"] = "38"
    finding = findings(made)["pace"]
    assert finding.verdict is CheckStatus.OK
    assert finding.told == "limited to 38 requests per second (set)"


def test_the_queue_is_compared_with_the_template() -> None:
    """A deployed queue that gives up earlier than the template's has been changed."""
    received = properties("Queue")["RedrivePolicy"]["maxReceiveCount"]
    made = Made()
    made.attributes["RedrivePolicy"] = json.dumps({"maxReceiveCount": received - 1})
    assert findings(made)["queue"].verdict is CheckStatus.WRONG


def test_a_stack_without_the_webhook_function_is_complete() -> None:
    """Other producers can put messages on the queue."""
    made = Made()
    del made.outputs["WebhookFunctionName"]
    assert findings(made)["webhook"].told == "not deployed"
