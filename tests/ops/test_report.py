"""`hooklog report`: correct totals on one page that loads nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from hooklog.clock import utc_now
from hooklog.records.items import record_attributes
from hooklog_ops.records import Period
from hooklog_ops.report.page import page
from hooklog_ops.report.totals import LAGS, Totals
from local.space import Log
from tests.builders import failed_fax, failed_message, fax_log, message_log, record
from tests.fakes import NOW
from tests.ops.conftest import Desk
from tests.ops.seeding import log_id, store

PERIOD = Period(since=NOW - timedelta(days=2), until=NOW + timedelta(days=1))


def totalled(*logs: Log) -> Totals:
    """Add up these logs."""
    totals = Totals()
    for log in logs:
        totals.add(record_attributes(record(log)))
    return totals


def test_totals() -> None:
    """Logs and dollars are counted by day, outcome, category, code, country and lag."""
    totals = totalled(message_log(), failed_message(), failed_fax(), fax_log(status="ringing"))
    day = "2026-05-04"
    assert totals.outcomes == {(day, "succeeded"): 1, (day, "failed"): 2, (day, "in_progress"): 1}
    assert (totals.total, totals.of("failed")) == (4, 2)
    assert totals.categories == {"destination": 1, "network": 1}
    assert totals.codes["fax", "34004", "fax:the-call-dropped-prematurely"] == 1
    assert totals.cost_by_day[day, "message"] == Decimal("0.00830")
    assert totals.cost_by_kind["sms"] == Decimal("0.00830")
    assert totals.cost == sum(totals.cost_by_day.values())
    assert totals.countries == {("US", "succeeded"): 1, ("US", "failed"): 1, ("GB", "failed"): 1}
    assert totals.lags == {2: 4}
    assert LAGS[1] < 7.25 <= LAGS[2]


@pytest.mark.parametrize(
    "other",
    [
        {"parked_code": "message.malformed"},
        {"alias_of": "fax#2"},
        {"alias_of": "fax#2", "log_type": "fax", "parked_history": []},
    ],
)
def test_what_is_no_record_does_not_count(other: dict[str, object]) -> None:
    """A parked message has perhaps no log; an alias is a second name of one."""
    totals = Totals()
    totals.add({"pk": "fax#1", **other})
    assert totals.total == 0


def test_a_record_without_a_lag_is_in_no_class_of_lag() -> None:
    """The sweep stored it from a page, so no event led to it."""
    item = record_attributes(record(fax_log()))
    del item["lag_ms"]
    totals = Totals()
    totals.add(item)
    assert (totals.total, totals.lags.total()) == (1, 0)


def test_the_page_shows_the_totals() -> None:
    """Failures with reason and advice, countries, and dollars."""
    html = page(totalled(message_log(), failed_fax(), failed_message()), PERIOD, NOW)
    for text in (
        "34004",
        "30003",
        "The phone call ended before the fax was through",
        "GB",
        "$0.03",
    ):
        assert text in html
    assert html.count("<svg") == 5


def test_the_page_loads_nothing() -> None:
    """It has no script, and no link, image or font of another host."""
    html = page(totalled(message_log(), failed_fax()), PERIOD, NOW)
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"|<!DOCTYPE[^>]*>', "", html)
    assert not re.search(r"<script|<link|<img|@import|url\((?!#)|src=", without_names)
    assert not re.search(r'href="(?!#)', without_names)


def test_a_page_without_records_says_so() -> None:
    """It has no empty charts."""
    html = page(Totals(), PERIOD, NOW)
    assert "Nothing was created in this period." in html
    assert "<svg" not in html


def test_hostile_text_is_shown_as_text() -> None:
    """An error code from the API is not markup."""
    html = page(totalled(failed_message(error_code="<script>x</script>")), PERIOD, NOW)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("count", [0, 3])
def test_the_command_writes_the_page(desk: Desk, tmp_path: Path, count: int) -> None:
    """For the given period, to the given file."""
    created_at = (utc_now() - timedelta(hours=3)).isoformat()
    if count:
        store(desk, *(failed_fax(id=log_id(n), created_at=created_at) for n in range(count)))
    out = tmp_path / "page.html"
    result = desk.hooklog("report", "--since", "1d", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert f"{count} records" in result.output
    told = desk.json("report", "--since", "1d", "--out", str(out))
    assert told == {"records": count, "file": str(out)}
    assert ("34004" in out.read_text()) is bool(count)
