"""`hooklog erase`: one person's number goes out of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from hooklog.ports import utc_now
from hooklog_ops.commands.shared import (
    DryRun,
    Json,
    Yes,
    as_json,
    confirm,
    counted,
    deployment,
    with_progress,
)
from hooklog_ops.erasure import Eraser

_ELSEWHERE = """\
The number can still be
  - in the table's backups: point-in-time recovery keeps 35 days
  - at SignalWire, which has the logs themselves
  - in messages on a queue, if their producer wrote it there: 14 days at most
  - in what was exported
and in logs that are stored from now on: --dry-run tells. See docs/security.md."""


def erase(
    context: typer.Context,
    *,
    number: Annotated[str, typer.Option(help="In E.164 form, such as +12065550123.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Erase a number: of each row that holds it, only the key and the time are kept.

    Reads the whole table once, a read unit for every 4 kB; counts first, and asks.
    Interrupted, the same command goes on where it stopped.
    """
    stack = deployment(context)
    eraser = Eraser(stack.dynamodb, stack.output("TableName"), number)
    console = Console(stderr=json)
    rows_read = 0

    def read(count: int) -> None:
        nonlocal rows_read
        rows_read += count

    with console.status("Reading the table …"):
        holders = list(eraser.holders(read))
    if not json:
        console.print(f"Of {counted(rows_read, 'row')}, {len(holders)} hold the number.")
        for holder in holders:
            console.print(f"  {holder.key}  ({', '.join(holder.attributes)})", highlight=False)
    if dry_run or not holders:
        if json:
            print(as_json({"rows": rows_read, "would_erase": holders}))
        return
    confirm(f"Erase {counted(len(holders), 'row')}? This cannot be undone.", yes=yes)
    erased = 0

    def work(done: Callable[[int], None]) -> None:
        nonlocal erased
        for holder in holders:
            erased += eraser.erase(holder, utc_now)
            done(1)

    with_progress("Erasing", len(holders), work)
    if json:
        print(as_json({"rows": rows_read, "erased": erased}))
        return
    console.print(f"{counted(erased, 'row')} erased.\n\n{_ELSEWHERE}", highlight=False)
