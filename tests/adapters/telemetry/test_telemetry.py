"""The operator's view: embedded metrics, one log line per batch or sweep, no personal data."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry import sweep as sweep_telemetry
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.adapters.telemetry.publish import PublishTelemetry
from hooklog.adapters.telemetry.webhook import WebhookTelemetry
from hooklog.enrich.report import Report
from hooklog.errors import UpstreamError
from hooklog.logs import FAX, KINDS
from hooklog.publish import publisher
from hooklog.records.counts import Counts
from hooklog.sweep.comparison import Verdict
from hooklog.sweep.tiers import Swept, Tier
from hooklog.sweep.walk import Checkpoint, WalkResult
from tests.builders import failed_fax, failed_message, fax_log, record
from tests.fakes import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PERSONAL = "+12025550143"
#: CloudWatch takes no more values of one metric in one line.
MOST_VALUES = 100


class Output:
    """The output for a report: metric lines and log lines."""

    def __init__(self, text: str) -> None:
        """Separate the two; each line is JSON."""
        lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
        self.text = text
        self.metrics = [line for line in lines if "_aws" in line]
        self.log = [line for line in lines if "_aws" not in line]

    def with_dimensions(self, dimensions: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the lines of metrics with exactly these dimensions."""
        return [line for line in self.metrics if dimensions_of(line) == dimensions]


def dimensions_of(line: dict[str, Any]) -> dict[str, str]:
    """Return the single set of dimensions of a metric line."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    (names,) = directive["Dimensions"]
    return {name: line[name] for name in names}


def values_of(line: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics of a line."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}


def telemetry(level: str = "INFO") -> EnrichTelemetry:
    """Return telemetry with a logger that no other test shares."""
    logger = Logger(service=f"test-{uuid.uuid4()}", level=level)
    return EnrichTelemetry(logger, EmbeddedMetrics("Hooklog"))


@pytest.fixture
def emit(capsys: pytest.CaptureFixture[str]) -> Callable[[Report], Output]:
    """Emit a report and return its output."""

    def emit(report: Report) -> Output:
        telemetry().emit(report)
        return Output(capsys.readouterr().out)

    return emit


@pytest.fixture
def busy() -> Report:
    """Return a report in which every counter has a value."""
    report = Report(received=20)
    report.enriched.update(fax=3, message=4)
    report.skipped.update(fax=2)
    report.retried.update(message=1)
    report.parked.update(unknown=1, message=2)
    report.finished.update(fax=3, message=2)
    report.failures.update(
        {
            ("fax", "34004", "network"): 2,
            ("fax", "34004", "destination"): 1,
            ("fax", "none", "unknown"): 1,
            ("message", "30007", "carrier_filtering"): 1,
        }
    )
    report.errors.update({"fetch.not_found": 2, "message.malformed": 1})
    report.drift.update(fax=1)
    report.fetch_ms["fax"] = [1.5, 2.5]
    report.fetch_ms["message"] = [3.5]
    report.lag_ms["fax"] = [7250]
    return report


def test_lines_are_in_the_embedded_format(emit: Callable[[Report], Output], busy: Report) -> None:
    """Each metric line follows CloudWatch's specification of the embedded format."""
    for line in emit(busy).metrics:
        assert isinstance(line["_aws"]["Timestamp"], int)
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Hooklog"
        assert all(value and isinstance(value, str) for value in dimensions_of(line).values())
        assert directive["Metrics"]
        for metric in directive["Metrics"]:
            assert metric["Unit"] in {"Count", "Milliseconds"}
            value = line[metric["Name"]]
            values = value if isinstance(value, list) else [value]
            assert 0 < len(values) <= MOST_VALUES
            assert all(type(number) in {int, float} for number in values)


def test_a_fetch_that_led_to_nothing_else_has_its_latency(
    emit: Callable[[Report], Output],
) -> None:
    """Such as one whose answer lost to a later one."""
    report = Report(received=1)
    report.fetch_ms["fax"] = [1.5]
    (line,) = emit(report).with_dimensions({"log_type": "fax"})
    assert values_of(line) == {"FetchLatency": [1.5]}


def test_one_line_a_set_of_dimensions(emit: Callable[[Report], Output], busy: Report) -> None:
    """Each kind and each of hooklog's codes has one line; failures have one per category."""
    output = emit(busy)
    assert [dimensions_of(line) for line in output.metrics] == [
        {"log_type": "fax"},
        {"log_type": "message"},
        {"log_type": "unknown"},
        {"log_type": "fax", "error_code": "34004"},
        {"log_type": "fax", "error_code": "34004"},
        {"log_type": "fax", "error_code": "none"},
        {"log_type": "message", "error_code": "30007"},
        {"code": "fetch.not_found"},
        {"code": "message.malformed"},
    ]


def test_counts_and_durations(emit: Callable[[Report], Output], busy: Report) -> None:
    """Each line holds exactly the metrics that were counted."""
    assert [values_of(line) for line in emit(busy).metrics] == [
        {
            "LogsEnriched": 3,
            "LogsSkipped": 2,
            "LogsFinished": 3,
            "FailedLogs": 4,
            "SchemaDrift": 1,
            "FetchLatency": [1.5, 2.5],
            "EndToEndLag": [7250],
        },
        {
            "LogsEnriched": 4,
            "LogsRetried": 1,
            "LogsParked": 2,
            "LogsFinished": 2,
            "FailedLogs": 1,
            "FetchLatency": [3.5],
        },
        {"LogsParked": 1},
        {"FailedLogs": 1},
        {"FailedLogs": 2},
        {"FailedLogs": 1},
        {"FailedLogs": 1},
        {"ProcessingFailures": 2},
        {"ProcessingFailures": 1},
    ]


def test_each_failures_line_tells_its_category(
    emit: Callable[[Report], Output], busy: Report
) -> None:
    """A failure's category is a property, which queries can sum without a further metric."""
    lines = emit(busy).with_dimensions({"log_type": "fax", "error_code": "34004"})
    assert [(line["category"], line["FailedLogs"]) for line in lines] == [
        ("destination", 1),
        ("network", 2),
    ]


def test_units(emit: Callable[[Report], Output], busy: Report) -> None:
    """Counts have the unit Count, durations Milliseconds."""
    units = {
        metric["Name"]: metric["Unit"]
        for line in emit(busy).metrics
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    durations = {"FetchLatency", "EndToEndLag"}
    assert {name for name, unit in units.items() if unit == "Milliseconds"} == durations
    assert {units[name] for name in set(units) - durations} == {"Count"}


@pytest.mark.parametrize("count", [1, 100, 101, 200, 250])
def test_many_values_take_several_lines(emit: Callable[[Report], Output], count: int) -> None:
    """Beyond the format's limit values continue on further lines; each appears once."""
    report = Report(received=count)
    report.enriched["fax"] = count
    report.fetch_ms["fax"] = [number / 2 for number in range(count)]
    report.lag_ms["fax"] = list(range(150))
    lines = [values_of(line) for line in emit(report).with_dimensions({"log_type": "fax"})]
    told: dict[str, list[float]] = {"FetchLatency": [], "EndToEndLag": []}
    for line in lines:
        for name in set(told) & set(line):
            assert len(line[name]) <= MOST_VALUES
            told[name] += line[name]
    assert told == {"FetchLatency": report.fetch_ms["fax"], "EndToEndLag": list(range(150))}
    assert [line["LogsEnriched"] for line in lines if "LogsEnriched" in line] == [count]
    assert len(lines) == max(2, -(-count // MOST_VALUES))


def test_retries_alone_are_told(emit: Callable[[Report], Output]) -> None:
    """A kind with nothing but retries has its line."""
    report = Report(received=1)
    report.retried["fax"] = 1
    assert [values_of(line) for line in emit(report).metrics] == [{"LogsRetried": 1}]


def test_nothing_takes_no_line(emit: Callable[[Report], Output]) -> None:
    """A kind without events has no metric line."""
    report = Report(received=1)
    report.enriched["fax"] = 0
    assert emit(report).metrics == []


def test_codes_without_a_metric_are_a_property(emit: Callable[[Report], Output]) -> None:
    """Codes without a metric, and only those, are listed as a property, which costs nothing."""
    report = Report(received=4)
    for code in ("99999", "brand_new", "30003", PERSONAL, f"call {PERSONAL} back"):
        report.count_failure(record(failed_message(error_code=code)))
    output = emit(report)
    (other,) = output.with_dimensions({"log_type": "message", "error_code": "other"})
    assert values_of(other) == {"FailedLogs": 4}
    assert other["unlisted_codes"] == ["99999", "brand_new", "unprintable"]
    (listed,) = output.with_dimensions({"log_type": "message", "error_code": "30003"})
    assert "unlisted_codes" not in listed
    assert PERSONAL not in output.text


def test_summary(emit: Callable[[Report], Output], busy: Report) -> None:
    """One log line at INFO summarises the batch, without empty counters."""
    (line,) = emit(busy).log
    assert (line["level"], line["message"], line["received"]) == ("INFO", "batch", 20)
    assert line["enriched"] == {"fax": 3, "message": 4}
    assert line["skipped"] == {"fax": 2}
    assert line["retried"] == {"message": 1}
    assert line["parked"] == {"unknown": 1, "message": 2}
    assert line["drift"] == {"fax": 1}
    assert line["errors"] == {"fetch.not_found": 2, "message.malformed": 1}


def test_summary_of_nothing(emit: Callable[[Report], Output]) -> None:
    """A batch without events has its log line and no metric."""
    output = emit(Report(received=1))
    assert output.metrics == []
    (line,) = output.log
    assert not {"enriched", "skipped", "retried", "parked", "drift", "errors"} & set(line)


def test_summary_obeys_the_level(capsys: pytest.CaptureFixture[str], busy: Report) -> None:
    """Above INFO the batch's log line is left out; the metrics stay."""
    telemetry("WARNING").emit(busy)
    output = Output(capsys.readouterr().out)
    assert output.log == []
    assert output.metrics


def test_records_leave_no_personal_data(emit: Callable[[Report], Output]) -> None:
    """The counts of a log reveal neither its numbers nor its texts."""
    report = Report(received=2)
    for log in (failed_fax(error_code=None), failed_message(error_message=f"to {PERSONAL}")):
        report.count_stored(record(log))
        report.count_failure(record(log))
    text = emit(report).text
    for private in ("2025550143", "4155550122", "442079460958", "prematurely"):
        assert private not in text


@pytest.mark.parametrize(
    ("limit", "outage", "metric", "line"),
    [
        (12.345, None, {"ApiLimit": 12}, {"limit": 12.3}),
        (None, "fetch.timeout", {"ApiOutage": 1}, {"outage": "fetch.timeout"}),
        (
            2.0,
            "fetch.timeout",
            {"ApiLimit": 2, "ApiOutage": 1},
            {"limit": 2.0, "outage": "fetch.timeout"},
        ),
    ],
)
def test_a_limit_and_an_outage_are_told(
    emit: Callable[[Report], Output],
    limit: float | None,
    outage: str | None,
    metric: dict[str, int],
    line: dict[str, object],
) -> None:
    """Each has a metric and its place in the batch's line; without one there is neither."""
    output = emit(Report(received=1, limit=limit, outage=outage))
    assert list(map(values_of, output.with_dimensions({"api": "signalwire"}))) == [metric]
    (found,) = output.log
    assert {name: found[name] for name in ("limit", "outage") if name in found} == line


def test_defect(capsys: pytest.CaptureFixture[str]) -> None:
    """A defect is logged with log key, type and place, without the exception's text."""
    with pytest.raises(ValueError, match="digits") as caught:
        int(f"digits of {PERSONAL}")
    telemetry().defect("fax#1", caught.value)
    output = Output(capsys.readouterr().out)
    (line,) = output.log
    assert (line["level"], line["message"]) == ("ERROR", "defect")
    assert (line["log_key"], line["error"]) == ("fax#1", "ValueError")
    assert any("test_telemetry.py" in place and "test_defect" in place for place in line["at"])
    assert PERSONAL not in output.text


def test_defect_without_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    """An exception that was never raised is logged without a place."""
    telemetry().defect("fax#1", KeyError(PERSONAL))
    (line,) = Output(capsys.readouterr().out).log
    assert (line["error"], line["at"]) == ("KeyError", [])


def test_a_defect_deep_down(capsys: pytest.CaptureFixture[str]) -> None:
    """The eight innermost places are logged, however many calls led there."""

    def descend(depth: int) -> None:
        if depth:
            descend(depth - 1)
        raise KeyError

    with pytest.raises(KeyError) as caught:
        descend(20)
    telemetry().defect("fax#1", caught.value)
    (line,) = Output(capsys.readouterr().out).log
    assert len(line["at"]) == 8
    assert all(place.endswith("descend") for place in line["at"])


def swept(
    log_type: str, found: Mapping[Verdict, int], *, tier: str = "", behind: float = 0
) -> Swept:
    """Return what a sweep did in a tier, by default in the first; it may be seconds behind."""
    walk = WalkResult(
        kind=KINDS[log_type], goal=NOW, checkpoint=Checkpoint(NOW, NOW), found=Counter(found)
    )
    age = timedelta(hours=1)
    return Swept(tier=Tier(name=tier, age=age), walk=walk, behind=timedelta(seconds=behind))


def test_what_a_sweep_found(capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind has one line: all entries of its list, and those that need a look."""
    found = {verdict: number for number, verdict in enumerate(Verdict, start=1)}
    for one in (swept("fax", {Verdict.PRESENT: 3}), swept("message", found)):
        sweep_telemetry.emit_found(EmbeddedMetrics("Hooklog"), one)
    fax, message = Output(capsys.readouterr().out).metrics
    assert (dimensions_of(fax), values_of(fax)) == ({"log_type": "fax"}, {"SpaceLogs": 3})
    assert dimensions_of(message) == {"log_type": "message"}
    assert values_of(message) == {
        "SpaceLogs": 21,
        "MissingLogs": 2,
        "StaleLogs": 3,
        "UnfinishedLogs": 4,
        "UnreadableEntries": 6,
    }


def test_entries_without_an_id_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """They are counted in the log line and in their metric, even if the list has no others."""
    one = swept("fax", {Verdict.PRESENT: 0, Verdict.UNREADABLE: 2})
    sweep_telemetry.log(Logger(service=f"test-{uuid.uuid4()}"), "sweep", one.walk, "24h")
    sweep_telemetry.emit_found(EmbeddedMetrics("Hooklog"), one)
    output = Output(capsys.readouterr().out)
    (line,) = output.log
    assert (line["message"], line["log_type"], line["found"]) == ("sweep", "fax", {"unreadable": 2})
    assert (line["tier"], line["stored"], line["enqueued"]) == ("24h", 0, 0)
    assert (line["origin"], line["complete"]) == ("sweep", True)
    assert "error" not in line
    assert line["watermark"] == NOW.isoformat()
    assert [values_of(one) for one in output.metrics] == [{"SpaceLogs": 2, "UnreadableEntries": 2}]


def test_entries_count_when_they_are_compared_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Later tiers read the same entries again, and what they find missing counts."""
    found = {Verdict.PRESENT: 5, Verdict.MISSING: 1}
    sweep_telemetry.emit_found(EmbeddedMetrics("Hooklog"), swept("fax", found, tier="24h"))
    (line,) = Output(capsys.readouterr().out).metrics
    assert values_of(line) == {"MissingLogs": 1}


def test_a_sweep_that_is_behind_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """In seconds; one that is not behind costs no metric."""
    for behind in (0, 7200):
        one = swept("fax", {}, behind=behind)
        sweep_telemetry.emit_found(EmbeddedMetrics("Hooklog"), one)
    (line,) = Output(capsys.readouterr().out).metrics
    assert values_of(line) == {"SweepLagSeconds": 7200}
    (metric,) = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert metric == {"Name": "SweepLagSeconds", "Unit": "Seconds"}


def test_logs_stored_from_pages_count_as_all_others(capsys: pytest.CaptureFixture[str]) -> None:
    """The same metrics, whichever function stored them."""
    counts = Counts()
    for log in (fax_log(), failed_fax()):
        counts.count_stored(record(log))
    counts.count_failure(record(failed_fax()))
    sweep_telemetry.emit_stored(EmbeddedMetrics("Hooklog"), FAX, counts)
    totals, failures = Output(capsys.readouterr().out).metrics
    assert dimensions_of(totals) == {"log_type": "fax"}
    assert values_of(totals) == {"LogsEnriched": 2, "FailedLogs": 1}
    assert dimensions_of(failures) == {"log_type": "fax", "error_code": "34004"}


def test_a_sweep_that_stops_tells_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    """By its code, which has an entry in the runbook."""
    one = WalkResult(kind=FAX, goal=NOW, checkpoint=Checkpoint(NOW, NOW), error=UpstreamError())
    sweep_telemetry.log(Logger(service=f"test-{uuid.uuid4()}"), "backfill", one)
    (line,) = Output(capsys.readouterr().out).log
    assert (line["origin"], line["error"]) == ("backfill", "fetch.upstream")


def test_events_count_by_kind_and_what_went_wrong_by_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A batch that told nothing costs nothing."""
    logger, metrics = Logger(service=f"test-{uuid.uuid4()}"), EmbeddedMetrics("Hooklog")
    PublishTelemetry(logger, metrics).emit(publisher.Report())
    report = publisher.Report(
        published=Counter(fax=2, message=1), errors=Counter({"publish.refused": 3})
    )
    PublishTelemetry(logger, metrics).emit(report)
    lines = Output(capsys.readouterr().out).metrics
    assert [(dimensions_of(line), values_of(line)) for line in lines] == [
        ({"log_type": "fax"}, {"EventsPublished": 2}),
        ({"log_type": "message"}, {"EventsPublished": 1}),
        ({"code": "publish.refused"}, {"ProcessingFailures": 3}),
    ]


@pytest.mark.parametrize("of", [PublishTelemetry, WebhookTelemetry])
def test_a_defect_of_any_function_is_logged(
    capsys: pytest.CaptureFixture[str], of: type[PublishTelemetry | WebhookTelemetry]
) -> None:
    """As that of the enrich function, with the key of what it was about."""
    logger, metrics = Logger(service=f"test-{uuid.uuid4()}"), EmbeddedMetrics("Hooklog")
    of(logger, metrics).defect("fax#1", KeyError(PERSONAL))
    (line,) = Output(capsys.readouterr().out).log
    assert (line["message"], line["log_key"], line["error"]) == ("defect", "fax#1", "KeyError")


def test_a_closed_door_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """One line at ERROR, for the operator who has to open it."""
    logger = Logger(service=f"test-{uuid.uuid4()}")
    WebhookTelemetry(logger, EmbeddedMetrics("Hooklog")).closed("WEBHOOK_URL is not set.")
    (line,) = Output(capsys.readouterr().out).log
    assert (line["level"], line["message"]) == ("ERROR", "closed")
    assert line["reason"] == "WEBHOOK_URL is not set."
