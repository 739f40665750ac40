"""The fields of callbacks, as documented.

| callback | kind | encoding |
|---|---|---|
| status of a Relay message | `message` | JSON, POST |
| status of a LaML message | `sms` | form, POST |
| status of a sent LaML fax, `Receive` action of a received one | `fax` | form, POST or GET |

A form omits a parameter without a value; JSON says null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from local.space import values
from local.space.model import resource_sid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from local.space.model import Json, Log

SendKind = Literal["message", "sms", "fax"]
"""What is sent, named after the endpoint of its callbacks."""

Method = Literal["POST", "GET"]
SEND_KINDS: tuple[SendKind, ...] = get_args(SendKind)

API_VERSION = "v1"
_DOCUMENT = "https://example.com/documents/order.pdf"


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback: its content, and how it is sent.

    `status` is the callback's word, which for a fax differs from its log's. All values of `fields`
    are text unless the kind is `message`.
    """

    kind: SendKind
    method: Method
    status: str
    fields: Mapping[str, Json]


def relay_message(log: Log, status: str, text: str, at: datetime, *, project_id: str) -> Callback:
    """Return the callback of a Relay message at this status, with a custom variable."""
    fields: dict[str, Json] = {
        "id": log["id"],
        "project_id": project_id,
        "status": status,
        "to": log["to"],
        "from": log["from"],
        "body": text,
        "number_of_segments": log["number_of_segments"],
        "timestamp": values.timestamp(at),
        "error_code": log["error_code"],
        "error_message": log["error_message"],
        "custom_variables": {"order": str(log["id"])[:8]},
    }
    return Callback("message", "POST", status, fields)


def laml_message(log: Log, status: str, text: str, *, project_id: str) -> Callback:
    """Return the callback of a LaML message at this status."""
    fields = {
        "MessageSid": log["id"],
        "MessageStatus": status,
        "ErrorCode": log["error_code"],
        "AccountSid": project_id,
        "From": log["from"],
        "To": log["to"],
        "Body": text,
        "NumMedia": 1 if log["kind"] == "mms" else 0,
        "NumSegments": log["number_of_segments"],
    }
    return Callback("sms", "POST", status, _texts(fields))


def laml_fax(log: Log, status: str, method: Method, *, project_id: str, is_over: bool) -> Callback:
    """Return the callback of a fax at this status; only the last has pages, media and errors."""
    inbound = log["direction"] == "inbound"
    sid = resource_sid(log)
    pages = log["number_of_pages"]
    fields: dict[str, Json] = {
        "FaxSid": sid,
        "AccountSid": project_id,
        "ApiVersion": API_VERSION,
        "From": log["from"],
        "To": log["to"],
        "FaxStatus": status,
    }
    if not inbound:
        fields["OriginalMediaUrl"] = _DOCUMENT
    if is_over:
        fields["NumPages"] = 0 if pages is None else pages
        fields["ErrorCode"] = log["error_code"]
        fields["ErrorMessage"] = log["error_message"]
    if is_over and pages is not None:
        medium = values.medium_sid(sid)
        fields["RemoteStationId"] = log.get("remote_station") or log["from" if inbound else "to"]
        fields["MediaSid"] = medium
        fields["MediaUrl"] = values.laml_url(project_id, "Faxes", f"{sid}/Media/{medium}")
    return Callback("fax", method, status, _texts(fields))


def _texts(fields: Mapping[str, Json]) -> dict[str, Json]:
    return {name: str(value) for name, value in fields.items() if value is not None}
