"""`hooklog number`: the history of one number."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from hooklog_ops.commands.options import Json
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import counting, styled
from hooklog_ops.formatting import as_json
from hooklog_ops.records import Item, Records, failed_code
from hooklog_ops.search import Term, interpret


def _number(text: str) -> str:
    """Write a number as SignalWire does.

    Raises:
        typer.BadParameter: it is not a number.

    """
    for meaning in interpret(text):
        if meaning.term is Term.NUMBER:
            return meaning.value
    raise typer.BadParameter(f"{text!r} is not a number; write it like +12065550123")


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
    cursor: Annotated[
        str | None, typer.Option(help="Continue where an earlier answer ended.")
    ] = None,
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
        console.print(_line(item), highlight=False, soft_wrap=True)
    if page.cursor:
        console.print(f"\n[dim]More: --cursor {page.cursor}[/]", highlight=False, soft_wrap=True)


def _line(item: Item) -> str:
    """Write a record in one line, and its reason in the next if it failed."""
    created_at = item["created_at"][:16].replace("T", " ")
    first = f"{created_at}  {item['pk']}  {styled(item['outcome'])}"
    if "cause" not in item:
        return first
    code = f"{escape(code)}: " if (code := failed_code(item)) else ""
    return f"{first}\n  {code}{escape(str(item['cause']))}"
