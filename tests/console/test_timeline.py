"""What a reader is told: a record's life in its order, and values as people write them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from hooklog.clock import iso
from hooklog_ops import words
from hooklog_ops.console.timeline import timeline
from hooklog_ops.records import Item
from tests.fakes import NOW


def minutes(count: float) -> str:
    """Give a time so many minutes later, as a row has it."""
    return iso(NOW + timedelta(minutes=count))


def told(item: Item) -> list[tuple[str, str, str]]:
    """Give what a timeline says, oldest first."""
    return [(event.what, event.more, event.kind) for event in timeline(item)]


RECORD = {
    "log_type": "fax",
    "outcome": "failed",
    "status": "completed",
    "created_at": minutes(0),
    "fetched_at": minutes(9),
    "lag_ms": Decimal(60_000),
    "first_failed_at": minutes(9),
}
RECORDED = [
    ("Fax created", "", ""),
    ("Event that hooklog was told of", "", ""),
    ("Fetched and stored", "status completed", "failed"),
]


def test_a_record_was_created_announced_and_fetched() -> None:
    """The failure is counted when it is fetched, and told once."""
    assert told(RECORD) == RECORDED


def test_a_failure_that_was_counted_before_the_last_fetch_is_told() -> None:
    """The log was fetched again since."""
    item = RECORD | {"first_failed_at": minutes(2), "outcome": "succeeded"}
    assert told(item)[1:] == [
        ("Failure counted", "", "failed"),
        ("Event that hooklog was told of", "", ""),
        ("Fetched and stored", "status completed", ""),
    ]


def test_a_parked_message_tells_its_tries() -> None:
    """Parked, redriven by somebody, parked again."""
    item = {
        "parked_code": "fetch.not_found",
        "parked_attempts": Decimal(5),
        "parked_first_at": minutes(0),
        "redriven_at": minutes(1),
        "redriven_by": "somebody",
        "parked_at": minutes(2),
    }
    assert told(item) == [
        ("Parked for the first time", "", "parked"),
        ("Put on the queue again", "by somebody", ""),
        ("Parked", "fetch.not_found, attempts: 5", "parked"),
    ]


def test_a_lifted_parking_stays_in_the_story() -> None:
    """With the row in which it ended, if it was another."""
    lifted = {
        "code": "fetch.forbidden",
        "at": minutes(3),
        "redriven_at": minutes(4),
        "lifted_at": minutes(5),
        "into": "fax#1",
    }
    assert told(RECORD | {"parked_history": [lifted]}) == [
        RECORDED[0],
        ("Parked", "fetch.forbidden", "parked"),
        ("Put on the queue again", "", ""),
        ("No longer parked", "went into fax#1", ""),
        *RECORDED[1:],
    ]


def test_an_erased_row_has_one_event() -> None:
    """Nothing else is left of it."""
    assert told({"erased_at": minutes(0)}) == [("Erased", "", "")]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (90_000, "1 d ago")],
)
def test_ages_are_in_the_largest_unit(seconds: int, expected: str) -> None:
    """A clock that is ahead is no surprise."""
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == expected


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(449.6, "450 ms"), (5300, "5.3 s"), (119_000, "119.0 s"), (240_000, "4 min")],
)
def test_durations_are_short(milliseconds: float, expected: str) -> None:
    """As many digits as somebody reads."""
    assert words.duration(milliseconds) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("0.02", "$0.02"), ("0.00415", "$0.00415"), ("3", "$3.00"), ("0.500", "$0.50")],
)
def test_amounts_keep_their_digits(amount: str, expected: str) -> None:
    """A message costs less than a cent."""
    assert words.dollars(Decimal(amount)) == expected


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [(1, "fax", "1 fax"), (2, "fax", "2 faxes"), (1200, "log", "1,200 logs"), (0, "log", "0 logs")],
)
def test_nouns_have_their_plural(number: int, noun: str, expected: str) -> None:
    """With the number before them."""
    assert words.counted(number, noun) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("missing:quality", "SignalWire left out quality"),
        ("value:status", "status has a value that the specification does not list"),
        ("field:new", "new is a field that the specification does not have"),
        ("other", "other"),
    ],
)
def test_drift_is_told_in_words(entry: str, expected: str) -> None:
    """What nobody knows is shown as it is."""
    assert words.drift(entry) == expected
