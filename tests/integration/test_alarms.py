"""Each alarm goes off for its reason, and none on an ordinary day."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hooklog.adapters.aws.checkpoints import TableCheckpoints
from hooklog.clock import utc_now
from hooklog.logs import KINDS
from hooklog.sweep.walk import Checkpoint
from local.cloud import local_cloud
from local.metric_data import emitted
from local.space import LOG_TYPES, Fault, FaultKind, Space, serve
from local.stack import deploy, messages_left, put_credentials, send, sweep
from tests.builders import body, failed_fax, failed_message, fax_log, message_log
from tests.integration.conftest import Deployment, drain
from tests.integration.watching import State, Watch, sns_client
from tests.template import template
from tests.webhook import BASE, KEY

if TYPE_CHECKING:
    from local.space import Json, LogType

pytestmark = pytest.mark.integration

ALARMS = [
    name
    for name, one in template()["Resources"].items()
    # The local cloud lacks metric math, which a test below does by itself.
    if one["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" not in one["Properties"]
]
OLDEST_MESSAGE_SECONDS = 60
#: Seconds, far more than any step needs.
WITHIN = 300.0


@pytest.fixture(scope="module")
def watch(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Deploy hooklog into a cloud of its own, with a topic and low thresholds."""
    log = tmp_path_factory.mktemp("cloud") / "cloud.log"
    with serve(Space()) as space, local_cloud(log) as cloud:
        sns, sqs = sns_client(cloud), cloud.client("sqs")
        topic = sns.create_topic(Name="alarms")["TopicArn"]
        inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
        stack = deploy(
            cloud,
            {
                "SignalWireSpace": space.host,
                "DelaySeconds": "0",
                "BatchingWindowSeconds": "1",
                "MaximumConcurrency": "2",
                "RetryFirstDelaySeconds": "1",
                "WebhookUrl": BASE,
                "SweepSettlingMinutes": "0",
                "AlarmTopicArn": topic,
                "OldestMessageSeconds": str(OLDEST_MESSAGE_SECONDS),
                "ParkedPerHour": "1",
                "Events": "Failures",
            },
            built=built,
        )
        put_credentials(cloud, stack, space.project_id, space.api_token, [KEY])
        yield Watch(Deployment(cloud, stack, space), inbox)


@pytest.fixture(scope="module")
def ordinary_day(watch: Watch) -> State:
    """Process a log of each kind, and run a sweep that finds nothing."""
    enqueue(watch, *(body(kind, put(watch, kind)) for kind in LOG_TYPES))
    drain(watch.deployment)
    found = sweep(watch.deployment.cloud, watch.deployment.stack)
    assert found == {"fax": {"present": 1}, "message": {"present": 1}}
    return watch.state(oldest_message=1, in_flight=99_999, oldest_change_ms=300_000)


@pytest.fixture(scope="module")
def bad_day(watch: Watch, ordinary_day: State) -> State:
    """Cause every failure that an alarm is about."""
    assert ordinary_day.notified == set()
    make_signalwire_fail(watch)
    drain(watch.deployment)
    meet_an_outage(watch)
    drain(watch.deployment)
    list_entries_without_an_id(watch)
    for log_type in LOG_TYPES:
        put(watch, log_type)
    # A sweep leaves out the second in which it begins.
    time.sleep(1)
    sweep(watch.deployment.cloud, watch.deployment.stack)
    drain(watch.deployment)
    hold_sweep_up(watch)
    crash_functions(watch)
    throttle_functions(watch)
    set_aside(watch)
    return watch.state(
        oldest_message=OLDEST_MESSAGE_SECONDS + 1, in_flight=100_000, oldest_change_ms=300_001
    )


def put(watch: Watch, log_type: LogType, **changes: Json) -> str:
    """Put a log of this moment into the space, and return its ID."""
    log_id = str(uuid.uuid4())
    make = fax_log if log_type == "fax" else message_log
    now = datetime.now(UTC).isoformat(timespec="seconds")
    watch.deployment.space.put_log(log_type, make(id=log_id, created_at=now, **changes))
    return log_id


def enqueue(watch: Watch, *bodies: str) -> None:
    """Put messages on the queue."""
    send(watch.deployment.cloud, watch.deployment.stack, list(bodies))


def make_signalwire_fail(watch: Watch) -> None:
    """Cause failures, drift, refusals, logs that are too old, and one malformed message."""
    space = watch.deployment.space
    errors: dict[LogType, dict[str, Json]] = {
        "fax": {name: failed_fax()[name] for name in ("error_code", "error_message")},
        "message": {
            name: failed_message()[name] for name in ("status", "error_code", "error_message")
        },
    }
    bodies = ["no message"]
    for log_type, failure in errors.items():
        bodies.append(body(log_type, put(watch, log_type, **failure)))
        bodies.append(body(log_type, put(watch, log_type, brand_new="x")))
        for kind, times in (
            (FaultKind.HISTORY_LIMIT, 1),
            (FaultKind.FORBIDDEN, 1),
            # After the first the function reads its credentials again.
            (FaultKind.UNAUTHORIZED, 2),
        ):
            log_id = put(watch, log_type)
            space.add_fault(Fault(kind, log_id=log_id, times=times))
            bodies.append(body(log_type, log_id))
    enqueue(watch, *bodies)


def meet_an_outage(watch: Watch) -> None:
    """Ask for a log of each kind while SignalWire answers nobody, until a batch reports that."""
    with watch.deployment.space.outage():
        enqueue(watch, *(body(log_type, put(watch, log_type)) for log_type in LOG_TYPES))
        deadline = time.monotonic() + WITHIN
        while not any("ApiOutage" in line for line in watch.lines()):
            assert time.monotonic() < deadline, "no batch reports the outage"
            time.sleep(0.2)


def list_entries_without_an_id(watch: Watch) -> None:
    """Let one sweep read lists that have nothing but a log without an ID."""
    logs: dict[LogType, dict[str, Json]] = {"fax": fax_log(), "message": message_log()}
    for log_type, log in logs.items():
        del log["id"]
        text = json.dumps({"links": {}, "data": [log]})
        watch.deployment.space.add_fault(
            Fault(FaultKind.ANSWER, text=text, endpoint=f"{log_type}_list")
        )
    found = sweep(watch.deployment.cloud, watch.deployment.stack)
    assert found == {log_type: {"unreadable": 1} for log_type in logs}


def hold_sweep_up(watch: Watch) -> None:
    """Let a sweep read no list although a tier of each kind is three hours behind."""
    cloud, stack, space = watch.deployment.cloud, watch.deployment.stack, watch.deployment.space
    checkpoints = TableCheckpoints(cloud.client("dynamodb"), stack.table_name)
    watermark = utc_now() - timedelta(hours=27)
    for log_type in LOG_TYPES:
        checkpoints.save(KINDS[log_type], "24h", Checkpoint(watermark, watermark))
        space.add_fault(Fault(FaultKind.FORBIDDEN, endpoint=f"{log_type}_list", times=10))
    with pytest.raises(RuntimeError, match="answered 403"):
        sweep(cloud, stack)
    space.clear_faults()


def crash_functions(watch: Watch) -> None:
    """Take a variable from each, so that a message becomes a dead letter."""
    cloud, stack = watch.deployment.cloud, watch.deployment.stack
    functions = cloud.client("lambda")
    for name, attempts in (
        ("EnrichFunction", 1),
        ("WebhookFunction", 1),
        # The number of times that Lambda tries a scheduled run.
        ("SweepFunction", 3),
    ):
        function = watch.physical[name]
        variables = functions.get_function_configuration(FunctionName=function)["Environment"]
        functions.update_function_configuration(
            FunctionName=function,
            Environment={"Variables": variables["Variables"] | {"QUEUE_URL": ""}},
        )
        for _ in range(attempts):
            answer = functions.invoke(FunctionName=function, Payload=b"{}")
            assert "QUEUE_URL is malformed" in answer["Payload"].read().decode()
    queue = cloud.client("sqs")
    target = queue.get_queue_attributes(
        QueueUrl=stack.dead_letter_queue_url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    policy = {"deadLetterTargetArn": target, "maxReceiveCount": 1}
    queue.set_queue_attributes(
        QueueUrl=stack.queue_url,
        Attributes={"VisibilityTimeout": "1", "RedrivePolicy": json.dumps(policy)},
    )
    enqueue(watch, body("fax", str(uuid.uuid4())))
    deadline = time.monotonic() + WITHIN
    while not messages_left(cloud, stack.dead_letter_queue_url):
        assert time.monotonic() < deadline, "the message does not become a dead letter"
        time.sleep(0.2)


def throttle_functions(watch: Watch) -> None:
    """Take all concurrency from two functions, so that Lambda does not start them."""
    functions = watch.deployment.cloud.client("lambda")
    for name in ("EnrichFunction", "WebhookFunction"):
        function = watch.physical[name]
        functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        with pytest.raises(functions.exceptions.TooManyRequestsException):
            functions.invoke(FunctionName=function, Payload=b"{}")


def set_aside(watch: Watch) -> None:
    """Invoke the publish function with a record that it cannot read."""
    record = {"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": "1"}}
    answer = watch.deployment.cloud.client("lambda").invoke(
        FunctionName=watch.physical["PublishFunction"],
        Payload=json.dumps({"Records": [record]}).encode(),
    )
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}


@pytest.mark.parametrize("name", ALARMS)
def test_an_ordinary_day_sets_off_no_alarm(ordinary_day: State, name: str) -> None:
    """Logs are processed and a sweep finds them: no alarm, and no notification."""
    assert ordinary_day.reported[name] != "ALARM"
    assert not ordinary_day.breached[name]
    assert name not in ordinary_day.notified


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_goes_off(bad_day: State, name: str) -> None:
    """Its metric passes its threshold, its state is ALARM, and the topic is notified."""
    assert bad_day.breached[name]
    assert bad_day.reported[name] == "ALARM"
    assert name in bad_day.notified


@pytest.mark.usefixtures("bad_day")
@pytest.mark.parametrize("kind", ["fax", "message"])
def test_failure_ratios_can_be_computed(watch: Watch, kind: str) -> None:
    """The metrics add up: one of the finished logs failed."""
    sums: Counter[str] = Counter()
    for metric in emitted(watch.lines()):
        if metric.dimensions == {"log_type": kind}:
            sums[metric.name] += int(sum(metric.values))
    # One on the ordinary day, then: failed, drifted, two refused at first, one in the outage, one
    # found by the sweep.
    assert (sums["FailedLogs"], sums["LogsFinished"]) == (1, 7)


def test_the_dashboard_is_deployed(watch: Watch) -> None:
    """It is valid JSON with every name filled in, and shows all alarms."""
    body = json.dumps(watch.dashboard)
    assert "${" not in body.replace("${PROP(", "")
    (alarms,) = [one for one in watch.dashboard["widgets"] if one["type"] == "alarm"]
    assert set(alarms["properties"]["alarms"]) == watch.arns
    assert f"SOURCE '{watch.physical['EnrichLogGroup']}'" in body
