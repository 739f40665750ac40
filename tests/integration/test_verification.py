"""`hooklog verify` on the deployed stack: it proves what works, and finds what is broken."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from hooklog_ops.checks import CheckStatus, Finding
from hooklog_ops.commands import verify
from hooklog_ops.deployment import Deployment as Opened
from hooklog_ops.errors import UnreachableError
from hooklog_ops.verification import PATIENCE, Post, Verification, post
from local.space import Fault, FaultKind
from local.stack import NAME, messages_left, rows
from tests.integration.command_line import CommandLine
from tests.integration.conftest import Deployment, drain

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

pytestmark = pytest.mark.integration

WRONG, LOOK, NOT_TRIED = CheckStatus.WRONG, CheckStatus.WARNING, CheckStatus.NOT_TRIED
#: Breaks something of a deployed stack, and mends it afterwards.
type Break = Callable[[Deployment, Opened], AbstractContextManager[None]]


@pytest.fixture
def stack(deployment: Deployment) -> Opened:
    """Return the stack as the command line opens it."""
    cloud = deployment.cloud
    return Opened.open(cloud.session, NAME, endpoint_url=cloud.url)


def table(deployment: Deployment) -> dict[str, Mapping[str, Any]]:
    """Return all rows by their keys, except the one of the pace."""
    found: dict[str, Mapping[str, Any]] = {
        row["pk"]: row for row in rows(deployment.cloud, deployment.stack)
    }
    found.pop("pace#signalwire", None)
    return found


@dataclass
class Clock:
    """A clock that can be put forward."""

    ahead: float = 0.0

    def __call__(self) -> float:
        """Return seconds."""
        return time.monotonic() + self.ahead

    def advance(self, **_: object) -> None:
        """Let all patience end."""
        self.ahead += 2 * PATIENCE


def verified(
    stack: Opened, *, clock: Clock | None = None, patience: float = PATIENCE, by: Post = post
) -> dict[str, Finding]:
    """Take all steps and clean up; return the findings by name."""
    verification = Verification(stack, monotonic=clock or Clock(), patience=patience, post=by)
    found = [*verification.findings(), verification.clean_up()]
    return {one.what: one for one in found}


def told(found: Mapping[str, Finding]) -> dict[str, tuple[CheckStatus, str]]:
    """Return what is not as it should be."""
    return {
        name: (one.verdict, one.told)
        for name, one in found.items()
        if one.verdict is not CheckStatus.OK
    }


def test_an_intact_stack_is_proven(deployment: Deployment) -> None:
    """Every line says ok, nothing is left behind, and nothing comes back later."""
    before = table(deployment)
    result = CommandLine(deployment).result("verify", "--yes")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split(maxsplit=1)[0] for line in lines] == ["ok"] * 11, lines
    assert "callback, queue, function, SignalWire's 404, parked and listed" in result.stdout
    assert messages_left(deployment.cloud, deployment.stack.queue_url) == 0
    assert table(deployment) == before


# --- what can be broken --------------------------------------------------------------------------


@contextmanager
def _queue(
    deployment: Deployment, url: str, name: QueueAttributeNameType, value: str
) -> Iterator[None]:
    sqs = deployment.cloud.client("sqs")
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before[name]})


def _impatient(deployment: Deployment, _: Opened) -> AbstractContextManager[None]:
    return _queue(deployment, deployment.stack.queue_url, "VisibilityTimeout", "60")


def _forgetful(deployment: Deployment, _: Opened) -> AbstractContextManager[None]:
    return _queue(deployment, deployment.stack.queue_url, "MessageRetentionPeriod", "777600")


def _short_lived(deployment: Deployment, _: Opened) -> AbstractContextManager[None]:
    url = deployment.stack.dead_letter_queue_url
    return _queue(deployment, url, "MessageRetentionPeriod", "864000")


@contextmanager
def _function(deployment: Deployment, stack: Opened, output: str, **new: Any) -> Iterator[None]:  # noqa: ANN401 - of boto3
    functions = deployment.cloud.client("lambda")
    before = stack.function(output)
    new = {"Environment": {"Variables": {**stack.variables(output), **new.pop("env", {})}}, **new}
    functions.update_function_configuration(FunctionName=stack.output(output), **new)
    yield
    restored: dict[str, Any] = {name: before[name] for name in new}  # type: ignore[literal-required] # as above
    functions.update_function_configuration(FunctionName=stack.output(output), **restored)


def _slow_door(deployment: Deployment, stack: Opened) -> AbstractContextManager[None]:
    return _function(deployment, stack, "WebhookFunctionName", Timeout=6)


def _deaf_door(deployment: Deployment, stack: Opened) -> AbstractContextManager[None]:
    return _function(deployment, stack, "WebhookFunctionName", env={"WEBHOOK_URL": ""})


def _split_metrics(deployment: Deployment, stack: Opened) -> AbstractContextManager[None]:
    env = {"METRICS_NAMESPACE": "Other"}
    return _function(deployment, stack, "SweepFunctionName", env=env)


@contextmanager
def _keyless(deployment: Deployment, stack: Opened) -> Iterator[None]:
    arn, secrets = stack.output("CredentialsSecretArn"), deployment.cloud.client("secretsmanager")
    right = secrets.get_secret_value(SecretId=arn)["SecretString"]
    none = json.dumps({**json.loads(right), "signing_keys": [" "]})
    secrets.put_secret_value(SecretId=arn, SecretString=none)
    yield
    secrets.put_secret_value(SecretId=arn, SecretString=right)
    # A new environment has not read the other secret.
    with _function(deployment, stack, "WebhookFunctionName", MemorySize=512):
        pass


def _rewritten(old: str, new: str, *, drops: int = 0) -> Break:
    """Break the table: it takes a part of the functions' statements for another."""

    @contextmanager
    def spoil(_: Deployment, stack: Opened) -> Iterator[None]:
        def rewrite(params: dict[str, Any], **_: object) -> None:
            for one in params["Statements"]:
                if old in one["Statement"]:
                    one["Statement"] = one["Statement"].replace(old, new)
                    one["Parameters"] = one["Parameters"][: len(one["Parameters"]) - drops]

        event = "provide-client-params.dynamodb.BatchExecuteStatement"
        stack.dynamodb.meta.events.register(event, rewrite)
        yield

    return spoil


@contextmanager
def _undeletable(_: Deployment, stack: Opened) -> Iterator[None]:
    def elsewhere(params: dict[str, Any], **_: object) -> None:
        if params["Key"]["pk"]["S"].startswith("verify#") and not kept:
            kept.append(params["Key"])
            params["Key"] = {"pk": {"S": "verify#another"}}

    kept: list[object] = []
    stack.dynamodb.meta.events.register("provide-client-params.dynamodb.DeleteItem", elsewhere)
    yield


@contextmanager
def _unlisted(_: Deployment, stack: Opened) -> Iterator[None]:
    def forget(parsed: dict[str, Any], **_: object) -> None:
        parsed["Items"] = []

    stack.dynamodb.meta.events.register("after-call.dynamodb.Query", forget)
    yield


@contextmanager
def _too_old(deployment: Deployment, _: Opened) -> Iterator[None]:
    deployment.space.add_fault(Fault(FaultKind.HISTORY_LIMIT, endpoint="message_one", times=1))
    yield
    deployment.space.clear_faults()


@contextmanager
def _misdirected(_: Deployment, stack: Opened) -> Iterator[None]:
    assert isinstance(stack.outputs, dict)
    stack.outputs["EnrichLogGroupName"] = stack.outputs["SweepLogGroupName"]
    yield


@contextmanager
def _deaf_alarm(deployment: Deployment, stack: Opened) -> Iterator[None]:
    cloudwatch = deployment.cloud.client("cloudwatch")
    name = stack.cloudformation.describe_stack_resource(
        StackName=stack.name, LogicalResourceId="ParkedFaxAlarm"
    )["StackResourceDetail"]["PhysicalResourceId"]
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    names = ("AlarmName", "Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods")
    kept: dict[str, Any] = {one: alarm[one] for one in (*names, "ComparisonOperator", "Threshold")}  # type: ignore[literal-required] # as above
    cloudwatch.put_metric_alarm(**kept, Dimensions=[{"Name": "log_type", "Value": "letter"}])
    yield
    cloudwatch.put_metric_alarm(**kept, Dimensions=alarm["Dimensions"])


@contextmanager
def _lost_alarm(_: Deployment, stack: Opened) -> Iterator[None]:
    def forget(parsed: dict[str, Any], **_: object) -> None:
        parsed["MetricAlarms"].pop()

    stack.cloudwatch.meta.events.register("after-call.cloudwatch.DescribeAlarms", forget)
    yield


def _allowed(function: str, action: str, output: str = "") -> Break:
    """Give a function's role one permission more."""

    @contextmanager
    def spoil(_: Deployment, stack: Opened) -> Iterator[None]:
        role = stack.function(f"{function}Name")["Role"].rpartition("/")[2]
        resource = stack.output(output) if output else "*"
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam: Any = stack.iam
        iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=document)
        yield
        iam.delete_role_policy(RoleName=role, PolicyName="more")

    return spoil


@contextmanager
def _endless(deployment: Deployment, stack: Opened) -> Iterator[None]:
    logs, group = deployment.cloud.client("logs"), stack.output("SweepLogGroupName")
    logs.delete_retention_policy(logGroupName=group)
    yield
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)


#: The call by which something is looked for until patience ends.
_IN_VAIN = {_unlisted: "dynamodb.Query", _misdirected: "cloudwatch-logs.FilterLogEvents"}


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_impatient, {"deployment": (WRONG, "queue: hides a message for 60 s")}),
        (_forgetful, {"time settings": (WRONG, "drops a message after 9 days")}),
        (_short_lived, {"time settings": (WRONG, "no longer than the queue")}),
        (_slow_door, {"time settings": (WRONG, "webhook function may take 6 s")}),
        (
            _rewritten(' AND "version" = ?', "", drops=1),
            {"statements": (WRONG, "an UPDATE of an outdated version was written")},
        ),
        (
            _rewritten(' REMOVE "extra"', ""),
            {"statements": (WRONG, "the row is not what was written")},
        ),
        (_undeletable, {"statements": (WRONG, "the row is still there")}),
        (
            _deaf_door,
            {
                "deployment": (LOOK, "webhook: WebhookUrl is not set"),
                "signed callback": (WRONG, "answered with 403 instead of 204"),
            },
        ),
        (_keyless, {"signed callback": (WRONG, "no key to sign with")}),
        (_unlisted, {"queue and parking": (WRONG, "not in the index")}),
        (_too_old, {"queue and parking": (WRONG, "taken for fetch.history_limit")}),
        (
            _misdirected,
            {"metric lines": (WRONG, "has no line with LogsParked by log_type=message")},
        ),
        (_split_metrics, {"alarms": (WRONG, "several namespaces: Hooklog, Other")}),
        (_deaf_alarm, {"alarms": (WRONG, "ParkedFaxAlarm: no function emits")}),
        (_lost_alarm, {"alarms": (WRONG, "there is no ")}),
        (
            _allowed("EnrichFunction", "dynamodb:Scan"),
            {"policies": (WRONG, "EnrichFunction may call dynamodb:Scan")},
        ),
        (
            _allowed("WebhookFunction", "sqs:Receive*"),
            {"policies": (WRONG, "WebhookFunction may call sqs:ReceiveMessage")},
        ),
        (
            _allowed("SweepFunction", "secretsmanager:*", "CredentialsSecretArn"),
            {"policies": (WRONG, "may call secretsmanager:PutSecretValue")},
        ),
        (_endless, {"log retention": (WRONG, "keeps lines for ever")}),
    ],
)
def test_what_is_broken_is_found(
    deployment: Deployment,
    stack: Opened,
    spoil: Break,
    expected: Mapping[str, tuple[CheckStatus, str]],
) -> None:
    """It, and nothing else, is named with what to do; and nothing is left behind."""
    before = table(deployment)
    clock = Clock()
    if spoil in _IN_VAIN:
        for client in (stack.dynamodb, stack.logs):
            client.meta.events.register(f"after-call.{_IN_VAIN[spoil]}", clock.advance)
    with spoil(deployment, stack):
        found = verified(stack, clock=clock)
    assert told(found).keys() == expected.keys(), told(found)
    for name, (verdict, text) in expected.items():
        assert found[name].verdict is verdict
        assert text in found[name].told
        assert found[name].advice
    assert table(deployment) == before


@pytest.mark.parametrize("status", [204, 502])
def test_a_forged_callback_that_is_not_refused_is_found(
    deployment: Deployment, stack: Opened, status: int
) -> None:
    """Its message may be on the queue then; its row becomes one that cannot be parked any more."""
    before = table(deployment)
    found = verified(stack, by=lambda *_: status, patience=2.0)
    assert found["forged callback"].verdict is WRONG
    assert f"answered with {status} instead of 403" in found["forged callback"].told
    assert found["forged callback"].advice
    left = [
        key for key, row in table(deployment).items() if "erased_at" in row and key not in before
    ]
    assert found["clean-up"].verdict is LOOK
    assert all(key in found["clean-up"].told for key in left)
    forget(deployment, left)


def test_a_url_that_leads_nowhere_is_found(stack: Opened) -> None:
    """The advice is about its name and its certificate."""

    def unanswered(url: str, *_: object) -> int:
        raise UnreachableError(url, "NameResolutionError")

    found = verified(stack, by=unanswered)
    assert "does not answer (NameResolutionError)" in found["signed callback"].told
    assert "DNS" in found["signed callback"].told
    # The message is put on the queue without it.
    assert "message, queue, function" in found["queue and parking"].told


def test_a_real_request_that_is_not_answered_has_a_reason() -> None:
    """Nothing listens on that port."""
    with pytest.raises(UnreachableError, match="NewConnectionError"):
        post("http://127.0.0.1:1", {}, b"")


def test_without_a_webhook_the_message_goes_on_the_queue(
    deployment: Deployment, stack: Opened
) -> None:
    """Its lines say that there is none, and all others are proven."""
    before = table(deployment)
    outputs = {k: v for k, v in stack.outputs.items() if not k.startswith("Webhook")}
    found = verified(replace(stack, outputs=outputs))
    alarms = "WebhookErrorsAlarm, WebhookThrottlesAlarm: no function emits what it watches"
    assert told(found) == {
        "forged callback": (NOT_TRIED, "not tried: no webhook is deployed"),
        "signed callback": (NOT_TRIED, "not tried: no webhook is deployed"),
        # Here only the outputs lack it.
        "alarms": (WRONG, alarms),
    }
    assert "message, queue, function" in found["queue and parking"].told
    assert table(deployment) == before


def test_a_blocked_way_is_found_and_nothing_is_parked_later(
    deployment: Deployment, stack: Opened
) -> None:
    """The row stays, erased and with a time to live, and its message is dropped when it comes."""
    before = table(deployment).keys()
    with blocked(stack):
        found = verified(stack, patience=3.0)
    assert "not parked within 3 s" in found["queue and parking"].told
    assert found["queue and parking"].verdict is WRONG
    assert found["clean-up"].verdict is LOOK
    (key,) = table(deployment).keys() - before
    assert key in found["clean-up"].told
    drain(deployment)
    row = table(deployment)[key]
    assert row.keys() == {"pk", "version", "erased_at", "expires_at"}
    forget(deployment, [key])


def test_a_caller_who_may_not_ask_iam_is_told_so(stack: Opened) -> None:
    """The policies could not be tried, which is no fault of the stack."""
    stack.iam.meta.events.register(
        "before-call.iam.SimulatePrincipalPolicy", refusal("SimulatePrincipalPolicy")
    )
    found = told(verified(stack))
    assert found.keys() == {"policies"}
    assert found["policies"][0] is NOT_TRIED
    assert "AWS refused SimulatePrincipalPolicy (AccessDenied)" in found["policies"][1]


def test_rows_that_cannot_be_removed_are_named(deployment: Deployment, stack: Opened) -> None:
    """The person who ran it has to remove them."""
    before = table(deployment).keys()
    stack.dynamodb.meta.events.register("before-call.dynamodb.DeleteItem", refusal("DeleteItem"))
    found = verified(stack)
    left = table(deployment).keys() - before
    assert len(left) == 3
    assert found["clean-up"].verdict is WRONG
    assert all(key in found["clean-up"].advice for key in left)
    forget(deployment, left)


def test_ctrl_c_leaves_nothing_that_is_parked_later(
    deployment: Deployment, stack: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clean-up is the last line also then, and the exit status says what happened."""

    def interrupted(url: str, headers: Mapping[str, str], body: bytes) -> int:
        answers.append(post(url, headers, body))
        if len(answers) == 2:
            raise KeyboardInterrupt
        return answers[-1]

    answers: list[int] = []
    before = table(deployment).keys()
    monkeypatch.setattr(verify, "Verification", lambda stack: Verification(stack, post=interrupted))
    with blocked(stack):
        result = CommandLine(deployment).result("verify", "--yes")
    assert answers == [403, 204]
    assert result.exit_code == 130
    assert "clean-up: message#" in result.stdout.splitlines()[-2]
    drain(deployment)
    (key,) = table(deployment).keys() - before
    assert "erased_at" in table(deployment)[key]
    forget(deployment, [key])


def test_a_key_that_the_function_does_not_know_yet_is_tried_again(stack: Opened) -> None:
    """It reads the secret at most once a minute, and may have done so before the key came."""

    def early(url: str, headers: Mapping[str, str], body: bytes) -> int:
        answers.append(403 if len(answers) < 2 else post(url, headers, body))
        return answers[-1]

    answers: list[int] = []
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(min(seconds, 1))

    verification = Verification(stack, post=early, sleep=sleep, patience=5.0)
    found = {one.what: one for one in verification.findings()}
    verification.clean_up()
    assert answers == [403, 403, 204]
    assert waits[0] == 60
    assert found["signed callback"].verdict is CheckStatus.OK


def test_it_asks_first(deployment: Deployment) -> None:
    """Without a terminal and without --yes nothing is done."""
    before = table(deployment)
    result = CommandLine(deployment).result("verify")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert table(deployment) == before


def test_programs_get_json(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each finding is an object, and something wrong makes the exit status 1."""
    monkeypatch.setattr(
        verify, "Verification", lambda stack: Verification(stack, post=lambda *_: 400, patience=30)
    )
    result = CommandLine(deployment).result("verify", "--yes", "--json")
    assert result.exit_code == 1
    found = {one["what"]: one for one in json.loads(result.stdout)}
    assert found["forged callback"]["verdict"] == "wrong"
    assert found["clean-up"]["verdict"] == "ok"


@contextmanager
def blocked(stack: Opened) -> Iterator[None]:
    """Let nothing take messages from the queue."""
    (mapping,) = stack.functions.list_event_source_mappings(
        FunctionName=stack.output("EnrichFunctionName")
    )["EventSourceMappings"]
    stack.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        stack.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def refusal(operation: str) -> Callable[..., None]:
    """Return a handler by which AWS refuses a call."""

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, operation)

    return refuse


def forget(deployment: Deployment, left: Any) -> None:  # noqa: ANN401 - any collection of keys
    """Delete rows that a test has caused."""
    assert left
    for key in left:
        deployment.cloud.client("dynamodb").delete_item(
            TableName=deployment.stack.table_name, Key={"pk": {"S": key}}
        )
