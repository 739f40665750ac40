"""The dashboard answers three questions, with metrics that exist."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any, get_args

import pytest

from hooklog.catalogue import Category
from hooklog.logs import KINDS
from local.dashboard import table
from tests.dashboard import SEARCH, WIDGETS, metrics, of_kind
from tests.emitted import everything
from tests.template import template

TEMPLATE = template()
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
NAMESPACE = TEMPLATE["Parameters"]["MetricsNamespace"]["Default"]
#: AWS's metrics that the dashboard shows, with their dimensions.
OF_AWS = {
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage": {"QueueName"},
        "ApproximateNumberOfMessagesVisible": {"QueueName"},
        "ApproximateNumberOfMessagesNotVisible": {"QueueName"},
    },
    "AWS/Lambda": {
        name: {"FunctionName"}
        for name in ("Invocations", "Duration", "Errors", "Throttles", "IteratorAge")
    },
    "AWS/DynamoDB": {
        "ReadThrottleEvents": {"TableName"},
        "WriteThrottleEvents": {"TableName"},
        "ConsumedReadCapacityUnits": {"TableName"},
        "ConsumedWriteCapacityUnits": {"TableName"},
    },
    "AWS/Logs": {"IncomingBytes": {"LogGroupName"}},
}
#: AWS's metric of an index, with its dimensions.
OF_AN_INDEX = ("ConsumedWriteCapacityUnits", frozenset({"TableName", "GlobalSecondaryIndexName"}))


def test_three_questions() -> None:
    """From top to bottom: is it healthy, what is failing, and what does it cost?"""
    texts = sorted((one for one in WIDGETS if one["type"] == "text"), key=lambda one: one["y"])
    assert [one["properties"]["markdown"].partition("\n")[0] for one in texts] == [
        "# Is it healthy?",
        "# What is failing?",
        "# What does it cost?",
    ]


def test_widgets_fill_the_grid() -> None:
    """The 24 columns have no gaps and no overlapping widgets."""
    cells = [
        (column, row)
        for one in WIDGETS
        for column in range(one["x"], one["x"] + one["width"])
        for row in range(one["y"], one["y"] + one["height"])
    ]
    rows = max(row for _, row in cells) + 1
    assert sorted(cells) == [(column, row) for column in range(24) for row in range(rows)]


def test_every_widget_is_complete() -> None:
    """Each widget has the properties that CloudWatch requires for its type."""
    for properties in (*of_kind("metric"), *of_kind("log")):
        assert properties["region"]
        assert properties["title"]
        assert properties["view"] in {"timeSeries", "bar"}
    for properties in of_kind("metric"):
        assert ("period" in properties) != properties.get("setPeriodToTimeRange", False)


def test_the_functions_emit_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Our metrics are emitted with exactly these dimensions, and all that are emitted are shown."""
    emitted = everything(capsys)
    by_name = {(name, frozenset(dict(dimensions))) for name, dimensions in emitted}
    ours = [one for one in metrics() if not one[0].startswith("AWS/")]
    assert {namespace for namespace, *_ in ours} == {NAMESPACE}
    assert {(name, dimensions) for _, name, dimensions, _ in ours} == by_name
    for _, name, dimensions, values in ours:
        assert any(
            name == other
            and dimensions == set(dict(known))
            and values.items() <= dict(known).items()
            for other, known in emitted
        )


def test_metrics_of_aws_are_known() -> None:
    """AWS emits each metric; another name would show an empty widget."""
    for namespace, name, dimensions, _ in metrics():
        if namespace != NAMESPACE:
            expected = OF_AWS[namespace][name]
            assert dimensions == expected or (name, dimensions) == OF_AN_INDEX


def test_dimensions_name_resources_of_the_stack() -> None:
    """The names of queues, functions, the table and log groups come from the template."""
    for namespace, _, _, values in metrics():
        if namespace != NAMESPACE:
            for value in values.values():
                assert value.partition(".")[0] in RESOURCES


def test_every_expression_has_its_parts() -> None:
    """Metric math names exactly its widget's hidden metrics, and every search is well-formed."""
    for properties in of_kind("metric"):
        lines = [line[-1] for line in properties["metrics"]]
        hidden = {line["id"] for line in lines if not line.get("visible", True)}
        named: set[str] = set()
        for line in lines:
            expression = line.get("expression", "")
            assert expression.count("SEARCH(") == len(SEARCH.findall(expression))
            named |= set(re.findall(r"\b[a-z_]+\b", SEARCH.sub("", expression)))
        assert named == hidden


def test_every_kind_of_log_is_shown() -> None:
    """A widget that names the kinds instead of searching for them names all of them."""
    for name in ("SpaceLogs", "MissingLogs", "LogsFinished"):
        direct = {
            values["log_type"] for _, found, _, values in metrics() if found == name if values
        }
        assert direct == set(KINDS)


def test_failures_by_category() -> None:
    """The query sums every category of the catalogue, and no name contains another."""
    (properties,) = of_kind("log")
    categories = get_args(Category.__value__)
    sums = re.findall(
        r'sum\(FailedLogs \* strcontains\(category, "(\w+)"\)\) as (\w+)', properties["query"]
    )
    assert sums == [(name, name) for name in sorted(categories)]
    assert not any(one in other or other in one for one, other in combinations(categories, 2))
    assert "SOURCE 'EnrichLogGroup'" in properties["query"]


def test_the_top_ten() -> None:
    """They are the ten codes with the most failures in the period of the dashboard."""
    (properties,) = [one for one in of_kind("metric") if one["view"] == "bar"]
    ((line,),) = properties["metrics"]
    assert line["expression"].startswith("SORT(SEARCH(")
    assert line["expression"].endswith(", SUM, DESC, 10)")
    assert properties["setPeriodToTimeRange"]


def test_the_alarms_are_shown() -> None:
    """The dashboard shows each alarm under the condition that deploys it."""
    _, more = RESOURCES["OperationsDashboard"]["Properties"]["DashboardBody"]
    _, shown = more["Alarms"]
    assert shown == [
        [one["Condition"], f"{name}.Arn", "AWS::NoValue"] if "Condition" in one else f"{name}.Arn"
        for name, one in RESOURCES.items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    ]


def test_parts_can_be_left_out() -> None:
    """Without an optional function, its name is replaced by one that no search finds."""
    _, more = RESOURCES["OperationsDashboard"]["Properties"]["DashboardBody"]
    for condition, name, otherwise in (one for one in more.values() if len(one) == 3):
        assert RESOURCES[name.partition(".")[0]]["Condition"] == condition
        assert otherwise == "not-deployed"
    direct = {
        part
        for properties in of_kind("metric")
        for *names, _ in properties["metrics"]
        for part in names
    }
    assert not {name for name, one in RESOURCES.items() if "Condition" in one} & direct


def test_the_dashboard_can_be_left_out() -> None:
    """A parameter removes the dashboard, which shows too many metrics to be free."""
    assert RESOURCES["OperationsDashboard"]["Condition"] == "HasDashboard"
    assert TEMPLATE["Conditions"]["HasDashboard"] == ["Dashboard", "true"]
    assert TEMPLATE["Outputs"]["DashboardUrl"]["Condition"] == "HasDashboard"


def test_the_table_shows_every_widget() -> None:
    """The table of docs/operations.md has each title and each metric."""
    shown = table()
    for one in WIDGETS:
        properties = one["properties"]
        title = properties.get("title") or properties["markdown"].partition("\n")[0]
        assert title.removeprefix("# ") in shown
    for _, name, _, _ in metrics():
        assert f"`{name}`" in shown
