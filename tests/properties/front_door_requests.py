"""Requests to the front door: signed with a right or a wrong key, and perhaps changed then."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from tests.builders import MESSAGE_ID
from tests.webhook import (
    ALIAS,
    BASE,
    KEY,
    SHA1,
    SHA256,
    Request,
    fax_status,
    message_status,
    scheme_a,
    scheme_a256,
    scheme_b,
    sms_status,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hypothesis.strategies import DrawFn

_SIGNATURES = (SHA1, SHA256, ALIAS)
_HEADERS = (*_SIGNATURES, SHA1.title(), "host", "x-forwarded-host")
_KEYS = (KEY, KEY, KEY, "PSK_somebody-elses", "")
_PATHS = (*["/hooklog"] * 5, "/", "", "hooklog", "/%41", "//", "/a?b", "/@evil")
_QUERIES = ("", "", "tenant=7", "bodySHA256=1", "a=%zz&&=")
_CALLBACKS = {"message": message_status(), "sms": sms_status(), "fax": fax_status()}
_ODD = (
    *("", "0", "{", "{}", "[]", "null", "&", "=", "%", "%zz", "%ff", "+", "%00", "\ud800", "é"),
    *("FaxSid=", "&MessageSid=1", "FaxSid%3D", "?bodySHA256=", "NaN", "1e999", "9" * 5_000),
    *("[" * 2_000, '{"a":' * 2_000, '{"id": 1}', "\ufeff{}", "x" * 70_000, "\x00", "\r\n"),
    *(MESSAGE_ID, MESSAGE_ID.upper(), f"{MESSAGE_ID}\n", "2026-05-04T11:59:58Z", "sent"),
)
#: Values that are not text.
_OTHERS: tuple[object, ...] = (None, True, 0, -1, 1e999, [], {}, ["x"], {"x": {"x": [1]}})
# Made once: making a strategy for each draw would cost more than the request itself.
_TEXT = st.text(max_size=8)
_VALUES = _TEXT | st.sampled_from(_ODD)
_PLACES = st.integers(0, 2**16 - 1)


def _pick[T](draw: DrawFn, options: Sequence[T]) -> T:
    return options[draw(_PLACES) % len(options)]


def _content(draw: DrawFn) -> str:
    """Return the content of a callback, valid or not."""
    kind = _pick(draw, (*_CALLBACKS, "text"))
    if kind == "text":
        return draw(_VALUES)
    fields: dict[str, Any] = dict(_CALLBACKS[kind])
    for _ in range(_pick(draw, (0, 1, 2))):
        fields[_pick(draw, sorted(fields))] = draw(_VALUES)
    if kind == "message":
        return json.dumps(fields | {_pick(draw, ("more", *fields)): _pick(draw, _OTHERS)})
    # A caller may send bytes that are not UTF-8.
    return urlencode(fields, errors="surrogatepass") + _pick(draw, ("", "", *_ODD))


@st.composite
def events(draw: DrawFn) -> object:
    """Return an event, signed in most cases."""
    request = Request(path=_pick(draw, _PATHS))
    content = _content(draw)
    if _pick(draw, ("POST", "GET")) == "POST":
        request.body, request.query = content, _pick(draw, _QUERIES)
    else:
        request.method, request.query = "GET", content
    signatures = sorted(possible_signatures(request, _pick(draw, _KEYS)))
    for _ in range(_pick(draw, (1, 2))):
        request.headers[_pick(draw, _SIGNATURES)] = _pick(draw, signatures)
    if request.body is not None and _pick(draw, (False, True)):
        raw = request.body.encode("utf-8", "surrogatepass")
        request.body, request.is_base64 = base64.b64encode(raw).decode(), True
    event = request.event()
    for _ in range(_pick(draw, (0, 0, 1, 2))):
        _tamper(draw, event)
    return event


def _tamper(draw: DrawFn, event: dict[str, Any]) -> None:
    """Change a signed part or a header."""
    name = _pick(draw, sorted(event))
    if _pick(draw, (False, False, False, True)):
        event[name] = _pick(draw, _OTHERS)
    elif name == "headers" and isinstance(event[name], dict):
        header = _pick(draw, _HEADERS)
        event[name] = event[name] | {header: _changed(draw, str(event[name].get(header, "")))}
    elif isinstance(event[name], str):
        event[name] = _changed(draw, event[name])
    elif name == "isBase64Encoded":
        event[name] = not event[name]


def _changed(draw: DrawFn, text: str) -> str:
    start, end = (_pick(draw, range(len(text) + 1)) for _ in range(2))
    part = text[:start] + draw(_VALUES) + text[end:]
    return _pick(draw, (part, part, text.swapcase(), f" {text}", f"{text}, {text}"))


def possible_signatures(request: Request, key: str) -> set[str]:
    """Return every signature that a holder of the key may give a request, by any scheme."""
    body = request.body or ""
    found = set()
    for url in _urls(request):
        try:
            found |= {scheme_a(key, url, body), scheme_a256(key, url, body)}
            found |= set(_scheme_b(key, url, body))
        except UnicodeEncodeError:
            # Signing needs bytes, so this request cannot have been sent.
            continue
    return found or {"none"}


def _scheme_b(key: str, url: str, body: str) -> Iterator[str]:
    query = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
    hash_of_body = query.get("bodySHA256")
    fits = hash_of_body == hashlib.sha256(body.encode()).hexdigest()
    if hash_of_body is None or fits:
        yield scheme_b(key, url, parse_qsl(body, keep_blank_values=True))
    if not body or fits:
        yield scheme_b(key, url, [])


def _urls(request: Request) -> Iterator[str]:
    host = BASE.removeprefix("https://")
    query = f"?{request.query}" if request.query else ""
    for base in (f"https://{host}", f"https://{host}:443"):
        yield f"{base}{request.path}{query}"
        if request.path == "/":
            yield f"{base}{query}"
