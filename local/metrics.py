"""The metrics that CloudWatch would make of the functions' log lines."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from statistics import median

from rich.table import Table
from rich.text import Text

from local.summary import titled

_NAMESPACE = "Hooklog"
_ORDER = (
    "CallbacksAccepted",
    "CallbacksRefused",
    "LogsEnriched",
    "LogsSkipped",
    "LogsRetried",
    "LogsParked",
    "LogsFinished",
    "FailedLogs",
    "ProcessingFailures",
    "SchemaDrift",
    "FetchLatency",
    "EndToEndLag",
)


def metrics(lines: Iterable[str]) -> Table:
    """Add up the embedded metric format of these lines; other lines are passed over."""
    values: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for name, dimensions, unit, numbers in _emitted(lines):
        values[name, dimensions, unit] += numbers
    table = titled(f"Metrics: namespace {_NAMESPACE}, read from the functions' log lines", gap=1)
    table.add_column("Metric", no_wrap=True)
    table.add_column("Dimensions", ratio=1)
    for heading in ("Sum", "Median", "Max"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, dimensions, unit in sorted(values, key=lambda key: (_rank(key[0]), key)):
        numbers = values[name, dimensions, unit]
        if unit == "Milliseconds":
            cells = ["", f"{median(numbers):.0f} ms", f"{max(numbers):.0f} ms"]
        else:
            cells = [f"{sum(numbers):.0f}", "", ""]
        table.add_row(name, Text(dimensions), *cells)
    return table


def _emitted(lines: Iterable[str]) -> Iterator[tuple[str, str, str, list[float]]]:
    """Give name, dimensions, unit and values of each metric."""
    for line in lines:
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if not isinstance(content, dict) or "_aws" not in content:
            continue
        for directive in content["_aws"]["CloudWatchMetrics"]:
            if directive["Namespace"] != _NAMESPACE:
                continue
            for names in directive["Dimensions"]:
                dimensions = " ".join(f"{name}={content[name]}" for name in names)
                for metric in directive["Metrics"]:
                    value = content[metric["Name"]]
                    numbers = value if isinstance(value, list) else [value]
                    yield metric["Name"], dimensions, metric["Unit"], numbers


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
