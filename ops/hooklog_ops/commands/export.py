"""`hooklog export`: records for other programs."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from hooklog.clock import utc_now
from hooklog_ops.commands.options import Begin, Json, LogType, Until, log_types
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, counting, standard_output, watched
from hooklog_ops.exporting import Format, whole_file, write
from hooklog_ops.formatting import as_json, counted
from hooklog_ops.records import Period, Records


def export(
    context: typer.Context,
    *,
    since: Begin,
    until: Until = None,
    log_type: LogType = None,
    form: Annotated[Format, typer.Option("--format", help="How to write them.")] = Format.CSV,
    out: Annotated[
        Path | None, typer.Option(help="File to write; standard output by default.")
    ] = None,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Write the records that were created in a period, newest first.

    Needs the index `days`: deploy with IndexDays=true. --json describes the file; the records
    themselves are JSON with --format jsonl.

    For example: `hooklog export --since 30d --format parquet --out logs.parquet`
    """
    if json and out is None:
        raise typer.BadParameter("--json describes a file: add --out, or use --format jsonl")
    if out is None and form is Format.PARQUET:
        raise typer.BadParameter("a Parquet file needs --out")
    deployed = deployment(context, stack, profile, region)
    period = Period(since=since, until=until or utc_now(), log_types=log_types(log_type))
    records = Records(deployed.dynamodb, deployed.output("TableName")).of_period(period)
    # Queried before anything is written, so that an error leaves no heading on standard output.
    first = list(islice(records, 1))
    with ExitStack() as opened:
        target = opened.enter_context(whole_file(out)) if out else standard_output()
        seen = opened.enter_context(counting("Exporting"))
        count = write(watched(chain(first, records), seen), form, target)
    if json:
        print(as_json({"records": count, "file": str(out)}))
    else:
        Terminal(stderr=True).print(f"{counted(count, 'record')} written.")
