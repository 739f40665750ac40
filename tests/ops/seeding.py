"""Records and parked messages in the desk's table, stored as the functions store them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.errors import HooklogError, NotFoundError
from hooklog.pace import Pace
from hooklog.records.items import StorageOptions
from hooklog.records.parking import Park
from hooklog.records.patience import Try
from hooklog.records.recording import StoreAlias, StoreRecord
from hooklog.records.rows import PACE_KEY, Change, Write, pace_values, present
from hooklog.records.store import Stored, apply
from tests.builders import body, failed_fax, record
from tests.fakes import NOW

if TYPE_CHECKING:
    from hooklog.records.signals import Signal
    from local.space import Json, Log
    from tests.ops.conftest import Desk

STORAGE = StorageOptions(index_numbers=True, index_days=True)


def log_id(number: int) -> str:
    """Return one of many IDs."""
    return f"00000000-0000-4000-8000-{number:012d}"


def sid(number: int) -> str:
    """Return one of many SIDs of faxes."""
    return f"00000000-0000-4000-9000-{number:012d}"


def table(desk: Desk) -> DynamoTable:
    """Return the table as the functions use it."""
    return DynamoTable(desk.stack.dynamodb, desk.stack.output("TableName"))


def store(desk: Desk, *logs: Log) -> list[str]:
    """Store logs, each fetched a minute after it was created; return their keys."""
    changes = []
    for log in logs:
        created_at = datetime.fromisoformat(str(log["created_at"]))
        found = record(
            log,
            sent_at=created_at + timedelta(seconds=55),
            fetched_at=created_at + timedelta(minutes=1),
        )
        changes.append(StoreRecord(found, STORAGE))
    return _written(desk, *changes)


def store_signal(desk: Desk, log: Log, signal: Signal) -> str:
    """Store a log beside what others told of its end; return its key."""
    created_at = datetime.fromisoformat(str(log["created_at"]))
    found = record(log, sent_at=created_at, fetched_at=created_at + timedelta(minutes=1))
    return _written(desk, StoreRecord(found, STORAGE, told=signal))[0]


def alias(desk: Desk, number: int, **changes: Json) -> str:
    """Let a fax's SID lead to its log, as before its row is stored; return the SID's key."""
    found = record(sent_fax(number, **changes))
    return _written(desk, StoreAlias(found, STORAGE))[0]


def sent_fax(number: int, **changes: Json) -> Log:
    """Return a failed fax whose SID is not its log's ID."""
    url = str(failed_fax()["url"]).rpartition("/")[0]
    return failed_fax(id=log_id(number), url=f"{url}/{sid(number)}") | changes


def store_with_alias(desk: Desk, number: int, **changes: Json) -> tuple[str, str]:
    """Store a fax as the function does; return the keys under its ID and under its SID."""
    other = alias(desk, number, **changes)
    (key,) = store(desk, sent_fax(number, **changes))
    return key, other


def failed_faxes(
    desk: Desk, count: int, *, now: datetime = NOW, first: int = 1, **changes: Json
) -> list[str]:
    """Store failed faxes, one per minute going back; return their keys, newest first."""
    return store(
        desk,
        *(
            failed_fax(
                id=log_id(first + number),
                created_at=(now - timedelta(minutes=number + 1)).isoformat(),
                **changes,
            )
            for number in range(count)
        ),
    )


def park(
    desk: Desk,
    number: int,
    error: HooklogError | None = None,
    *,
    log_type: str = "fax",
    at: datetime = NOW - timedelta(hours=1),
    text: str | None = None,
    name: str | None = None,
) -> str:
    """Park a message, under the log's ID or another name; return its key."""
    name = name or log_id(number)
    change = Park(
        key=f"{log_type}#{name}",
        error=error or NotFoundError(),
        body=body(log_type, name) if text is None else text,
        attempts=5,
        at=at,
        log_type=log_type,
    )
    return _written(desk, change)[0]


def count_tries(
    desk: Desk,
    number: int,
    *,
    count: int = 2,
    error: type[HooklogError] = NotFoundError,
    log_type: str = "fax",
    name: str | None = None,
) -> str:
    """Count a log's failures under its ID or another name; return its key."""
    key = f"{log_type}#{name or log_id(number)}"
    change = Try(key=key, code=error.code, count=count, at=NOW, log_type=log_type)
    (result,) = apply(table(desk), [change], table(desk).read([key])).values()
    assert isinstance(result, Stored), result
    return key


def set_pace(desk: Desk, pace: Pace) -> None:
    """Let all instances keep to a pace."""
    values = present(pace_values(pace))
    written = table(desk).write([Write(key=PACE_KEY, expected_version=None, values=values)])
    assert written == {PACE_KEY: None}


def _written(desk: Desk, *changes: Change) -> list[str]:
    results = apply(table(desk), changes, {})
    assert all(isinstance(result, Stored) for result in results.values()), results
    assert len(results) == len(changes)
    return [change.key for change in changes]
