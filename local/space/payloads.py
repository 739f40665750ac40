"""What callbacks say, field for field as documented.

| callback | kind | encoding |
|---|---|---|
| status of a Relay message | `message` | JSON, POST |
| status of a LaML message | `sms` | form, POST |
| status of a LaML fax sent, `Receive` action of one that came in | `fax` | form, POST or GET |

In a form an absent parameter stands for no value; the JSON form says null.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from local.space import values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from local.space.model import Json, Log

SendKind = Literal["message", "sms", "fax"]
"""What is sent, named as the endpoint that its callbacks go to."""

Method = Literal["POST", "GET"]
SEND_KINDS: tuple[SendKind, ...] = get_args(SendKind)

_API_VERSION = "v1"
_DOCUMENT = "https://example.com/documents/order.pdf"


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback: what it says, and how it is sent.

    `status` is the word of the callback, which for a fax differs from its log's. The values of
    `fields` are all text unless the kind is `message`.
    """

    kind: SendKind
    method: Method
    status: str
    fields: Mapping[str, Json]


def relay_message(log: Log, status: str, text: str, at: datetime, *, project_id: str) -> Callback:
    """Tell that a Relay message came to this status; every message has a custom variable."""
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
    """Tell that a LaML message came to this status."""
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
    """Tell that a fax came to this status. How many pages went and where it is kept come last."""
    inbound = log["direction"] == "inbound"
    sid = fax_sid(log)
    pages = log["number_of_pages"]
    fields: dict[str, Json] = {
        "FaxSid": sid,
        "AccountSid": project_id,
        "ApiVersion": _API_VERSION,
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
        medium = str(uuid.uuid5(uuid.UUID(sid), "medium"))
        fields["RemoteStationId"] = log.get("remote_station") or log["from" if inbound else "to"]
        fields["MediaSid"] = medium
        fields["MediaUrl"] = values.laml_url(project_id, "Faxes", f"{sid}/Media/{medium}")
    return Callback("fax", method, status, _texts(fields))


def fax_sid(log: Log) -> str:
    """Give the sid of a fax, with which its log's `url` ends."""
    return str(log["url"]).rpartition("/")[2]


def _texts(fields: Mapping[str, Json]) -> dict[str, Json]:
    return {name: str(value) for name, value in fields.items() if value is not None}
