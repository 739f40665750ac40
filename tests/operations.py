"""Parses the operators' page, docs/operations.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs/operations.md").read_text(encoding="utf-8")
_ROW = re.compile(
    r"^\| \[(?P<names>`[^\]]+`)\]\(#(?P<anchor>[a-z-]+)\) \| (?P<when>.+) \|$", re.MULTILINE
)
_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table of alarms: where the alarm's entry is, and when it goes off."""

    anchor: str
    when: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The page's entry of an alarm."""

    text: str

    @property
    def queries(self) -> list[str]:
        """The entry's queries for Logs Insights."""
        return [
            fence["text"] for fence in _FENCE.finditer(self.text) if fence["kind"] == "insights"
        ]


def alarm_table() -> dict[str, Row]:
    """Return the rows of the table of alarms, by the alarm's name."""
    return {
        name: Row(row["anchor"], row["when"])
        for row in _ROW.finditer(PAGE)
        for name in re.findall(r"`(\w+)`", row["names"])
    }


def entries() -> dict[str, Entry]:
    """Return the alarms' entries by anchor: the third level of headings below *The alarms*."""
    alarms = PAGE.partition("\n## The alarms\n")[2].partition("\n## ")[0]
    _, *found = re.split(r"^### ", alarms, flags=re.MULTILINE)
    return {
        re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-"): Entry(text)
        for heading, _, text in (one.partition("\n") for one in found)
    }


def commands() -> list[str]:
    """Return the shell commands of the page, each on one line."""
    return [
        line
        for fence in _FENCE.finditer(PAGE)
        if not fence["kind"]
        for line in fence["text"].replace("\\\n", " ").splitlines()
        if line
    ]
