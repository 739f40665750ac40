"""Verify SignalWire's webhook signatures: pure functions of a request and a key.

::

    scheme   signed with the signing key          as      header
    A        URL + body                           hex     X-SignalWire-Signature
    A256     URL + body, with SHA-256             hex     X-SignalWire-Sha256-Signature
    B        URL + the form's names and values,   base64  X-SignalWire-Signature, or
             sorted by name, nothing between              X-Twilio-Signature without it
    B, bare  URL alone                            base64  as B

A request is authentic if one header fits. The results are those of SignalWire's own SDK, with two
differences. *B, bare* is accepted only where it covers the body: the body is empty (GET), or the
signed URL carries the body's SHA-256 as ``bodySHA256``; the SDK accepts it with any body. Back ends
differ on whether they sign the default port, so every scheme is tried with and without it; the SDK
does so for B only.

The schemes have no timestamp: a signature stays valid, so a replay has to be harmless.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

_SHA256_HEADER = "x-signalwire-sha256-signature"
_SHA1_HEADER = "x-signalwire-signature"
_SHA1_ALIAS = "x-twilio-signature"

_URL = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#]*?)(?P<port>:\d+)?(?P<rest>[/?#].*)?")
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures in a request's headers; absent and empty are the same."""

    sha1: str = ""
    sha256: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Signatures:
        """Read them from headers with lower-case names."""
        return cls(
            sha1=headers.get(_SHA1_HEADER, headers.get(_SHA1_ALIAS, "")),
            sha256=headers.get(_SHA256_HEADER, ""),
        )

    def __bool__(self) -> bool:
        """Return whether there is a signature."""
        return bool(self.sha1 or self.sha256)


def is_authentic(claimed: Signatures, urls: Iterable[str], body: str, keys: Iterable[str]) -> bool:
    """Return whether one of the keys produces one of the claimed signatures.

    Args:
        claimed: signatures in the request's headers.
        urls: forms of the URL that was called, as configured at SignalWire, with the query string
            exactly as it was sent.
        body: as it was sent.
        keys: signing keys; an empty one is ignored.

    """
    form = _form_text(body)
    signed = [text for url in urls for text in _signed_texts(url, body, form)]
    return any(_fits(claimed, text, _bytes(key)) for key in keys if key for text in signed)


def spellings(url: str) -> tuple[str, ...]:
    """Return the URL as it is, and with its scheme's default port added or removed."""
    match = _URL.fullmatch(url)
    if match is None or not match["host"]:
        return (url,)
    default = _DEFAULT_PORTS[match["scheme"]]
    if match["port"] not in {None, default}:
        return (url,)
    port = "" if match["port"] else default
    return (url, f"{match['scheme']}://{match['host']}{port}{match['rest'] or ''}")


@dataclass(frozen=True, slots=True)
class _Signed:
    """A text that may have been signed."""

    text: bytes
    is_form: bool


def _signed_texts(url: str, body: str, form: str) -> Iterator[_Signed]:
    hash_fits = _body_hash_fits(url, body)
    for spelling in spellings(url):
        yield _Signed(_bytes(spelling + body), is_form=False)
        if hash_fits is not False:
            yield _Signed(_bytes(spelling + form), is_form=True)
        if hash_fits:
            yield _Signed(_bytes(spelling), is_form=True)


def _fits(claimed: Signatures, signed: _Signed, key: bytes) -> bool:
    """Compare in constant time, so that the delay reveals nothing about the right signature."""
    sha1 = hmac.new(key, signed.text, hashlib.sha1)
    if signed.is_form:
        return hmac.compare_digest(base64.b64encode(sha1.digest()), _bytes(claimed.sha1))
    sha256 = hmac.new(key, signed.text, hashlib.sha256)
    return hmac.compare_digest(sha1.hexdigest().encode(), _bytes(claimed.sha1)) or (
        hmac.compare_digest(sha256.hexdigest().encode(), _bytes(claimed.sha256))
    )


def _form_text(body: str) -> str:
    """Join the form's names and values, sorted by name; repeated names keep their order."""
    fields = parse_qsl(body, keep_blank_values=True)
    return "".join(name + value for name, value in sorted(fields, key=lambda field: field[0]))


def _body_hash_fits(url: str, body: str) -> bool | None:
    """Return whether the hash in the URL is the body's; None if the URL has no hash."""
    query = url.partition("#")[0].partition("?")[2]
    claimed = dict(parse_qsl(query, keep_blank_values=True)).get("bodySHA256")
    if claimed is None:
        return None
    actual = hashlib.sha256(_bytes(body)).hexdigest()
    return hmac.compare_digest(actual.encode(), _bytes(claimed))


def _bytes(text: str) -> bytes:
    """Encode any text, even one that is not valid Unicode; no key signs such a text."""
    return text.encode("utf-8", "surrogatepass")
