"""Callbacks as SignalWire sends them: encoded, and signed with the project's signing key.

| scheme | for | digest of | header |
|---|---|---|---|
| A | JSON | URL + body | `X-SignalWire-Signature` (SHA-1, hex), `X-SignalWire-Sha256-Signature` |
| B | forms | URL + each key and value, by key | `X-SignalWire-Signature` (SHA-1, base64), |
| | | | and the same in `X-Twilio-Signature` |

The URL is the configured one, with its query. A GET has its parameters only there. hooklog checks
these signatures, so this module shares no code with it.
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from local.space.payloads import Callback, Method

SIGNATURE = "X-SignalWire-Signature"
SHA256_SIGNATURE = "X-SignalWire-Sha256-Signature"
ALIAS = "X-Twilio-Signature"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A callback as an HTTP request. `query` is added to the URL's query; a POST has none."""

    method: Method
    query: str
    headers: Mapping[str, str]
    body: bytes | None


def signed_request(callback: Callback, url: str, key: str) -> SignedRequest:
    """Encode a callback, and sign it for this URL."""
    if callback.kind == "message":
        text = json.dumps(dict(callback.fields), ensure_ascii=False, separators=(",", ":"))
        body = text.encode()
        headers = {"Content-Type": "application/json"} | sign_body(key, url, body)
        return SignedRequest(callback.method, "", headers, body)
    parameters = [(name, str(value)) for name, value in callback.fields.items()]
    encoded = urlencode(parameters)
    if callback.method == "GET":
        signature = sign_form(key, with_query(url, encoded), ())
        return SignedRequest("GET", encoded, signature, None)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return SignedRequest("POST", "", headers | sign_form(key, url, parameters), encoded.encode())


def with_query(url: str, query: str) -> str:
    """Return the URL with these parameters added to its query."""
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def sign_body(key: str, url: str, body: bytes) -> dict[str, str]:
    """Return the headers of scheme A."""
    signed = url.encode() + body
    return {
        SIGNATURE: hmac.digest(key.encode(), signed, "sha1").hex(),
        SHA256_SIGNATURE: hmac.digest(key.encode(), signed, "sha256").hex(),
    }


def sign_form(key: str, url: str, parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers of scheme B; parameters of the same name keep their order."""
    pairs = sorted(parameters, key=itemgetter(0))
    signed = url + "".join(name + value for name, value in pairs)
    digest = hmac.digest(key.encode(), signed.encode(), "sha1")
    signature = base64.b64encode(digest).decode()
    return {SIGNATURE: signature, ALIAS: signature}
