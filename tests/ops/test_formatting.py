"""Values as people read them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from hooklog_ops import formatting
from tests.fakes import NOW


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (90_000, "1 d ago")],
)
def test_ages_are_in_the_largest_unit(seconds: int, expected: str) -> None:
    """A time that is ahead of the clock is just now."""
    assert formatting.ago(NOW - timedelta(seconds=seconds), NOW) == expected


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(449.6, "450 ms"), (5300, "5.3 s"), (119_000, "119.0 s"), (240_000, "4 min")],
)
def test_durations_are_short(milliseconds: float, expected: str) -> None:
    """They have few digits."""
    assert formatting.duration(milliseconds) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("0.02", "$0.02"), ("0.00415", "$0.00415"), ("3", "$3.00"), ("0.500", "$0.50")],
)
def test_amounts_keep_their_digits(amount: str, expected: str) -> None:
    """A message costs less than a cent, so no digit is rounded away."""
    assert formatting.dollars(Decimal(amount)) == expected


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [(1, "fax", "1 fax"), (2, "fax", "2 faxes"), (1200, "log", "1,200 logs"), (0, "log", "0 logs")],
)
def test_numbers_have_their_noun(number: int, noun: str, expected: str) -> None:
    """In the plural, which a kind of log brings with it."""
    assert formatting.counted(number, noun) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("missing:quality", "SignalWire left out quality"),
        ("value:status", "status has a value that the specification does not list"),
        ("field:new", "new is a field that the specification does not have"),
        ("type:charge", "charge has another type than the specification says"),
        ("text:to", "to contains characters that no encoding can express"),
        ("other", "other"),
    ],
)
def test_drift_is_explained(entry: str, expected: str) -> None:
    """An unknown entry is shown as it is."""
    assert formatting.drift(entry) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["fax"], "faxes"), (["fax", "message"], "faxes and messages")],
)
def test_kinds_of_log_are_named_in_a_sentence(names: list[str], expected: str) -> None:
    """In the plural."""
    assert formatting.plurals(names) == expected


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [("number_of_pages", "Pages"), ("remote_station", "Remote station"), ("kind", "Kind")],
)
def test_attributes_have_a_label(attribute: str, expected: str) -> None:
    """It is made from the name, so that a new attribute has one."""
    assert formatting.label(attribute) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.4, "0 s"), (15, "15 s"), (3600, "1 h")])
def test_ages_below_a_minute_are_in_seconds(seconds: float, expected: str) -> None:
    """As in the classes of lag."""
    assert formatting.age(seconds) == expected
