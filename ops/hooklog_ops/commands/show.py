"""`hooklog show`: one record, explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table

from hooklog.errors import BY_CODE
from hooklog.logs import KINDS
from hooklog_ops.commands.place import Profile, Region, Stack, deployment
from hooklog_ops.commands.shared import Json, Kind, as_json, uuid
from hooklog_ops.fetching import Difference, Fresh, fetch
from hooklog_ops.problems import NotThereError
from hooklog_ops.records import Item, Records
from hooklog_ops.words import plain

#: Shown in sentences at the top, or of no use to a reader.
_ELSEWHERE = frozenset(
    {
        *(
            "pk",
            "log_type",
            "outcome",
            "status",
            "cause",
            "advice",
            "retry",
            "version",
            "failed_on",
            "day",
        ),
        *("number", "parked_history", "final", "charge_details", "unknown_fields", "drift"),
        *("parked_code", "parked_detail", "parked_body", "parked_payload", "parked_attempts"),
        *("parked_first_at", "parked_at", "redriven_at", "redriven_by", "expires_at"),
    }
)
_STYLES = {"failed": "red", "in_progress": "yellow", "succeeded": "green"}


def show(
    context: typer.Context,
    log_type: Kind,
    log_id: Annotated[str, typer.Argument(help="The log's ID, a UUID.")],
    *,
    ask: Annotated[
        bool, typer.Option("--fetch", help="Ask SignalWire now, and show what differs.")
    ] = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show what became of a fax or message, why, and what to do.

    For example: `hooklog show fax 3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11`
    """
    log_id = uuid(log_id)
    deployed = deployment(context, stack, profile, region)
    key = f"{log_type}#{log_id}"
    item = Records(deployed.dynamodb, deployed.output("TableName")).get(key)
    fresh = fetch(deployed, KINDS[log_type], log_id, item) if ask else None
    if item is None and fresh is None:
        raise NotThereError(
            f"There is no record {key}. --fetch asks SignalWire for it, and"
            f" `hooklog enqueue {log_type} {log_id}` stores it."
        )
    if json:
        print(as_json({"record": item, "fetched": fresh}))
        return
    console = Console()
    if item is not None:
        console.print(explained(item))
    if fresh is not None:
        console.print(_compared(fresh, known=item is not None))


def explained(item: Item) -> Group:
    """Give a record as a person reads it: outcome, reason, what to do, then its values."""
    return Group(f"[bold]{item['pk']}[/]", *_verdict(item), _values(item))


def _verdict(item: Item) -> Iterator[str]:
    if "outcome" in item:
        outcome = str(item["outcome"])
        yield f"[{_STYLES[outcome]}]{plain(outcome)}[/], status {escape(str(item['status']))}"
    if "cause" in item:
        yield escape(str(item["cause"]))
        yield f"What to do: {escape(str(item['advice']))}"
        yield "Another try can help." if item["retry"] else "Another try does not help."
    if "parked_code" in item:
        yield (
            f"[red]parked[/] {item['parked_at']} as {item['parked_code']}"
            f" after {item['parked_attempts']} attempts: {escape(str(item['parked_detail']))}"
        )
        if own := BY_CODE.get(item["parked_code"]):
            yield f"What to do: {own.operator}"


def _values(item: Item) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in sorted(item.items()):
        if name not in _ELSEWHERE:
            table.add_row(f"[dim]{name}[/]", escape(str(value)))
    for name in ("drift", "unknown_fields"):
        if name in item:
            told = ", ".join(item[name]) if isinstance(item[name], list) else item[name]
            table.add_row(f"[dim]{name}[/]", escape(str(told)))
    for detail in item.get("charge_details", ()):
        table.add_row("[dim]charge of[/]", f"{escape(detail['description'])}: {detail['charge']}")
    for entry in item.get("parked_history", ()):
        by = f", redriven by {entry['redriven_by']}" if "redriven_by" in entry else ""
        told = f"{entry['code']} {entry['at']} until {entry['lifted_at']}{by}"
        table.add_row("[dim]was parked[/]", escape(told))
    return table


def _compared(fresh: Fresh, *, known: bool) -> Group | str:
    if fresh.error is not None:
        return f"\nSignalWire now: [red]{escape(fresh.error)}[/]"
    if not known:
        return "\nSignalWire has this log, the table does not."
    if not fresh.differences:
        return "\nSignalWire says the same now."
    table = Table(box=None, title="SignalWire says now", title_justify="left")
    for heading in ("", "stored", "now"):
        table.add_column(heading)
    for one in fresh.differences:
        table.add_row(one.name, *(escape(str(text)) for text in _both(one)))
    return Group("", table)


def _both(one: Difference) -> tuple[object, object]:
    return one.stored if one.stored is not None else "-", one.now if one.now is not None else "-"
