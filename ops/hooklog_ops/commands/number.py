"""`hooklog number`: what was sent to a number, and what came from it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from hooklog_ops.commands.shared import Json, as_json, deployment
from hooklog_ops.records import Item, Records

_STYLES = {"failed": "red", "in_progress": "yellow", "succeeded": "green"}


def number(
    context: typer.Context,
    number: Annotated[
        str, typer.Argument(help="At the other end: +12065550123, a short code, whatsapp:+….")
    ],
    *,
    limit: Annotated[int, typer.Option(help="Most records to show.", min=1, max=1000)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on where an earlier answer ended.")] = None,
    json: Json = False,
) -> None:
    """Show a number's history, newest first. Needs the index `numbers`."""
    stack = deployment(context)
    records = Records(stack.dynamodb, stack.output("TableName"))
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
