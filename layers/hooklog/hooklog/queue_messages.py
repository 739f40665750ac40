"""The queue message: what it asks for, and the one place that writes its body.

:mod:`hooklog.enrich.deliveries` reads it. This module needs no pydantic: the webhook function
imports it, and SignalWire waits while that function starts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hooklog.logs import LogKind

#: The form of an error code that may be queued and logged. Anything else could be personal data,
#: and so could seven digits, whatever surrounds them.
ERROR_CODE = re.compile(r"(?!(\D*\d){7})([A-Za-z][A-Za-z0-9_.-]{0,63}|-?\d+)")
#: The form of a status: a word, and nothing that could be a number or a text.
STATUS = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
#: SQS message attribute of a redriven message: the key of the row in which it was parked.
PARKED_AS = "parked_as"


class Origin(StrEnum):
    """Who put the message on the queue."""

    WEBHOOK = "webhook"
    SWEEP = "sweep"
    BACKFILL = "backfill"
    REDRIVE = "redrive"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """A message that was read: which log to fetch, and why.

    Attributes:
        kind: of log.
        log_id: lower-case UUID to fetch. It is the resource's SID where only that is known,
            which may or may not be the log's own ID.
        event_at: when the event happened, or else when the message was sent.
        status: that the callback announced, in the callback's words.
        error_code: that the callback gave for a failure.
        origin: who asked.
        resource_sid: LaML SID of the fax or message, by which its log can be found in a list.

    """

    kind: LogKind
    log_id: str
    event_at: datetime
    status: str | None = None
    error_code: str | None = None
    origin: Origin = Origin.MANUAL
    resource_sid: str | None = None

    @property
    def key(self) -> str:
        """The table's partition key of the log, if ``log_id`` is its ID."""
        return self.kind.key(self.log_id)

    @property
    def path(self) -> str:
        """The log's path in SignalWire's API."""
        return f"{self.kind.path}/{self.log_id}"


def as_error_code(value: object) -> str | None:
    """Return what can be an error code, and can be nobody's number; a number for its digits."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    text = str(value).strip()
    return text if ERROR_CODE.fullmatch(text) else None


def message_body(
    *,
    log_type: str,
    origin: Origin,
    log_id: str | None = None,
    resource_sid: str | None = None,
    status: str | None = None,
    error_code: str | None = None,
    occurred_at: datetime | None = None,
) -> str:
    """Write the body of a message that asks for a log.

    Args:
        log_type: name of a kind of log.
        origin: who asks.
        log_id: the log's UUID; this or ``resource_sid`` is needed.
        resource_sid: LaML SID of the fax or message.
        status: that a callback announced.
        error_code: that a callback gave for a failure.
        occurred_at: when the event happened, in UTC.

    """
    content = {
        "log_type": log_type,
        "log_id": log_id,
        "resource_sid": resource_sid,
        "status": status,
        "error_code": error_code,
        "occurred_at": occurred_at.isoformat() if occurred_at else None,
        "origin": origin,
    }
    return json.dumps({name: value for name, value in content.items() if value is not None})


def with_origin(body: str, origin: Origin) -> str:
    """Return the body with another origin; a body without a log type stays as it is."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(content, dict) or "log_type" not in content:
        return body
    return json.dumps(content | {"origin": origin})
