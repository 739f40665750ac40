"""The table's stream: Lambda's event becomes records that are read one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from hooklog.adapters.aws.stream import records
from hooklog.errors import EventError
from tests.builders import failed_fax
from tests.publishing import row

FAILED = row(failed_fax())


def image(item: dict[str, Any]) -> dict[str, Any]:
    """Return a row in DynamoDB's notation."""
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def item(
    name: str = "MODIFY", number: str = "100", **changes: dict[str, Any] | None
) -> dict[str, Any]:
    """Return a record as Lambda's documentation shows it."""
    changed = {
        "ApproximateCreationDateTime": 1777896008.0,
        "Keys": image({"pk": FAILED["pk"]}),
        "NewImage": image(FAILED | {"version": 2}),
        "OldImage": image(FAILED),
        "SequenceNumber": number,
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        **changes,
    }
    return {
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026",
        "dynamodb": {name: value for name, value in changed.items() if value is not None},
    }


def test_a_change_has_the_row_before_and_after() -> None:
    """Attributes are Python values, and the time is that of the write."""
    (record,) = records({"Records": [item()]})
    assert (record.sequence_number, record.key) == ("100", FAILED["pk"])
    change = record.read()
    assert change.key == FAILED["pk"]
    assert change.at == datetime(2026, 5, 4, 12, 0, 8, tzinfo=UTC)
    assert change.before == FAILED
    assert change.after == FAILED | {"version": Decimal(2)}


def test_a_change_without_a_time_is_of_now() -> None:
    """AWS documents the time as optional; what stands in for it is in UTC."""
    (record,) = records({"Records": [item(ApproximateCreationDateTime=None)]})
    assert record.read().at.tzinfo is UTC


def test_a_new_row_has_nothing_before() -> None:
    """An insert has no old image, and a removal no new one."""
    new, gone = records({"Records": [item("INSERT", OldImage=None), item("REMOVE", NewImage=None)]})
    assert new.read().before is None
    assert gone.read().after is None


def test_records_keep_their_order() -> None:
    """Lambda's order is that of the writes of each row."""
    found = records({"Records": [item(number=number) for number in ("9", "10", "8")]})
    assert [record.sequence_number for record in found] == ["9", "10", "8"]


def test_one_that_cannot_be_read_leaves_the_others() -> None:
    """Its place and its key are known, and only reading it raises."""
    bad = item(NewImage={"outcome": {"WHAT": "?"}})
    found = records({"Records": [bad, item()]})
    assert found[0].key == FAILED["pk"]
    with pytest.raises(TypeError):
        found[0].read()
    assert found[1].read().key == FAILED["pk"]


@pytest.mark.parametrize("keys", [None, {}, {"pk": {"N": "1"}}, {"id": {"S": "1"}}])
def test_a_record_without_a_key_has_none(keys: dict[str, Any] | None) -> None:
    """It has a place nevertheless."""
    (record,) = records({"Records": [item(Keys=keys)]})
    assert record.key is None


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"Records": None},
        {"Records": [{}]},
        {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
        {"Records": [item(), {"eventSource": "aws:dynamodb", "dynamodb": {}}]},
    ],
)
def test_another_event_is_refused(event: object) -> None:
    """Nothing is told, and the invocation fails."""
    with pytest.raises(EventError) as caught:
        records(event)
    assert caught.value.detail == "The event is not one of a DynamoDB stream."
