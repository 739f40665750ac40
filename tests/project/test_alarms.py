"""The alarms watch what the functions emit, and docs/operations.md explains each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from hooklog.enrich.report import UNKNOWN_TYPE
from hooklog.enrich.retry import Backoff
from hooklog.logs import KINDS
from tests.emitted import Metric, everything
from tests.operations import PAGE, alarm_table, entries
from tests.template import template

RESOURCES: dict[str, Any] = template()["Resources"]
PARAMETERS: dict[str, Any] = template()["Parameters"]
ALARMS: dict[str, dict[str, Any]] = {
    name: one for name, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm"
}
TABLE, ENTRIES = alarm_table(), entries()
HOUR, DAY = 3600, 86_400
#: The watched metrics of AWS services, and the type of resource that their dimension names.
OF_AWS = {
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName"): "AWS::SQS::Queue",
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"): "AWS::SQS::Queue",
    ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName"): "AWS::SQS::Queue",
    ("AWS/Lambda", "Errors", "FunctionName"): "AWS::Serverless::Function",
    ("AWS/Lambda", "Throttles", "FunctionName"): "AWS::Serverless::Function",
    ("AWS/Lambda", "IteratorAge", "FunctionName"): "AWS::Serverless::Function",
}


def watched(alarm: dict[str, Any]) -> Iterator[tuple[str, Metric]]:
    """Yield the namespace and metric of all that an alarm watches, including metric math."""
    properties = alarm["Properties"]
    metrics = [
        one["MetricStat"]["Metric"] for one in properties.get("Metrics", ()) if "MetricStat" in one
    ]
    for one in metrics or [properties]:
        dimensions = tuple((part["Name"], part["Value"]) for part in one["Dimensions"])
        yield one["Namespace"], (one["MetricName"], dimensions)


def watching(metric: str) -> dict[str, dict[str, Any]]:
    """Return the alarms on a metric by the value of their dimension."""
    return {
        dimensions[0][1]: alarm
        for alarm in ALARMS.values()
        for _, (name, dimensions) in watched(alarm)
        if name == metric
    }


def test_the_functions_emit_what_is_watched(capsys: pytest.CaptureFixture[str]) -> None:
    """Each alarm's metric is emitted with exactly its dimensions, in the stack's namespace."""
    emitted = everything(capsys)
    for name, alarm in ALARMS.items():
        for namespace, metric in watched(alarm):
            if namespace == "MetricsNamespace":
                assert metric in emitted, name
            else:
                ((dimension, value),) = metric[1]
                resource = RESOURCES[value.partition(".")[0]]
                assert OF_AWS[namespace, metric[0], dimension] == resource["Type"], name


@pytest.mark.parametrize(
    ("metric", "kinds"),
    [
        ("LogsParked", {*KINDS, UNKNOWN_TYPE}),
        ("SchemaDrift", set(KINDS)),
        ("FailedLogs", set(KINDS)),
        ("LogsFinished", set(KINDS)),
        ("MissingLogs", set(KINDS)),
        ("UnreadableEntries", set(KINDS)),
        ("SweepLagSeconds", set(KINDS)),
    ],
)
def test_every_kind_of_log_is_watched(metric: str, kinds: set[str]) -> None:
    """Each kind has its alarm, so failures of a new kind cannot go unnoticed."""
    assert set(watching(metric)) == kinds


def test_every_function_is_watched() -> None:
    """All are watched for errors, and those that others wait for also for throttles.

    Errors and throttles of a function that reads a stream make its next record old.
    """
    functions = {
        name for name, one in RESOURCES.items() if one["Type"] == "AWS::Serverless::Function"
    }
    assert set(watching("IteratorAge")) == {"PublishFunction"}
    assert set(watching("Errors")) == functions - {"PublishFunction"}
    assert set(watching("Throttles")) == {"EnrichFunction", "WebhookFunction"}


def test_both_refusals_are_watched() -> None:
    """SignalWire refuses wrong credentials, and a token without a scope."""
    assert set(watching("ProcessingFailures")) == {"fetch.unauthorized", "fetch.forbidden"}


@pytest.mark.parametrize("name", ALARMS)
def test_alarms_notify_the_topic(name: str) -> None:
    """Without a topic they notify none; an alarm that reports its end uses the same one."""
    topic = ["HasAlarmTopic", ["AlarmTopicArn"], "AWS::NoValue"]
    properties = ALARMS[name]["Properties"]
    assert properties["AlarmActions"] == topic
    assert properties.get("OKActions", topic) == topic
    assert PARAMETERS["AlarmTopicArn"]["Default"] == ""


@pytest.mark.parametrize("name", ALARMS)
def test_missing_data_never_breaches(name: str) -> None:
    """The functions emit no metric if there is nothing to count."""
    assert ALARMS[name]["Properties"]["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_deployed_with_what_it_watches(name: str) -> None:
    """Alarms of optional functions depend on them, failure ratios on their parameter."""
    conditions = set()
    for namespace, (metric, dimensions) in watched(ALARMS[name]):
        if namespace != "MetricsNamespace":
            conditions.add(RESOURCES[dimensions[0][1].partition(".")[0]].get("Condition"))
        elif metric in {"MissingLogs", "UnreadableEntries", "SweepLagSeconds"}:
            conditions.add(RESOURCES["SweepFunction"]["Condition"])
        elif metric in {"FailedLogs", "LogsFinished"}:
            conditions.add(f"Has{dimensions[0][1].capitalize()}FailuresAlarm")
        else:
            conditions.add(None)
    assert conditions == {ALARMS[name].get("Condition")}


@pytest.mark.parametrize("kind", KINDS)
def test_failure_ratios_can_be_left_out(kind: str) -> None:
    """Zero percent, which would always be reached, leaves the alarm out."""
    parameter = f"{kind.capitalize()}FailurePercent"
    assert PARAMETERS[parameter]["MinValue"] == 0
    condition = template()["Conditions"][f"Has{kind.capitalize()}FailuresAlarm"]
    assert condition == [[parameter, 0]]
    alarm = watching("FailedLogs")[kind]["Properties"]
    assert alarm["Threshold"] == parameter
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize("name", ALARMS)
def test_cloudwatch_accepts_the_window(name: str) -> None:
    """It spans at most a day with periods below an hour, else a week, and has enough periods."""
    properties = ALARMS[name]["Properties"]
    periods = properties["EvaluationPeriods"]
    lengths = [properties.get("Period")] + [
        one["MetricStat"]["Period"] for one in properties.get("Metrics", ()) if "MetricStat" in one
    ]
    for period in filter(None, lengths):
        assert period % 60 == 0
        assert period * periods <= (DAY if period < HOUR else 7 * DAY)
    assert properties.get("DatapointsToAlarm", 1) <= periods


def test_retries_do_not_look_like_a_stuck_queue() -> None:
    """SQS counts age up to the third receive; SignalWire's longest Retry-After fits in."""
    backoff = Backoff(first=PARAMETERS["RetryFirstDelaySeconds"]["Default"])
    longest = sum(
        backoff.delay(attempt, jitter=1, retry_after=backoff.retry_after_cap)
        for attempt in (1, 2, 3)
    )
    assert longest < PARAMETERS["OldestMessageSeconds"]["Default"]


def test_a_batch_that_keeps_crashing_sets_off_the_alarm() -> None:
    """It returns after the visibility timeout, within the periods that the alarm evaluates."""
    alarm = watching("Errors")["EnrichFunction"]["Properties"]
    comes_back = RESOURCES["Queue"]["Properties"]["VisibilityTimeout"]
    assert alarm["DatapointsToAlarm"] == 2
    assert comes_back < alarm["Period"] * (alarm["EvaluationPeriods"] - 1)


def test_the_queue_is_watched_before_it_stops_delivering() -> None:
    """Of the queue's messages, about 120,000 may be in flight; then it delivers no other."""
    properties = ALARMS["InFlightAlarm"]["Properties"]
    assert properties["Dimensions"] == [{"Name": "QueueName", "Value": "Queue.QueueName"}]
    assert properties["Statistic"] == "Maximum"
    assert properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert properties["Threshold"] == 100_000
    assert properties["Period"] * properties["EvaluationPeriods"] == 300
    assert "OKActions" in properties


def test_an_outage_that_lasts_sets_off_the_alarm() -> None:
    """It shows in each of three periods, however many batches meet it; a short one does not."""
    (alarm,) = watching("ApiOutage").values()
    properties = alarm["Properties"]
    assert (properties["Statistic"], properties["Threshold"]) == ("Maximum", 1)
    assert properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert (properties["Period"], properties["EvaluationPeriods"]) == (300, 3)
    assert "DatapointsToAlarm" not in properties
    assert "OKActions" in properties


def test_drift_notifies_once() -> None:
    """One day with drift keeps the alarm on for a week, and its end sends no notification."""
    for alarm in watching("SchemaDrift").values():
        properties = alarm["Properties"]
        assert properties["Period"] * properties["EvaluationPeriods"] == 7 * DAY
        assert properties["DatapointsToAlarm"] == 1
        assert "OKActions" not in properties


def test_one_entry_that_nothing_names_is_enough() -> None:
    """Nothing else tells of such a log, so there is no parameter to allow some."""
    for alarm in watching("UnreadableEntries").values():
        properties = alarm["Properties"]
        assert (properties["Statistic"], properties["Threshold"]) == ("Sum", 1)
        assert properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert properties["Period"] * properties["EvaluationPeriods"] == HOUR


# --- docs/operations.md -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_links_to_its_entry(name: str) -> None:
    """Its description ends in a link, and the page's table has the same link."""
    description = ALARMS[name]["Properties"]["AlarmDescription"]
    page, _, anchor = description.split()[-1].partition("#")
    assert page == "docs/operations.md"
    assert anchor in ENTRIES
    assert TABLE[name].anchor == anchor


def test_the_table_lists_the_alarms() -> None:
    """It lists all of them and no others."""
    assert set(TABLE) == set(ALARMS)


@pytest.mark.parametrize("name", ALARMS)
def test_the_table_names_the_parameter_of_a_threshold(name: str) -> None:
    """An operator who wants another threshold finds the parameter next to the alarm."""
    threshold = ALARMS[name]["Properties"]["Threshold"]
    if isinstance(threshold, str):
        assert threshold in PARAMETERS
        assert f"`{threshold}`" in TABLE[name].when


@pytest.mark.parametrize("anchor", ENTRIES)
def test_an_entry_says_what_to_do(anchor: str) -> None:
    """It says, in this order, what it means, what to look at with a query, and what to do."""
    entry = ENTRIES[anchor]
    headings = re.findall(r"^\*\*(.+?)\*\*", entry.text, re.MULTILINE)
    assert headings == ["What it means.", "What to look at.", "What to do."]
    assert entry.queries
    assert anchor in {row.anchor for row in TABLE.values()}


def test_the_page_counts_what_the_alarms_cost() -> None:
    """AWS bills alarms by the metrics that they watch."""
    metrics = sum(len(list(watched(alarm))) for alarm in ALARMS.values())
    says = PAGE.replace("\n", " ")
    assert f"these {len(ALARMS)} alarms watch {metrics} metrics, ${metrics / 10:.2f}" in says
