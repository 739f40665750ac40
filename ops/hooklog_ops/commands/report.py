"""`hooklog report`: a page with charts of a period."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from hooklog.logs import KINDS
from hooklog.ports import utc_now
from hooklog_ops.commands.shared import Begin, LogType, Until, counted, deployment
from hooklog_ops.problems import ReportError
from hooklog_ops.records import Period, Records
from hooklog_ops.report.sums import Sums


def report(
    context: typer.Context,
    *,
    since: Begin = "7d",  # type: ignore[assignment] # Typer parses the default, too
    until: Until = None,
    log_type: LogType = None,
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("report.html"),
) -> None:
    """Write one page about a period: volume, failures, cost, countries and lag.

    Needs the index `days`. The page needs no other file and no network, and can be printed.
    """
    try:
        from hooklog_ops.report.page import page  # noqa: PLC0415 - its charts take a second to load
    except ImportError:
        raise ReportError(
            "Charts need a library that is not installed: pip install 'hooklog[report]'."
        ) from None
    stack = deployment(context)
    records = Records(stack.dynamodb, stack.output("TableName"))
    period = Period(
        since=since, until=until or utc_now(), log_types=[log_type] if log_type else list(KINDS)
    )
    sums = Sums()
    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(), TextColumn("{task.completed} records"), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=None)
        for item in records.of_period(period):
            sums.add(item)
            bar.advance(task)
    out.write_text(page(sums, period, utc_now()), encoding="utf-8")
    console.print(f"{counted(sums.total, 'record')}; written to {out}", highlight=False)
