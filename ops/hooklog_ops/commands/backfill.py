"""`hooklog backfill`: store what SignalWire has of a period and the table lacks."""

from __future__ import annotations

import json as json_
from collections import Counter
from datetime import datetime
from typing import Annotated, Any

import typer
from botocore.config import Config
from rich.console import Console

from hooklog.clock import iso, utc_now
from hooklog.logs import KINDS
from hooklog.sweep.comparison import ENQUEUED
from hooklog_ops.commands.place import Profile, Region, Stack, deployment
from hooklog_ops.commands.shared import (
    DryRun,
    Json,
    LogType,
    Yes,
    as_json,
    confirm,
    moment,
)
from hooklog_ops.deployment import Deployment
from hooklog_ops.problems import FunctionError
from hooklog_ops.words import counted

#: The function may take its whole fifteen minutes.
_PATIENCE = Config(read_timeout=910, retries={"total_max_attempts": 1})


def backfill(
    context: typer.Context,
    *,
    since: Annotated[
        datetime, typer.Option("--from", parser=moment, metavar="AGE|TIME", help="Begin there.")
    ],
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to", parser=moment, metavar="AGE|TIME", help="End before then; now without it."
        ),
    ] = None,
    log_type: LogType = None,
    rate: Annotated[float, typer.Option(help="Messages a second.", min=1, max=1000)] = 20,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Compare a period with SignalWire's lists, and put on the queue what the table lacks.

    That is what is missing, stale, or in progress for over an hour. Counts first, and asks.
    Interrupted, the same command goes on: what is stored by then is not missing any more.

    For example: `hooklog backfill --from 2026-01-01 --to 2026-02-01 --dry-run`
    """
    deployed = deployment(context, stack, profile, region)
    types = [log_type] if log_type else list(KINDS)
    end = until or utc_now()
    console = Console(stderr=True)

    def walk(*, dry: bool) -> dict[str, Counter[str]]:
        return {
            kind: _walk(
                deployed,
                {
                    "from": iso(since),
                    "to": iso(end),
                    "log_type": kind,
                    "dry_run": dry,
                    "messages_per_second": rate,
                },
                console,
            )
            for kind in types
        }

    found = walk(dry=True)
    wanted = _wanted(found)
    if not json:
        _show(Console(), found)
    if dry_run or not wanted:
        told = f"{counted(wanted, 'log')} would be put on the queue."
        print(as_json({"found": found, "would_enqueue": wanted}) if json else told)
        return
    confirm(f"Put {counted(wanted, 'log')} on the queue?", yes=yes)
    # It compares anew; what came in since is not sent.
    sent = _wanted(walk(dry=False))
    if json:
        print(as_json({"found": found, "enqueued": sent}))
    else:
        Console().print(f"{counted(sent, 'log')} on the queue.")


def _walk(deployed: Deployment, event: dict[str, Any], console: Console) -> Counter[str]:
    """Call the function until it has come to the period's end; add up what it found."""
    client = deployed.session.client("lambda", endpoint_url=deployed.endpoint_url, config=_PATIENCE)
    found: Counter[str] = Counter()
    while True:
        with console.status(f"Comparing {event['log_type']} logs, {found.total()} so far …"):
            answer = client.invoke(
                FunctionName=deployed.output("SweepFunctionName"),
                Payload=json_.dumps(event).encode(),
            )
        summary: dict[str, Any] = json_.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionError(f"The sweep function failed: {summary.get('errorMessage')}")
        found.update(summary["found"].get(event["log_type"], {}))
        if stopped := summary.get("stopped"):
            console.print(stopped)
        if "next_event" not in summary:
            return found
        event = summary["next_event"]


def _wanted(found: dict[str, Counter[str]]) -> int:
    """Say how many logs go on the queue, of those that were found."""
    return sum(counts[verdict] for counts in found.values() for verdict in ENQUEUED)


def _show(console: Console, found: dict[str, Counter[str]]) -> None:
    for kind, counts in found.items():
        told = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items())
        console.print(f"{kind} logs: {told or 'none in this period'}", highlight=False)
