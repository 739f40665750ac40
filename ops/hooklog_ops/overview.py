"""What an operator looks at first: what fails and why, what is parked, and what waits.

The number of queries does not grow with the table: each part of an index is asked once, for at
most :data:`SAMPLE` entries. What is cut by that says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hooklog_ops.parked import INDEX, ParkedItem, parkable_codes, parked_item
from hooklog_ops.problems import CursorError
from hooklog_ops.records import Failure, Period, Records

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

#: Entries of one part of an index that are read.
SAMPLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Failures of one code and explanation.

    Attributes:
        code: SignalWire's, or None.
        explanation: where the catalogue explains it.
        log_types: how many of each.
        newest: of them.

    """

    code: str | None
    explanation: str
    log_types: Mapping[str, int]
    newest: Failure

    @property
    def count(self) -> int:
        """How many there are of all types."""
        return sum(self.log_types.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """What failed in a period.

    Attributes:
        count: failures that were read.
        is_cut: whether there may be more, because a day had more than :data:`SAMPLE` of a type.
        reasons: the most frequent first, of equals the newest.

    """

    count: int
    is_cut: bool
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedPage:
    """Entries of the parked list with one code, oldest first; cursor None at the end."""

    code: str
    items: Sequence[ParkedItem]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """About how many messages a queue has.

    Attributes:
        ready: could be taken now.
        busy: taken and not done, or put off until a retry.
        delayed: too young to be taken.

    """

    ready: int
    busy: int
    delayed: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.ready + self.busy + self.delayed


def failing(records: Records, pool: Executor, period: Period) -> Failing:
    """Group what failed in a period by reason; a query a day and type of log."""
    parts = [(day, log_type) for day in period.days() for log_type in period.log_types]
    pages = list(pool.map(lambda part: records.failed_on(*part, limit=SAMPLE), parts))
    found = [
        one
        for failed, _ in pages
        for one in failed
        if period.since <= one.created_at < period.until
    ]
    return Failing(
        count=len(found),
        is_cut=any(more and failed[-1].created_at >= period.since for failed, more in pages),
        reasons=_reasons(found),
    )


def _reasons(found: Sequence[Failure]) -> list[Reason]:
    groups: dict[tuple[str | None, str], list[Failure]] = {}
    for one in found:
        groups.setdefault((one.code, one.explanation), []).append(one)
    reasons = [
        Reason(
            code=code,
            explanation=explanation,
            log_types=Counter(one.log_type for one in group),
            newest=max(group, key=lambda one: one.created_at),
        )
        for (code, explanation), group in groups.items()
    ]
    return sorted(reasons, key=lambda one: (one.count, one.newest.created_at), reverse=True)


def parked(client: DynamoDBClient, table_name: str, pool: Executor) -> list[ParkedPage]:
    """Give the oldest of what is parked, a query and a page a code, without empty pages."""
    pages = pool.map(
        lambda code: parked_page(client, table_name, code, limit=SAMPLE), parkable_codes()
    )
    return sorted((page for page in pages if page.items), key=lambda page: -len(page.items))


def parked_page(
    client: DynamoDBClient, table_name: str, code: str, *, limit: int, cursor: str | None = None
) -> ParkedPage:
    """Give one page of what is parked with a code.

    Args:
        client: for the table.
        table_name: its name.
        code: one of hooklog's own.
        limit: entries a page.
        cursor: of the page before.

    Raises:
        CursorError: the cursor is none that a page gave.

    """
    more: dict[str, Any] = {}
    if cursor:
        parked_at, separator, key = cursor.partition("~")
        if not (parked_at and separator and key):
            raise CursorError("The cursor is none that an earlier page gave.")
        start = {"parked_code": code, "parked_at": parked_at, "pk": key}
        more["ExclusiveStartKey"] = {name: {"S": value} for name, value in start.items()}
    answer = client.query(
        TableName=table_name,
        IndexName=INDEX,
        KeyConditionExpression="parked_code = :code",
        ExpressionAttributeValues={":code": {"S": code}},
        Limit=limit,
        **more,
    )
    last = answer.get("LastEvaluatedKey")
    return ParkedPage(
        code=code,
        items=[parked_item(item) for item in answer["Items"]],
        cursor=f"{last['parked_at']['S']}~{last['pk']['S']}" if last else None,
    )


def waiting(client: SQSClient, url: str) -> Waiting:
    """Ask a queue how many messages it has."""
    counts = client.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    return Waiting(
        ready=int(counts["ApproximateNumberOfMessages"]),
        busy=int(counts["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(counts["ApproximateNumberOfMessagesDelayed"]),
    )
