"""`hooklog number`: what was sent to a number, and what came from it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from hooklog_ops.commands.place import Profile, Region, Stack, deployment
from hooklog_ops.commands.progress import counting
from hooklog_ops.commands.shared import Json, as_json
from hooklog_ops.records import Item, Records
from hooklog_ops.search import Means, readings

_STYLES = {"failed": "red", "in_progress": "yellow", "succeeded": "green"}


def _number(text: str) -> str:
    """Write a number as SignalWire does.

    Raises:
        typer.BadParameter: it is none.

    """
    for reading in readings(text):
        if reading.means is Means.NUMBER:
            return reading.value
    raise typer.BadParameter(f"{text!r} is no number; write it like +12065550123")


def number(
    context: typer.Context,
    number: Annotated[
        str,
        typer.Argument(
            help="At the other end: +12065550123, a short code, whatsapp:+….", callback=_number
        ),
    ],
    *,
    limit: Annotated[int, typer.Option(help="Most records to show.", min=1, max=1000)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on where an earlier answer ended.")] = None,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show a number's history, newest first.

    Needs the index `numbers`: deploy with IndexNumbers=true.

    For example: `hooklog number +12065550123`
    """
    deployed = deployment(context, stack, profile, region)
    records = Records(deployed.dynamodb, deployed.output("TableName"))
    with counting("Reading the history"):
        page = records.of_number(number, limit=limit, cursor=cursor)
    if json:
        print(as_json(page))
        return
    console = Console()
    if not page.items:
        console.print(f"Nothing is known of {escape(number)}.", highlight=False)
    for item in page.items:
        console.print(line(item), highlight=False, soft_wrap=True)
    if page.cursor:
        console.print(f"\n[dim]More: --cursor {page.cursor}[/]", highlight=False, soft_wrap=True)


def line(item: Item) -> str:
    """Give a record in one line, and its reason in the next if it failed."""
    outcome = str(item["outcome"])
    first = (
        f"{item['created_at'][:16].replace('T', ' ')}  {item['pk']}"
        f"  [{_STYLES[outcome]}]{outcome.replace('_', ' ')}[/]"
    )
    if "cause" not in item:
        return first
    code = f"{escape(str(item['error_code']))}: " if "error_code" in item else ""
    return f"{first}\n  {code}{escape(str(item['cause']))}"
