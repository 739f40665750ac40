"""`hooklog erase`: remove one person's number, or one log, from the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from hooklog.clock import utc_now
from hooklog.logs import KINDS
from hooklog_ops.commands.options import Country, DryRun, Json, Yes, one_of, uuid
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, confirm, counting, line, progress_bar
from hooklog_ops.erasure import Eraser, Holder, LogEraser, NumberEraser, erasable
from hooklog_ops.errors import NotThereError
from hooklog_ops.formatting import as_json, counted

#: An eraser, the rows that it would empty, the search as JSON, and as a sentence.
type _Plan = tuple[Eraser, Sequence[Holder], Mapping[str, object], str]

_POSSIBLE = "{} with a possible match: other numbers can be written alike; --possible erases them."
_ELSEWHERE = """\
{what} can still be
  - in the table's backups: point-in-time recovery keeps 35 days
  - at SignalWire, which has the logs themselves
  - in messages on a queue, if their producer wrote it there: 14 days at most
  - in exported files"""
_LATER = """
and in logs that are stored from now on: check with --dry-run."""


def erase(
    context: typer.Context,
    *,
    number: Annotated[
        str | None, typer.Option(help="With its country code, such as +12065550123.")
    ] = None,
    country: Country = None,
    log: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Type of one log, and its ID or the fax's SID.", metavar="TYPE ID"),
    ] = None,
    possible: Annotated[
        bool,
        typer.Option("--possible", help="Also the possible matches, which may be other numbers."),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Erase a number or a log: each of its rows keeps only its key and the time of the erasure.

    A number can be anywhere: the whole table is read once, at one read unit per 4 kB. A row with it
    but without its country code is a possible match: it is listed, and erased with --possible.
    Counts first, and asks. After an interruption, the same command continues where it stopped.

    For example: `hooklog erase --number +12065550123 --dry-run`, or
    `hooklog erase --log fax 3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11`
    """
    if (number is None) == (log is None):
        raise typer.BadParameter("give either --number or --log")
    name = _key(*log) if log else ""
    sought = erasable(number, country) if number is not None else None
    deployed = deployment(context, stack, profile, region)
    client, table_name = deployed.dynamodb, deployed.output("TableName")
    eraser: Eraser
    if sought is not None:
        eraser, found, summary, told = _of_number(NumberEraser(client, table_name, sought))
    else:
        eraser, found, summary, told = _of_log(LogEraser(client, table_name, name))
    holders = [holder for holder in found if possible or not holder.is_possible]
    left = [holder for holder in found if holder not in holders]
    if sought is not None:
        summary = {**summary, "possible": left}
    terminal = Terminal(stderr=json)
    if not json:
        terminal.print(line(told), soft_wrap=True)
        _list(terminal, holders)
        if left:
            terminal.print(_POSSIBLE.format(counted(len(left), "row")), soft_wrap=True)
            _list(terminal, left)
    if dry_run or not holders:
        if json:
            print(as_json({**summary, "would_erase": holders}))
        return
    confirm(f"Erase {counted(len(holders), 'row')}? This cannot be undone.", yes=yes)
    erased = 0
    with progress_bar("Erasing", len(holders)) as done:
        for holder in holders:
            erased += eraser.erase(holder, utc_now)
            done(1)
    if json:
        print(as_json({**summary, "erased": erased}))
        return
    elsewhere = _ELSEWHERE.format(what="The number" if number else "What was erased")
    terminal.print(
        f"{counted(erased, 'row')} erased.\n\n{elsewhere}{_LATER if number else ''}"
        " See docs/security.md."
    )


def _key(log_type: str, log_id: str) -> str:
    """Return the key of a log that the command line names."""
    one_of(log_type, tuple(KINDS), "type of log")
    return KINDS[log_type].key(uuid(log_id))


def _of_number(eraser: NumberEraser) -> _Plan:
    rows_read = 0
    with counting("Reading the table", "rows") as shown:

        def read(count: int) -> None:
            nonlocal rows_read
            rows_read += count
            shown(count)

        holders = list(eraser.holders(read))
    sure = sum(not holder.is_possible for holder in holders)
    told = f"{counted(rows_read, 'row')} read; {counted(sure, 'row')} with the number."
    return eraser, holders, {"rows": rows_read}, told


def _of_log(eraser: LogEraser) -> _Plan:
    found, holders = eraser.found, eraser.holders()
    by_sid = f"{found.name} is the SID of {found.key}. " if found.is_by_sid else ""
    if found.item is None and not holders:
        raise NotThereError(f"{by_sid}There is no record {found.key}, so nothing to erase.")
    told = f"{by_sid}{counted(len(holders), 'row')} of {found.key}."
    return eraser, holders, {"log": found.key}, told


def _list(terminal: Terminal, holders: Sequence[Holder]) -> None:
    """Show where rows hold a number, and the other names of their faxes."""
    for holder in holders:
        attributes = f"  ({', '.join(holder.attributes)})" if holder.attributes else ""
        other = f", also {holder.other_name}" if holder.other_name else ""
        terminal.print(line(f"  {holder.key}{other}{attributes}"), soft_wrap=True)
