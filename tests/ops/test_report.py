"""The report of a period: right sums, one page, nothing from elsewhere."""

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
from hooklog_ops.report.sums import LAGS, Sums
from local.space import Log
from tests.builders import failed_fax, failed_message, fax_log, message_log, record
from tests.fakes import NOW
from tests.ops.conftest import Desk
from tests.ops.seeding import log_id, store

PERIOD = Period(since=NOW - timedelta(days=2), until=NOW + timedelta(days=1))


def summed(*logs: Log) -> Sums:
    """Add up these logs."""
    sums = Sums()
    for log in logs:
        sums.add(record_attributes(record(log)))
    return sums


def test_sums() -> None:
    """By day and outcome, category and code, dollars, country and lag."""
    sums = summed(message_log(), failed_message(), failed_fax(), fax_log(status="ringing"))
    day = "2026-05-04"
    assert sums.outcomes == {(day, "succeeded"): 1, (day, "failed"): 2, (day, "in_progress"): 1}
    assert (sums.total, sums.of("failed")) == (4, 2)
    assert sums.categories == {"destination": 1, "network": 1}
    assert sums.codes["fax", "34004", "fax:the-call-dropped-prematurely"] == 1
    assert sums.cost_by_day[day, "message"] == Decimal("0.00830")
    assert sums.cost_by_kind["sms"] == Decimal("0.00830")
    assert sums.cost == sum(sums.cost_by_day.values())
    assert sums.countries == {("US", "succeeded"): 1, ("US", "failed"): 1, ("GB", "failed"): 1}
    assert sums.lags == {2: 4}
    assert LAGS[1] < 7.25 <= LAGS[2]


def test_a_parked_message_without_a_record_counts_nowhere() -> None:
    """It is no log, as far as anybody knows."""
    sums = Sums()
    sums.add({"pk": "parked#1", "parked_code": "message.malformed"})
    assert sums.total == 0


def test_the_page_shows_what_was_summed() -> None:
    """Each failure with its reason and what to do, each country, the dollars."""
    html = page(summed(message_log(), failed_fax(), failed_message()), PERIOD, NOW)
    for text in (
        "34004",
        "30003",
        "The phone call ended before the fax was through",
        "GB",
        "$0.03",
    ):
        assert text in html
    assert html.count("<svg") == 5


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No script, no link, no image or font of another host."""
    html = page(summed(message_log(), failed_fax()), PERIOD, NOW)
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"|<!DOCTYPE[^>]*>', "", html)
    assert not re.search(r"<script|<link|<img|@import|url\((?!#)|src=", without_names)
    assert not re.search(r'href="(?!#)', without_names)


def test_a_page_about_nothing_says_so() -> None:
    """No empty charts."""
    html = page(Sums(), PERIOD, NOW)
    assert "Nothing was created in this period." in html
    assert "<svg" not in html


def test_hostile_text_stays_text() -> None:
    """An error code out of the API is not let into the page's markup."""
    html = page(summed(failed_message(error_code="<script>x</script>")), PERIOD, NOW)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("count", [0, 3])
def test_the_command_writes_the_page(desk: Desk, tmp_path: Path, count: int) -> None:
    """To the file that was named, of the period that was named."""
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
