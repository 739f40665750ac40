"""Changes that could not be told as events: what the queue of their own says, and their redrive.

A message there names no number, only where the truth is: a row, or a range of the table's stream
whose records name rows. The publish function gets these rows as they are now, in events like the
stream's own, and tells what is news. So a redrive cannot tell anything that is no longer true, and
the rows of erased logs, which say nothing, tell nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ParamValidationError

from hooklog_ops.errors import FunctionError
from hooklog_ops.queues import sent_at

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from hooklog_ops.records import RawItem

#: Rows of one invocation, as in the template's event source.
MAX_ROWS: Final = 100
#: Answers without records after which a range of the stream counts as unreadable; an open shard has
#: no last one.
_EMPTY_ANSWERS: Final = 20
#: DynamoDB's codes for records that are gone, and for a shard or stream that is.
_GONE: Final = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})
_UNREADABLE: Final = "cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRange:
    """Where records of the table's stream are.

    Attributes:
        stream: ARN.
        shard: ID.
        start: sequence number of the first record.
        end: sequence number of the last one.
        first_at: when the first one was written, as Lambda says it.
        last_at: when the last one was.

    """

    stream: str
    shard: str
    start: str
    end: str
    first_at: str
    last_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A row with a change that was not told.

    Attributes:
        key: of the row.
        sequence_number: of the change in the stream.
        before: the row before it, if the stream says so.
        is_news: whether the function had found it worth an event, so that it must be told.

    """

    key: str
    sequence_number: str
    before: RawItem | None = None
    is_news: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """One message of the queue.

    Attributes:
        message_id: SQS's.
        receipt_handle: of this receive.
        set_aside_at: when it was put on the queue.
        reason: why, as the sender says it.
        key: of a row, if the message names one.
        sequence_number: of the row's change.
        range: of the stream, if the message names one.
        problem: why it cannot be redriven; None if it can, as far as the message tells.

    """

    message_id: str
    receipt_handle: str
    set_aside_at: datetime
    reason: str = ""
    key: str | None = None
    sequence_number: str = ""
    range: StreamRange | None = None
    problem: str | None = None


def set_aside(message: MessageTypeDef) -> SetAside:
    """Read a message of the queue."""
    try:
        body = json.loads(message["Body"])
    except (ValueError, RecursionError):
        body = None
    return SetAside(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        set_aside_at=sent_at(message),
        **_said(body),
    )


def _said(body: object) -> dict[str, Any]:
    match body:
        case {"key": str() | None as key, "sequence_number": str(number), "code": str(code)} if (
            number.isdecimal()
        ):
            problem = "names no row, because the record of its change could not be read"
            return {
                "reason": code,
                "key": key,
                "sequence_number": number,
                "problem": problem if key is None else None,
            }
        case {
            "requestContext": {"condition": str(condition)},
            "DDBStreamBatchInfo": {
                "streamArn": str(stream),
                "shardId": str(shard),
                "startSequenceNumber": str(start),
                "endSequenceNumber": str(end),
                "approximateArrivalOfFirstRecord": str(first_at),
                "approximateArrivalOfLastRecord": str(last_at),
            },
        } if start.isdecimal() and end.isdecimal():
            place = StreamRange(
                stream=stream, shard=shard, start=start, end=end, first_at=first_at, last_at=last_at
            )
            return {"reason": condition, "range": place}
        case _:
            return {"problem": _UNREADABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a redrive does with a message.

    Attributes:
        message: of the queue.
        rows: that it names, each once.
        problem: why it stays on the queue; None if it can be redriven.

    """

    message: SetAside
    rows: Sequence[Untold] = ()
    problem: str | None = None


def plan(message: SetAside, streams: DynamoDBStreamsClient) -> Plan:
    """Find out which rows a message names.

    Raises:
        ClientError: AWS refused.
        BotoCoreError: AWS could not be reached.

    """
    if message.problem is not None:
        return Plan(message=message, problem=message.problem)
    if message.range is None:
        number = message.sequence_number
        row = Untold(key=message.key or "", sequence_number=number, is_news=True)
        return Plan(message=message, rows=[row])
    try:
        return Plan(message=message, rows=_in_stream(message.range, streams))
    except _UnusableError as error:
        return Plan(message=message, problem=str(error))


class _UnusableError(Exception):
    """A range of the stream cannot be read; the text says why."""


def _in_stream(place: StreamRange, streams: DynamoDBStreamsClient) -> list[Untold]:
    """Return the rows whose changes are in a range."""
    found: dict[str, Untold] = {}
    lost = _UnusableError(
        f"names changes that were written from {place.first_at} to {place.last_at}, which the"
        " table's stream no longer has, because it keeps a day"
    )
    try:
        for record in _records(streams, place, lost):
            changed = record["dynamodb"]
            key = changed["Keys"]["pk"]["S"]
            # The row before the first of its untold changes is what was told last.
            if key not in found:
                found[key] = Untold(
                    key=key,
                    sequence_number=changed["SequenceNumber"],
                    before=changed.get("OldImage"),
                )
    except ParamValidationError:
        raise _UnusableError(_UNREADABLE) from None
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            raise lost from None
        raise
    return list(found.values())


def _records(
    streams: DynamoDBStreamsClient, place: StreamRange, lost: _UnusableError
) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a range; raise ``lost`` if its end does not come."""
    iterator: str | None = streams.get_shard_iterator(
        StreamArn=place.stream,
        ShardId=place.shard,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=place.start,
    )["ShardIterator"]
    empty, end = 0, int(place.end)
    while iterator is not None and empty < _EMPTY_ANSWERS:
        answer = streams.get_records(ShardIterator=iterator)
        for record in answer["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number <= end:
                yield record
            if number >= end:
                return
        empty = 0 if answer["Records"] else empty + 1
        iterator = answer.get("NextShardIterator")
    raise lost


@dataclass(slots=True)
class Redriven:
    """What became of the rows of a redrive.

    Attributes:
        handed: keys of the rows that the function took.
        silent: keys of those that have nothing to tell: gone, erased, or without an outcome.
        stopped: why the function did not take the rest; None if it took all.

    """

    handed: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    stopped: str | None = None

    def __contains__(self, key: str) -> bool:
        """Return whether nothing more is to be told of a row."""
        return key in self.handed or key in self.silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """Hands rows to the publish function.

    Attributes:
        read: reads rows by their keys.
        invoke: invokes the function with an event, and returns its answer.
        stream: ARN of the table's stream.
        region: of the stack.

    """

    read: Callable[[Sequence[str]], Mapping[str, RawItem]]
    invoke: Callable[[object], Mapping[str, Any]]
    stream: str
    region: str

    def run(self, rows: Sequence[Untold], done: Callable[[int], None]) -> Redriven:
        """Hand over the rows as they are now, up to the first that the function does not take.

        Args:
            rows: each key once.
            done: is called with the number of rows after each invocation.

        Raises:
            ClientError: AWS refused.
            BotoCoreError: AWS could not be reached.

        """
        result = Redriven()
        for chunk in batched(rows, MAX_ROWS, strict=False):
            found = self.read([row.key for row in chunk])
            telling = [row for row in chunk if "outcome" in found.get(row.key, {})]
            result.silent |= {row.key for row in chunk if row not in telling}
            if telling and not self._hand_over(telling, found, result):
                break
            done(len(chunk))
        return result

    def _hand_over(
        self, rows: Sequence[Untold], found: Mapping[str, RawItem], result: Redriven
    ) -> bool:
        records = [self._record(row, found[row.key]) for row in rows]
        try:
            answer = self.invoke({"Records": records})
        except FunctionError as error:
            result.stopped = str(error)
            return False
        failed = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
        for row in rows:
            # Whether the function told what comes after a failure is unknown, as for a stream.
            if row.sequence_number in failed:
                result.stopped = "The event bus did not take the events, or the queue what failed."
                return False
            result.handed.add(row.key)
        return True

    def _record(self, row: Untold, now: RawItem) -> dict[str, object]:
        """Return a record as the stream would have it, had the row become what it is just now."""
        before = row.before
        if row.is_news and now["outcome"] != {"S": "failed"}:
            # What it was before is unknown. Had it failed, every setting of `Events` has it told.
            before = {**now, "outcome": {"S": "failed"}}
        images = {"NewImage": now} | ({"OldImage": before} if before is not None else {})
        return {
            "eventID": row.sequence_number,
            "eventName": "INSERT" if before is None else "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.region,
            "eventSourceARN": self.stream,
            "dynamodb": {
                **_written_at(now),
                "Keys": {"pk": {"S": row.key}},
                **images,
                "SequenceNumber": row.sequence_number,
                "SizeBytes": len(json.dumps(images)),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }


def _written_at(now: RawItem) -> dict[str, int]:
    """Say when a row got its outcome: when it was fetched, because the row has nothing nearer."""
    match now:
        case {"fetched_at": {"S": str(fetched_at)}}:
            written_at = datetime.fromisoformat(fetched_at).timestamp()
            return {"ApproximateCreationDateTime": int(written_at)}
        case _:
            return {}


def invoke(client: LambdaClient, function: str, event: object) -> Mapping[str, Any]:
    """Invoke the publish function, and wait for its answer.

    Raises:
        FunctionError: it failed; the text has its own words.
        ClientError: AWS refused.
        BotoCoreError: AWS could not be reached, or did not answer in time.

    """
    answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise FunctionError(f"The publish function failed: {payload.get('errorMessage')}")
    returned: Mapping[str, Any] = payload
    return returned
