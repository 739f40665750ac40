"""The same logs by a backfill and through the queue: `make load BACKFILL=1`.

A backfill stores what a page of the list shows. Through the queue, each log is a message and a
request, as all logs of a backfill once were. One sweep function runs at a time, and as many enrich
functions as the template allows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from hooklog.clock import iso
from local import markdown, stack
from local.load.plan import Plan, logs
from local.load.run import Rig, wait_until_empty
from local.space import LOG_TYPES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import WriteRequestUnionTypeDef
    from mypy_boto3_lambda import LambdaClient

#: Seconds per log that the queue is waited for.
_SLOWEST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one way stored the logs.

    Attributes:
        name: of the way.
        logs: that have a row at its end.
        seconds: from its beginning to its end.
        requests: to the space.
        messages: on the queue.

    """

    name: str
    logs: int
    seconds: float
    requests: int
    messages: int

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.logs / self.seconds


def compare(target: Rig, plan: Plan, say: Callable[[str], None]) -> list[Way]:
    """Store the same logs both ways.

    Args:
        target: deployed for this plan, with an empty table.
        plan: of logs without faults and duplicates.
        say: receives what is done.

    Raises:
        RuntimeError: a log has no row at the end of a way.

    """
    target.warm()
    _backfill(target, dry_run=True)  # The function is warm then, too.
    ways = []
    for name, work in (("a backfill", _by_pages), ("through the queue", _through_the_queue)):
        say(name)
        target.space.reset_requests()
        began = time.monotonic()
        messages = work(target, plan)
        seconds = time.monotonic() - began
        stored = {item["pk"] for item in target.rows() if "outcome" in item}
        if stored != set(logs(plan.space)):
            raise RuntimeError(f"Not every log has a row after {name}.")
        requests = sum(target.space.requests().counts.values())
        ways.append(
            Way(
                name=name,
                logs=len(stored),
                seconds=seconds,
                requests=requests,
                messages=messages,
            )
        )
        _empty(target)
    return ways


def table(ways: list[Way]) -> str:
    """Return the ways, and how they compare."""
    first, second = ways
    rows = [
        (
            way.name,
            f"{way.logs:,}",
            f"{way.requests:,}",
            f"{way.messages:,}",
            f"{way.seconds:.1f}",
            f"{way.rate:,.0f}",
        )
        for way in ways
    ]
    titles = ("way", "logs", "requests", "messages", "seconds", "rows per second")
    return f"{markdown.table(titles, rows)}\n\nratio: {first.rate / second.rate:.1f}"


def _by_pages(target: Rig, _: Plan) -> int:
    enqueued = _backfill(target)
    wait_until_empty(target.left, target.log, timeout_s=120, report=lambda _: None)
    return enqueued


def _backfill(target: Rig, *, dry_run: bool = False) -> int:
    """Invoke the sweep function to its end for each kind of log; return what it enqueued."""
    enqueued, now = 0, datetime.now(UTC)
    functions: LambdaClient = target.cloud.session.client(
        "lambda",
        endpoint_url=target.cloud.url,
        # It may take its fifteen minutes, and must not be invoked again meanwhile.
        config=Config(read_timeout=910, retries={"total_max_attempts": 1}),
    )
    for log_type in LOG_TYPES:
        event: dict[str, Any] | None = {
            "from": iso(now - timedelta(days=3650)),
            "to": iso(now),
            "log_type": log_type,
            "dry_run": dry_run,
        }
        while event is not None:
            answer = functions.invoke(
                FunctionName=target.stack.sweep_function, Payload=json.dumps(event)
            )
            summary = json.loads(answer["Payload"].read())
            enqueued += summary["enqueued"]
            event = summary.get("next_event")
    return enqueued


def _through_the_queue(target: Rig, plan: Plan) -> int:
    stack.send(target.cloud, target.stack, list(plan.bodies))
    timeout_s = 120 + len(plan.bodies) * _SLOWEST
    wait_until_empty(target.left, target.log, timeout_s=timeout_s, report=lambda _: None)
    return len(plan.bodies)


def _empty(target: Rig) -> None:
    """Delete all rows, so that the next way begins as the first one did."""
    client = target.cloud.client("dynamodb")
    for chunk in batched(target.rows(), 25, strict=False):
        requests: list[WriteRequestUnionTypeDef] = [
            {"DeleteRequest": {"Key": {"pk": {"S": item["pk"]}}}} for item in chunk
        ]
        client.batch_write_item(RequestItems={target.stack.table_name: requests})
