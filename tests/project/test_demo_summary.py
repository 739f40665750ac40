"""What the demo prints: nothing that matters to a reader may be missing."""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from aws_lambda_powertools import Logger
from rich.console import Console

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.enrich.report import Report
from hooklog.errors import MessageMalformedError, NotFoundError
from hooklog.publish.events import event_of
from hooklog.records.items import record_attributes
from hooklog.records.parking import Park
from local.demo.accounting import Accounting
from local.demo.summary import events, metrics, parked, records
from local.event_tap import Received
from local.space import SendReport
from local.stack import Item
from tests.builders import (
    FAX_ID,
    FETCHED_AT,
    MESSAGE_ID,
    failed_fax,
    failed_message,
    fax_log,
    message_log,
    record,
    without,
)
from tests.publishing import change
from tests.publishing import row as written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from hooklog.errors import HooklogError
    from local.space import Log

BOTH_WIDTHS = pytest.mark.parametrize("width", [80, 100])


def lines(content: RenderableType, width: int = 80) -> list[str]:
    """Render as a terminal of that width would show it."""
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(content)
    return capture.get().splitlines()


def text(content: RenderableType, width: int = 80) -> str:
    """Render, and join what was wrapped."""
    return " ".join(" ".join(lines(content, width)).split())


def cells(content: RenderableType, width: int = 80) -> list[list[str]]:
    """Render, and part the lines at blanks."""
    return [line.split() for line in lines(content, width)]


def row(log: Log) -> Item:
    """Return the row of a stored log, as the table holds it."""
    stored = record(log)
    return {"pk": stored.key, **record_attributes(stored)}


def event(log: Log, *, version: int = 1, lag_ms: int = 400) -> Received:
    """Return the event about a log's row, as it arrived that long after the fetch."""
    told = event_of(change(None, written(log, version=version)), masked=False)
    at = FETCHED_AT + timedelta(milliseconds=lag_ms)
    return Received(text="", detail_type=told.detail_type, event=told, arrived_at=at)


def parking(key: str, error: HooklogError, *, body: str = "not JSON", attempts: int = 1) -> Item:
    """Return the row of a parked message, as the table holds it."""
    park = Park(key=key, error=error, body=body, attempts=attempts, at=FETCHED_AT)
    write = park.plan(None)
    assert write is not None
    return {"pk": key, **write.values}


@BOTH_WIDTHS
def test_a_failure_is_explained_in_full(width: int) -> None:
    """The whole cause is there, however narrow the terminal."""
    items = [row(failed_fax()), row(failed_message())]
    shown = text(records(items), width)
    assert all(str(item["cause"]) in shown for item in items)


@BOTH_WIDTHS
def test_no_value_of_a_record_is_cut_off(width: int) -> None:
    """The longest of the usual values fit, at 80 columns too."""
    log = failed_message(**{"from": "+442079460958", "error_code": "carrier_violation"})
    expected = "message +442079460958 +14155550122 failed carrier_violation $0.00415 7.2 s"
    assert expected.split() in cells(records([row(log)]), width)


def test_a_log_that_the_sweep_stored_has_no_lag() -> None:
    """A dash stands in its place."""
    item = {name: value for name, value in row(message_log()).items() if name != "lag_ms"}
    assert "$0.00415 -" in " ".join(text(records([item])).split())


def test_failures_stand_first() -> None:
    """Failures come before what is in progress, and that before successes."""
    logs = [message_log(), fax_log(status="queued"), failed_message(id=str(uuid.uuid4()))]
    shown = text(records([row(log) for log in logs]))
    assert "Records: 1 failed, 1 in progress, 1 succeeded" in shown
    assert (
        shown.index(" failed 30003 ") < shown.index(" in progress $") < shown.index(" succeeded $")
    )


def test_what_the_catalogue_does_not_know_is_told_in_signalwires_words() -> None:
    """An unknown failure shows the text that SignalWire gave."""
    item = row(failed_message(error_code=None, error_message="Line on [fire]"))
    assert "SignalWire's words: Line on [fire]." in text(records([item]))


def test_what_a_failure_lacks_shows_as_a_dash() -> None:
    """A withheld number and a missing code do not break the table."""
    log = without(fax_log(status="busy"), "from")
    expected = ["fax", "-", "+442079460958", "failed", "-", "$0.02", "7.2", "s"]
    assert expected in cells(records([row(log)]))


@BOTH_WIDTHS
def test_each_kind_of_event_is_counted_with_an_example(width: int) -> None:
    """Failures come first; the newest of each kind is named, and the median lag is shown."""
    other = str(uuid.uuid4())
    told = [
        event(message_log()),
        event(fax_log(id=other, status="queued"), lag_ms=1234),
        event(failed_fax(id=other), version=2, lag_ms=300),
        event(failed_fax(), lag_ms=700),
    ]
    shown = cells(events([*told, told[0]]), width)
    assert shown[0] == ["Events:", "5,", "of", "them", "1", "repeated"]
    assert shown[3:6] == [
        ["Fax", "Failed", "2", FAX_ID, "34004", "0.5", "s"],
        ["Fax", "In", "Progress", "1", other, "1.2", "s"],
        ["Message", "Succeeded", "2", MESSAGE_ID, "0.4", "s"],
    ]


def test_a_parked_message_shows_code_attempts_reason_and_remedy() -> None:
    """A person learns what is parked, why, and what to do."""
    error = MessageMalformedError("The body is not JSON.")
    shown = text(parked([parking("parked#1", error, body="[not JSON", attempts=3)]))
    assert "parked#1 message.malformed 3 Message [not JSON" in shown
    assert f"Why {error.detail} What to do {error.operator}" in shown


def test_a_parking_without_a_detail_of_its_own_still_says_why() -> None:
    """The operator's line is not given as the reason too."""
    shown = text(parked([parking("fax#1", NotFoundError())]))
    assert shown.count(NotFoundError.operator) == 1
    assert "Why 404: the log is not readable yet" in shown


def test_a_stored_log_is_not_shown_as_parked() -> None:
    """Only what waits for a person is in that table."""
    assert "Parked: 0 messages" in text(parked([row(failed_fax())]))


REPORT = SendReport(
    sends=3,
    callbacks=9,
    sent=8,
    dropped=2,
    repeated=1,
    accepted=8,
    refused=0,
    failed=0,
    tries=8,
    took_s=1.0,
)
SWEEP = {"fax": {"missing": 1, "present": 2}, "message": {"stale": 3, "missing": 1}}
TRUE_FAX = {f"fax#{FAX_ID}": str(fax_log()["status"])}


def accounting(
    truth: dict[str, str],
    items: list[Item],
    report: SendReport = REPORT,
    unusable: int = 0,
    events: Sequence[Received] = (),
) -> Accounting:
    """Count a run whose queues are empty."""
    return Accounting(
        truth=truth,
        items=items,
        events=events,
        report=report,
        sweep=SWEEP,
        unusable=unusable,
        left=0,
        dead=0,
    )


def test_everything_is_accounted_for() -> None:
    """Callbacks, the sweep, logs and messages: each has its line."""
    truth = {**TRUE_FAX, f"message#{MESSAGE_ID}": str(message_log()["status"])}
    places = {"pk": "sweep#fax", "watermark": "2026-05-04T12:00:00Z"}
    items = [row(fax_log()), row(message_log()), parking("parked#1", NotFoundError()), places]
    told = [event(fax_log(status="queued")), event(fax_log(), version=2), event(message_log())]
    account = accounting(truth, items, unusable=1, events=[*told, told[0]])
    assert account.is_sound
    assert str(account) == (
        "9 callbacks: 2 dropped on purpose, 1 repeated, 8 of 8 accepted.\n"
        "The sweep found 2 missing, 3 stale, 0 unfinished, 2 up to date.\n"
        "2 of 2 logs stored with the status that SignalWire has, 1 message parked, "
        "0 left in the queue, 0 in the dead-letter queue, 0 lost.\n"
        "4 events, 1 of them repeated; the last one tells what the record says for 2 of 2 logs."
    )


@pytest.mark.parametrize("items", [[], [row(fax_log(status="queued"))]], ids=["missing", "stale"])
def test_a_log_without_a_true_row_is_lost(items: list[Item]) -> None:
    """A row that is behind counts as little as a missing one."""
    account = accounting(TRUE_FAX, items)
    assert account.lost == 1
    assert not account.is_sound
    assert ", 1 lost." in str(account)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [event(fax_log())],
        [event(failed_fax(error_code="34005"))],
        # The one that arrived last is not the latest.
        [event(fax_log(), version=2), event(failed_fax())],
    ],
    ids=["none", "another outcome", "another code", "an older version"],
)
def test_a_record_that_no_last_event_tells_is_a_defect(events: list[Received]) -> None:
    """The application would believe something else than the table says, although none is lost."""
    account = accounting(TRUE_FAX, [row(failed_fax())], events=events)
    assert account.lost == 0
    assert not account.is_sound
    assert "the last one tells what the record says for 0 of 1 log." in str(account)


def test_a_message_that_is_parked_nowhere_is_lost() -> None:
    """What leads to no log has to be in the table too."""
    items = [row(fax_log()), parking("parked#1", NotFoundError())]
    assert accounting(TRUE_FAX, items, unusable=2).lost == 1


def test_a_refused_callback_is_a_defect() -> None:
    """The sweep makes up for it, so nothing is lost; but the front door should have taken it."""
    account = accounting(TRUE_FAX, [row(fax_log())], replace(REPORT, accepted=7, refused=1))
    assert account.lost == 0
    assert not account.is_sound


def test_a_stored_log_that_was_parked_later_counts_once() -> None:
    """One row is one log's end."""
    both = {**parking(f"fax#{FAX_ID}", NotFoundError()), **row(fax_log())}
    account = accounting(TRUE_FAX, [both])
    assert (account.lost, account.parked) == (0, 0)


def test_metrics_are_added_up_by_their_dimensions(capsys: pytest.CaptureFixture[str]) -> None:
    """What several batches emit is one line for each metric and its dimensions."""
    telemetry = EnrichTelemetry(Logger(service=f"test-{uuid.uuid4()}"), EmbeddedMetrics("Hooklog"))
    for milliseconds in ([5.0, 900.0], [7.0]):
        report = Report(
            received=2,
            failures=Counter(
                {("fax", "34004", "network"): 2, ("message", "30003", "destination"): 1}
            ),
            fetch_ms=defaultdict(list, fax=milliseconds),
        )
        telemetry.emit(report)
    shown = cells(metrics(capsys.readouterr().out.splitlines()))
    assert ["FailedLogs", "log_type=fax", "error_code=34004", "4"] in shown
    assert ["FailedLogs", "log_type=message", "error_code=30003", "2"] in shown
    assert ["FetchLatency", "log_type=fax", "7", "ms", "900", "ms"] in shown


def test_other_log_lines_are_passed_over() -> None:
    """Lines that hold no metric, or another namespace's, leave no trace."""
    foreign = {
        "Namespace": "Other",
        "Dimensions": [[]],
        "Metrics": [{"Name": "a", "Unit": "Count"}],
    }
    others = [
        "START RequestId: 1",
        '{"message": "batch"}',
        "[1]",
        json.dumps({"_aws": {"Timestamp": 0, "CloudWatchMetrics": [foreign]}, "a": 1}),
    ]
    assert lines(metrics(others)) == lines(metrics([]))
