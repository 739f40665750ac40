"""Times in UTC, and the one form in which they are stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.clock import as_utc, iso, utc_now


def zone(minutes: int) -> tzinfo:
    """Return the zone that is ahead of UTC by these minutes."""
    return timezone(timedelta(minutes=minutes))


#: No zone is farther than a day from UTC, so every time between these has one in UTC.
ANY_TIME = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 - the bounds have no zone; the strategy adds one
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001 - as above
    timezones=st.one_of(st.none(), st.integers(-1439, 1439).map(zone)),
)


def test_now_is_in_utc_and_whole_milliseconds() -> None:
    """The clock tells no more than the table keeps, so a time survives a round trip."""
    now = utc_now()
    assert now.tzinfo is UTC
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)
    assert datetime.fromisoformat(iso(now)) == now


class Standing(datetime):
    """A clock that stands between the last millisecond of a second and the next second."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """Return the time."""
        return cls(2026, 5, 4, 12, 0, 0, 999_500, tz)


def test_now_is_the_millisecond_that_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further digits are cut off, so that the clock is never ahead."""
    monkeypatch.setattr("hooklog.clock.datetime", Standing)
    assert utc_now() == datetime(2026, 5, 4, 12, 0, 0, 999_000, UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-04T14:00:00+02:00", "2026-05-04T12:00:00.000Z"),
        ("2026-05-04T12:00:00Z", "2026-05-04T12:00:00.000Z"),
        ("2026-05-04T12:00:00", "2026-05-04T12:00:00.000Z"),
        ("2026-05-04T23:30:00-01:00", "2026-05-05T00:30:00.000Z"),
    ],
)
def test_a_time_becomes_utc(text: str, expected: str) -> None:
    """A zone is converted, and a time without one is UTC already."""
    moment = as_utc(datetime.fromisoformat(text))
    assert moment.tzinfo is UTC
    assert iso(moment) == expected


@given(ANY_TIME)
def test_conversion_keeps_the_moment(moment: datetime) -> None:
    """The moment stays the same, and a second conversion changes nothing."""
    converted = as_utc(moment)
    assert converted == (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    assert as_utc(converted) == converted


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_beyond_the_calendar_is_refused(text: str) -> None:
    """A time that UTC cannot express is a ValueError, as pydantic's validators need it."""
    with pytest.raises(ValueError, match=r"^not a time in UTC$"):
        as_utc(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 5, 4, 12, tzinfo=UTC), "2026-05-04T12:00:00.000Z"),
        (datetime(2026, 5, 4, 12, 0, 0, 999_999, UTC), "2026-05-04T12:00:00.999Z"),
        (datetime(99, 1, 1, tzinfo=UTC), "0099-01-01T00:00:00.000Z"),
    ],
)
def test_a_stored_time_has_milliseconds(moment: datetime, text: str) -> None:
    """Every stored time has the same length; further digits are cut off, not rounded."""
    assert iso(moment) == text
