"""The table's stream, as Lambda delivers it, through powertools' parser."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import cast

from aws_lambda_powertools.utilities.parser.models.dynamodb import DynamoDBStreamRecordModel

from hooklog.errors import EventError
from hooklog.parsing import parse
from hooklog.publish.changes import Change, Image
from hooklog.publish.publisher import StreamRecord


def records(event: object) -> list[StreamRecord]:
    """Return the records of a stream's event, in its order.

    Raises:
        EventError: this is not an event of a DynamoDB stream.

    """
    match event:
        case {"Records": list(items)} if all(map(_is_record, items)):
            return [
                StreamRecord(
                    sequence_number=item["dynamodb"]["SequenceNumber"],
                    key=_key(item["dynamodb"].get("Keys")),
                    read=partial(_read, item),
                )
                for item in items
            ]
        case _:
            raise EventError("The event is not one of a DynamoDB stream.")


def _is_record(item: object) -> bool:
    match item:
        case {"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": str()}}:
            return True
        case _:
            return False


def _key(keys: object) -> str | None:
    match keys:
        case {"pk": {"S": str(key)}}:
            return key
        case _:
            return None


def _read(item: Mapping[str, object]) -> Change:
    changed = parse(item, DynamoDBStreamRecordModel).dynamodb
    return Change(
        key=changed.Keys["pk"],
        at=changed.ApproximateCreationDateTime or datetime.now(UTC),
        before=cast("Image | None", changed.OldImage),
        after=cast("Image | None", changed.NewImage),
    )
