"""How a record looks in the table: attribute names and types.

API fields keep the API's names. Absent attributes say "no such value": they cost nothing,
and an item of a typical log has to stay within one write unit of 1,024 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from hooklog.enrichment import Record
from hooklog.logs import LogKind

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
)
#: The id is in the key.
_ELSEWHERE = frozenset({"id"})


def iso(moment: datetime) -> str:
    """Write a UTC time with milliseconds, so that texts sort as times do."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def optional_attributes(kind: LogKind) -> list[str]:
    """Name every attribute that a record of this kind may have or lack."""
    return [*_api_fields(kind).values(), *_DERIVED]


def record_attributes(record: Record) -> dict[str, Attribute]:
    """Turn a record into the attributes of its row, without key and version."""
    log, explanation = record.log, record.explanation
    values: dict[str, Attribute | None] = {
        "log_type": record.kind.name,
        "outcome": record.outcome,
        "fetched_at": iso(record.fetched_at),
        "lag_ms": record.lag_ms,
        **{attribute: getattr(log, name) for name, attribute in _api_fields(record.kind).items()},
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
    return {name: value for name, value in values.items() if value is not None}


def _api_fields(kind: LogKind) -> dict[str, str]:
    """Map the model's field names to the API's, which the table keeps."""
    return {
        name: info.alias or name
        for name, info in kind.model.model_fields.items()
        if name not in _ELSEWHERE
    }
