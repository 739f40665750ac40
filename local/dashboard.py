"""The CloudWatch dashboard's layout, as the template has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: What a search could find, for the labels: the first of these whose words are in it.
_FOUND: tuple[tuple[str, tuple[dict[str, str], ...]], ...] = (
    (
        "SORT(",
        (
            *({"log_type": "message", "error_code": code} for code in ("30003", "30007", "30005")),
            *({"log_type": "fax", "error_code": code} for code in ("34004", "none")),
        ),
    ),
    ('"fax"', ({"error_code": "34004"}, {"error_code": "none"})),
    ('"message"', tuple({"error_code": code} for code in ("30003", "30005", "30007", "other"))),
    ("CallbacksRefused", ({"code": "callback.unsigned"}, {"code": "callback.malformed"})),
    ("ProcessingFailures", ({"code": "fetch.not_found"}, {"code": "fetch.timeout"})),
    (
        "GlobalSecondaryIndexName",
        ({"GlobalSecondaryIndexName": "parked"}, {"GlobalSecondaryIndexName": "failures"}),
    ),
    ("", ({"log_type": "fax"}, {"log_type": "message"})),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One widget; place and size are in CloudWatch's grid of 24 columns.

    Attributes:
        kind: ``text``, ``metric``, ``log`` or ``alarm``.
        title: the title, or a text's Markdown.
        view: how a metric is shown.
        labels: of what is shown, or the names of the alarms.
        limit: the value of a line that is drawn across.

    """

    kind: str
    x: int
    y: int
    width: int
    height: int
    title: str
    view: str = ""
    stacked: bool = False
    labels: tuple[str, ...] = ()
    limit: float | None = None


def dashboard_body(template: Mapping[str, Any]) -> str:
    """Give the dashboard's JSON text, with defaults for parameters and names for resources."""
    text, more = template["Resources"]["OperationsDashboard"]["Properties"]["DashboardBody"]
    alarms = [
        name for name, one in template["Resources"].items() if one["Type"].endswith("::Alarm")
    ]
    values = {name: one.get("Default", name) for name, one in template["Parameters"].items()}
    values |= more | {"Alarms": '", "'.join(alarms)}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        found = values.get(name, name)
        # The parts that can be left out: [condition, name, what stands there without them].
        return found[1] if isinstance(found, list) else str(found)

    return re.sub(r"\$\{([^}]+)\}", value, text)


def widgets(body: str) -> list[Widget]:
    """Read the widgets of a dashboard's JSON text.

    Raises:
        ValueError: it is not JSON.

    """
    return [
        Widget(
            kind=one["type"],
            **{name: one[name] for name in ("x", "y", "width", "height")},
            title=one["properties"].get("title") or one["properties"]["markdown"],
            view=one["properties"].get("view", ""),
            stacked=one["properties"].get("stacked", False),
            labels=tuple(_labels(one["properties"])),
            limit=_limit(one["properties"]),
        )
        for one in json.loads(body)["widgets"]
    ]


def _labels(properties: Mapping[str, Any]) -> Iterator[str]:
    yield from (_alarm_name(name) for name in properties.get("alarms", ()))
    yield from re.findall(r" as (\w+)", properties.get("query", ""))
    for *_, options in properties.get("metrics", ()):
        if options.get("visible", True):
            yield from _examples(options["label"], options.get("expression", ""))


def _alarm_name(name: str) -> str:
    return " ".join(re.findall("[A-Z][a-z]+", name.removesuffix("Alarm"))).capitalize()


def _examples(label: str, search: str) -> list[str]:
    """Give the labels that there would be for each metric that a search finds."""
    if "PROP(" not in label:
        return [label]
    examples = next(found for words, found in _FOUND if words in search)
    return [_filled(label, values) for values in examples]


def _filled(label: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{PROP\('Dim\.(\w+)'\)\}", lambda match: values[match[1]], label)


def _limit(properties: Mapping[str, Any]) -> float | None:
    lines = properties.get("annotations", {}).get("horizontal", ())
    return lines[0]["value"] if lines else None
