"""What the demo shows of a run: its records and its parked messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from textwrap import shorten
from typing import Any

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hooklog.errors import BY_CODE

type Item = Mapping[str, Any]

_NONE = "-"
#: Failures first: they are what a newcomer came for.
_STYLES = {"failed": "red", "in_progress": "yellow", "succeeded": "green"}
_OUTCOMES = list(_STYLES)
_WHOLE_SECONDS_FROM = 10
_LONGEST_BODY = 120
_TYPE = 8  # characters of the column of log types


def records(items: Iterable[Item]) -> Table:
    """Show the records, failures first; an explanation has the line below its record.

    It would be a column if terminals were wide: a sentence in what the others leave of 80 or
    100 columns is broken into five lines.
    """
    rows = sorted(
        filter(is_record, items),
        key=lambda item: (_OUTCOMES.index(item["outcome"]), item["log_type"], item["pk"]),
    )
    counts = Counter(item["outcome"] for item in rows)
    told = ", ".join(f"{counts[outcome]} {_words(outcome)}" for outcome in _OUTCOMES)
    table = titled(f"Records: {told}")
    table.add_column(
        Group(
            _record_line("Type", "From", "To", "Outcome", "Error code", "Cost", "Lag"),
            _below("Explanation of a failure"),
        ),
        ratio=1,
    )
    for item, following in zip(rows, [*rows[1:], None], strict=True):
        line = _record_line(
            item["log_type"],
            item.get("from", _NONE),
            item.get("to", _NONE),
            Text(_words(item["outcome"]), style=_STYLES[item["outcome"]]),
            item.get("error_code", _NONE if item["outcome"] == "failed" else ""),
            f"${item['charge'].normalize():f}",
            _seconds(item["lag_ms"]),
        )
        cells = Group(line, _below(_explanation(item))) if "cause" in item else line
        ends_group = following is not None and following["outcome"] != item["outcome"]
        table.add_row(cells, end_section=ends_group)
    table.caption = (
        "Lag: from the event to the fetch that saw the log. The event is the message's arrival, or "
        "what the callback says; simulated sends say a minute ago."
    )
    return table


def parked(items: Iterable[Item]) -> Table:
    """Show what could not be processed, why, and what to do about it."""
    rows = sorted((item for item in items if "parked_code" in item), key=lambda item: item["pk"])
    table = titled(f"Parked: {count(len(rows), 'message')}, kept in the table for a person")
    table.add_column(_parked_line("Row", "Error code", "Attempts"), ratio=1)
    for item in rows:
        why, what_to_do = _why(item)
        body = item["parked_body"]
        notes = Table.grid(padding=(0, 1, 0, 0))
        notes.add_column(width=12)
        notes.add_column(ratio=1)
        notes.add_row("  Message", Text(shorten(body, _LONGEST_BODY, placeholder=" …")))
        notes.add_row("  Why", Text(why))
        notes.add_row("  What to do", Text(what_to_do))
        line = _parked_line(
            item["pk"], Text(item["parked_code"], style="red"), str(item["parked_attempts"])
        )
        table.add_row(Group(line, notes))
    return table


def titled(title: str, *, gap: int = 0) -> Table:
    """Start a table in the demo's looks, as wide as the terminal; the gap is between columns."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        caption_style="dim",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, gap, 0, 0),
        expand=True,
    )


def is_record(item: Item) -> bool:
    """Tell records from what else the table holds: parked messages, the sweep's places."""
    return "outcome" in item


def _explanation(item: Item) -> str:
    """Give the cause; where the catalogue knows none, SignalWire's own words are the best."""
    if item["explanation"] == "unknown" and "error_message" in item:
        return f"{item['cause']} SignalWire's words: {item['error_message']}."
    return str(item["cause"])


def _record_line(*cells: str | Text) -> Table:
    """Lay out one record in the same columns as every other; they fit into 80 exactly."""
    line = Table.grid(padding=0, expand=True)
    for width, flexible in ((_TYPE, False), (14, True), (14, True), (12, False), (18, True)):
        line.add_column(width=width, ratio=width if flexible else None, no_wrap=True)
    for width in (8, 6):
        line.add_column(width=width, no_wrap=True, justify="right")
    line.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
    return line


def _below(text: str) -> Padding:
    return Padding(Text(text, style="italic"), (0, 0, 0, _TYPE))


def _parked_line(*cells: str | Text) -> Table:
    line = Table.grid(padding=0, expand=True)
    line.add_column(ratio=1, no_wrap=True)
    line.add_column(width=20, no_wrap=True)
    line.add_column(width=8, no_wrap=True, justify="right")
    line.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
    return line


def _why(item: Item) -> tuple[str, str]:
    """Give the reason of a parking, and the operator's line of its error."""
    detail = str(item["parked_detail"])
    error = BY_CODE.get(str(item["parked_code"]))
    if error is None:
        return detail, _NONE
    if detail == error.operator:
        # An error without a detail of its own stores the operator's line.
        detail = (error.__doc__ or _NONE).partition("\n")[0]
    return detail, error.operator


def _words(outcome: str) -> str:
    return outcome.replace("_", " ")


def _seconds(milliseconds: Decimal) -> str:
    seconds = milliseconds / 1000
    return f"{seconds:.0f} s" if seconds >= _WHOLE_SECONDS_FROM else f"{seconds:.1f} s"


def count(number: int, noun: str) -> str:
    """Put a number before its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
