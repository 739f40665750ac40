"""`hooklog trace`: the way of one log, step by step."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from hooklog.clock import utc_now
from hooklog.logs import KINDS
from hooklog_ops.commands.options import Json, Kind, Since, uuid
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, below, line
from hooklog_ops.formatting import as_json, moment
from hooklog_ops.tracing import Entry, Tracer

_STYLES = {"failed": "red", "parked": "red"}


def trace(
    context: typer.Context,
    log_type: Kind,
    log_id: Annotated[str, typer.Argument(help="The log's ID or the fax's SID, a UUID.")],
    *,
    since: Since = None,
    with_lines: Annotated[
        bool,
        typer.Option(
            "--logs/--no-logs", help="Search the functions' log lines, which AWS bills by bytes."
        ),
    ] = True,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Tell the way of one log in order, and what cannot be known of it.

    The row tells the latest times of what happened. Each step is in the functions' log lines, if
    they were deployed with LogLevel=DEBUG. --since says where their search begins: by default at
    the row's first moment, or a day ago without a row.

    For example: `hooklog trace fax 3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11`
    """
    log_id = uuid(log_id)
    deployed = deployment(context, stack, profile, region)
    tracer = Tracer(stack=deployed, clock=utc_now, sleep=time.sleep)
    way = tracer.way(KINDS[log_type], log_id, since=since, with_lines=with_lines)
    if json:
        print(as_json(way))
        return
    terminal = Terminal()
    terminal.print(line((way.key, "bold"), f"  {way.relation}" if way.relation else ""))
    for entry in way.entries:
        _show(terminal, entry)
    terminal.print(line(("What this cannot know:", "bold")))
    for gap in way.unknown:
        terminal.print(below(gap))


def _show(terminal: Terminal, entry: Entry) -> None:
    at = f"{moment(entry.at)}.{entry.at.microsecond // 1000:03}"
    more = f": {entry.more}" if entry.more else ""
    style = _STYLES.get(entry.kind, "")
    told = line((at, "dim"), f"  {entry.source:<8}", (entry.what, style), more)
    terminal.print(told, soft_wrap=True)
