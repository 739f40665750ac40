"""Rows: what of a stored item the decisions see, and in which types."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from hooklog.clock import iso
from hooklog.pace import Pace
from hooklog.records.rows import PACE_KEY, Row, Tries, Write, pace_values, present, read_of
from hooklog.records.signals import Signal
from tests.builders import FAX_ID, FETCHED_AT

if TYPE_CHECKING:
    from hooklog.records.rows import Attribute

KEY = f"fax#{FAX_ID}"
TIMES = {
    "fetched_at",
    "first_failed_at",
    "parked_at",
    "parked_first_at",
    "redriven_at",
    "erased_at",
}
WHOLE = {"version", "parked_attempts"}


def read(**item: Attribute) -> Row:
    """Read a fax's row of version 1 with these attributes."""
    whole = {"version": Decimal(1), **item}
    return Row.of(KEY, whole, names=frozenset(whole))


@pytest.mark.parametrize("name", sorted(TIMES))
def test_times_are_read_as_times(name: str) -> None:
    """A stored time becomes the same moment in UTC."""
    found = getattr(read(**{name: iso(FETCHED_AT)}), name)
    assert (found, found.tzinfo) == (FETCHED_AT, UTC)


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_whole_numbers_are_read_as_int(name: str) -> None:
    """DynamoDB has decimal numbers only; a count is an int."""
    found = getattr(read(**{name: Decimal(7)}), name)
    assert (found, type(found)) == (7, int)


def test_other_values_are_kept() -> None:
    """A charge stays exact, and texts, truth values and lists stay as stored."""
    stored: dict[str, Attribute] = {
        "status": "completed",
        "outcome": "failed",
        "charge": Decimal("0.00415"),
        "error_code": "34004",
        "error_message": "a text",
        "drift": ["value:quality"],
        "settled_by": "call",
        "unsettled": True,
        "final": True,
        "parked_code": "fetch.not_found",
        "redriven_by": "ops",
        "parked_history": [{"code": "log.invalid"}],
    }
    row = read(**stored)
    assert {name: getattr(row, name) for name in stored} == stored
    assert type(row.charge) is Decimal


def test_a_signal_is_read_from_the_attributes_of_its_kind() -> None:
    """What a fax's row says of a message is not read, and a status is needed."""
    row = read(
        settled_by="fax",
        fax_status="failed",
        fax_error_code="34004",
        fax_error_message="a text",
        fax_duration=Decimal(17),
        message_status="delivered",
    )
    assert row.signal == Signal(
        by="fax", status="failed", error_code="34004", error_message="a text", duration=17
    )
    assert type(row.signal.duration) is int
    assert read(settled_by="call", message_status="failed").signal is None


def test_an_absent_attribute_has_its_default() -> None:
    """A row may lack every attribute except its version."""
    assert read() == Row(names=frozenset({"version"}), version=1)


def test_a_row_knows_the_names_of_all_its_attributes() -> None:
    """An update may remove any attribute, so the names include those that no decision reads."""
    names = frozenset({"version", "pk", "cause", "note"})
    row = Row.of(KEY, {"version": Decimal(1), "cause": "x", "note": "y"}, names=names)
    assert row.names == names
    assert row == Row(names=names, version=1)


def test_every_field_has_its_type_converted() -> None:
    """A new field that is a time or a whole number needs no second list."""
    signal = {"fax_status", "fax_error_code", "fax_error_message", "fax_duration"}
    own = {"names", "signal", "pace"}
    assert read_of(KEY) == {field.name for field in fields(Row)} - own | signal
    types = {field.name: str(field.type) for field in fields(Row)}
    assert {name for name, kind in types.items() if kind.startswith("datetime")} == TIMES
    assert {name for name, kind in types.items() if kind.startswith("int")} == WHOLE


def test_tries_are_read_by_error() -> None:
    """Each has its count and the time of the last."""
    row = read(tries={"fetch.not_found": {"count": Decimal(2), "at": iso(FETCHED_AT)}})
    assert row.tries == {"fetch.not_found": Tries(count=2, at=FETCHED_AT)}


def pace_row(**item: Attribute) -> Row:
    """Read the row of the pace with these attributes."""
    whole = {"version": Decimal(3), **item}
    return Row.of(PACE_KEY, whole, names=frozenset(whole))


def test_the_pace_is_read_as_it_was_written() -> None:
    """Moments keep their milliseconds, and what has no value is absent."""
    pace = Pace(rate=12.5, ceiling=20.0, since=1.7e9 + 0.125, limited_at=1.7e9, next_at=1.7e9)
    stored = present(pace_values(pace))
    assert "outage" not in stored
    assert {type(value) for value in stored.values()} == {Decimal}
    assert pace_row(**stored).pace == pace
    assert stored.keys() | {"outage", "suspect", "version"} == read_of(PACE_KEY)


def test_an_outage_is_read_by_its_code() -> None:
    """And the log that failed alone by its key."""
    row = pace_row(outage="fetch.upstream", outage_at=Decimal(5), suspect="fax#1")
    assert row.pace == Pace(outage="fetch.upstream", outage_at=5.0, suspect="fax#1")


@pytest.mark.parametrize("value", ["soon", "nan", "inf", [], {}, Decimal(0), Decimal("1e12")])
@pytest.mark.parametrize("name", ["rate", "ceiling"])
def test_a_pace_that_cannot_be_is_none(name: str, value: Attribute) -> None:
    """The next write replaces it; the row has its version for that."""
    row = pace_row(**{name: value})
    assert (row.pace, row.version) == (None, 3)


def test_a_moment_that_cannot_be_makes_the_pace_none() -> None:
    """Written back, it would have more digits than DynamoDB takes."""
    assert pace_row(rate=Decimal(5), next_at=Decimal("1e60")).pace is None
    assert pace_row(rate=Decimal(-5)).pace is None


def test_other_rows_have_no_pace() -> None:
    """An attribute of the same name is another thing there."""
    assert read(rate=Decimal(1)).pace is None


def test_a_malformed_time_is_an_error() -> None:
    """A row that something else has written must not be misread."""
    with pytest.raises(ValueError, match="yesterday"):
        read(fetched_at="yesterday")


@pytest.mark.parametrize(("expected", "version"), [(None, 1), (1, 2), (41, 42)])
def test_a_write_counts_the_version_up(expected: int | None, version: int) -> None:
    """An insert makes version 1, and an update the one after that which it expects."""
    assert Write(key="fax#1", expected_version=expected, values={}).version == version


def test_a_row_of_milliseconds_is_exact() -> None:
    """Nothing of a time that was written is lost when it is read."""
    moment = datetime(2026, 5, 4, 12, 0, 0, 999_000, UTC)
    assert read(fetched_at=iso(moment)).fetched_at == moment
