"""The overview and completeness: correct numbers, and a sentence where there are none."""

from __future__ import annotations

import logging
import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from hooklog.clock import utc_now
from hooklog.pace import Pace
from hooklog_ops.console.charts import HEIGHT, outcomes
from hooklog_ops.console.health import headline, strip
from hooklog_ops.console.metrics import Span, Step
from hooklog_ops.console.panels import Panel
from hooklog_ops.pace import CurrentPace
from hooklog_ops.queues import QueueDepth
from tests.builders import failed_message
from tests.console.conftest import Site, get
from tests.fakes import NOW, Clock
from tests.ops.seeding import failed_faxes, log_id, park, set_pace, store

FINE = Panel(value=QueueDepth(visible=0, in_flight=0, delayed=0))
FREE = Panel(value=CurrentPace(now=NOW))


def step(start: datetime = NOW, **counts: int) -> Step:
    """Return a step with some counts."""
    names = ("finished", "failed", "compared", "missing", "stale", "unfinished")
    return Step(start=start, lag_ms=None, **{name: counts.get(name, 0) for name in names})


@pytest.fixture
def day(site: Site) -> datetime:
    """Return a time, and set an empty namespace: metrics cannot be deleted."""
    functions = site.stack.functions
    name = site.stack.output("EnrichFunctionName")
    variables = {**site.stack.variables("EnrichFunctionName")}
    variables["METRICS_NAMESPACE"] = f"Hooklog-{uuid.uuid4()}"
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    yesterday = utc_now() - timedelta(days=1)
    return yesterday.replace(hour=12, minute=30, second=0, microsecond=0)


def test_an_empty_stack_has_sentences(site: Site, day: datetime) -> None:
    """Every part says that there is nothing; none is a zero without a word."""
    status, text = get(site.client(clock=Clock(day)), "/")
    assert status == 200
    for told in (
        *("Nothing needs you", "no message waits for you", "no sweep in this time"),
        *("Nothing has ended in these 24 hours", "Nothing failed in these 24 hours"),
    ):
        assert told in text
    _, text = get(site.client(clock=Clock(day)), "/completeness")
    assert "No sweep has run in these 14 days" in text


def test_outcomes_are_drawn_and_written(site: Site, day: datetime) -> None:
    """Hour by hour as columns and as a table, and in one sentence."""
    for name, values in (("LogsFinished", (5.0, 2.0)), ("FailedLogs", (3.0,))):
        site.measure(name, day - timedelta(hours=2), *values)
    site.measure("LogsFinished", day - timedelta(minutes=5), 1, log_type="message")
    site.measure("LogsFinished", day - timedelta(hours=30), 100)
    _, text = get(site.client(clock=Clock(day)), "/")
    assert 'aria-label="5 logs succeeded and 3 failed in the last 24 hours."' in text
    assert "<title>10:00: 4 succeeded, 3 failed</title>" in text
    rows = re.findall(r'<th scope="row">([^<]+)</th><td>(\d+)</td><td>(\d+)</td>', text)
    assert rows == [("10:00", "4", "3"), ("12:00", "1", "0")]
    _, text = get(site.client(clock=Clock(day)), "/?span=7d")
    assert "105 logs succeeded and 3 failed in the last 7 days" in text


def test_the_reasons_are_ranked_and_explained(site: Site) -> None:
    """The most frequent comes first, with cause, advice and the newest failure."""
    newest, *_ = failed_faxes(site, 3)
    store(site, failed_message(id=log_id(50), created_at=(NOW - timedelta(hours=3)).isoformat()))
    failed_faxes(site, 1, now=NOW - timedelta(days=2), first=90)
    _, text = get(site.client(), "/")
    assert text.index("34004") < text.index("30003")
    assert "3 faxes" in text
    assert "The phone call ended" in text
    assert "Dial the number" in text
    assert f'href="/records/{newest.replace("#", "/")}"' in text
    assert "Counted in the newest" not in text
    _, text = get(site.client(), "/?span=7d")
    assert "4 faxes" in text


def test_rare_failures_are_not_hidden_by_frequent_ones(site: Site) -> None:
    """Each kind of log has its most frequent reason there; the rest is behind a link."""
    failed_faxes(site, 1)
    codes = ("21610", "30003", "30005", "30006", "30007", "30008", "30022")
    for number, code in enumerate((*codes, *codes)):
        at = NOW - timedelta(hours=3, minutes=number)
        store(site, failed_message(id=log_id(number), error_code=code, created_at=at.isoformat()))
    _, text = get(site.client(), "/")
    shown = re.findall(r"<h3><a [^>]*>(\w+)</a></h3>", text)
    assert shown == ["21610", "30003", "30005", "30006", "30007", "34004"]
    assert "2 further reasons are among" in text


def test_a_sample_says_that_it_is_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says when the limit of a query cut the failures, and only then."""
    failed_faxes(site, 5)
    monkeypatch.setattr("hooklog_ops.failures.SAMPLE", 3)
    _, text = get(site.client(), "/")
    assert "3 faxes" in text
    assert "Counted in the newest" in text


def test_what_needs_a_look_is_shown(site: Site, day: datetime) -> None:
    """Parked messages, dead letters and missed callbacks, each with the next step."""
    park(site, 1, at=day - timedelta(hours=3))
    stack = site.stack
    stack.sqs.send_message(QueueUrl=stack.output("DeadLetterQueueUrl"), MessageBody="{}")
    site.measure("SpaceLogs", day - timedelta(hours=1), 100)
    site.measure("MissingLogs", day - timedelta(hours=1), 2)
    _, text = get(site.client(clock=Clock(day)), "/")
    assert "Three things need a look" in text
    assert text.count('class="look"') == 3
    assert "the oldest for 3 h" in text
    assert "hooklog dlq peek" in text
    assert "found by the sweep and fetched" in text


def test_no_limit_is_said_in_words(site: Site) -> None:
    """There is no item of the pace yet."""
    _, text = get(site.client(), "/")
    assert "no limit" in text
    assert "none is known, so no log waits" in text


def test_a_limit_is_shown_and_needs_nobody(site: Site) -> None:
    """Requests per second, and since when."""
    now = NOW.timestamp()
    set_pace(site, Pace(rate=38.0, ceiling=38.0, since=now, limited_at=now - 600))
    _, text = get(site.client(), "/")
    assert ">38/s<" in text
    assert "requests to SignalWire, limited since 11:50" in text
    assert "Nothing needs you" in text


def test_a_limit_that_is_set_says_so() -> None:
    """The deployment's own needs no date."""
    pace = Panel(value=CurrentPace(now=NOW, limit=2.5))
    tiles = strip(Panel(value=[]), FINE, Panel(value=[]), pace, FINE, NOW)
    (tile,) = [one for one in tiles if one.label == "Pace"]
    assert (tile.value, tile.note) == ("2.5/s", "requests to SignalWire, the limit you set")


def test_an_outage_needs_a_look(site: Site) -> None:
    """With its error, and when it is probed."""
    now = NOW.timestamp()
    set_pace(site, Pace(outage="fetch.upstream", outage_at=now - 600, probe_at=now + 10))
    _, text = get(site.client(), "/")
    assert "One thing needs a look" in text
    assert "fetch.upstream since 11:50; next probe at 12:00:10" in text


def test_completeness_is_shown_day_by_day(site: Site, day: datetime) -> None:
    """The newest comes first, back to the first sweep; a share is never rounded up to 100 %."""
    site.measure("SpaceLogs", day - timedelta(hours=1), 100_000)
    site.measure("MissingLogs", day - timedelta(hours=1), 1)
    site.measure("StaleLogs", day - timedelta(hours=1), 4)
    site.measure("SpaceLogs", day - timedelta(days=2), 50, log_type="message")
    _, text = get(site.client(clock=Clock(day)), "/completeness")
    shares = re.findall(r'day-share">([^<]+)<|day-note none">([^<]+)<', text)
    assert [one or other for one, other in shares] == ["99.99 %", "no sweep", "100 %"]
    assert "1 log without a callback, 4 behind" in text
    assert "every log had its callback" in text


def test_a_part_that_cannot_be_read_is_a_notice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a permission or a function, the rest of the page is still there."""
    failed_faxes(site, 1)
    outputs = {key: url for key, url in site.stack.outputs.items() if "Function" not in key}
    lacking = replace(site, stack=replace(site.stack, outputs=outputs))
    client = lacking.client()
    status, text = get(client, "/")
    assert status == 200
    assert "has no output EnrichFunctionName" in text
    assert "34004" in text
    assert 'class="unknown"' in text

    def refused(*_: object) -> None:
        raise ClientError(
            {"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "GetQueueAttributes"
        )

    monkeypatch.setattr("hooklog_ops.queues.queue_depth", refused)
    status, text = get(site.client(), "/")
    assert status == 200
    assert "AWS refused GetQueueAttributes (AccessDenied)" in text


def test_a_missing_index_names_its_parameter(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of numbers is optional."""
    monkeypatch.setattr("hooklog_ops.records.PARAMETERS", {"other": "IndexNumbers"})
    monkeypatch.setattr(
        "hooklog_ops.records.Records.of_number",
        lambda self, *_, **__: self._query("other", "number", "x"),
    )
    status, text = get(site.client(), "/numbers?number=12")
    assert status == 200
    assert "IndexNumbers=true" in text


def test_a_defect_shows_and_logs_only_its_place(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The exception's text can hold a number; neither page nor log has it."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError("+442079460958")

    monkeypatch.setattr("hooklog_ops.records.Records.get", broken)
    with caplog.at_level(logging.DEBUG):
        status, text = get(site.client(), f"/records/fax/{log_id(1)}")
    assert status == 500
    assert "A defect in the console" in text
    assert "ValueError at " in text
    assert "ValueError at " in caplog.text
    assert "2079460958" not in text + caplog.text


def test_spans_include_the_present() -> None:
    """Twenty-four hours include the current one; days begin in UTC."""
    now = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
    hours = Span.hours(now, 24).starts()
    assert (len(hours), hours[0].isoformat(), hours[-1].hour) == (
        *(24, "2026-05-03T13:00:00+00:00"),
        12,
    )
    days = Span.days(now, 7).starts()
    assert (len(days), days[0].day, days[-1].day) == (7, 28, 4)
    assert len(Span.hours(now.replace(minute=0), 24).starts()) == 24


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (2, 2), (3, 5), (7, 10), (10, 10), (11, 20), (4_001, 5_000)]
)
def test_a_chart_ends_at_a_round_number(most: int, top: int) -> None:
    """The highest column fits below it, and every count above zero is visible."""
    chart = outcomes([step(finished=most), step(finished=1, failed=1), step()])
    assert chart.top == top
    tall, failed, nothing = chart.columns
    assert tall.succeeded_height <= HEIGHT
    assert failed.failed_height >= 2
    assert nothing.succeeded_height == nothing.failed_height == 0


def test_the_headline_counts_what_needs_a_look() -> None:
    """Queue and lag never do."""
    busy = Panel(value=QueueDepth(visible=900, in_flight=5, delayed=0))
    tiles = strip(Panel(value=[]), FINE, Panel(value=[step(compared=5)]), FREE, busy, NOW)
    assert headline(tiles) == "Nothing needs you"
    dead = Panel(value=QueueDepth(visible=1, in_flight=0, delayed=0))
    tiles = strip(Panel(value=[]), dead, Panel(problem="no"), FREE, FINE, NOW)
    assert headline(tiles) == "One thing needs a look"
    assert [tile.state for tile in tiles] == [
        *("fine", "look", "unknown", "fine", "fine", "unknown")
    ]
