"""`hooklog erase`: remove one person's number from the table."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hooklog.clock import utc_now
from hooklog_ops.commands.options import DryRun, Json, Yes
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import confirm, counting, progress_bar
from hooklog_ops.erasure import Eraser
from hooklog_ops.formatting import as_json, counted

_ELSEWHERE = """\
The number can still be
  - in the table's backups: point-in-time recovery keeps 35 days
  - at SignalWire, which has the logs themselves
  - in messages on a queue, if their producer wrote it there: 14 days at most
  - in exported files
and in logs that are stored from now on: check with --dry-run. See docs/security.md."""


def erase(
    context: typer.Context,
    *,
    number: Annotated[str, typer.Option(help="In E.164 form, such as +12065550123.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Erase a number: each row that holds it keeps only its key and the time of the erasure.

    Reads the whole table once, at one read unit per 4 kB; counts first, and asks.
    After an interruption, the same command continues where it stopped.

    For example: `hooklog erase --number +12065550123 --dry-run`
    """
    deployed = deployment(context, stack, profile, region)
    eraser = Eraser(deployed.dynamodb, deployed.output("TableName"), number)
    console = Console(stderr=json)
    rows_read = 0

    with counting("Reading the table", "rows") as shown:

        def read(count: int) -> None:
            nonlocal rows_read
            rows_read += count
            shown(count)

        holders = list(eraser.holders(read))
    if not json:
        console.print(
            f"{counted(rows_read, 'row')} read; {counted(len(holders), 'row')} with the number."
        )
        for holder in holders:
            console.print(f"  {holder.key}  ({', '.join(holder.attributes)})", highlight=False)
    if dry_run or not holders:
        if json:
            print(as_json({"rows": rows_read, "would_erase": holders}))
        return
    confirm(f"Erase {counted(len(holders), 'row')}? This cannot be undone.", yes=yes)
    erased = 0
    with progress_bar("Erasing", len(holders)) as done:
        for holder in holders:
            erased += eraser.erase(holder, utc_now)
            done(1)
    if json:
        print(as_json({"rows": rows_read, "erased": erased}))
        return
    console.print(f"{counted(erased, 'row')} erased.\n\n{_ELSEWHERE}", highlight=False)
