"""Signatures: hooklog and the official SDK agree, except where the module's docstring says so."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import Phase, assume, example, find, given, settings
from hypothesis import strategies as st
from signalwire.core.security.webhook_middleware import validate
from signalwire.core.security.webhook_validator import _candidate_urls

from hooklog.webhook.signatures import Signatures, is_authentic, spellings
from tests.webhook import ALIAS, KEY, SHA1, SHA256, scheme_a, scheme_a256, scheme_b

URL = "https://hooks.example.com/signalwire/message?tenant=7"
VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).with_name("signature_vectors.json")).read_text(encoding="utf-8")
)


def ours(headers: dict[str, str], url: str, body: str, *keys: str) -> bool:
    """Return hooklog's verdict."""
    return is_authentic(Signatures.of(headers), [url], body, keys)


def sdk(headers: dict[str, str], url: str, body: str, key: str) -> bool:
    """Return the official SDK's verdict."""
    return validate("POST", url, headers, body, signing_key=key) is None


# --- the vectors --------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector: dict[str, Any]) -> None:
    """The SDK and hooklog both reach the verdict that each vector states."""
    headers = {vector["header"]: vector["signature"]}
    case = (headers, vector["url"], vector["body"], vector["key"])
    assert sdk(*case) == ours(*case) == vector["authentic"]


def test_vectors_are_of_both_sorts() -> None:
    """The vectors cover each header and scheme, and both verdicts."""
    assert sorted(vector["authentic"] for vector in VECTORS) == [False] * 2 + [True] * 4
    assert {vector["header"] for vector in VECTORS if vector["authentic"]} == {SHA1, SHA256}


# --- generated cases ----------------------------------------------------------------------------

WORDS = st.text("abcABC019._~-", min_size=1, max_size=6)
VALUES = st.text(max_size=12).filter(lambda text: text.isprintable())
FIELDS = st.lists(st.tuples(WORDS, VALUES), max_size=5)
KEYS = st.text(min_size=1, max_size=20).filter(lambda key: key.isprintable())


@st.composite
def urls(draw: st.DrawFn, body: str = "") -> str:
    """Return a URL that may be configured, with or without the body's hash in it."""
    scheme = draw(st.sampled_from(["https", "http"]))
    host = draw(st.sampled_from(["hooks.example.com", "127.0.0.1", "[::1]", "h"]))
    port = draw(st.sampled_from(["", ":443", ":80", ":8443"]))
    path = "".join("/" + part for part in draw(st.lists(WORDS, max_size=3)))
    query = draw(st.lists(st.tuples(WORDS, VALUES), max_size=2))
    if draw(st.booleans()):
        hashed = draw(st.sampled_from([body, "another"]))
        query.append(("bodySHA256", hashlib.sha256(hashed.encode()).hexdigest()))
    return f"{scheme}://{host}{port}{path}" + (f"?{urlencode(query)}" if query else "")


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, str], str, str, str]:
    """Return headers, URL, body and key: signed by one of the schemes, then perhaps changed."""
    fields = draw(FIELDS)
    body = draw(
        st.one_of(
            st.just(""),
            st.just(urlencode(fields)),
            st.dictionaries(WORDS, VALUES, max_size=3).map(json.dumps),
            VALUES,
        )
    )
    url, key = draw(urls(body)), draw(KEYS)
    signed_url = draw(st.sampled_from([url, *_candidate_urls(url)]))
    header, signature = draw(
        st.sampled_from(
            [
                (SHA1, scheme_a(key, signed_url, body)),
                (SHA256, scheme_a256(key, signed_url, body)),
                (SHA1, scheme_b(key, signed_url, fields)),
                (ALIAS, scheme_b(key, signed_url, fields)),
                (SHA1, scheme_b(key, signed_url, [])),
            ]
        )
    )
    changed = draw(st.sampled_from([*[""] * 6, "url", "body", "key", "case", "cut", "blank"]))
    changes = {"url": url + "x", "body": body + "x", "key": key + "x"}
    url, body, key = (
        changes[name] if name == changed else value
        for name, value in (("url", url), ("body", body), ("key", key))
    )
    signature = {
        "case": signature.swapcase(),
        "cut": signature[:-1],
        "blank": f" {signature}",
    }.get(changed, signature)
    others = st.tuples(st.sampled_from([SHA1, SHA256, ALIAS]), st.sampled_from(["", "x", "é"]))
    headers = dict(draw(st.lists(others, max_size=1))) | {header: signature}
    return headers, url, body, key


@given(cases())
def test_what_the_sdk_accepts_is_authentic(case: tuple[dict[str, str], str, str, str]) -> None:
    """All that the SDK accepts is authentic, except a body that the signature does not cover."""
    headers, url, body, key = case
    if sdk(*case) and not ours(*case):
        assert body
        assert "bodySHA256" not in url
        bare = {scheme_b(key, spelling, []) for spelling in spellings(url)}
        assert headers.get(SHA1, headers.get(ALIAS)) in bare


@given(cases())
@example(({SHA1: scheme_a(KEY, "https://h:443/", "{}")}, "https://h/", "{}", KEY))
def test_what_is_authentic_the_sdk_accepts(case: tuple[dict[str, str], str, str, str]) -> None:
    """The SDK accepts all that is authentic, with or without the default port in the URL."""
    headers, url, body, key = case
    if ours(*case):
        assert any(sdk(headers, spelling, body, key) for spelling in spellings(url))


@pytest.mark.parametrize("verdicts", list(itertools.product([True, False], repeat=2)))
def test_generated_cases_are_of_all_sorts(verdicts: tuple[bool, bool]) -> None:
    """The generated cases reach every pair of verdicts, the differences included."""
    anyone = settings(phases=[Phase.generate])  # no need for the simplest
    assert find(cases(), lambda case: (sdk(*case), ours(*case)) == verdicts, settings=anyone)


@given(urls())
def test_spellings_are_the_sdks(url: str) -> None:
    """The default port is optional; any other port is part of the URL."""
    assert set(spellings(url)) == set(_candidate_urls(url))


@given(FIELDS, KEYS, urls())
def test_signed_as_documented_is_authentic(
    fields: list[tuple[str, str]], key: str, url: str
) -> None:
    """Each documented scheme is accepted, whatever the values."""
    assume("bodySHA256" not in url)
    form, text = urlencode(fields), json.dumps(dict(fields))
    assert ours({SHA1: scheme_b(key, url, fields)}, url, form, key)
    assert ours({ALIAS: scheme_b(key, url, fields)}, url, form, key)
    assert ours({SHA1: scheme_b(key, url, [])}, url, "", key)
    assert ours({SHA1: scheme_a(key, url, text)}, url, text, key)
    assert ours({SHA256: scheme_a256(key, url, text)}, url, text, key)


# --- the differences from the SDK, and what else is ours ----------------------------------------


def test_a_signature_that_covers_no_body_lets_none_in() -> None:
    """A signature of the URL alone verifies an empty body only; the SDK accepts any body."""
    headers = {SHA1: scheme_b(KEY, URL, [])}
    assert ours(headers, URL, "", KEY)
    for body in ('{"id": "forged"}', "MessageSid=forged"):
        assert sdk(headers, URL, body, KEY)
        assert not ours(headers, URL, body, KEY)


def test_a_signed_hash_covers_the_body() -> None:
    """A signature of a URL that holds the body's hash covers the body."""
    body = '{"id": "1"}'
    url = f"{URL}&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    headers = {SHA1: scheme_b(KEY, url, [])}
    assert ours(headers, url, body, KEY)
    assert not ours(headers, url, body + " ", KEY)
    assert not ours(headers, url, "", KEY)


def test_a_question_mark_in_the_query_hides_no_hash() -> None:
    """The query begins at the first question mark; further ones are part of it."""
    body = '{"id": "1"}'
    url = f"{URL}&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}&next=?"
    headers = {SHA1: scheme_b(KEY, url, [])}
    assert ours(headers, url, body, KEY)
    assert not ours(headers, url, body + " ", KEY)


@pytest.mark.parametrize(
    ("end", "authentic"),
    [("#&bodySHA256=0", True), ("&bodySHA256=0", False), ("&bodySHA256=", False)],
)
def test_a_form_needs_the_hash_that_its_query_has(
    end: str,
    authentic: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """As in the SDK, an empty hash is a wrong one, and one in the fragment is none."""
    url = URL + end
    headers = {SHA1: scheme_b(KEY, url, [("a", "1")])}
    assert sdk(headers, url, "a=1", KEY) == ours(headers, url, "a=1", KEY) == authentic


@pytest.mark.parametrize("scheme", [scheme_a, scheme_a256])
def test_the_default_port_may_be_signed_in_every_scheme(scheme: Any) -> None:  # noqa: ANN401
    """Every scheme accepts the default port, signed or not, since back ends differ."""
    header = SHA1 if scheme is scheme_a else SHA256
    with_port = URL.replace(".com/", ".com:443/")
    for configured, signed in ((URL, with_port), (with_port, URL)):
        assert ours({header: scheme(KEY, signed, "{}")}, configured, "{}", KEY)


def test_one_key_of_several_is_enough() -> None:
    """During a rotation either key verifies."""
    headers = {SHA1: scheme_a(KEY, URL, "{}")}
    assert ours(headers, URL, "{}", "other", KEY)
    assert ours(headers, URL, "{}", KEY, "other")
    assert not ours(headers, URL, "{}", "other", "another")


def test_one_url_of_several_is_enough() -> None:
    """A signature of any of the URL's spellings verifies."""
    claimed = Signatures.of({SHA1: scheme_a(KEY, URL, "{}")})
    assert is_authentic(claimed, ["https://other.example.com", URL], "{}", [KEY])


@pytest.mark.parametrize("keys", [(), ("",), ("", "")])
def test_no_key_opens_nothing(keys: tuple[str, ...]) -> None:
    """Without a key, or with an empty one, nothing verifies, even if the empty key signed it."""
    assert not ours({SHA1: scheme_a("", URL, "{}")}, URL, "{}", *keys)


def test_the_alias_is_only_a_stand_in() -> None:
    """As in the SDK, X-Twilio-Signature counts where X-SignalWire-Signature is absent."""
    right, wrong = scheme_b(KEY, URL, []), "x"
    assert ours({ALIAS: right}, URL, "", KEY)
    assert not ours({SHA1: wrong, ALIAS: right}, URL, "", KEY)
    assert not ours({SHA1: "", ALIAS: right}, URL, "", KEY)


def test_repeated_names_keep_their_order() -> None:
    """A form that names a field twice is signed in the order of its values."""
    headers = {SHA1: scheme_b(KEY, URL, [("b", "2"), ("b", "1"), ("a", "")])}
    assert ours(headers, URL, "b=2&a=&b=1", KEY)
    assert not ours(headers, URL, "b=1&a=&b=2", KEY)


@pytest.mark.parametrize("text", ["\ud800", "é", "\x00", "x" * 100_000])
def test_no_text_is_too_strange(text: str) -> None:
    """Any text in a header, URL, body or key is refused without an exception."""
    assert not ours({SHA1: text, SHA256: text}, URL, "{}", KEY)
    assert not ours({SHA1: "x"}, URL + text, text, KEY)
    assert not ours({SHA1: "x"}, URL, "{}", text)


@pytest.mark.parametrize("url", ["", "hooks.example.com", "ftp://h/", "https:///path", "https://"])
def test_what_is_no_url_has_one_spelling(url: str) -> None:
    """A URL that is neither http nor https has one spelling."""
    assert spellings(url) == (url,)


def test_absent_and_empty_signatures_are_none() -> None:
    """Absent and empty signatures are recognised before any key is read."""
    assert not Signatures.of({})
    assert not Signatures.of({SHA1: "", SHA256: "", ALIAS: ""})
    assert Signatures.of({ALIAS: "x"})
    assert Signatures.of({SHA256: "x"})


def test_only_a_constant_time_comparison_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only ``hmac.compare_digest`` accepts a signature."""
    form = [("a", "1")]
    right = [
        ({SHA1: scheme_a(KEY, URL, "a=1")}, "a=1"),
        ({SHA256: scheme_a256(KEY, URL, "a=1")}, "a=1"),
        ({SHA1: scheme_b(KEY, URL, form)}, "a=1"),
        ({ALIAS: scheme_b(KEY, URL, [])}, ""),
    ]
    assert all(ours(headers, URL, body, KEY) for headers, body in right)
    compared: list[tuple[bytes, bytes]] = []

    def never(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr("hmac.compare_digest", never)
    for headers, body in right:
        assert not ours(headers, URL, body, KEY)
        (claimed,) = headers.values()
        assert (claimed.encode(), claimed.encode()) in compared
