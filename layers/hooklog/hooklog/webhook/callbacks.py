"""A verified callback, and the queue message that it becomes.

Each kind of log lists the forms of its callbacks (:class:`hooklog.logs.CallbackFields`); the field
with the ID tells them apart.

The message names a log and what the callback announced: a status and an error code. Everything else
of a callback is dropped, because numbers and texts are personal data. The signature of a form does
not show where one value ends and the next name begins, so the log is fetched for the truth.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from hooklog.errors import CallbackMalformedError
from hooklog.logs import KINDS, is_uuid
from hooklog.queue_messages import STATUS, Origin, as_error_code, message_body


@dataclass(frozen=True, slots=True)
class Callback:
    """What hooklog uses of a callback.

    Attributes:
        message: body of the queue message.
        key: of the log's row, or of the alias under its SID.
        status: that it tells.
        goes_on: whether it tells a status that is not the end of its log.

    """

    message: str
    key: str
    status: str | None
    goes_on: bool


def read(content: str) -> Callback:
    """Read a body, or the query string of a GET.

    The first character tells JSON from a form: the content is signed, ``Content-Type`` is not.

    Raises:
        CallbackMalformedError: hooklog does not know this callback.

    """
    is_json = content.lstrip().startswith("{")
    fields = _json_fields(content) if is_json else _form_fields(content)
    encoding = "json" if is_json else "form"
    found = [
        (kind, names)
        for kind in KINDS.values()
        for names in kind.callbacks
        if names.content == encoding and names.id_field in fields
    ]
    if len(found) != 1:
        raise CallbackMalformedError(f"It is not a status callback of a {' or '.join(KINDS)}.")
    ((kind, names),) = found
    identifier = fields[names.id_field]
    if not is_uuid(identifier):
        raise CallbackMalformedError("Its ID is not a UUID.")
    identifier = identifier.lower()
    status = _status(fields.get(names.status, ""))
    message = message_body(
        log_type=kind.name,
        origin=Origin.WEBHOOK,
        log_id=identifier if names.log_id else None,
        resource_sid=identifier if names.resource_sid else None,
        status=status,
        error_code=as_error_code(fields.get(names.error_code)),
        occurred_at=_moment(fields.get(names.occurred_at, "")),
    )
    return Callback(message, kind.key(identifier), status, goes_on=kind.goes_on(status))


def _json_fields(content: str) -> Mapping[str, str]:
    """Return the fields that are texts, or numbers as texts; hooklog uses no other."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        raise CallbackMalformedError("It is not JSON.") from None
    return {
        name: str(value)
        for name, value in fields.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }


def _form_fields(content: str) -> Mapping[str, str]:
    """Return the fields; refuse a form with two IDs, because it does not say which one counts."""
    pairs = parse_qsl(content, keep_blank_values=True)
    counts = Counter(name for name, _ in pairs)
    id_fields = {names.id_field for kind in KINDS.values() for names in kind.callbacks}
    if any(counts[name] > 1 for name in id_fields):
        raise CallbackMalformedError("It has two IDs.")
    return dict(pairs)


def _status(value: str) -> str | None:
    """Return what can be a status; without one the log is still fetched."""
    return value if STATUS.fullmatch(value) else None


def _moment(value: str) -> datetime | None:
    """Return a time that has a zone, in UTC."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
