"""`hooklog report`: one page with charts about a period."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hooklog.clock import utc_now
from hooklog_ops.commands.options import Begin, Json, LogType, Until, log_types
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, counting, line, watched
from hooklog_ops.errors import ExtraMissingError
from hooklog_ops.exporting import whole_file
from hooklog_ops.formatting import as_json, counted
from hooklog_ops.records import Period, Records
from hooklog_ops.report.totals import Totals


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
        from hooklog_ops.report.page import page  # noqa: PLC0415 - the extra may be missing
    except ImportError:
        raise ExtraMissingError("Charts", "report") from None
    deployed = deployment(context, stack, profile, region)
    records = Records(deployed.dynamodb, deployed.output("TableName"))
    period = Period(since=since, until=until or utc_now(), log_types=log_types(log_type))
    totals = Totals()
    with counting("Reading") as seen:
        for item in watched(records.of_period(period), seen):
            totals.add(item)
    with whole_file(out) as file:
        file.write(page(totals, period, utc_now()).encode())
    if json:
        print(as_json({"records": totals.total, "file": str(out)}))
    else:
        told = f"{counted(totals.total, 'record')}; written to {out}"
        Terminal(stderr=True).print(line(told), soft_wrap=True)
