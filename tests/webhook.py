"""Callbacks as SignalWire sends and signs them, in the events that Lambda receives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.builders import FAX_SID, MESSAGE_ID, PROJECT_ID

KEY = "PSK_3c1f6a0e9b7d4285"
BASE = "https://hooks.example.com"
FROM, TO = "+12025550143", "+14155550122"
SHA1, SHA256, ALIAS = (
    "x-signalwire-signature",
    "x-signalwire-sha256-signature",
    "x-twilio-signature",
)
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def scheme_a(key: str, url: str, body: str) -> str:
    """Sign a body as it is."""
    return hmac.new(key.encode(), (url + body).encode(), hashlib.sha1).hexdigest()


def scheme_a256(key: str, url: str, body: str) -> str:
    """Sign a body as it is, with SHA-256."""
    return hmac.new(key.encode(), (url + body).encode(), hashlib.sha256).hexdigest()


def scheme_b(key: str, url: str, fields: list[tuple[str, str]]) -> str:
    """Sign the URL and a form's fields, if any."""
    signed = url + "".join(k + v for k, v in sorted(fields, key=lambda pair: pair[0]))
    return base64.b64encode(hmac.new(key.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def message_status(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a Relay/REST message status callback."""
    callback = {
        "id": MESSAGE_ID,
        "project_id": PROJECT_ID,
        "status": "undelivered",
        "to": TO,
        "from": FROM,
        "body": "Your code is 314159",
        "number_of_segments": 1,
        "timestamp": "2026-05-04T11:59:58Z",
        "error_code": "30003",
        "error_message": "Handset not reachable",
    }
    return callback | changes


def sms_status(**changes: str) -> dict[str, str]:
    """Return a LaML SMS status callback."""
    callback = {
        "MessageSid": MESSAGE_ID,
        "MessageStatus": "delivered",
        "AccountSid": PROJECT_ID,
        "From": FROM,
        "To": TO,
        "Body": "Your code is 314159",
        "NumMedia": "0",
        "NumSegments": "1",
    }
    return callback | changes


def fax_status(**changes: str) -> dict[str, str]:
    """Return a LaML fax status callback."""
    callback = {
        "FaxSid": FAX_SID,
        "FaxStatus": "failed",
        "AccountSid": PROJECT_ID,
        "From": FROM,
        "To": TO,
        "ErrorCode": "34004",
        "ErrorMessage": "The call dropped prematurely",
        "NumPages": "0",
        "RemoteStationId": TO,
        "Timestamp": "2026-05-04T11:59:58Z",
    }
    return callback | changes


@dataclass
class Request:
    """An HTTP request to the front door."""

    method: str = "POST"
    path: str = "/hooklog"
    query: str = ""
    headers: dict[str, Any] = field(default_factory=dict)
    body: str | None = None
    is_base64: bool = False

    def event(self) -> dict[str, Any]:
        """Return the event of payload format 2.0, as a Function URL or an HTTP API sends it."""
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": {"host": "hooks.example.com", "user-agent": "SignalWire"} | self.headers,
            "requestContext": {
                "accountId": "anonymous",
                "domainName": "hooks.example.com",
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1"},
                "stage": "$default",
            },
            "isBase64Encoded": self.is_base64,
        } | ({} if self.body is None else {"body": self.body})

    @property
    def url(self) -> str:
        """The URL that SignalWire calls."""
        return f"{BASE}{self.path}" + (f"?{self.query}" if self.query else "")


def json_request(
    callback: dict[str, Any] | None = None, *, key: str = KEY, query: str = ""
) -> Request:
    """Return a signed JSON callback, by default a message's."""
    body = json.dumps(message_status() if callback is None else callback)
    request = Request(query=query, body=body)
    request.headers = {
        "content-type": JSON,
        SHA1: scheme_a(key, request.url, body),
        SHA256: scheme_a256(key, request.url, body),
    }
    return request


def form_request(
    callback: dict[str, str] | None = None, *, key: str = KEY, query: str = ""
) -> Request:
    """Return a signed form callback, by default a fax's; AWS encodes a form in base64."""
    fields = fax_status() if callback is None else callback
    request = Request(query=query, is_base64=True)
    request.body = base64.b64encode(urlencode(fields).encode()).decode()
    signature = scheme_b(key, request.url, list(fields.items()))
    request.headers = {"content-type": FORM, SHA1: signature, ALIAS: signature}
    return request


def get_request(callback: dict[str, str] | None = None, *, key: str = KEY) -> Request:
    """Return a signed GET callback, by default a fax's."""
    request = Request(method="GET", query=urlencode(callback or fax_status()))
    request.headers = {SHA1: scheme_b(key, request.url, [])}
    return request
