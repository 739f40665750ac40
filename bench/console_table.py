"""Tables full of records for the console, in a local cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.types import TypeSerializer

from hooklog.catalogue import CATALOGUE
from hooklog.clock import iso
from hooklog.logs import KINDS
from hooklog.records.enrichment import enrich
from hooklog.records.items import StorageOptions, record_attributes
from local.template import template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: The time of the console; the newest record was created shortly before.
NOW: Final = datetime(2026, 5, 4, 18, 0, tzinfo=UTC)
#: Of ten records of a kind: failed, and parked; enough for full lists with a thousand records.
_FAILED, _PARKED = 6, 3
#: Only this many records may be parked.
_MAY_BE_PARKED = 1_000
_CODES = {"fax": "34004", "message": "30003"}
_BATCH = 25
_THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a table is filled: the days that it spans, and how many phone numbers it has."""

    days: float
    numbers: int


def make_table(client: DynamoDBClient, name: str) -> None:
    """Create the template's table, with all of its indexes."""
    properties = template()["Resources"]["Table"]["Properties"]

    def included(one: Any) -> Any:  # noqa: ANN401 - a part of a parsed template
        # !If is read as [condition, value if true, value if false].
        return one[1] if isinstance(one, list) else one

    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=properties["KeySchema"],
        AttributeDefinitions=[included(one) for one in properties["AttributeDefinitions"]],
        GlobalSecondaryIndexes=[included(one) for one in properties["GlobalSecondaryIndexes"]],
    )


def fill(client: DynamoDBClient, table: str, count: int, shape: Shape) -> None:
    """Write records to a table, evenly spread over the days before :data:`NOW`."""

    def put(batch: tuple[Mapping[str, Any], ...]) -> None:
        requests: Any = [{"PutRequest": {"Item": item}} for item in batch]
        answer = client.batch_write_item(RequestItems={table: requests})
        if answer["UnprocessedItems"]:
            raise RuntimeError("The local cloud did not store all records.")

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(put, batched(_items(count, shape), _BATCH, strict=False)))


def _items(count: int, shape: Shape) -> Iterator[Mapping[str, Any]]:
    """Return rows; they differ in the attributes that indexes and pages use."""
    patterns = {
        (kind, failed): _pattern(kind, failed=failed) for kind in _CODES for failed in (True, False)
    }
    for index in range(count):
        kind = ("fax", "message")[index % 2]
        part = index // 2 % 10
        failed = part < _FAILED
        created_at = NOW - timedelta(days=shape.days) * (index + 1) / (count + 1)
        item = patterns[kind, failed] | {
            "pk": {"S": f"{kind}#{log_id(index)}"},
            "created_at": {"S": iso(created_at)},
            "number": {"S": number(index % shape.numbers)},
            "day": {"S": f"{created_at:%Y-%m-%d}#{kind}"},
        }
        if failed:
            item["failed_on"] = item["day"]
        # Parked records are fixed and disappear, so an older table does not have more of them.
        elif index < _MAY_BE_PARKED and part < _FAILED + _PARKED:
            item |= {
                "parked_code": {"S": "fetch.not_found"},
                "parked_detail": {"S": "Check that the log ID belongs to this project."},
                "parked_body": {"S": "{}"},
                "parked_attempts": {"N": "5"},
                "parked_first_at": {"S": iso(created_at)},
                "parked_at": {"S": iso(created_at)},
            }
        yield item


def _pattern(kind: str, *, failed: bool) -> dict[str, Any]:
    """Return the row of an ordinary log."""
    log: dict[str, Any] = {
        "id": log_id(0),
        "from": "+12025550143",
        "to": number(0),
        "status": "completed" if kind == "fax" else "delivered",
        "direction": "outbound",
        "source": "laml",
        "type": "laml_call",
        "charge": 0.02,
        "charge_details": [{"description": "Outbound", "charge": 0.02}],
        "created_at": iso(NOW),
        "number_of_pages": 2,
        "number_of_segments": 1,
        "url": "https://example.signalwire.com/",
        "kind": "sms",
        "quality": "standard",
        "remote_station": None,
        "error_message": None,
        "error_code": _CODES[kind] if failed else None,
    }
    found = KINDS[kind].model.model_validate_json(json.dumps(log))
    record = enrich(KINDS[kind], found, catalogue=CATALOGUE, sent_at=NOW, fetched_at=NOW)
    attributes = record_attributes(record, StorageOptions(index_numbers=True, index_days=True))
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in attributes.items()} | {"version": {"N": "1"}}


def log_id(index: int) -> str:
    """Return the ID of a record's log."""
    return f"00000000-0000-4000-8000-{index:012d}"


def number(index: int) -> str:
    """Return a phone number."""
    return f"+442079{index:06d}"
