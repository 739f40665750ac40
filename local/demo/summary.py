"""The demo's tables: the records, the events, the parked messages, and the metrics of a run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from statistics import median
from textwrap import shorten

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hooklog.errors import BY_CODE
from hooklog_ops.formatting import counted, dollars, plain, summary
from hooklog_ops.records import Records, failed_code, own_end, sid_key
from local.event_tap import Received, repeated
from local.metric_data import emitted
from local.stack import Item
from local.terminal import titled

_NONE = "-"
#: Failures come first, because a newcomer looks for them.
_STYLES = {"failed": "red", "in_progress": "yellow", "succeeded": "green"}
_OUTCOMES = list(_STYLES)
_WHOLE_SECONDS_FROM = 10
_LONGEST_BODY = 120
#: Columns of a record: width, and whether it may grow. With their gaps they need 80 characters.
_RECORD_COLUMNS = ((7, False), (13, True), (13, True), (11, False), (17, True))
_NUMBER_COLUMNS = (8, 5)
_ID_WIDTH = 36
_NAMESPACE = "Hooklog"
_MILLISECOND = timedelta(milliseconds=1)


def records(items: Iterable[Item]) -> Table:
    """Show the records, failures first, each with its explanation on the line below.

    In a column of its own, a sentence would be broken into five lines on a terminal of 80 or 100
    characters.
    """
    rows = sorted(
        filter(is_record, items),
        key=lambda item: (_OUTCOMES.index(item["outcome"]), item["log_type"], item["pk"]),
    )
    counts = Counter(item["outcome"] for item in rows)
    told = ", ".join(f"{counts[outcome]} {plain(outcome)}" for outcome in _OUTCOMES)
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
            Text(plain(item["outcome"]), style=_STYLES[item["outcome"]]),
            failed_code(item) or (_NONE if item["outcome"] == "failed" else ""),
            dollars(item["charge"]),
            _seconds(item["lag_ms"]) if "lag_ms" in item else _NONE,
        )
        cells = Group(line, _below(_explanation(item))) if "cause" in item else line
        ends_group = following is not None and following["outcome"] != item["outcome"]
        table.add_row(cells, end_section=ends_group)
    table.caption = (
        "Lag: from the event to the fetch. The event is the arrival of the queue message, or the "
        "time that a callback states; the simulated callbacks state times up to a minute ago. "
        "What the sweep found has none."
    )
    return table


def events(received: Iterable[Received]) -> Table:
    """Show each kind of event with its newest example, failures first."""
    received = list(received)
    by_type: defaultdict[tuple[int, str, str], list[Received]] = defaultdict(list)
    for one in received:
        rank = _OUTCOMES.index(one.event.outcome)
        by_type[rank, one.event.log_type, one.detail_type].append(one)
    table = titled(f"Events: {len(received)}, of them {repeated(received)} repeated")
    table.add_column("Event", no_wrap=True)
    table.add_column("Number", justify="right", no_wrap=True)
    table.add_column("For example", ratio=1, min_width=_ID_WIDTH, no_wrap=True)
    table.add_column("Error code", no_wrap=True)
    table.add_column("Lag", justify="right", no_wrap=True)
    for (rank, _, detail_type), alike in sorted(by_type.items()):
        newest = max(alike, key=lambda one: one.arrived_at).event
        table.add_row(
            Text(detail_type, style=_STYLES[_OUTCOMES[rank]]),
            str(len(alike)),
            newest.log_id,
            newest.error_code or (_NONE if newest.outcome == "failed" else ""),
            _seconds(median(one.lag / _MILLISECOND for one in alike)),
        )
    table.caption = (
        "Lag: the median, from the fetch of what the event tells, just before the row is written, "
        "to its arrival in the application's queue."
    )
    return table


def parked(items: Iterable[Item]) -> Table:
    """Show the messages that could not be processed, the reasons, and what to do."""
    rows = sorted((item for item in items if "parked_code" in item), key=lambda item: item["pk"])
    table = titled(f"Parked: {counted(len(rows), 'message')}, kept in the table for an operator")
    table.add_column(_parked_line("Row", "Error code", "Attempts"), ratio=1)
    for item in rows:
        why, what_to_do = _why(item)
        notes = Table.grid(padding=(0, 1, 0, 0))
        notes.add_column(width=12)
        notes.add_column(ratio=1)
        body = shorten(item["parked_body"], _LONGEST_BODY, placeholder=" …")
        notes.add_row("  Message", Text(body))
        notes.add_row("  Why", Text(why))
        notes.add_row("  What to do", Text(what_to_do))
        line = _parked_line(
            item["pk"], Text(item["parked_code"], style="red"), str(item["parked_attempts"])
        )
        table.add_row(Group(line, notes))
    return table


def metrics(log_lines: Iterable[str]) -> Table:
    """Show the metrics that CloudWatch would extract from the functions' log lines."""
    values: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for metric in emitted(log_lines):
        if metric.namespace == _NAMESPACE:
            dimensions = " ".join(f"{name}={value}" for name, value in metric.dimensions.items())
            values[metric.name, dimensions, metric.unit] += metric.values
    table = titled(f"Metrics: namespace {_NAMESPACE}, read from the functions' log lines", gap=1)
    table.add_column("Metric", no_wrap=True)
    table.add_column("Dimensions", ratio=1)
    for heading in ("Sum", "Median", "Max"):
        table.add_column(heading, justify="right", no_wrap=True)
    for (name, dimensions, unit), numbers in sorted(values.items()):
        if unit == "Milliseconds":
            cells = ["", f"{median(numbers):.0f} ms", f"{max(numbers):.0f} ms"]
        else:
            cells = [f"{sum(numbers):.0f}", "", ""]
        table.add_row(name, Text(dimensions), *cells)
    return table


def by_sid(items: Iterable[Item], records: Records) -> str:
    """Look a failed fax up by its SID, the name that the application has, and say what was found.

    Raises:
        RuntimeError: no failed fax has such a name, or it leads nowhere.

    """
    failed = [item for item in items if is_record(item) and item["outcome"] == "failed"]
    # A fax that failed although its log says that the call completed shows most.
    failed.sort(key=lambda item: "contradiction" in str(item.get("drift")), reverse=True)
    name = next((key for item in failed if (key := sid_key(item))), None)
    found = records.find(name) if name else None
    if found is None or found.item is None or not found.is_by_sid:
        raise RuntimeError("No failed fax was found by its SID.")
    sid = found.name.partition("#")[2]
    told = own_end(found.item) or ""
    return (
        f"Found by the SID that sending it returned: hooklog show fax {sid}\n"
        f"is {found.key}. The log's status is {found.item['status']}. {told}\n"
        f"{found.item['cause']}"
    )


def is_record(item: Item) -> bool:
    """Return whether an item is a record, not a parked message or a checkpoint of the sweep."""
    return "outcome" in item


def _explanation(item: Item) -> str:
    """Return the cause, with SignalWire's own words where the catalogue knows none."""
    if item["explanation"] == "unknown" and "error_message" in item:
        return f"{item['cause']} SignalWire's words: {item['error_message']}."
    return str(item["cause"])


def _record_line(*cells: str | Text) -> Table:
    """Lay out one record in the same columns as all others."""
    line = Table.grid(padding=(0, 1, 0, 0), expand=True)
    for width, grows in _RECORD_COLUMNS:
        line.add_column(width=width, ratio=width if grows else None, no_wrap=True)
    for width in _NUMBER_COLUMNS:
        line.add_column(width=width, no_wrap=True, justify="right")
    line.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
    return line


def _below(text: str) -> Padding:
    return Padding(Text(text, style="italic"), (0, 0, 0, _RECORD_COLUMNS[0][0] + 1))


def _parked_line(*cells: str | Text) -> Table:
    line = Table.grid(padding=0, expand=True)
    line.add_column(ratio=1, no_wrap=True)
    line.add_column(width=20, no_wrap=True)
    line.add_column(width=8, no_wrap=True, justify="right")
    line.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
    return line


def _why(item: Item) -> tuple[str, str]:
    """Return the reason why a message is parked, and what an operator can do."""
    detail = str(item["parked_detail"])
    error = BY_CODE.get(str(item["parked_code"]))
    if error is None:
        return detail, _NONE
    # An error without a detail of its own stores the operator's line.
    return (summary(error) if detail == error.operator else detail), error.operator


def _seconds(milliseconds: Decimal | float) -> str:
    seconds = milliseconds / 1000
    return f"{seconds:.0f} s" if seconds >= _WHOLE_SECONDS_FROM else f"{seconds:.1f} s"
