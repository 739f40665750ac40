"""`hooklog show`: one record, explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hooklog.errors import BY_CODE
from hooklog.logs import KINDS, LogKind
from hooklog.records.parking import PARKED_ATTRIBUTES
from hooklog.records.signals import signal_names
from hooklog_ops.commands.options import Json, Kind, uuid
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, line, styled
from hooklog_ops.errors import NotThereError
from hooklog_ops.fetching import FetchResult, fetch
from hooklog_ops.formatting import as_json
from hooklog_ops.records import Found, Item, Records, own_end, tried

#: Attributes that are shown as sentences or in a form of their own.
_TOLD = PARKED_ATTRIBUTES | {
    *("pk", "log_type", "outcome", "status", "cause", "advice", "retry", "final"),
    *("settled_by", "unsettled", "tries"),
    *(name for kind in KINDS for name in signal_names(kind).values() if "duration" not in name),
    *("drift", "unknown_fields", "charge_details", "parked_history"),
}
#: Attributes that only serve the table and its indexes.
_OF_THE_TABLE = frozenset({"version", "expires_at", "failed_on", "number", "day"})


def show(
    context: typer.Context,
    log_type: Kind,
    log_id: Annotated[str, typer.Argument(help="The log's ID or the fax's SID, a UUID.")],
    *,
    ask: Annotated[
        bool, typer.Option("--fetch", help="Ask SignalWire now, and show the differences.")
    ] = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show how a log ended, why, and what to do.

    A fax is found by its log's ID and by the SID that sending it returned.

    For example: `hooklog show fax 3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11`
    """
    log_id = uuid(log_id)
    deployed = deployment(context, stack, profile, region)
    kind = KINDS[log_type]
    found = Records(deployed.dynamodb, deployed.output("TableName")).find(kind.key(log_id))
    fetched = fetch(deployed, kind, found.key.partition("#")[2], found.item) if ask else None
    if found.item is None and fetched is None and not found.has_news_by_sid:
        raise NotThereError(_missing(found, kind))
    if json:
        print(as_json({"record": found.item, "alias": found.alias, "fetched": fetched}))
        return
    terminal = Terminal()
    if told := [*_told(found, log_type)]:
        terminal.print(Group(*told))
    if fetched is not None:
        terminal.print(_compared(fetched, known="outcome" in (found.item or {})))
        if fetched.error and kind.has_sid and found.item is None and not found.is_by_sid:
            terminal.print(
                f"If this is the SID of a {log_type}, `hooklog enqueue {log_type} {log_id}` looks"
                " for its log in SignalWire's list of the last day."
            )


def _missing(found: Found, kind: LogKind) -> str:
    """Say that there is no record, and how to get one."""
    enqueue = f"`hooklog enqueue {kind.name} {found.key.partition('#')[2]}`"
    if found.is_by_sid:
        return (
            f"{found.name} is the SID of a {kind.name} whose log is {found.key}, but there is no"
            f" such record: it has expired, or is about to be stored. --fetch asks SignalWire for"
            f" it, and {enqueue} stores it."
        )
    if kind.has_sid:
        return (
            f"There is no record {found.key}, and no {kind.name} with this SID. --fetch asks"
            f" SignalWire for the log with this ID, and {enqueue} looks for it by either name and"
            " stores it."
        )
    return (
        f"There is no record {found.key}. --fetch asks SignalWire for it, and {enqueue} stores it."
    )


def _told(found: Found, log_type: str) -> Iterator[RenderableType]:
    """Tell of the log's row, and of a message that is parked under its SID."""
    if found.is_by_sid:
        yield line(f"{found.name} is the SID of this {log_type}; its log is {found.key}.")
        if found.item is None:
            yield "There is no record of that log: it has expired, or is about to be stored."
    if found.item is not None:
        yield line((str(found.item["pk"]), "bold"))
        yield from _verdict(found.item)
        yield _values(found.item)
    if found.alias is not None and found.has_news_by_sid:
        yield line((str(found.alias["pk"]), "bold"), ", its SID")
        yield from _verdict(found.alias)


def _verdict(item: Item) -> Iterator[Text]:
    if "outcome" in item:
        yield line(styled(item["outcome"]), f", the log's status is {item['status']}")
    if told := own_end(item):
        yield line(told)
    if "cause" in item:
        yield line(str(item["cause"]))
        yield line(f"What to do: {item['advice']}")
        yield line("Another try can help." if item["retry"] else "Another try does not help.")
    if "parked_code" in item:
        yield line(
            ("parked", "red"),
            f" {item['parked_at']} as {item['parked_code']} after {item['parked_attempts']}"
            f" attempts: {item['parked_detail']}",
        )
        if own := BY_CODE.get(item["parked_code"]):
            yield line(f"What to do: {own.operator}")
    if told := tried(item):
        yield line(told)
        for code in item["tries"]:
            if own := BY_CODE.get(code):
                yield line(f"What to do about {code}: {own.operator}")


def _values(item: Item) -> Table:
    table = Table.grid(padding=(0, 2))

    def add(name: str, value: object) -> None:
        table.add_row(line((name, "dim")), line(str(value)))

    for name, value in sorted(item.items()):
        if name not in _TOLD | _OF_THE_TABLE:
            add(name, value)
    if "drift" in item:
        add("drift", ", ".join(item["drift"]))
    if "unknown_fields" in item:
        add("unknown_fields", item["unknown_fields"])
    for detail in item.get("charge_details", ()):
        add("charge of", f"{detail['description']}: {detail['charge']}")
    for entry in item.get("parked_history", ()):
        by = f", redriven by {entry['redriven_by']}" if "redriven_by" in entry else ""
        add("was parked", f"{entry['code']} {entry['at']} until {entry['lifted_at']}{by}")
    return table


def _compared(fetched: FetchResult, *, known: bool) -> Group | str:
    if fetched.error is not None:
        return Group("", line("SignalWire now: ", (fetched.error, "red")))
    if not known:
        return "\nSignalWire has this log, the table does not."
    if not fetched.differences:
        return "\nSignalWire says the same now."
    table = Table(box=None, title="SignalWire says now", title_justify="left")
    for heading in ("", "stored", "now"):
        table.add_column(heading)
    for one in fetched.differences:
        values = ("-" if value is None else str(value) for value in (one.stored, one.now))
        table.add_row(line(one.name), *map(line, values))
    return Group("", table)
