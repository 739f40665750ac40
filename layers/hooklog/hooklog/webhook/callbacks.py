"""A verified callback, and the queue message that it becomes.

Three callbacks are known; what each is, its fields tell::

    Relay/REST message status   JSON           id, status, timestamp
    LaML SMS status             form           MessageSid, MessageStatus
    LaML fax status             form or query  FaxSid, FaxStatus

The message names a log, and says what the callback announced. Everything else of a callback
stays outside: numbers and texts are personal data, and the form's signature does not show where
one value ends and the next name begins, so its values are hints. The truth is fetched.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from hooklog.errors import CallbackMalformedError

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
#: A word, and nothing that could be a number or a text.
_STATUS = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Where a kind of callback says what.

    Attributes:
        log_type: of the log that it is about.
        log_id: field with the log's own ID.
        resource_sid: field with the LaML SID, where that is not the log's ID.
        status: field.
        occurred_at: field.

    """

    log_type: str
    log_id: str = ""
    resource_sid: str = ""
    status: str
    occurred_at: str

    @property
    def id_field(self) -> str:
        """The field by which the callback is known."""
        return self.log_id or self.resource_sid


_JSON_KINDS = (_Kind(log_type="message", log_id="id", status="status", occurred_at="timestamp"),)
_FORM_KINDS = (
    # The SID of a LaML message is its log's ID; that of a fax is not.
    _Kind(log_type="message", log_id="MessageSid", status="MessageStatus", occurred_at="Timestamp"),
    _Kind(log_type="fax", resource_sid="FaxSid", status="FaxStatus", occurred_at="Timestamp"),
)


@dataclass(frozen=True, slots=True)
class Callback:
    """What a callback says that hooklog uses."""

    log_type: str
    #: The queue message's body.
    message: str


def read(content: str) -> Callback:
    """Read a body, or the query string of a GET.

    What it is, JSON or a form, its own first character tells: the content is signed, the
    ``Content-Type`` is not.

    Raises:
        CallbackMalformedError: it is no callback that hooklog knows.

    """
    is_json = content.lstrip().startswith("{")
    fields = _json_fields(content) if is_json else _form_fields(content)
    kinds = [k for k in (_JSON_KINDS if is_json else _FORM_KINDS) if k.id_field in fields]
    if len(kinds) != 1:
        raise CallbackMalformedError("It is no status callback of a message or fax.")
    (kind,) = kinds
    identifier = fields[kind.id_field]
    if not _UUID.fullmatch(identifier):
        raise CallbackMalformedError("Its ID is not a UUID.")
    said = {
        "log_type": kind.log_type,
        "log_id" if kind.log_id else "resource_sid": identifier.lower(),
        "status": _status(fields.get(kind.status, "")),
        "occurred_at": _moment(fields.get(kind.occurred_at, "")),
        "origin": "webhook",
    }
    return Callback(kind.log_type, json.dumps({k: v for k, v in said.items() if v is not None}))


def _json_fields(content: str) -> Mapping[str, str]:
    """Keep the fields that are texts; no other can be of use."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        raise CallbackMalformedError("It is not JSON.") from None
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _form_fields(content: str) -> Mapping[str, str]:
    """Refuse an ID that is given twice: which of the two is meant, nobody knows."""
    pairs = parse_qsl(content, keep_blank_values=True)
    counts = Counter(name for name, _ in pairs)
    if any(counts[kind.id_field] > 1 for kind in _FORM_KINDS):
        raise CallbackMalformedError("It has two IDs.")
    return dict(pairs)


def _status(value: str) -> str | None:
    """Keep what can be a status; without one the log is fetched all the same."""
    return value if _STATUS.fullmatch(value) else None


def _moment(value: str) -> str | None:
    """Keep a time with a zone, written anew."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC).isoformat() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
