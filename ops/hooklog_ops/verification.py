"""The steps of ``hooklog verify``: an acceptance test of a deployed stack.

It works on rows of its own. A callback names a message that SignalWire does not have. The row of
that message says beforehand that all tries but one are used up, so one delivery goes all the way::

    row ──▶ callback ──▶ webhook function ──▶ queue ──▶ enrich function ──▶ SignalWire: 404
                                                               │
             clean-up ◀── row on the list of parked messages ◀─┘

No retry has to be waited for, and no message comes back later. If the way is blocked, the message
may still be on the queue. Then the row stays as an erased one, for which the functions drop their
messages, and expires after the queue has dropped the message, too.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.adapters.aws.secret import RENEW_INTERVAL
from hooklog.adapters.aws.signing_keys import SecretSigningKeys
from hooklog.clock import Clock, iso, utc_now
from hooklog.enrich.endings import LONGEST_WAIT
from hooklog.errors import BY_CODE, CallbackUnsignedError, NotFoundError, StoreError
from hooklog.logs import KINDS
from hooklog.queue_messages import Origin, message_body
from hooklog.records.items import expires_at
from hooklog.records.rows import Attribute, Write
from hooklog.records.store import Conflict
from hooklog_ops.checks import (
    CheckStatus,
    Finding,
    Result,
    conclude,
    examine,
    not_tried,
    ok,
    warning,
    wrong,
)
from hooklog_ops.deployment import Deployment
from hooklog_ops.emitted import emitted
from hooklog_ops.erasure import LogEraser
from hooklog_ops.errors import UnreachableError, describe
from hooklog_ops.formatting import counted
from hooklog_ops.queues import Message, send
from hooklog_ops.records import Item, Records

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef

#: Seconds to wait for the message to be parked, and then for the metric lines.
PATIENCE: Final = 120.0
_POLL = 1.0
#: Seconds that the public URL may take; SignalWire waits no longer than five.
_ANSWER = 30.0
_SIGNALWIRE_WAITS = 5
#: A message is parked at the age of nine days, which needs a queue that keeps it for longer.
_KEPT = LONGEST_WAIT + timedelta(days=1)
#: By now the queue has dropped a message that nobody processed.
_DROPPED = timedelta(days=15)
_KIND = KINDS["message"]
#: Metrics, each with the name and the value of its dimension.
type _Metrics = Sequence[tuple[str, tuple[str, str]]]
#: How the message is parked, and the metrics that tell it.
_PARKED_AS = NotFoundError.code
_OF_THE_PARKING: Final[_Metrics] = (
    ("LogsParked", ("log_type", _KIND.name)),
    ("ProcessingFailures", ("code", _PARKED_AS)),
)
_OF_THE_REFUSAL: Final[_Metrics] = (("CallbacksRefused", ("code", CallbackUnsignedError.code)),)
_DEPLOY = "Deploy the template again."

#: What no function may do to the table, the queue and the secret.
_REFUSED: Final[Mapping[str, Sequence[str]]] = {
    "table": (
        *("dynamodb:Scan", "dynamodb:Query", "dynamodb:DeleteItem", "dynamodb:PartiQLDelete"),
        *("dynamodb:UpdateItem", "dynamodb:DeleteTable", "dynamodb:UpdateTable"),
    ),
    "queue": ("sqs:PurgeQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes"),
    "secret": ("secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"),
}
_READ_AND_WRITE = ("dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate")
_RECEIVE = ("sqs:ReceiveMessage", "sqs:DeleteMessage")
#: What one of them may not do, although another may.
_REFUSED_TO: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "EnrichFunctionName": {"table": ("dynamodb:PutItem",), "queue": ("sqs:SendMessage",)},
    "WebhookFunctionName": {"table": (*_READ_AND_WRITE, "dynamodb:PutItem"), "queue": _RECEIVE},
    "SweepFunctionName": {"queue": _RECEIVE},
    "PublishFunctionName": {
        "table": (*_READ_AND_WRITE, "dynamodb:PutItem"),
        "queue": (*_RECEIVE, "sqs:SendMessage"),
        "secret": ("secretsmanager:GetSecretValue",),
    },
}

#: Sends a request, and returns the status of the answer.
type Post = Callable[[str, Mapping[str, str], bytes], int]


def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Send a callback.

    Raises:
        UnreachableError: there was no answer.

    """
    try:
        answer = urllib3.request(
            "POST", url, headers=headers, body=body, retries=False, timeout=_ANSWER
        )
    except HTTPError as error:
        raise UnreachableError(url, type(error).__name__) from None
    return answer.status


@dataclass(slots=True)
class _Probe:
    """A message that SignalWire does not have.

    Attributes:
        is_there: whether its row was written.
        may_come: whether a message that names it may be on the queue.

    """

    log_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    is_there: bool = False
    may_come: bool = False

    @property
    def key(self) -> str:
        return _KIND.key(self.log_id)


class Verification:
    """One acceptance test; :meth:`clean_up` has to be called in any case."""

    def __init__(
        self,
        stack: Deployment,
        *,
        post: Post = post,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
    ) -> None:
        """Change nothing yet."""
        self._stack = stack
        self._post = post
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._patience = patience
        self._own_key = f"verify#{uuid.uuid4()}"
        self._forged, self._signed = _Probe(), _Probe()
        #: Seconds since 1970, by AWS's clock as soon as that is known.
        self._began = clock().timestamp()
        self._is_open = False
        self._is_parked = False

    def findings(self) -> Iterator[Finding]:
        """Take all steps, one after the other."""
        for what, step in (
            ("deployment", self._deployment),
            ("time settings", self._time_settings),
            ("statements", self._statements),
            ("forged callback", self._forged_callback),
            ("signed callback", self._signed_callback),
            ("queue and parking", self._parking),
            ("metric lines", self._metric_lines),
            ("alarms", self._alarms),
            ("policies", self._policies),
            ("log retention", self._log_retention),
        ):
            yield conclude(what, step)

    def clean_up(self) -> Finding:
        """Remove the rows of this test."""
        return conclude("clean-up", self._clean_up)

    @cached_property
    def _table_name(self) -> str:
        return self._stack.output("TableName")

    @cached_property
    def _table(self) -> DynamoTable:
        return DynamoTable(self._stack.dynamodb, self._table_name)

    @cached_property
    def _records(self) -> Records:
        return Records(self._stack.dynamodb, self._table_name)

    @property
    def _functions(self) -> list[str]:
        return [name for name in self._stack.outputs if name.endswith("FunctionName")]

    def _deployment(self) -> Result:
        """Make the checks of `hooklog doctor`."""
        found = list(examine(self._stack))
        for verdict, conclusion in ((CheckStatus.WRONG, wrong), (CheckStatus.WARNING, warning)):
            if those := [one for one in found if one.verdict is verdict]:
                told = "; ".join(f"{one.what}: {one.told}" for one in those)
                return conclusion(told, " ".join(dict.fromkeys(one.advice for one in those)))
        return ok(f"{counted(len(found), 'check')} of `hooklog doctor`, all in order")

    def _time_settings(self) -> Result:
        kept = self._kept("QueueUrl")
        if kept < _KEPT:
            return wrong(
                f"the queue drops a message after {kept.days} days",
                f"Set its MessageRetentionPeriod to {_KEPT.total_seconds():.0f} s; otherwise"
                " messages that wait are lost before they can be parked.",
            )
        if self._kept("DeadLetterQueueUrl") <= kept:
            return wrong(
                "the dead-letter queue keeps messages no longer than the queue does",
                f"{_DEPLOY} A message's age counts from when it was first sent, so dead letters"
                " are lost.",
            )
        if "WebhookFunctionName" in self._stack.outputs:
            timeout = self._stack.function("WebhookFunctionName")["Timeout"]
            if timeout > _SIGNALWIRE_WAITS:
                return wrong(
                    f"the webhook function may take {timeout} s",
                    f"{_DEPLOY} SignalWire waits for {_SIGNALWIRE_WAITS} s.",
                )
        return ok(f"the queue keeps a message for {kept.days} days, dead letters stay longer")

    def _kept(self, output: str) -> timedelta:
        name: Final = "MessageRetentionPeriod"
        answer = self._stack.sqs.get_queue_attributes(
            QueueUrl=self._stack.output(output), AttributeNames=[name]
        )
        return timedelta(seconds=int(answer["Attributes"][name]))

    # --- the row and its statements ----------------------------------------------------------

    def _statements(self) -> Result:
        """Let the functions' statements write a row, lose races on it, and change it."""
        key = self._own_key
        first: dict[str, Attribute] = {"log_type": "verify", "drift": ["a", "b"], "extra": 1}
        changed: dict[str, Attribute] = {"drift": ["c"], "tries": {"code": {"count": 2}}}
        insert = Write(key=key, expected_version=None, values=first)
        update = Write(key=key, expected_version=1, values=changed)
        removing = Write(key=key, expected_version=2, values={"extra2": "x"}, remove=["extra"])
        self._table.read([key], consistent=True)
        self._began = self._table.moment()
        for write, wins, what in (
            (insert, True, "an INSERT"),
            (insert, False, "an INSERT of a row that exists"),
            (update, True, "an UPDATE"),
            (removing, True, "an UPDATE that removes an attribute"),
            (update, False, "an UPDATE of an outdated version"),
        ):
            result = self._table.write([write])[key]
            if isinstance(result, StoreError):
                raise result
            if isinstance(result, Conflict) is wins:
                return wrong(
                    f"{what} {'met a conflict' if wins else 'was written'}",
                    "DynamoDB does not behave as hooklog needs it to: check that the table is"
                    " hooklog's, and report this.",
                )
        found = self._records.get(key)
        expected: Item = {"pk": key, "version": 3, "extra2": "x", "log_type": "verify", **changed}
        if found != expected:
            return wrong(
                "the row is not what was written",
                "Check whether something else writes into the table.",
            )
        self._delete(key)
        if self._records.get(key) is not None:
            return wrong("the row is still there", f"Delete the row {key} by hand.")
        return ok("a row was inserted, updated with and without REMOVE, defended in two races")

    def _seed(self, probe: _Probe) -> None:
        """Write the row of a probe; its next failure is the last one that it may have.

        Raises:
            StoreError: the table did not take it.

        """
        if probe.is_there:
            return
        now = self._clock()
        tries: Attribute = {_PARKED_AS: {"count": NotFoundError.max_attempts - 1, "at": iso(now)}}
        values: dict[str, Attribute] = {
            "log_type": _KIND.name,
            "tries": tries,
            "expires_at": expires_at(now, _DROPPED),
        }
        # Before the call: it may be written although the answer gets lost.
        probe.is_there = True
        write = Write(key=probe.key, expected_version=None, values=values)
        result = self._table.write([write])[probe.key]
        if isinstance(result, StoreError):
            raise result

    # --- the callbacks -----------------------------------------------------------------------

    def _forged_callback(self) -> Result:
        if "WebhookFunctionName" not in self._stack.outputs:
            return not_tried("no webhook is deployed")
        status = self._call(self._forged, secrets.token_hex(16))
        if status == HTTPStatus.FORBIDDEN:
            return ok(f"refused with {status}")
        return wrong(
            f"answered with {status} instead of 403",
            "Take the URL out of use until this is mended: check what answers at WebhookUrl, and"
            " deploy again."
            if status < HTTPStatus.BAD_REQUEST
            else "Check that WebhookUrl leads to this stack's WebhookEndpoint, and see"
            " docs/operations.md#function-errors.",
        )

    def _signed_callback(self) -> Result:
        if "WebhookFunctionName" not in self._stack.outputs:
            return not_tried("no webhook is deployed")
        arn = self._stack.output("CredentialsSecretArn")
        keys = SecretSigningKeys(lambda: self._stack.secrets, arn).current()
        if not keys:
            return wrong(
                "there is no key to sign with", "Put a list of signing_keys into the secret."
            )
        status = self._call(self._signed, keys[0])
        if status == HTTPStatus.FORBIDDEN and self._stack.variables("WebhookFunctionName").get(
            "WEBHOOK_URL"
        ):
            # The function may have met an older secret a moment ago.
            self._sleep(RENEW_INTERVAL)
            status = self._call(self._signed, keys[0])
        if status == HTTPStatus.NO_CONTENT:
            self._is_open = True
            return ok(f"accepted with {status} at {self._webhook_url}")
        return wrong(
            f"{self._webhook_url} answered with {status} instead of 204",
            "Check that it is WebhookUrl, and leads to WebhookEndpoint. The log group"
            f" {self._stack.output('WebhookLogGroupName')} says why the function refused it; if it"
            " has no line, the function was not called: deploy the template again.",
        )

    @cached_property
    def _webhook_url(self) -> str:
        configured = self._stack.variables("WebhookFunctionName").get("WEBHOOK_URL")
        return configured or self._stack.output("WebhookEndpoint")

    def _call(self, probe: _Probe, key: str) -> int:
        """Call the public URL with a callback that this key has signed."""
        self._seed(probe)
        body = json.dumps({"id": probe.log_id, "status": "delivered"}).encode()
        signed = self._webhook_url.encode() + body
        address, headers = self._stack.public_address(self._webhook_url)
        probe.may_come = True
        status = self._post(
            address,
            {
                **headers,
                "Content-Type": "application/json",
                "X-SignalWire-Signature": hmac.digest(key.encode(), signed, "sha1").hex(),
                "X-SignalWire-Sha256-Signature": hmac.digest(key.encode(), signed, "sha256").hex(),
            },
            body,
        )
        # After any other answer it may be on the queue all the same.
        probe.may_come = not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        return status

    # --- the way of the message --------------------------------------------------------------

    def _parking(self) -> Result:
        probe = self._signed
        if not self._is_open:
            self._seed(probe)
            probe.may_come = True
            body = message_body(log_type=_KIND.name, origin=Origin.MANUAL, log_id=probe.log_id)
            send(self._stack.sqs, self._stack.output("QueueUrl"), [Message(body=body)])
        since = self._monotonic()
        item = self._wait_for(partial(self._parked, probe))
        if item is None:
            return wrong(
                f"the message was not parked within {self._patience:.0f} s",
                "See the line `deployment`, and the log group"
                f" {self._stack.output('EnrichLogGroupName')}: no batch has come, it failed, or"
                " SignalWire could not be asked.",
            )
        if not self._wait_for(partial(self._is_listed, item)):
            return wrong(
                "the parked message is not in the index",
                f"{_DEPLOY} `hooklog parked list` reads the index `parked`.",
            )
        code = str(item["parked_code"])
        if code != _PARKED_AS:
            return wrong(f"SignalWire's answer was taken for {code}", BY_CODE[code].operator)
        self._is_parked = True
        way = "callback" if self._is_open else "message"
        return ok(
            f"{way}, queue, function, SignalWire's 404, parked and listed within"
            f" {self._monotonic() - since:.0f} s"
        )

    def _parked(self, probe: _Probe) -> Item | None:
        item = self._records.get(probe.key)
        if item is None or "parked_code" not in item:
            return None
        probe.may_come = False
        return item

    def _is_listed(self, item: Item) -> bool:
        answer = self._stack.dynamodb.query(
            TableName=self._table_name,
            IndexName="parked",
            KeyConditionExpression="parked_code = :code AND parked_at = :at",
            ExpressionAttributeValues={
                ":code": {"S": item["parked_code"]},
                ":at": {"S": item["parked_at"]},
            },
        )
        return any(one["pk"] == {"S": item["pk"]} for one in answer["Items"])

    def _metric_lines(self) -> Result:
        wanted: list[tuple[str, str, _Metrics]] = []
        if self._is_parked:
            wanted.append(("EnrichLogGroupName", "EnrichFunctionName", _OF_THE_PARKING))
        if self._is_open:
            wanted.append(("WebhookLogGroupName", "WebhookFunctionName", _OF_THE_REFUSAL))
        if not wanted:
            return not_tried("neither a parking nor a refusal has to be told")
        for group, function, metrics in wanted:
            name = self._stack.output(group)
            namespace = self._stack.variables(function)["METRICS_NAMESPACE"]
            for metric, dimension in metrics:
                look = partial(self._is_printed, name, namespace, metric, dimension)
                if not self._wait_for(look):
                    return wrong(
                        f"{name} has no line with {metric} by {'='.join(dimension)} in the"
                        f" namespace {namespace}",
                        f"{_DEPLOY} Without the line there is neither metric nor alarm; the"
                        " function's role must allow logs:PutLogEvents in that log group.",
                    )
        count = sum(len(metrics) for _, _, metrics in wanted)
        return ok(f"{counted(count, 'metric')} of this test found in the log lines")

    def _is_printed(
        self, group: str, namespace: str, metric: str, dimension: tuple[str, str]
    ) -> bool:
        """Return whether a log group has a line with a metric since this test began."""
        pages = self._stack.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=int(self._began * 1000), filterPattern=f'"{metric}"'
        )
        return any(
            _has_metric(event["message"], namespace, metric, dimension)
            for page in pages
            for event in page["events"]
        )

    def _wait_for[T](self, find: Callable[[], T]) -> T:
        """Look until there is something, or until patience ends."""
        deadline = self._monotonic() + self._patience
        while not (found := find()) and self._monotonic() < deadline:
            self._sleep(_POLL)
        return found

    # --- what is configured ------------------------------------------------------------------

    def _alarms(self) -> Result:
        names = {
            one["PhysicalResourceId"]: one["LogicalResourceId"]
            for page in self._stack.cloudformation.get_paginator("list_stack_resources").paginate(
                StackName=self._stack.name
            )
            for one in page["StackResourceSummaries"]
            if one["ResourceType"] == "AWS::CloudWatch::Alarm"
        }
        found = {
            names[alarm["AlarmName"]]: alarm
            for page in self._stack.cloudwatch.get_paginator("describe_alarms").paginate(
                AlarmNames=list(names)
            )
            for alarm in page["MetricAlarms"]
        }
        if missing := sorted(set(names.values()) - found.keys()):
            return wrong(f"there is no {', '.join(missing)}", _DEPLOY)
        namespaces = {self._stack.variables(name)["METRICS_NAMESPACE"] for name in self._functions}
        if len(namespaces) > 1:
            return wrong(
                f"the functions count in several namespaces: {', '.join(sorted(namespaces))}",
                f"{_DEPLOY} The alarms watch one of them.",
            )
        known = self._known_metrics(*namespaces)
        deaf = [name for name, one in sorted(found.items()) if not set(_watched(one)) <= known]
        if deaf:
            return wrong(
                f"{', '.join(deaf)}: no function emits what it watches",
                f"{_DEPLOY} It can never go off; somebody changed the alarm, or the functions are"
                " of another version.",
            )
        return ok(f"{counted(len(found), 'alarm')}, each on a metric that is emitted")

    def _known_metrics(self, namespace: str) -> set[_Watched]:
        """Return hooklog's metrics in its namespace, and AWS's of the queues and functions."""
        own = {(namespace, *metric) for metric in emitted()}
        queues = (name for name in self._stack.outputs if name.endswith("QueueUrl"))
        of_queues = {
            ("AWS/SQS", metric, frozenset({("QueueName", url.rpartition("/")[2])}))
            for url in map(self._stack.output, queues)
            for metric in (
                "ApproximateAgeOfOldestMessage",
                "ApproximateNumberOfMessagesVisible",
                "ApproximateNumberOfMessagesNotVisible",
            )
        }
        of_functions = {
            ("AWS/Lambda", metric, frozenset({("FunctionName", name)}))
            for name in map(self._stack.output, self._functions)
            for metric in ("Errors", "Throttles", "IteratorAge")
        }
        return own | of_queues | of_functions

    def _policies(self) -> Result:
        sqs, dynamodb = self._stack.sqs, self._stack.dynamodb
        queue = sqs.get_queue_attributes(
            QueueUrl=self._stack.output("QueueUrl"), AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        table = dynamodb.describe_table(TableName=self._table_name)["Table"]["TableArn"]
        secret = self._stack.output("CredentialsSecretArn")
        resources = {"table": table, "queue": queue, "secret": secret}
        count = 0
        for function in self._functions:
            role = self._stack.function(function)["Role"]
            for kind, arn in resources.items():
                refused = (*_REFUSED[kind], *_REFUSED_TO.get(function, {}).get(kind, ()))
                try:
                    allowed = self._allowed(role, arn, refused)
                except ClientError as error:
                    if error.response["Error"]["Code"] != "AccessDenied":
                        raise
                    return not_tried(describe(error))
                if allowed:
                    return wrong(
                        f"{function.removesuffix('Name')} may call {', '.join(allowed)}",
                        f"Remove that from the role {role.rpartition('/')[2]}, or deploy again.",
                    )
                count += len(refused)
        return ok(f"{counted(count, 'call')} that no function needs would be refused")

    def _allowed(self, role: str, resource: str, actions: Sequence[str]) -> list[str]:
        """Return the actions that a role would be allowed, by IAM's own judgement."""
        pages = self._stack.iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=role, ActionNames=list(actions), ResourceArns=[resource]
        )
        return [
            str(result["EvalActionName"])
            for page in pages
            for result in page["EvaluationResults"]
            if result["EvalDecision"] == "allowed"
        ]

    def _log_retention(self) -> Result:
        days = {}
        for group in self._stack.log_groups:
            found = self._stack.log_group(group)
            if found is None or "retentionInDays" not in found:
                return wrong(
                    f"{group} {'keeps lines for ever' if found else 'does not exist'}",
                    f"{_DEPLOY} LogRetentionDays says how long log lines are kept.",
                )
            days[group] = found["retentionInDays"]
        told = " or ".join(str(one) for one in sorted(set(days.values())))
        return ok(f"{counted(len(days), 'log group')}, {told} days")

    # --- the clean-up ------------------------------------------------------------------------

    def _clean_up(self) -> Result:
        rows = [self._own_key, *(one.key for one in (self._forged, self._signed) if one.is_there)]
        try:
            left = [one.key for one in (self._forged, self._signed) if not self._is_removed(one)]
            self._delete(self._own_key)
        except (ClientError, BotoCoreError) as error:
            return wrong(
                describe(error), f"Delete what is left of these rows by hand: {', '.join(rows)}."
            )
        if left:
            return warning(
                f"{' and '.join(left)}: the message may still be on the queue, so the row stays,"
                f" empty, and expires in {_DROPPED.days} days",
                "There is nothing to do.",
            )
        return ok("nothing is left behind")

    def _is_removed(self, probe: _Probe) -> bool:
        """Remove the row of a probe, unless its message may still come."""
        if not probe.is_there:
            return True
        if probe.may_come and not self._parked(probe):
            self._make_inert(probe)
            return False
        self._delete(probe.key)
        return True

    def _delete(self, key: str) -> None:
        self._stack.dynamodb.delete_item(TableName=self._table_name, Key={"pk": {"S": key}})

    def _make_inert(self, probe: _Probe) -> None:
        """Turn a row into an erased one, whose messages the functions drop, and let it expire."""
        eraser = LogEraser(self._stack.dynamodb, self._table_name, probe.key)
        for holder in eraser.holders():
            eraser.erase(holder, self._clock)
        self._stack.dynamodb.update_item(
            TableName=self._table_name,
            Key={"pk": {"S": probe.key}},
            UpdateExpression="SET expires_at = :at",
            ExpressionAttributeValues={":at": {"N": str(expires_at(self._clock(), _DROPPED))}},
        )


#: Namespace, name and dimensions of a metric.
type _Watched = tuple[str, str, frozenset[tuple[str, str]]]


def _watched(alarm: MetricAlarmTypeDef) -> Iterator[_Watched]:
    """Yield what an alarm watches, metric math included."""
    if "MetricName" in alarm:
        pairs = frozenset((one["Name"], one["Value"]) for one in alarm["Dimensions"])
        yield alarm["Namespace"], alarm["MetricName"], pairs
    for query in alarm.get("Metrics", ()):
        if "MetricStat" in query:
            metric = query["MetricStat"]["Metric"]
            pairs = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
            yield metric["Namespace"], metric["MetricName"], pairs


def _has_metric(line: str, namespace: str, metric: str, dimension: tuple[str, str]) -> bool:
    """Return whether a line is in the embedded metric format and has this metric."""
    try:
        content = json.loads(line)
        directives = content["_aws"]["CloudWatchMetrics"]
        name, value = dimension
        return content[name] == value and any(
            one["Namespace"] == namespace
            and [name] in one["Dimensions"]
            and metric in {it["Name"] for it in one["Metrics"]}
            for one in directives
        )
    except (ValueError, KeyError, TypeError):
        # Not a metric line.
        return False
