"""Records in the desk's table, as the function would have stored them."""

from __future__ import annotations

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.records.items import StorageOptions
from hooklog.records.recording import StoreRecord
from hooklog.records.store import StoreResult, apply
from local.space import Log
from tests.builders import record
from tests.ops.conftest import Desk

KEEPING = StorageOptions(index_numbers=True, index_days=True)


def log_id(number: int) -> str:
    """Give one of many IDs."""
    return f"00000000-0000-4000-8000-{number:012d}"


def store(desk: Desk, *logs: Log) -> list[str]:
    """Store logs; give their keys."""
    table = DynamoTable(desk.stack.dynamodb, desk.stack.output("TableName"))
    changes = [StoreRecord(record(log), KEEPING) for log in logs]
    results: dict[str, StoreResult] = apply(table, changes, {})
    assert len(results) == len(logs)
    return [change.key for change in changes]
