"""`hooklog report`: a page with charts of a period."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hooklog.clock import utc_now
from hooklog.logs import KINDS
from hooklog_ops.commands.place import Profile, Region, Stack, deployment
from hooklog_ops.commands.progress import counting, watched
from hooklog_ops.commands.shared import Begin, Json, LogType, Until, as_json
from hooklog_ops.problems import ReportError
from hooklog_ops.records import Period, Records
from hooklog_ops.report.sums import Sums
from hooklog_ops.words import counted


def report(
    context: typer.Context,
    *,
    since: Begin = "7d",  # type: ignore[assignment] # Typer parses the default, too
    until: Until = None,
    log_type: LogType = None,
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("report.html"),
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Write one page about a period: volume, failures, cost, countries and lag.

    Needs the index `days`: deploy with IndexDays=true. The page needs no other file and no
    network, and can be printed.

    For example: `hooklog report --since 7d --out report.html`
    """
    try:
        from hooklog_ops.report.page import page
    except ImportError:
        raise ReportError(
            "Charts need a library that is not installed: pip install 'hooklog[report]'."
        ) from None
    deployed = deployment(context, stack, profile, region)
    records = Records(deployed.dynamodb, deployed.output("TableName"))
    period = Period(
        since=since, until=until or utc_now(), log_types=[log_type] if log_type else list(KINDS)
    )
    sums = Sums()
    with counting("Reading") as seen:
        for item in watched(records.of_period(period), seen):
            sums.add(item)
    out.write_text(page(sums, period, utc_now()), encoding="utf-8")
    if json:
        print(as_json({"records": sums.total, "file": str(out)}))
    else:
        told = f"{counted(sums.total, 'record')}; written to {out}"
        Console(stderr=True).print(told, highlight=False, soft_wrap=True)
