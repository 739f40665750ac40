"""`hooklog number`: the history of one number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from hooklog_ops.commands.options import Country, Json
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, counting, line, styled
from hooklog_ops.formatting import as_json
from hooklog_ops.numbers import read_number
from hooklog_ops.records import Item, Records, failed_code


def number(
    context: typer.Context,
    number: Annotated[
        str,
        typer.Argument(help="At the other end: +12065550123, a short code, whatsapp:+…."),
    ],
    *,
    country: Country = None,
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
    wanted = read_number(number, country)
    deployed = deployment(context, stack, profile, region)
    records = Records(deployed.dynamodb, deployed.output("TableName"))
    with counting("Reading the history"):
        page = records.of_number(wanted, limit=limit, cursor=cursor)
    if json:
        print(as_json(page))
        return
    terminal = Terminal()
    if not page.items:
        terminal.print(line(f"Nothing is known of {wanted}."))
    for item in page.items:
        for told in _lines(item):
            terminal.print(told, soft_wrap=True)
    if page.cursor:
        terminal.print()
        terminal.print(line((f"More: --cursor {page.cursor}", "dim")), soft_wrap=True)


def _lines(item: Item) -> Iterator[Text]:
    """Write a record in one line, and its reason in the next if it failed."""
    created_at = item["created_at"][:16].replace("T", " ")
    yield line(f"{created_at}  {item['pk']}  ", styled(item["outcome"]))
    if "cause" in item:
        code = f"{code}: " if (code := failed_code(item)) else ""
        yield line(f"  {code}{item['cause']}")
