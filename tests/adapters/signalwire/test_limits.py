"""What answers announce of a rate limit: each form in use, and nothing that cannot be meant so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from hooklog.adapters.signalwire.limits import announced, scarcest
from hooklog.pace import Allowance
from tests.builders import SENT_AT

NOW = round(SENT_AT.timestamp())
FULL = {"Limit": "100", "Remaining": "50", "Reset": "5"}
HALF = Allowance(remaining=50, seconds=5.0, whole=100)
MINUTE_AND_DAY = '"minute";q=100;w=60, "day";q=5000;w=86400'


def read(**headers: str) -> Allowance | None:
    """Read headers, whose names have ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return announced(HTTPHeaderDict(named), lambda: SENT_AT)


def single(family: str, **changed: str | None) -> Allowance | None:
    """Read one header for each number, some of them changed, or without them."""
    values = {name: value for name, value in {**FULL, **changed}.items() if value is not None}
    return read(**{f"{family}-{name}": value for name, value in values.items()})


@pytest.mark.parametrize(
    "family",
    ["X-RateLimit", "x-ratelimit", "X-RATELIMIT", "X-Rate-Limit", "x-rate-limit", "RateLimit"],
)
def test_one_header_for_each_number(family: str) -> None:
    """Limit, remaining and reset are read under each usual name, in any case."""
    assert single(family) == HALF


def test_nothing_is_announced() -> None:
    """Other headers announce nothing."""
    assert read() is None
    assert read(Content_Type="application/json", RateLimit_Policy='"default";q=100;w=60') is None


@pytest.mark.parametrize(
    ("limit", "whole"),
    [("100, 100;w=60", 100), ("100;w=60", 100), ("120 , 100;w=1", 120), (None, None), ("x", None)],
)
def test_limit(limit: str | None, whole: int | None) -> None:
    """The first number of the limit is the whole; without one the rest is read all the same."""
    assert single("X-RateLimit", Limit=limit) == Allowance(remaining=50, seconds=5.0, whole=whole)


def test_a_limit_of_one() -> None:
    """All that there is may be left, even if that is a single request."""
    found = Allowance(remaining=1, seconds=5.0, whole=1)
    assert single("X-RateLimit", Limit="1", Remaining="1") == found


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("0", 0.0),
        ("1.5", 1.5),
        (" 86400 ", 86400.0),
        ("2678400", 2678400.0),
        (str(NOW + 30), 30.0),
        (f"{NOW + 30}.25", 30.25),
        (str(NOW), 0.0),
        (str(NOW - 60), 0.0),
    ],
)
def test_reset(reset: str, seconds: float) -> None:
    """The reset is in seconds, or a moment in Unix time, which may be over by a minute.

    A period has at most 31 days.
    """
    assert single("X-RateLimit", Reset=reset) == Allowance(remaining=50, seconds=seconds, whole=100)


@pytest.mark.parametrize(
    "changed",
    [
        {"Remaining": None},
        {"Remaining": ""},
        {"Remaining": "many"},
        {"Remaining": "-1"},
        {"Remaining": "1.5"},
        {"Remaining": "٣"},
        {"Remaining": "50, 20"},
        {"Remaining": "9999999999"},
        {"Remaining": "101"},
        {"Remaining": "0", "Limit": "0"},
        {"Reset": None},
        {"Reset": "-5"},
        {"Reset": "soon"},
        {"Reset": "1e3"},
        {"Reset": "inf"},
        {"Reset": "Mon, 04 May 2026 12:01:30 GMT"},
        {"Reset": "999999999"},
        {"Reset": str(NOW - 61)},
        {"Reset": str(NOW + 32 * 86400)},
        {"Reset": f"{NOW + 30}000"},
    ],
)
def test_nonsense(changed: dict[str, str | None]) -> None:
    """What is missing, garbled, negative or contradictory announces nothing."""
    assert single("X-RateLimit", **changed) is None


@pytest.mark.parametrize(
    ("field", "policy", "found"),
    [
        # Draft -07.
        ("limit=100, remaining=50, reset=5", "", HALF),
        ("Reset=5,Remaining=50,Limit=100", "100;w=60", HALF),
        ("remaining=50, reset=5", "", Allowance(remaining=50, seconds=5.0)),
        ("limit=100, remaining=50", "", None),
        # From draft -08 on.
        ('"default";r=50;t=5', '"default";q=100;w=60', HALF),
        ("default;r=50;t=5", "default;q=100;w=60", HALF),
        ('"default"; r=50; t=5', '"default"; q=100; w=60; pk=:OTkz==:', HALF),
        ('"default";r=50;t=5;pk=:OTkz==:;acme=", ;"', '"default";q=100;qu="requests"', HALF),
        (r'"a\",;r=1";r=50;t=5', r'"a\",;r=1";q=100', HALF),
        ('"default";r=50;t=5', "", Allowance(remaining=50, seconds=5.0)),
        ('"default";r=50;t=5', '"other";q=70;w=60', Allowance(remaining=50, seconds=5.0)),
        # Without a time, the policy's window is the longest that it can take.
        ('"default";r=50', '"default";q=100;w=5', HALF),
        ('"default";r=50', '"default";q=100', None),
        ('"default";r=50;t=soon', '"default";q=100;w=5', None),
        # Several policies: what is used up first.
        ('"minute";r=20;t=20, "day";r=4000;t=80000', MINUTE_AND_DAY, (20, 20.0, 100)),
        ('"minute";r=90;t=20, "day";r=400;t=80000', MINUTE_AND_DAY, (400, 80000.0, 5000)),
        ('"minute";r=90;t=20, "day";r=4000;t=80000', MINUTE_AND_DAY, (4000, 80000.0, 5000)),
        ('"minute";r=x;t=20, "day";r=4000;t=80000', MINUTE_AND_DAY, (4000, 80000.0, 5000)),
        # Other units than requests.
        ('"b";r=9;t=5', '"b";q=65535;qu="content-bytes";w=10', None),
        ('"b";r=9;t=5, "d";r=50;t=5', '"b";q=20;qu="concurrent-requests", "d";q=100', HALF),
        # Malformed.
        ("", "", None),
        (",;,", "", None),
        (";r=50;t=5", "", None),
        ('"default";r=50;t=5, "day', "", None),
        ('"default";r="50";t=5', "", None),
        ('"default";r=-1;t=5', "", None),
        ('"default";r=101;t=5', '"default";q=100', None),
        ('"default";r=50;t=5' + ";x" * 500, "", None),
    ],
)
def test_one_header_for_all(
    field: str, policy: str, found: Allowance | tuple[int, float, int] | None
) -> None:
    """The drafts' newer forms are read with their policies."""
    if isinstance(found, tuple):
        found = Allowance(remaining=found[0], seconds=found[1], whole=found[2])
    assert read(RateLimit=field, RateLimit_Policy=policy) == found


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit": f"limit=100, remaining=4, reset={NOW + 5}"},
        {"RateLimit": f'"default";r=4;t={NOW + 5}', "RateLimit-Policy": '"default";q=100'},
    ],
    ids=["dictionary", "list"],
)
def test_a_reset_in_one_header_may_be_a_moment(headers: dict[str, str]) -> None:
    """As in a header of its own."""
    assert read(**headers) == Allowance(remaining=4, seconds=5.0, whole=100)


@pytest.mark.parametrize(
    ("unit", "counts"),
    [("", True), (';qu="requests"', True), (';qu="request"', True), (';qu="bytes=octets"', False)],
)
def test_only_requests_count(unit: str, *, counts: bool) -> None:
    """A policy without a unit is one of requests."""
    headers = {"RateLimit": '"a";r=4;t=5', "RateLimit-Policy": f'"a";q=100{unit}'}
    found = Allowance(remaining=4, seconds=5.0, whole=100)
    assert read(**headers) == (found if counts else None)


@pytest.mark.parametrize(("length", "is_read"), [(1000, True), (1001, False)])
def test_a_header_of_a_thousand_characters_is_read(length: int, *, is_read: bool) -> None:
    """And no longer one."""
    text = '"a";r=4;t=5;x='
    found = read(RateLimit=text + "x" * (length - len(text)))
    assert (found is not None) is is_read


def test_the_scarcest_of_all_headers_counts() -> None:
    """Of several forms in one answer, the one that is used up first counts."""
    less = {"RateLimit": '"default";r=4;t=5', "RateLimit-Policy": '"default";q=100'}
    more = {f"X-RateLimit-{name}": value for name, value in FULL.items()}
    for headers in (less | more, more | less):
        assert read(**headers) == Allowance(remaining=4, seconds=5.0, whole=100)
    for scarce in ("X-RateLimit", "X-Rate-Limit", "RateLimit"):
        all_forms = {
            f"{family}-{name}": value
            for family in ("X-RateLimit", "X-Rate-Limit", "RateLimit")
            for name, value in (FULL | ({"Remaining": "4"} if family == scarce else {})).items()
        }
        assert read(**all_forms) == Allowance(remaining=4, seconds=5.0, whole=100)


def test_scarcest() -> None:
    """A scarce one comes first, then the lower rate, then what has less left."""
    scarce = Allowance(remaining=200, seconds=10.0, whole=1000)
    slower = Allowance(remaining=240, seconds=60.0, whole=1000)
    slowest = Allowance(remaining=4000, seconds=80_000.0, whole=5000)
    assert scarcest(None, None) is None
    assert scarcest(scarce, None) == scarcest(None, scarce) == scarce
    assert scarcest(scarce, slowest) == scarcest(slowest, scarce) == scarce
    assert scarcest(scarce, slower) == scarcest(slower, scarce) == slower
    few, fewer = Allowance(remaining=9, seconds=60.0), Allowance(remaining=8, seconds=60.0)
    assert scarcest(few, fewer) == scarcest(fewer, few) == fewer


_NAMES = st.sampled_from(
    [f"{family}-{name}" for family in ("X-RateLimit", "X-Rate-Limit", "RateLimit") for name in FULL]
    + ["RateLimit", "RateLimit-Policy"]
)
_PIECES = st.lists(
    st.sampled_from(['"', "\\", ",", ";", "=", "r", "t", "q", "w", "qu", "a", "0", "7", "-", " "])
    | st.sampled_from(["remaining=", "reset=", "limit=", '"a";r=5', ";t=9", ".", "9999999999"])
).map("".join)


@given(st.dictionaries(_NAMES, st.text() | _PIECES | st.integers().map(str), min_size=1))
def test_no_header_raises(headers: dict[str, str]) -> None:
    """Whatever headers hold, they announce something possible, or nothing."""
    found = read(**headers)
    if found is not None:
        assert 0 <= found.remaining <= (found.whole or 10**9)
        assert 0 <= found.seconds <= 31 * 86400
