"""The CloudWatch dashboard that the template deploys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local import markdown
from local.template import template

type Widget = Mapping[str, Any]


def dashboard_body(template: Mapping[str, Any]) -> str:
    """Return the dashboard's JSON text, with defaults for parameters and names for resources."""
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
        # Optional parts are read as [condition, name, value without them].
        return found[1] if isinstance(found, list) else str(found)

    return re.sub(r"\$\{([^}]+)\}", value, text)


def table() -> str:
    """Return the dashboard's widgets from top to bottom, each with the metrics that it shows."""
    rows = []
    for widget in json.loads(dashboard_body(template()))["widgets"]:
        properties = widget["properties"]
        if widget["type"] == "text":
            heading, _, _ = properties["markdown"].partition("\n")
            rows.append((f"**{heading.removeprefix('# ')}**", ""))
        else:
            rows.append((properties["title"], ", ".join(dict.fromkeys(_shown(widget)))))
    return markdown.table(("widget", "shows"), rows)


def _shown(widget: Widget) -> Iterator[str]:
    if widget["type"] == "alarm":
        yield "all alarms"
    for name in re.findall(r"sum\((\w+)", widget["properties"].get("query", "")):
        yield f"`{name}`"
    for *direct, options in widget["properties"].get("metrics", ()):
        names = direct[1:2] or re.findall(r'MetricName="(\w+)"', options["expression"])
        yield from (f"`{name}`" for name in names)
