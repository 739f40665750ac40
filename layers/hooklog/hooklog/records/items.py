"""How a record looks in the table: attribute names and types.

API fields keep the API's names. An attribute without a value is absent: it costs nothing, and an
item of a typical log has to stay within one write unit of 1,024 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from hooklog.clock import iso
from hooklog.logs import LogKind
from hooklog.records.enrichment import Record
from hooklog.records.rows import Attribute, present
from hooklog.records.signals import signal_names, signal_values


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageOptions:
    """How a deployment stores its rows.

    Attributes:
        ttl: after which DynamoDB removes a row; None keeps it.
        index_numbers: whether the index ``numbers`` is deployed, and rows have its key.
        index_days: whether the index ``days`` is deployed, and rows have its key.

    """

    ttl: timedelta | None = None
    index_numbers: bool = False
    index_days: bool = False


#: No optional index, and no time to live.
DEFAULT_STORAGE = StorageOptions()

#: Attributes in addition to the API's fields, and how to get their values; None means absent.
_ATTRIBUTES: Mapping[str, Callable[[Record], Attribute | None]] = {
    "log_type": lambda record: record.kind.name,
    "outcome": lambda record: record.outcome,
    "fetched_at": lambda record: iso(record.fetched_at),
    "lag_ms": lambda record: record.lag_ms,
    "created_at": lambda record: iso(record.log.created_at),
    "charge_details": lambda record: [
        {"description": detail.description, "charge": detail.charge}
        for detail in record.log.charge_details or ()
    ],
    # A url of the documented form is stored as its two IDs.
    "url": lambda record: None if record.resource_sid else record.log.url,
    "account_id": lambda record: record.account_id,
    "resource_sid": lambda record: record.resource_sid,
    "resolved_by": lambda record: record.resolved_by,
    "from_country": lambda record: record.sender.country if record.sender else None,
    "from_type": lambda record: record.sender.type if record.sender else None,
    "from_channel": lambda record: record.sender.channel if record.sender else None,
    "to_country": lambda record: record.recipient.country if record.recipient else None,
    "to_type": lambda record: record.recipient.type if record.recipient else None,
    "to_channel": lambda record: record.recipient.channel if record.recipient else None,
    "unit_charge": lambda record: record.unit_charge,
    "charge_gap": lambda record: record.charge_gap or None,
    "explanation": lambda record: record.explanation.key if record.explanation else None,
    "category": lambda record: record.explanation.category if record.explanation else None,
    "cause": lambda record: record.explanation.cause if record.explanation else None,
    "advice": lambda record: record.explanation.advice if record.explanation else None,
    "retry": lambda record: record.explanation.retry if record.explanation else None,
    "severity": lambda record: record.explanation.severity if record.explanation else None,
    "drift": lambda record: list(record.drift) or None,
    "unknown_fields": lambda record: record.unknown_fields,
    "final": lambda record: record.log.is_terminal or None,
    "unsettled": lambda record: record.is_unsettled or None,
}
#: Attributes of a failure.
_OF_A_FAILURE = frozenset(
    {
        *("outcome", "explanation", "category", "cause", "advice", "retry", "severity"),
        "failed_on",
    }
)


def attribute_names(kind: LogKind) -> list[str]:
    """Name every attribute that says something about a log of this kind."""
    own_end = signal_names(kind.name).values()
    return list(dict.fromkeys([*_api_fields(kind).values(), *_ATTRIBUTES, *own_end]))


def row_attributes(record: Record, options: StorageOptions) -> dict[str, Attribute | None]:
    """Return the attributes of a record's row, without key and version; None means absent."""
    log = record.log
    values = {name: getattr(log, field) for field, name in _api_fields(record.kind).items()}
    values |= {name: value_of(record) for name, value_of in _ATTRIBUTES.items()}
    # An index without a row's key does not hold the row, and costs nothing for it.
    day = f"{log.created_at:%Y-%m-%d}#{record.kind.name}"
    return (
        values
        | signal_values(record.kind.name, record.signal)
        | {
            "settled_by": record.settled_by,
            "expires_at": expires_at(record.fetched_at, options.ttl) if options.ttl else None,
            "failed_on": day if record.outcome == "failed" else None,
            "number": record.other_number if options.index_numbers else None,
            "day": day if options.index_days else None,
        }
    )


def failure_attributes(record: Record) -> dict[str, Attribute]:
    """Return the attributes that say that a log failed, and why."""
    attributes = record_attributes(record)
    return {name: attributes[name] for name in _OF_A_FAILURE & attributes.keys()}


def expires_at(moment: datetime, ttl: timedelta) -> int:
    """Return when an item expires, in seconds since 1970, as DynamoDB's time to live wants it."""
    return int((moment + ttl).timestamp())


def record_attributes(
    record: Record, options: StorageOptions = DEFAULT_STORAGE
) -> dict[str, Attribute]:
    """Return the attributes that a record's row has, without key and version."""
    return present(row_attributes(record, options))


@cache
def _api_fields(kind: LogKind) -> Mapping[str, str]:
    """Map the model's field names to the API's, which the table keeps; the key has the ID."""
    return {field: name for field, name in kind.fields.items() if name != "id"}
