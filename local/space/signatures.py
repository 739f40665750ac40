"""How SignalWire signs its callbacks, with the project's signing key.

| scheme | for | digest of | header |
|---|---|---|---|
| A | JSON | URL + body | `X-SignalWire-Signature` (SHA-1, hex), `X-SignalWire-Sha256-Signature` |
| B | forms | URL + each key and value, by key | `X-SignalWire-Signature` (SHA-1, base64), |
| | | | and the same in `X-Twilio-Signature` |

The URL is the one that was configured, with its query. A GET has its parameters there only.
This is the other side of what hooklog checks, so it shares no code with it.
"""

from __future__ import annotations

import base64
import hmac
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNATURE = "X-SignalWire-Signature"
SHA256_SIGNATURE = "X-SignalWire-Sha256-Signature"
ALIAS = "X-Twilio-Signature"


def sign_body(key: str, url: str, body: bytes) -> dict[str, str]:
    """Give the headers of scheme A."""
    signed = url.encode() + body
    return {
        SIGNATURE: hmac.digest(key.encode(), signed, "sha1").hex(),
        SHA256_SIGNATURE: hmac.digest(key.encode(), signed, "sha256").hex(),
    }


def sign_form(key: str, url: str, parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give the headers of scheme B; parameters of the same name keep their order."""
    pairs = sorted(parameters, key=itemgetter(0))
    signed = url + "".join(name + value for name, value in pairs)
    digest = hmac.digest(key.encode(), signed.encode(), "sha1")
    signature = base64.b64encode(digest).decode()
    return {SIGNATURE: signature, ALIAS: signature}
