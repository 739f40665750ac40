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
from hooklog.records.parking import PARKED_ATTRIBUTES
from hooklog_ops.commands.options import Json, Kind, uuid
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import styled
from hooklog_ops.errors import NotThereError
from hooklog_ops.fetching import FetchResult, fetch
from hooklog_ops.formatting import as_json
from hooklog_ops.records import Item, Records

#: Attributes that are shown as sentences or in a form of their own.
_TOLD = PARKED_ATTRIBUTES | {
    *("pk", "log_type", "outcome", "status", "cause", "advice", "retry", "final"),
    *("drift", "unknown_fields", "charge_details", "parked_history"),
}
#: Attributes that only serve the table and its indexes.
_OF_THE_TABLE = frozenset({"version", "expires_at", "failed_on", "number", "day"})


def show(
    context: typer.Context,
    log_type: Kind,
    log_id: Annotated[str, typer.Argument(help="The log's ID, a UUID.")],
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

    For example: `hooklog show fax 3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11`
    """
    log_id = uuid(log_id)
    deployed = deployment(context, stack, profile, region)
    key = KINDS[log_type].key(log_id)
    item = Records(deployed.dynamodb, deployed.output("TableName")).get(key)
    fetched = fetch(deployed, KINDS[log_type], log_id, item) if ask else None
    if item is None and fetched is None:
        raise NotThereError(
            f"There is no record {key}. --fetch asks SignalWire for it, and"
            f" `hooklog enqueue {log_type} {log_id}` stores it."
        )
    if json:
        print(as_json({"record": item, "fetched": fetched}))
        return
    console = Console()
    if item is not None:
        console.print(Group(f"[bold]{item['pk']}[/]", *_verdict(item), _values(item)))
    if fetched is not None:
        console.print(_compared(fetched, known=item is not None))


def _verdict(item: Item) -> Iterator[str]:
    if "outcome" in item:
        yield f"{styled(item['outcome'])}, status {escape(str(item['status']))}"
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
        if name not in _TOLD | _OF_THE_TABLE:
            table.add_row(f"[dim]{name}[/]", escape(str(value)))
    if "drift" in item:
        table.add_row("[dim]drift[/]", escape(", ".join(item["drift"])))
    if "unknown_fields" in item:
        table.add_row("[dim]unknown_fields[/]", escape(item["unknown_fields"]))
    for detail in item.get("charge_details", ()):
        table.add_row("[dim]charge of[/]", f"{escape(detail['description'])}: {detail['charge']}")
    for entry in item.get("parked_history", ()):
        by = f", redriven by {entry['redriven_by']}" if "redriven_by" in entry else ""
        told = f"{entry['code']} {entry['at']} until {entry['lifted_at']}{by}"
        table.add_row("[dim]was parked[/]", escape(told))
    return table


def _compared(fetched: FetchResult, *, known: bool) -> Group | str:
    if fetched.error is not None:
        return f"\nSignalWire now: [red]{escape(fetched.error)}[/]"
    if not known:
        return "\nSignalWire has this log, the table does not."
    if not fetched.differences:
        return "\nSignalWire says the same now."
    table = Table(box=None, title="SignalWire says now", title_justify="left")
    for heading in ("", "stored", "now"):
        table.add_column(heading)
    for one in fetched.differences:
        values = ("-" if value is None else escape(str(value)) for value in (one.stored, one.now))
        table.add_row(one.name, *values)
    return Group("", table)
