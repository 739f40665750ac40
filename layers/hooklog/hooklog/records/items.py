"""How a record looks in the table: attribute names and types.

API fields keep the API's names. Absent attributes say "no such value": they cost nothing,
and an item of a typical log has to stay within one write unit of 1,024 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from hooklog.logs import LogKind
from hooklog.records.enrichment import Record

type Attribute = str | int | Decimal | bool | list[Attribute] | Mapping[str, Attribute]

_DERIVED = (
    "from_country",
    "from_type",
    "from_channel",
    "to_country",
    "to_type",
    "to_channel",
    "account_id",
    "resource_sid",
    "resolved_by",
    "unit_charge",
    "charge_gap",
    "explanation",
    "category",
    "cause",
    "advice",
    "retry",
    "severity",
    "drift",
    "unknown_fields",
    "final",
    "expires_at",
    "failed_on",
    "number",
    "day",
)
#: The id is in the key.
_ELSEWHERE = frozenset({"id"})


def iso(moment: datetime) -> str:
    """Write a UTC time with milliseconds, so that texts sort as times do."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How a deployment keeps its rows.

    Attributes:
        ttl: after which DynamoDB removes a row; None keeps it for ever.
        index_numbers: whether the index ``numbers`` is deployed, and rows have its key.
        index_days: whether the index ``days`` is deployed, and rows have its key.

    """

    ttl: timedelta | None = None
    index_numbers: bool = False
    index_days: bool = False


#: No index by number or day, and no end.
PLAIN = Keeping()


def optional_attributes(kind: LogKind) -> list[str]:
    """Name every attribute that a record of this kind may have or lack."""
    return [*_api_fields(kind).values(), *_DERIVED]


def record_attributes(record: Record, keeping: Keeping = PLAIN) -> dict[str, Attribute]:
    """Turn a record into the attributes of its row, without key and version."""
    log, explanation = record.log, record.explanation
    values: dict[str, Attribute | None] = {
        "log_type": record.kind.name,
        "outcome": record.outcome,
        "fetched_at": iso(record.fetched_at),
        "lag_ms": record.lag_ms,
        **{name: getattr(log, field) for field, name in _api_fields(record.kind).items()},
        "created_at": iso(log.created_at),
        "charge_details": [
            {"description": detail.description, "charge": detail.charge}
            for detail in log.charge_details
        ],
        # A url of the documented form is kept as its two ids.
        "url": None if record.resource_sid else log.url,
        "account_id": record.account_id,
        "resource_sid": record.resource_sid,
        "resolved_by": record.resolved_by,
        "unit_charge": record.unit_charge,
        "charge_gap": record.charge_gap or None,
        "drift": list(record.drift) or None,
        "unknown_fields": record.unknown_fields,
        "final": log.is_terminal or None,
    }
    for end, party in (("from", record.sender), ("to", record.recipient)):
        if party is not None:
            values[f"{end}_country"] = party.country
            values[f"{end}_type"] = party.type
            values[f"{end}_channel"] = party.channel
    if explanation is not None:
        values |= {
            "explanation": explanation.key,
            "category": explanation.category,
            "cause": explanation.cause,
            "advice": explanation.advice,
            "retry": explanation.retry,
            "severity": explanation.severity,
        }
    return {
        name: value
        for name, value in (values | _kept(record, keeping)).items()
        if value is not None
    }


def _kept(record: Record, keeping: Keeping) -> dict[str, Attribute | None]:
    """Give the end of its life, and the keys of the indexes that are deployed.

    An index without a row's key does not hold the row, and costs nothing for it.
    """
    day = f"{record.log.created_at:%Y-%m-%d}#{record.kind.name}"
    return {
        "expires_at": int((record.fetched_at + keeping.ttl).timestamp()) if keeping.ttl else None,
        "failed_on": day if record.outcome == "failed" else None,
        "number": record.other_number if keeping.index_numbers else None,
        "day": day if keeping.index_days else None,
    }


@cache
def _api_fields(kind: LogKind) -> Mapping[str, str]:
    """Map the model's field names to the API's, which the table keeps."""
    return {field: name for field, name in kind.fields.items() if name not in _ELSEWHERE}
