"""A record's timeline: its events, oldest first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hooklog.clock import iso
from hooklog_ops.records import Item
from hooklog_ops.timeline import timeline
from tests.fakes import NOW


def minutes(count: float) -> str:
    """Return a time that many minutes later, as a row has it."""
    return iso(NOW + timedelta(minutes=count))


def told(item: Item) -> list[tuple[str, str, str]]:
    """Return what a timeline says, oldest first."""
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
    ("Event that led to the fetch", "", ""),
    ("Fetched and stored", "status completed", "failed"),
]


def test_a_record_was_created_announced_and_fetched() -> None:
    """The failure was counted with that fetch, so it has no event of its own."""
    assert told(RECORD) == RECORDED


def test_a_log_that_a_list_showed_had_no_event() -> None:
    """The sweep stored it from a page."""
    item = {name: value for name, value in RECORD.items() if name != "lag_ms"}
    assert told(item) == [
        ("Fax created", "", ""),
        ("Read from a list and stored", "status completed", "failed"),
    ]


def test_a_failure_that_was_counted_before_the_last_fetch_has_its_event() -> None:
    """The log has been fetched again since."""
    item = RECORD | {"first_failed_at": minutes(2), "outcome": "succeeded"}
    assert told(item)[1:] == [
        ("Failure counted", "", "failed"),
        ("Event that led to the fetch", "", ""),
        ("Fetched and stored", "status completed", ""),
    ]


def test_a_parked_message_has_its_parkings_and_its_redrive() -> None:
    """It was parked, redriven, and parked again."""
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


def test_a_lifted_parking_stays_in_the_timeline() -> None:
    """With the row that has the log, if it is another."""
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
        ("No longer parked", "stored in fax#1", ""),
        *RECORDED[1:],
    ]


def test_tries_have_an_event_per_error() -> None:
    """With the time of the last one, also where nothing else is known."""
    tries = {
        "fetch.upstream": {"count": Decimal(1), "at": minutes(11)},
        "fetch.not_found": {"count": Decimal(4), "at": minutes(10)},
    }
    expected = [
        ("Tried without success", "fetch.not_found, 4 times so far", ""),
        ("Tried without success", "fetch.upstream", ""),
    ]
    assert told({"log_type": "fax", "tries": tries}) == expected
    assert told(RECORD | {"tries": tries}) == [*RECORDED, *expected]


def test_an_erased_row_has_one_event() -> None:
    """The row has no other time."""
    assert told({"erased_at": minutes(0)}) == [("Erased", "", "")]


def test_what_happened_under_the_sid_belongs_to_the_log() -> None:
    """A message that was parked before the log was known, and lifted."""
    lifted = {"code": "fetch.not_found", "at": minutes(4), "lifted_at": minutes(10)}
    events = timeline(RECORD, {"alias_of": "fax#1", "parked_history": [lifted]})
    assert [event.what for event in events] == [
        *("Fax created", "Parked", "Event that led to the fetch", "Fetched and stored"),
        "No longer parked",
    ]
