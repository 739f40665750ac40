"""Telephone numbers as people type and copy them, and as texts hold them."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog_ops.errors import CountryMissingError, NumberError
from hooklog_ops.numbers import Match, Sought, country_code, read_number

NUMBER = "+12065550123"
DASHES = [chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)) == "Pd"]
ZEROS = [chr(code) for code in range(sys.maxunicode) if unicodedata.decimal(chr(code), None) == 0]
BLANKS = [" ", "\u00a0", "\u202f", "\u2009", "\u3000", "\t"]
MARKS = ["\u200e", "\u200f", "\u202a", "\u202c", "\u2066", "\u2069", "\u200b", "\u00ad", "\ufeff"]


@pytest.mark.parametrize(
    "text",
    [
        "+1 (206) 555-0123",
        "(+1) 206/555.0123",
        "001 206 555 0123",
        "tel:+1-206-555-0123",
        *(f"+1{dash}206{dash}555{dash}0123" for dash in (*DASHES, "\u2212", "\u30fc")),
        *(f"+1{blank}206{blank}555{blank}0123" for blank in BLANKS),
        *(f"{mark}+1{mark}206555{mark}0123{mark}" for mark in MARKS),
        "\uff0b\uff11\uff12\uff10\uff16\uff15\uff15\uff15\uff10\uff11\uff12\uff13",
    ],
)
def test_a_number_is_understood_as_it_is_copied(text: str) -> None:
    """With any punctuation, and with the marks that pages and mails put around it."""
    assert read_number(text) == NUMBER


@pytest.mark.parametrize("zero", ZEROS, ids=lambda zero: f"U+{ord(zero):04X}")
def test_the_digits_of_every_script_are_understood(zero: str) -> None:
    """Persian, Arabic and all others."""
    assert read_number("+" + "".join(chr(ord(zero) + int(one)) for one in NUMBER[1:])) == NUMBER


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("206-555-0123", "US", NUMBER),
        ("1 206 555 0123", "US", NUMBER),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("32 12 34 56", "DK", "+4532123456"),
        ("34004", "US", "34004"),
        ("+44 (0)20 7946 0958", "US", "+442079460958"),
    ],
)
def test_a_national_number_is_understood_with_its_country(
    text: str, country: str, expected: str
) -> None:
    """As it is dialled there; a short code stays one."""
    assert read_number(text, country) == expected


@pytest.mark.parametrize(
    "text", ["206-555-0123", "555-0123", "12065550123", "02079460958", "whatsapp:206555012"]
)
def test_a_country_is_never_guessed(text: str) -> None:
    """The error says how to name it."""
    with pytest.raises(CountryMissingError, match=r"begin it with .* --country US"):
        read_number(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "+", "*", "+1", "12", "+0206555", "++12065550123", "+1206+5550123"),
        *("1-800-FLOWERS", "+1 206 555 0123 x5", "12\u00b2065550123", "+1 206 555 012O"),
        *("+1234567890123456", "whatsapp:+1 206 x", "a name"),
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    """Nothing is found by a part of what was typed."""
    with pytest.raises(NumberError, match="is not a number"):
        read_number(text)


def test_a_number_of_another_country_is_refused() -> None:
    """The national form of one country is none of another."""
    with pytest.raises(NumberError, match="is not a number of US"):
        read_number("020 7946 0958", "US")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45678", "45678"),
        ("WhatsApp:+1 206 555-0123", "whatsapp:+12065550123"),
        ("sip:fax@[2001:db8:100::1]", "sip:fax@[2001:db8:100::1]"),
        ("client:123456789", "client:123456789"),
        # How carriers spell a withheld caller ID: no country has such a number.
        ("+266696687", "+266696687"),
    ],
)
def test_other_names_are_those_of_signalwire(text: str, expected: str) -> None:
    """Short codes, prefixes and withheld numbers are looked up as they are stored."""
    assert read_number(text) == expected


@pytest.mark.parametrize("text", ["USA", "1", "", "XX", "+1"])
def test_an_unknown_country_is_refused(text: str) -> None:
    """It is named by two letters, in either case."""
    assert country_code("us") == "US"
    with pytest.raises(NumberError, match="two letters"):
        country_code(text)


@given(st.text(st.sampled_from([*"+-. ()/", *DASHES, *BLANKS, *MARKS]), max_size=3))
def test_what_the_search_understands_the_erasure_finds(between: str) -> None:
    """A number that is typed in some way is found where it is written that way."""
    text = f"+1{between}206{between}5550123"
    try:
        number = read_number(text)
    except NumberError:
        return
    assert number == NUMBER
    assert Sought(number).match(f"call {text}, please") is Match.SURE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+442079460958", Match.SURE),
        ("+44 (0)20 7946 0958", Match.SURE),
        ("0044 20 7946 0958", Match.SURE),
        ("From=%2B442079460958&To=1", Match.SURE),
        (r'{"from": "\u202b+44\u00a020\u00a07946\u00a00958"}', Match.SURE),
        ("442079460958@fax.example", Match.SURE),
        ("020 7946 0958", Match.POSSIBLE),
        ("2079460958", Match.POSSIBLE),
        ("+44 20 7946 0958 1", Match.POSSIBLE),
        ("+49 442079460958", Match.POSSIBLE),
        ("+1 2079460958", None),
        ("7946 0958", None),
        ("4420794609581", None),
        ("9442079460958", None),
    ],
)
def test_a_text_holds_a_number(text: str, expected: Match | None) -> None:
    """Surely with its country code, possibly without it or beside other digits."""
    assert Sought("+442079460958").match(text) is expected
