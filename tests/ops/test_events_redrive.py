"""`hooklog events redrive`: what was set aside is told, as the rows are now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from hooklog.adapters.aws.sqs import SqsProducer
from hooklog.adapters.aws.stream import records
from hooklog.errors import EventRefusedError, PublishUnavailableError
from hooklog.publish.changes import Wanted
from hooklog.publish.publisher import Publisher
from hooklog_ops.errors import FunctionError, RedriveError
from hooklog_ops.queues import queue_depth
from tests.builders import failed_fax, fax_log
from tests.ops.conftest import Desk
from tests.ops.seeding import log_id
from tests.publishing import FakeBus, FakePublishTelemetry, row

#: The only shard of the local cloud's streams.
SHARD = "shardId-00000000000000000000-00000000"
_SERIALIZE = TypeSerializer().serialize


@dataclass
class Function:
    """The publish function: its own code on a bus that keeps what it takes."""

    desk: Desk
    wanted: Wanted = Wanted.ALL
    bus: FakeBus = field(default_factory=FakeBus)
    sizes: list[int] = field(default_factory=list)
    #: Raised instead of an answer.
    crash: FunctionError | None = None

    def __call__(self, _client: object, _name: str, event: dict[str, Any]) -> Mapping[str, Any]:
        """Handle an event that Lambda could carry."""
        self.sizes.append(len(event["Records"]))
        if self.crash is not None:
            raise self.crash
        sqs, url = self.desk.stack.sqs, self.desk.stack.output("UnpublishedQueueUrl")
        publisher = Publisher(
            bus=self.bus,
            unpublished=SqsProducer(lambda: sqs, url),
            telemetry=FakePublishTelemetry(),
            wanted=self.wanted,
        )
        return publisher.handle(records(json.loads(json.dumps(event))))

    @property
    def told(self) -> list[tuple[str, str, int]]:
        """The events: the log's ID, the outcome and the version."""
        details = [json.loads(entry.detail) for entry in self.bus.taken]
        return [(one["log_id"], one["outcome"], one["version"]) for one in details]


@pytest.fixture
def function(events_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Function:
    """Have the command invoke the function's code here."""
    function = Function(events_desk)
    monkeypatch.setattr("hooklog_ops.commands.events.invoke", function)
    return function


def put(desk: Desk, number: int, outcome: str = "failed", version: int = 1) -> str:
    """Write the row of a fax, and so a record of the stream; return its key."""
    log = {
        "failed": failed_fax(),
        "succeeded": fax_log(),
        "in_progress": fax_log(status="ringing"),
    }[outcome]
    item = row(log | {"id": log_id(number)}, version=version)
    assert item["outcome"] == outcome
    desk.stack.dynamodb.put_item(
        TableName=desk.stack.output("TableName"),
        Item={name: _SERIALIZE(value) for name, value in item.items()},
    )
    return str(item["pk"])


def stream_of(desk: Desk) -> tuple[str, list[dict[str, Any]]]:
    """Return the stream's ARN and its records."""
    table = desk.stack.dynamodb.describe_table(TableName=desk.stack.output("TableName"))
    arn = table["Table"]["LatestStreamArn"]
    streams = desk.stack.streams
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found: list[Any] = streams.get_records(ShardIterator=iterator)["Records"]
    return arn, found


def queue(desk: Desk, *bodies: object) -> None:
    """Put messages on the queue of what could not be told."""
    for body in bodies:
        desk.stack.sqs.send_message(
            QueueUrl=desk.stack.output("UnpublishedQueueUrl"),
            MessageBody=body if isinstance(body, str) else json.dumps(body),
        )


def of_row(key: str | None, number: str = "7", code: str = "publish.refused") -> object:
    """Return what the function puts on the queue."""
    return {"key": key, "sequence_number": number, "code": code, "detail": "Why."}


def of_range(stream: str, start: str, end: str, shard: str = SHARD) -> object:
    """Return what Lambda puts on the queue."""
    return {
        "requestContext": {"condition": "MaxRecordAgeExceeded", "approximateInvokeCount": 9},
        "version": "1.0",
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": start,
            "endSequenceNumber": end,
            "approximateArrivalOfFirstRecord": "2026-05-04T12:00:00Z",
            "approximateArrivalOfLastRecord": "2026-05-04T12:00:09Z",
            "batchSize": 2,
            "streamArn": stream,
        },
    }


def last_changes(desk: Desk, count: int) -> object:
    """Return what Lambda would put on the queue for the newest records of the stream."""
    stream, found = stream_of(desk)
    numbers = [one["dynamodb"]["SequenceNumber"] for one in found]
    return of_range(stream, numbers[-count], numbers[-1])


def left(desk: Desk) -> int:
    """Count the messages that are on the queue, and not hidden."""
    depth = queue_depth(desk.stack.sqs, desk.stack.output("UnpublishedQueueUrl"))
    assert depth.in_flight == 0
    return depth.visible


def test_a_row_that_the_function_named_is_told(events_desk: Desk, function: Function) -> None:
    """As it is now; the message leaves the queue."""
    key = put(events_desk, 1, version=4)
    queue(events_desk, of_row(key))
    done = events_desk.json("events", "redrive", "--yes")
    assert function.told == [(log_id(1), "failed", 4)]
    assert (done["redriven"], done["rows_taken"], done["rows_back_again"]) == (1, 1, [])
    assert left(events_desk) == 0


def test_the_rows_of_a_range_are_told(events_desk: Desk, function: Function) -> None:
    """Each once and as it is now, whatever changed since; other records are left alone."""
    put(events_desk, 1)
    put(events_desk, 2, "in_progress")
    put(events_desk, 3)
    put(events_desk, 2, "succeeded", version=2)
    message = last_changes(events_desk, 3)
    put(events_desk, 3, "succeeded", version=2)
    queue(events_desk, message)
    events_desk.json("events", "redrive", "--yes")
    assert function.told == [(log_id(2), "succeeded", 2), (log_id(3), "succeeded", 2)]
    assert left(events_desk) == 0


def test_what_is_behind_a_range_is_left_alone(events_desk: Desk, function: Function) -> None:
    """Also if the stream has no record at the range's end."""
    put(events_desk, 1)
    put(events_desk, 2)
    stream, found = stream_of(events_desk)
    first, second = (int(one["dynamodb"]["SequenceNumber"]) for one in found[-2:])
    width = len(found[-1]["dynamodb"]["SequenceNumber"])
    assert first < second - 1
    queue(events_desk, of_range(stream, f"{first:0{width}}", f"{second - 1:0{width}}"))
    events_desk.json("events", "redrive", "--yes")
    assert function.told == [(log_id(1), "failed", 1)]


def test_a_row_that_is_what_it_was_before_is_not_told(
    events_desk: Desk, function: Function
) -> None:
    """What the stream's record says of it before is what was told last."""
    put(events_desk, 1)
    put(events_desk, 1, version=2)
    queue(events_desk, last_changes(events_desk, 1))
    assert events_desk.json("events", "redrive", "--yes")["redriven"] == 1
    assert function.told == []
    assert left(events_desk) == 0


@pytest.mark.parametrize("form", ["row", "range"])
def test_a_correction_is_told_whatever_is_wanted(
    events_desk: Desk, function: Function, form: str
) -> None:
    """Who heard of a failure hears of its end, also where only failures are told."""
    function.wanted = Wanted.FAILURES
    put(events_desk, 1)
    key = put(events_desk, 1, "succeeded", version=2)
    queue(events_desk, of_row(key) if form == "row" else last_changes(events_desk, 1))
    events_desk.json("events", "redrive", "--yes")
    assert function.told == [(log_id(1), "succeeded", 2)]


def test_what_is_not_wanted_is_not_told(events_desk: Desk, function: Function) -> None:
    """A range has records that were no news."""
    function.wanted = Wanted.FAILURES
    put(events_desk, 1, "succeeded")
    queue(events_desk, last_changes(events_desk, 1))
    events_desk.json("events", "redrive", "--yes")
    assert function.told == []


def test_rows_with_nothing_to_tell_are_done(events_desk: Desk, function: Function) -> None:
    """One is gone, one was erased; the function gets neither."""
    key = f"fax#{log_id(1)}"
    events_desk.stack.dynamodb.put_item(
        TableName=events_desk.stack.output("TableName"),
        Item={"pk": {"S": key}, "erased_at": {"S": "2026-05-04T12:00:00.000Z"}},
    )
    queue(events_desk, of_row(key), of_row(f"fax#{log_id(2)}"))
    done = events_desk.json("events", "redrive", "--yes")
    assert (done["redriven"], done["rows_silent"]) == (2, 2)
    assert function.sizes == []
    assert left(events_desk) == 0


def test_a_hundred_rows_make_an_invocation(events_desk: Desk, function: Function) -> None:
    """A row that two messages name is told once."""
    for number in range(101):
        put(events_desk, number)
    queue(events_desk, last_changes(events_desk, 101), last_changes(events_desk, 20))
    assert events_desk.json("events", "redrive", "--yes")["redriven"] == 2
    assert function.sizes == [100, 1]
    assert len(set(function.told)) == len(function.told) == 101


def test_a_row_that_fails_again_comes_back(events_desk: Desk, function: Function) -> None:
    """The function sets it aside once more, and the command says so."""
    key = put(events_desk, 1)
    queue(events_desk, of_row(key, "8"))
    function.bus.errors["8"] = EventRefusedError()
    result = events_desk.hooklog("events", "redrive", "--yes")
    assert result.exit_code == 0
    assert "1 row failed again, and came back as new messages." in result.stdout
    assert left(events_desk) == 1


def test_what_the_function_does_not_take_stays(events_desk: Desk, function: Function) -> None:
    """Lambda's answer names the first such row; those before it are done."""
    keys = [put(events_desk, number) for number in range(3)]
    queue(events_desk, *(of_row(key, str(number)) for number, key in enumerate(keys)))
    function.bus.errors["1"] = PublishUnavailableError()
    result = events_desk.hooklog("events", "redrive", "--yes")
    assert isinstance(result.exception, RedriveError)
    assert "run the same command again" in str(result.exception)
    assert left(events_desk) == 2
    function.bus.errors.clear()
    assert events_desk.json("events", "redrive", "--yes")["redriven"] == 2
    assert {name for name, _, _ in function.told} == {log_id(number) for number in range(3)}


def test_a_function_that_fails_keeps_the_messages(events_desk: Desk, function: Function) -> None:
    """The error has its words."""
    queue(events_desk, of_row(put(events_desk, 1)))
    function.crash = FunctionError("The publish function failed: EVENTS is not set.")
    result = events_desk.hooklog("events", "redrive", "--yes")
    assert "EVENTS is not set. The messages stay" in str(result.exception)
    assert left(events_desk) == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("not JSON", "It cannot be read."),
        ("[" * 100_000, "It cannot be read."),
        ({"key": 7, "sequence_number": "1", "code": "x"}, "It cannot be read."),
        ({"key": "fax#1", "sequence_number": "\x1b", "code": "x"}, "It cannot be read."),
        ({"DDBStreamBatchInfo": {}}, "It cannot be read."),
        (of_range(f"arn:{'x' * 40}", "a" * 21, "b"), "It cannot be read."),
        (of_range("arn", "1", "2"), "It cannot be read."),
        (of_row(None, code="internal.unexpected"), "It names no row"),
    ],
)
def test_a_message_that_names_no_row_is_kept(
    body: object, told: str, events_desk: Desk, function: Function
) -> None:
    """It is named, and does not keep others from being redriven."""
    queue(events_desk, body, of_row(put(events_desk, 1)))
    result = events_desk.hooklog("events", "redrive", "--yes")
    assert told in result.stdout
    assert isinstance(result.exception, RedriveError)
    assert "1 message cannot be redriven, and left on the queue" in str(result.exception)
    assert len(function.told) == 1
    assert left(events_desk) == 1


@pytest.mark.parametrize("what", ["record", "shard"])
def test_changes_that_the_stream_no_longer_has_are_named(
    what: str, events_desk: Desk, function: Function
) -> None:
    """It says between which times they were written, and where to look; the message stays."""
    put(events_desk, 1)
    stream, found = stream_of(events_desk)
    number = found[-1]["dynamodb"]["SequenceNumber"]
    lost = {
        "record": of_range(stream, "1" * 21, number),
        "shard": of_range(stream, number, number, shard=SHARD.replace("0", "1")),
    }
    queue(events_desk, lost[what])
    result = events_desk.hooklog("events", "redrive", "--yes")
    said = str(result.exception)
    assert "between 2026-05-04T12:00:00Z and 2026-05-04T12:00:09Z" in said
    assert "hooklog failures" in said
    assert function.told == []
    assert left(events_desk) == 1


def test_a_range_without_an_end_ends(events_desk: Desk, function: Function) -> None:
    """An open shard always has a next page; a redrive does not wait for records to come."""
    put(events_desk, 1)
    stream, found = stream_of(events_desk)
    number = found[-1]["dynamodb"]["SequenceNumber"]
    queue(events_desk, of_range(stream, number, str(int(number) * 10)))
    result = events_desk.hooklog("events", "redrive", "--yes")
    assert isinstance(result.exception, RedriveError)
    assert function.told == []
    assert left(events_desk) == 1


def test_a_dry_run_only_lists(events_desk: Desk, function: Function) -> None:
    """Every message stays visible, and the list says what each names."""
    key = put(events_desk, 1)
    queue(events_desk, of_row(key), last_changes(events_desk, 1), "not JSON")
    listed = events_desk.json("events", "redrive", "--dry-run")
    assert listed["would_redrive"] == 2
    assert sorted(one["rows"] for one in listed["messages"]) == [[], [key], [key]]
    shown = events_desk.hooklog("events", "redrive", "--dry-run")
    assert shown.exit_code == 0
    for part in ("Set aside: 3 messages", key, "publish.refused", "1 row, 2026-05-04T12:00:00Z"):
        assert part in shown.stdout
    assert function.sizes == []
    assert left(events_desk) == 3


def test_a_redrive_without_a_terminal_needs_yes(events_desk: Desk, function: Function) -> None:
    """Without it nothing is told, and the message is visible to others at once."""
    queue(events_desk, of_row(put(events_desk, 1)))
    result = events_desk.hooklog("events", "redrive")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert function.sizes == []
    assert left(events_desk) == 1


def test_an_empty_queue_says_so(events_desk: Desk) -> None:
    """There is nothing to ask."""
    result = events_desk.hooklog("events", "redrive")
    assert result.exit_code == 0
    assert "Nothing is set aside." in result.stdout
