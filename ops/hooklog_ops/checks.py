"""What has to be in its place for hooklog to work, each as one check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.errors import HooklogError
from hooklog.logs import KINDS
from hooklog.sweep.settings import SweepSettings
from hooklog_ops.deployment import Deployment
from hooklog_ops.fetching import api
from hooklog_ops.problems import OperatorError, sentence

#: Seconds that one request to SignalWire may take.
_PATIENCE = 10.0
#: Of a page of logs; only the first few are asked for.
_MAX_BODY = 4 * 1024 * 1024
#: AWS's advice: the queue hides a message for six times the function's timeout, or longer.
_VISIBILITY_FACTOR: Final = 6
_RUNTIME: Final = "python3.13"


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check: what was looked at, what it is like, and what to do."""

    what: str
    verdict: Verdict
    told: str
    advice: str = ""


def examine(stack: Deployment) -> Iterator[Finding]:
    """Make all checks, one after the other; none of them changes anything."""
    checks: tuple[tuple[str, Callable[[Deployment], Finding]], ...] = (
        ("credentials for AWS", _caller),
        ("settings", _settings),
        ("secret", _secret),
        *((f"SignalWire's {kind} logs", _logs_of(kind)) for kind in KINDS),
        ("table", _table),
        ("queue", _queue),
        ("dead letters", _dead_letters),
        ("event source", _event_source),
        ("functions", _functions),
        ("webhook", _webhook),
    )
    for what, check in checks:
        try:
            yield check(stack)
        except (OperatorError, HooklogError) as error:
            advice = error.operator if isinstance(error, HooklogError) else ""
            told = str(error)
            yield Finding(
                what=what,
                verdict=Verdict.WRONG,
                told=told,
                advice=advice if advice != told else "",
            )
        except (ClientError, BotoCoreError) as error:
            yield Finding(what=what, verdict=Verdict.WRONG, told=sentence(error))


def _caller(stack: Deployment) -> Finding:
    return _fine("credentials for AWS", stack.caller)


def _settings(stack: Deployment) -> Finding:
    timeout = stack.function("EnrichFunctionName")["Timeout"]
    settings = SweepSettings.load(stack.variables("EnrichFunctionName"))
    request = settings.fetch_connect_timeout + settings.fetch_read_timeout
    if request >= timeout:
        return Finding(
            what="settings",
            verdict=Verdict.WRONG,
            told=f"a request may take {request:g} s, the function {timeout} s",
            advice="Deploy with less for FetchConnectTimeoutSeconds and FetchReadTimeoutSeconds.",
        )
    return _fine("settings", f"complete, for {settings.signalwire_space}")


def _secret(stack: Deployment) -> Finding:
    answer = stack.secrets.get_secret_value(SecretId=stack.output("CredentialsSecretArn"))
    advice = (
        'Put {"project_id": "…", "api_token": "…", "signing_keys": ["PSK…"]} into it, as the'
        " README says."
    )
    try:
        content = json.loads(answer["SecretString"])
        missing = [name for name in ("project_id", "api_token") if not content.get(name)]
    except (ValueError, AttributeError):
        return Finding(what="secret", verdict=Verdict.WRONG, told="is not JSON", advice=advice)
    if missing:
        told = f"lacks {', '.join(missing)}"
        return Finding(what="secret", verdict=Verdict.WRONG, told=told, advice=advice)
    if not content.get("signing_keys"):
        told = "has no signing_keys, so every callback is refused"
        return Finding(what="secret", verdict=Verdict.WARNING, told=told, advice=advice)
    return _fine("secret", "has credentials and signing keys")


def _logs_of(kind: str) -> Callable[[Deployment], Finding]:
    def check(stack: Deployment) -> Finding:
        """Ask for one page: this needs the network, the token and its scope."""
        api(stack).get(f"{KINDS[kind].path}?page_size=1", _PATIENCE, max_body=_MAX_BODY)
        return _fine(f"SignalWire's {kind} logs", "can be read")

    return check


def _table(stack: Deployment) -> Finding:
    table = stack.dynamodb.describe_table(TableName=stack.output("TableName"))["Table"]
    names = sorted(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", []))
    if table["TableStatus"] != "ACTIVE":
        return Finding(what="table", verdict=Verdict.WARNING, told=f"is {table['TableStatus']}")
    return _fine("table", f"{table['TableName']}, indexes {', '.join(names)}")


def _queue(stack: Deployment) -> Finding:
    attributes = _attributes(stack, "QueueUrl")
    hidden = int(attributes["VisibilityTimeout"])
    timeout = stack.function("EnrichFunctionName")["Timeout"]
    least = _VISIBILITY_FACTOR * timeout
    if hidden < least:
        return Finding(
            what="queue",
            verdict=Verdict.WRONG,
            told=f"hides a message for {hidden} s, the function may take {timeout} s",
            advice=f"Set its VisibilityTimeout to {least} s or more, or messages are done twice.",
        )
    waiting = int(attributes["ApproximateNumberOfMessages"])
    return _fine("queue", f"{waiting} waiting, hidden for {hidden} s while they are worked on")


def _dead_letters(stack: Deployment) -> Finding:
    count = int(_attributes(stack, "DeadLetterQueueUrl")["ApproximateNumberOfMessages"])
    if count:
        return Finding(
            what="dead letters",
            verdict=Verdict.WARNING,
            told=f"{count} waiting",
            advice="See `hooklog dlq peek`.",
        )
    return _fine("dead letters", "none")


def _event_source(stack: Deployment) -> Finding:
    mappings = stack.functions.list_event_source_mappings(
        FunctionName=stack.output("EnrichFunctionName")
    )["EventSourceMappings"]
    if not mappings:
        return Finding(
            what="event source",
            verdict=Verdict.WRONG,
            told="nothing feeds the function from the queue",
            advice="Deploy the template again.",
        )
    (mapping,) = mappings
    if mapping["State"] != "Enabled":
        return Finding(
            what="event source",
            verdict=Verdict.WRONG,
            told=f"is {mapping['State']}",
            advice="Enable the function's trigger; messages wait on the queue meanwhile.",
        )
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        return Finding(
            what="event source",
            verdict=Verdict.WRONG,
            told="does not report batch item failures",
            advice="Deploy the template again, or one bad message repeats a whole batch.",
        )
    return _fine("event source", f"enabled, batches of {mapping['BatchSize']}")


def _functions(stack: Deployment) -> Finding:
    names = ("EnrichFunctionName", "WebhookFunctionName", "SweepFunctionName")
    for output in (name for name in names if name in stack.outputs):
        function = stack.function(output)
        if function["Runtime"] != _RUNTIME:
            return Finding(
                what="functions",
                verdict=Verdict.WRONG,
                told=f"{function['FunctionName']} runs on {function['Runtime']}",
                advice=f"Build and deploy again; the layers are made for {_RUNTIME}.",
            )
        if not function.get("Layers"):
            return Finding(
                what="functions",
                verdict=Verdict.WRONG,
                told=f"{function['FunctionName']} has no layers",
                advice="Build and deploy again; the package and its dependencies are in layers.",
            )
    return _fine("functions", f"on {_RUNTIME}, with their layers")


def _webhook(stack: Deployment) -> Finding:
    if "WebhookFunctionName" not in stack.outputs:
        return _fine("webhook", "not deployed")
    endpoint = stack.output("WebhookEndpoint")
    configured = stack.variables("WebhookFunctionName").get("WEBHOOK_URL", "")
    if not configured:
        return Finding(
            what="webhook",
            verdict=Verdict.WARNING,
            told="WebhookUrl is not set, so every callback is refused",
            advice=f"Deploy with WebhookUrl={endpoint.rstrip('/')}, or your own domain's URL.",
        )
    return _fine("webhook", f"verifies callbacks to {configured}")


def _attributes(stack: Deployment, output: str) -> dict[str, str]:
    answer = stack.sqs.get_queue_attributes(
        QueueUrl=stack.output(output),
        AttributeNames=["VisibilityTimeout", "ApproximateNumberOfMessages"],
    )
    return {str(name): value for name, value in answer["Attributes"].items()}


def _fine(what: str, told: str) -> Finding:
    return Finding(what=what, verdict=Verdict.OK, told=told)
