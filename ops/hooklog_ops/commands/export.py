"""`hooklog export`: records for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from hooklog.logs import KINDS
from hooklog.ports import utc_now
from hooklog_ops.commands.shared import Begin, LogType, Until, counted, deployment
from hooklog_ops.exporting import Format, write
from hooklog_ops.records import Item, Period, Records


def export(
    context: typer.Context,
    *,
    since: Begin,
    until: Until = None,
    log_type: LogType = None,
    form: Annotated[Format, typer.Option("--format", help="How to write them.")] = Format.CSV,
    out: Annotated[
        Path | None, typer.Option(help="File to write; standard output without it.")
    ] = None,
) -> None:
    """Write the records that were created in a period, newest first. Needs the index `days`."""
    if out is None and form is Format.PARQUET:
        raise typer.BadParameter("a Parquet file needs --out")
    stack = deployment(context)
    records = Records(stack.dynamodb, stack.output("TableName"))
    period = Period(
        since=since, until=until or utc_now(), log_types=[log_type] if log_type else list(KINDS)
    )
    console = Console(stderr=True)
    with ExitStack() as opened:
        bar = opened.enter_context(
            Progress(SpinnerColumn(), TextColumn("{task.completed} records"), console=console)
        )
        task = bar.add_task("", total=None)

        def told(items: Iterator[Item]) -> Iterator[Item]:
            for item in items:
                yield item
                bar.advance(task)

        target: IO[bytes] = opened.enter_context(out.open("wb")) if out else sys.stdout.buffer
        count = write(told(records.of_period(period)), form, target)
    console.print(f"{counted(count, 'record')} written.")
