"""A callback as it goes over the wire: encoded and signed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from local.space.signatures import sign_body, sign_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.space.payloads import Callback, Method


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `query` is added to the query of the address, and empty for a POST."""

    method: Method
    query: str
    headers: Mapping[str, str]
    body: bytes | None


def request_for(callback: Callback, url: str, key: str) -> Request:
    """Encode a callback, and sign it for this address."""
    if callback.kind == "message":
        text = json.dumps(dict(callback.fields), ensure_ascii=False, separators=(",", ":"))
        body = text.encode()
        headers = {"Content-Type": "application/json"} | sign_body(key, url, body)
        return Request(callback.method, "", headers, body)
    parameters = [(name, str(value)) for name, value in callback.fields.items()]
    encoded = urlencode(parameters)
    if callback.method == "GET":
        return Request("GET", encoded, sign_form(key, join(url, encoded), ()), None)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", "", headers | sign_form(key, url, parameters), encoded.encode())


def join(url: str, query: str) -> str:
    """Add to the query of an address."""
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"
