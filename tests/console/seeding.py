"""Records and parked messages for the console's tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.errors import HooklogError, NotFoundError
from hooklog.records.items import StorageOptions
from hooklog.records.parking import Park
from hooklog.records.recording import StoreRecord
from hooklog.records.store import apply
from tests.builders import body, failed_fax, record
from tests.fakes import NOW

if TYPE_CHECKING:
    from local.space import Json, Log
    from tests.console.conftest import Site

_KEEPING = StorageOptions(index_numbers=True)


def log_id(number: int) -> str:
    """Give one of many IDs."""
    return f"00000000-0000-4000-8000-{number:012d}"


def store(site: Site, *logs: Log) -> list[str]:
    """Store logs as the function does, each fetched a minute after it was created."""
    changes = []
    for log in logs:
        created_at = datetime.fromisoformat(str(log["created_at"]))
        found = record(
            log,
            sent_at=created_at + timedelta(seconds=55),
            fetched_at=created_at + timedelta(minutes=1),
        )
        changes.append(StoreRecord(found, _KEEPING))
    apply(DynamoTable(site.stack.dynamodb, site.stack.output("TableName")), changes, {})
    return [change.key for change in changes]


def failed_faxes(
    site: Site, count: int, *, now: datetime = NOW, first: int = 1, **changes: Json
) -> list[str]:
    """Store failed faxes, one a minute going back; give their keys, newest first."""
    return store(
        site,
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
    site: Site,
    number: int,
    error: HooklogError | None = None,
    *,
    at: datetime = NOW - timedelta(hours=1),
    text: str | None = None,
) -> str:
    """Park a fax as the function does; give its key."""
    key = f"fax#{log_id(number)}"
    change = Park(
        key=key,
        error=error or NotFoundError(),
        body=body("fax", log_id(number)) if text is None else text,
        attempts=5,
        at=at,
        log_type="fax",
    )
    apply(DynamoTable(site.stack.dynamodb, site.stack.output("TableName")), [change], {})
    return key
