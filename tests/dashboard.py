"""The dashboard that the template deploys, and the metrics that it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from local.dashboard import dashboard_body
from local.template import template

WIDGETS: list[dict[str, Any]] = json.loads(dashboard_body(template()))["widgets"]
SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]+)\} (?P<terms>[^']+)', '(?:Sum|Maximum|p\d+)'\)")

type Shown = tuple[str, str, frozenset[str], dict[str, str]]


def of_kind(kind: str) -> list[dict[str, Any]]:
    """Return the properties of all widgets of one type."""
    return [one["properties"] for one in WIDGETS if one["type"] == kind]


def metrics() -> Iterator[Shown]:
    """Yield namespace, name, dimensions and their values of each metric, shown or searched."""
    for properties in of_kind("metric"):
        for *direct, options in properties["metrics"]:
            if direct:
                namespace, name, *rest = direct
                yield (
                    namespace,
                    name,
                    frozenset(rest[::2]),
                    dict(zip(rest[::2], rest[1::2], strict=True)),
                )
            for found in SEARCH.finditer(options.get("expression", "")):
                namespace, *dimensions = re.findall(r"[^\",]+", found["schema"])
                values = dict(re.findall(r'(\w+)="([^"]+)"', found["terms"]))
                yield namespace, values.pop("MetricName"), frozenset(dimensions), values
