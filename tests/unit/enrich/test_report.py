"""The counts of a batch and their names."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.enrich.report import Report
from tests.builders import SENT_AT, failed_fax, failed_message, fax_log, message_log, record

PERSONAL = [
    "+12025550143",
    "12025550143",
    "2025550143",
    "202-555-0143",
    "tel2025550143",
    "T202-555-0143",
    "sip:fax@example.com",
    "someone@example.com",
    "Your code is 1234",
    "two words",
    "line\nbreak",
    "naïve",
    "(202) 555-0143",
    "x" * 65,
]


def failure_counts(error_code: str | None) -> tuple[list[str], set[str]]:
    """Count one failed message; return its codes in the metric and the unlisted codes."""
    report = Report()
    report.count_failure(record(failed_message(error_code=error_code)))
    assert [log_type for log_type, *_ in report.failures] == ["message"]
    return [code for _, code, _ in report.failures], report.unlisted


def test_new_report_is_empty() -> None:
    """A new report is empty and shares no state with another."""
    report = Report()
    report.count_stored(record(fax_log()))
    report.count_failure(record(failed_fax()))
    assert Report() == Report()
    assert Report() != report


def test_stored_records() -> None:
    """Each record written counts by its type, with its lag."""
    report = Report()
    for seconds in (1, 2):
        fetched_at = SENT_AT + timedelta(seconds=seconds)
        report.count_stored(record(fax_log(), fetched_at=fetched_at))
    report.count_stored(record(message_log()))
    assert report.enriched == {"fax": 2, "message": 1}
    assert report.lag_ms == {"fax": [1000, 2000], "message": [7250]}
    assert not report.drift


def test_failures() -> None:
    """Failures count by type, normalised code and category."""
    report = Report()
    logs = [failed_fax(), failed_fax(error_code=" 34004 "), failed_message(), failed_fax()]
    for log in logs:
        report.count_failure(record(log))
    assert report.failures == {
        ("fax", "34004", "network"): 3,
        ("message", "30003", "destination"): 1,
    }
    assert not report.unlisted


@pytest.mark.parametrize("code", [None, "", "  "])
def test_failures_without_code(code: str | None) -> None:
    """A failure without a code counts as "none"."""
    assert failure_counts(code) == (["none"], set())


def test_failures_without_an_explanation() -> None:
    """A failure of which the log itself shows nothing counts under the category "unknown"."""
    report = Report()
    report.count_failure(record(fax_log()))
    assert report.failures == {("fax", "none", "unknown"): 1}


@pytest.mark.parametrize(
    "code", ["11200", "-999999", "7", "brand_new_code", "Some.Code-2", "a1b2c3d4e5f6"]
)
def test_codes_without_a_metric(code: str) -> None:
    """A code without a metric of its own counts as other and is reported unchanged."""
    assert failure_counts(f" {code} ") == (["other"], {code})


@pytest.mark.parametrize("code", PERSONAL)
def test_invalid_codes_are_not_reported(code: str) -> None:
    """A code that might be a number, an address or a text counts as other and is not reported."""
    assert failure_counts(code) == (["other"], {"unprintable"})


@given(st.text() | st.from_regex(r"[A-Za-z]{0,5}\+?[0-9][0-9 (.)-]{5,15}[0-9]", fullmatch=True))
def test_no_number_or_text_is_reported(code: str) -> None:
    """No reported code has a number's digit count, white space or an address's characters."""
    for told in failure_counts(code)[1]:
        assert len(told) <= 64
        assert not set(told) & set(" \t\r\n+@:/()")
        assert sum(map(str.isdecimal, told)) < 7
