"""The checks of ``hooklog doctor``: what must be in place for hooklog to work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.clock import utc_now
from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import BY_CODE, HooklogError
from hooklog.logs import KINDS
from hooklog_ops.deployment import Deployment
from hooklog_ops.errors import OperatorError, describe
from hooklog_ops.fetching import connect
from hooklog_ops.pace import read_pace
from hooklog_ops.queues import queue_depth

#: Seconds that one request to SignalWire may take.
_PATIENCE = 10.0
#: AWS's advice for a queue: hide a message for at least six times the function's timeout.
_VISIBILITY_FACTOR: Final = 6
#: As in the template: a message that waits for nine days is received less often.
_DELIVERIES: Final = 200
_RUNTIME: Final = "python3.13"
#: Executions that batches should leave to callbacks, the sweep and an account's other functions.
_ROOM: Final = 10


class CheckStatus(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check.

    Attributes:
        what: was checked.
        verdict: how the check ended.
        told: what was found.
        advice: what to do about it.

    """

    what: str
    verdict: CheckStatus
    told: str
    advice: str = ""


#: Status, what was found, and what to do about it.
type Result = tuple[CheckStatus, str, str]


def examine(stack: Deployment) -> Iterator[Finding]:
    """Make all checks, one after the other; none of them changes anything."""
    checks: tuple[tuple[str, Callable[[Deployment], Result]], ...] = (
        ("credentials for AWS", lambda stack: ok(stack.caller)),
        ("settings", _settings),
        ("secret", _secret),
        *((f"SignalWire's {kind} logs", _logs_at(KINDS[kind].path)) for kind in KINDS),
        ("pace", _pace),
        ("table", _table),
        ("queue", _queue),
        ("dead letters", _dead_letters),
        ("event source", _event_source("EnrichFunctionName", "messages wait on the queue")),
        *(_EVENTS if "EventBusArn" in stack.outputs else ()),
        ("functions", _functions),
        ("concurrency", _concurrency),
        ("webhook", _webhook),
    )
    for what, check in checks:
        yield conclude(what, partial(check, stack))


def conclude(what: str, check: Callable[[], Result]) -> Finding:
    """Make one check; an error is a finding, too."""
    try:
        verdict, told, advice = check()
    except HooklogError as error:
        verdict, told, advice = CheckStatus.WRONG, error.detail, error.operator
    except (OperatorError, ClientError, BotoCoreError) as error:
        verdict, told, advice = CheckStatus.WRONG, describe(error), ""
    return Finding(what=what, verdict=verdict, told=told, advice=advice if advice != told else "")


def _settings(stack: Deployment) -> Result:
    timeout = stack.function("EnrichFunctionName")["Timeout"]
    settings = EnrichSettings.load(stack.variables("EnrichFunctionName"))
    request = settings.fetch_connect_timeout + settings.fetch_read_timeout
    if request >= timeout:
        return wrong(
            f"a request may take {request:g} s, the function {timeout} s",
            "Deploy with less for FetchConnectTimeoutSeconds and FetchReadTimeoutSeconds.",
        )
    return ok(f"complete, for {settings.signalwire_space}")


def _secret(stack: Deployment) -> Result:
    answer = stack.secrets.get_secret_value(SecretId=stack.output("CredentialsSecretArn"))
    advice = (
        'Put {"project_id": "…", "api_token": "…", "signing_keys": ["PSK…"]} into it, as the'
        " README says."
    )
    try:
        content = json.loads(answer["SecretString"])
        missing = [name for name in ("project_id", "api_token") if not content.get(name)]
    except (ValueError, AttributeError):
        return wrong("is not JSON", advice)
    if missing:
        return wrong(f"lacks {', '.join(missing)}", advice)
    if not content.get("signing_keys"):
        return warning("has no signing_keys, so every callback is refused", advice)
    return ok("has credentials and signing keys")


def _logs_at(path: str) -> Callable[[Deployment], Result]:
    def check(stack: Deployment) -> Result:
        """Ask for one log: this needs the network, the token and its scope."""
        connect(stack).get(f"{path}?page_size=1", _PATIENCE)
        return ok("can be read")

    return check


def _pace(stack: Deployment) -> Result:
    pace = read_pace(stack, utc_now())
    if pace.outage is None:
        return ok(str(pace))
    error = BY_CODE.get(pace.outage.code)
    return wrong(str(pace), error.operator if error else "")


def _table(stack: Deployment) -> Result:
    table = stack.dynamodb.describe_table(TableName=stack.output("TableName"))["Table"]
    names = sorted(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", []))
    if table["TableStatus"] != "ACTIVE":
        return warning(f"is {table['TableStatus']}")
    return ok(f"{table['TableName']}, indexes {', '.join(names)}")


def _queue(stack: Deployment) -> Result:
    url = stack.output("QueueUrl")
    attributes = stack.sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["VisibilityTimeout", "RedrivePolicy"]
    )["Attributes"]
    hidden = int(attributes["VisibilityTimeout"])
    timeout = stack.function("EnrichFunctionName")["Timeout"]
    least = _VISIBILITY_FACTOR * timeout
    if hidden < least:
        return wrong(
            f"hides a message for {hidden} s, the function may take {timeout} s",
            f"Set its VisibilityTimeout to {least} s or more; otherwise messages are processed"
            " twice.",
        )
    deliveries = int(json.loads(attributes["RedrivePolicy"])["maxReceiveCount"])
    if deliveries < _DELIVERIES:
        return wrong(
            f"gives a message up after {deliveries} deliveries",
            f"Set its maxReceiveCount to {_DELIVERIES} or more; otherwise messages that wait for"
            " their turn become dead letters.",
        )
    waiting = queue_depth(stack.sqs, url).visible
    return ok(f"{waiting} waiting, hidden for {hidden} s while they are processed")


def _dead_letters(stack: Deployment) -> Result:
    count = queue_depth(stack.sqs, stack.output("DeadLetterQueueUrl")).visible
    return warning(f"{count} waiting", "See `hooklog dlq peek`.") if count else ok("none")


def _event_source(function: str, meanwhile: str) -> Callable[[Deployment], Result]:
    def check(stack: Deployment) -> Result:
        mappings = stack.functions.list_event_source_mappings(FunctionName=stack.output(function))
        if not mappings["EventSourceMappings"]:
            return wrong("nothing feeds the function", "Deploy the template again.")
        (mapping,) = mappings["EventSourceMappings"]
        if mapping["State"] != "Enabled":
            return wrong(
                f"is {mapping['State']}", f"Enable the function's trigger; meanwhile, {meanwhile}."
            )
        if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
            return wrong(
                "does not report batch item failures",
                "Deploy the template again; otherwise one bad message repeats a whole batch.",
            )
        return ok(f"enabled, batches of {mapping['BatchSize']}")

    return check


def _event_bus(stack: Deployment) -> Result:
    """Look for the bus: EventBridge accepts events for one that does not exist, and drops them."""
    arn = stack.output("EventBusArn")
    if arn.split(":")[4] != stack.caller.split(":")[4]:
        return ok(f"{arn} is in another account, and not looked for")
    try:
        stack.events.describe_event_bus(Name=arn.partition("/")[2])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return wrong(
            f"{arn} does not exist, so every event is lost",
            "Create the bus, or deploy with the ARN of another as EventBusArn.",
        )
    return ok(f"{arn} is there")


def _set_aside(stack: Deployment) -> Result:
    count = queue_depth(stack.sqs, stack.output("UnpublishedQueueUrl")).visible
    if count:
        return warning(f"{count} set aside", "See `hooklog events redrive --dry-run`.")
    return ok("none is set aside")


#: The checks of a stack that tells events.
_EVENTS: Final = (
    (
        "events' source",
        _event_source("PublishFunctionName", "changes wait, and are lost after a day"),
    ),
    ("event bus", _event_bus),
    ("untold changes", _set_aside),
)


def _functions(stack: Deployment) -> Result:
    for output in (name for name in stack.outputs if name.endswith("FunctionName")):
        function = stack.function(output)
        if function["Runtime"] != _RUNTIME:
            return wrong(
                f"{function['FunctionName']} runs on {function['Runtime']}",
                f"Build and deploy again; the layers are made for {_RUNTIME}.",
            )
        if not function.get("Layers"):
            return wrong(
                f"{function['FunctionName']} has no layers",
                "Build and deploy again; the package and its dependencies are in layers.",
            )
    return ok(f"on {_RUNTIME}, with their layers")


def _concurrency(stack: Deployment) -> Result:
    limit = stack.functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    mappings = stack.functions.list_event_source_mappings(
        FunctionName=stack.output("EnrichFunctionName")
    )["EventSourceMappings"]
    batches = sum(one.get("ScalingConfig", {}).get("MaximumConcurrency", 0) for one in mappings)
    told = f"{limit} functions may run at once in this account, of them {batches} batches"
    if limit - batches < _ROOM:
        return warning(
            told,
            "Ask AWS for a higher quota of concurrent executions (docs/deployment.md), or lower"
            " MaximumConcurrency; otherwise a burst of batches leaves no room for callbacks.",
        )
    return ok(told)


def _webhook(stack: Deployment) -> Result:
    if "WebhookFunctionName" not in stack.outputs:
        return ok("not deployed")
    endpoint = stack.output("WebhookEndpoint")
    configured = stack.variables("WebhookFunctionName").get("WEBHOOK_URL", "")
    if not configured:
        return warning(
            "WebhookUrl is not set, so every callback is refused",
            f"Deploy with WebhookUrl={endpoint.rstrip('/')}, or your own domain's URL.",
        )
    return ok(f"verifies callbacks to {configured}")


def ok(told: str) -> Result:
    """Return that all is well."""
    return CheckStatus.OK, told, ""


def warning(told: str, advice: str = "") -> Result:
    """Return what may be intended, or passes."""
    return CheckStatus.WARNING, told, advice


def wrong(told: str, advice: str) -> Result:
    """Return what has to be mended."""
    return CheckStatus.WRONG, told, advice


def not_tried(why: str) -> Result:
    """Return why a check could not be made."""
    return CheckStatus.NOT_TRIED, f"not tried: {why}", ""
