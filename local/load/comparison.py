"""Compare the table with the space, row by row.

Each row is compared twice. First with the log itself, by code that shares nothing with hooklog: the
row must have each field as SignalWire returned it. Then with the row that hooklog's own domain code
derives from the log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from hooklog.catalogue import CATALOGUE
from hooklog.enrich.ports import Fetched
from hooklog.enrich.settling import fax_signal
from hooklog.logs import KINDS, LogKind
from hooklog.records.enrichment import Record, enrich, weigh
from hooklog.records.items import StorageOptions, record_attributes
from local.load.faults import FaultCase
from local.space import Json, Log
from local.space.fax_resources import derived
from local.stack import Item

#: As deployed.
STORAGE = StorageOptions(index_numbers=True, index_days=True)

#: In the row under another name or in another form.
_CONVERTED = frozenset({"id", "url", "created_at"})
#: Not a function of the log.
_OF_THE_FETCH = frozenset({"pk", "version", "fetched_at", "lag_ms", "first_failed_at"})


def differences(
    logs: Mapping[str, Log],
    faults: Mapping[str, FaultCase],
    items: Iterable[Item],
    dead_letters: Iterable[str] = (),
) -> list[str]:
    """Return one sentence per difference; an empty list is what is wanted.

    Args:
        logs: of the space, by the key of their rows.
        faults: of some of them, by the same key.
        items: of the table; those of other logs are ignored.
        dead_letters: keys of the logs that messages in the dead-letter queue are about.

    """
    rows = {item["pk"]: item for item in items}
    found = [
        f"{key}: a message about it is in the dead-letter queue"
        for key in sorted(set(dead_letters))
    ]
    for key, log in logs.items():
        fault = faults.get(key)
        row = rows.get(key)
        if row is None:
            found.append(f"{key}: lost, it has neither a row nor a parked message")
        else:
            wrong = (
                _unlike_parked(key, fault.parked_as, row)
                if fault is not None and fault.parked_as is not None
                else (*_unlike_log(log, row), *_unlike_derived(key, log, row))
            )
            found += [f"{key}: {what}" for what in wrong]
    return found


def record_of(kind: LogKind, log: Log, fetched_at: datetime) -> Record:
    """Return the record that the domain code makes of a log, and of a fax's resource."""
    record = enrich(
        kind,
        kind.model.model_validate_json(json.dumps(log)),
        catalogue=CATALOGUE,
        sent_at=fetched_at,
        fetched_at=fetched_at,
    )
    if not record.is_call_end:
        return record
    # No callback told how the fax ended.
    resource = Fetched(body=json.dumps(derived(log)), began_at=fetched_at, took_ms=0)
    return weigh(record, fax_signal(record, resource))


def _unlike_parked(key: str, code: str, row: Item) -> Iterator[str]:
    """Compare a row with that of a message that was parked under this code."""
    if row.get("parked_code") != code:
        yield f"parked as {row.get('parked_code')}, and not as {code}"
        return
    body = json.loads(row["parked_body"])
    if f"{body['log_type']}#{body['log_id']}" != key:
        yield f"parked with the message {row['parked_body']}"
    if "outcome" in row:
        yield "parked, and stored with an outcome too"


def _unlike_log(log: Log, row: Item) -> Iterator[str]:
    """Compare a row with the log's own fields."""
    for name, value in log.items():
        stored = row.get(name)
        if name not in _CONVERTED and stored != _as_stored(value):
            yield f"{name} is {stored!r}, SignalWire has {value!r}"
    created = datetime.fromisoformat(str(log["created_at"])).replace(tzinfo=None)
    if row.get("created_at") != f"{created.isoformat(timespec='milliseconds')}Z":
        yield f"created_at is {row.get('created_at')!r}, SignalWire has {log['created_at']!r}"
    ids = [row.get("account_id"), row.get("resource_sid")]
    parts = str(log["url"]).split("/") if log.get("url") else []
    if ids != ([parts[-3], parts[-1]] if parts else [None, None]):
        yield f"the account and the resource are {ids}, SignalWire has {log.get('url')!r}"


def _as_stored(value: Json) -> object:
    """Return a JSON value as a client reads it from DynamoDB; null values are absent."""
    if isinstance(value, list):
        return [_as_stored(one) for one in value]
    if isinstance(value, dict):
        return {name: _as_stored(one) for name, one in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    return value


def _unlike_derived(key: str, log: Log, row: Item) -> Iterator[str]:
    """Compare a row with the one that the domain code derives from the log."""
    if "fetched_at" not in row:
        yield f"no record, parked as {row.get('parked_code')}"
        return
    record = record_of(KINDS[key.partition("#")[0]], log, datetime.fromisoformat(row["fetched_at"]))
    expected = record_attributes(record, STORAGE)
    for name in sorted((expected.keys() | row.keys()) - _OF_THE_FETCH):
        if row.get(name) != expected.get(name):
            yield f"{name} is {row.get(name)!r}, and should be {expected.get(name)!r}"
    if ("first_failed_at" in row) != (record.outcome == "failed"):
        yield f"first_failed_at is {row.get('first_failed_at')!r} for outcome {record.outcome}"
