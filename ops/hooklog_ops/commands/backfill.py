"""`hooklog backfill`: store the logs of a period that the table lacks."""

from __future__ import annotations

import json as json_
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from botocore.config import Config
from rich.console import Console

from hooklog.clock import iso, utc_now
from hooklog.sweep.comparison import WANTED
from hooklog_ops.commands.options import DryRun, Json, LogType, Yes, log_types, moment
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import confirm
from hooklog_ops.errors import FunctionError
from hooklog_ops.formatting import as_json, counted

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

#: The function may take its whole fifteen minutes, and must not be invoked again meanwhile. No byte
#: comes before its end, and a NAT gateway drops a connection that is idle for 350 s.
_CONFIG = Config(read_timeout=910, retries={"total_max_attempts": 1}, tcp_keepalive=True)


def backfill(
    context: typer.Context,
    *,
    since: Annotated[
        datetime, typer.Option("--from", parser=moment, metavar="AGE|TIME", help="Begin there.")
    ],
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to", parser=moment, metavar="AGE|TIME", help="End before then; now by default."
        ),
    ] = None,
    log_type: LogType = None,
    rate: Annotated[float, typer.Option(help="Messages per second.", min=1, max=1000)] = 20,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Compare a period with SignalWire's lists, and put on the queue what the table lacks.

    Those are logs that are missing, stale, or in progress for over an hour. Counts first, and asks.
    After an interruption, run the same command again; it skips the logs that are stored by then.

    For example: `hooklog backfill --from 2026-01-01 --to 2026-02-01 --dry-run`
    """
    deployed = deployment(context, stack, profile, region)
    client, function = deployed.with_config(_CONFIG).functions, deployed.output("SweepFunctionName")
    end = until or utc_now()
    console = Console(stderr=True)

    def walk(*, dry: bool) -> dict[str, Counter[str]]:
        return {
            kind: _walk(
                client,
                function,
                {
                    "from": iso(since),
                    "to": iso(end),
                    "log_type": kind,
                    "dry_run": dry,
                    "messages_per_second": rate,
                },
                console,
            )
            for kind in log_types(log_type)
        }

    found = walk(dry=True)
    wanted = _enqueued(found)
    if not json:
        _show(Console(), found)
    if dry_run or not wanted:
        told = f"{counted(wanted, 'log')} would be put on the queue."
        print(as_json({"found": found, "would_enqueue": wanted}) if json else told)
        return
    confirm(f"Put {counted(wanted, 'log')} on the queue?", yes=yes)
    # The function compares again; what was stored meanwhile is not sent.
    sent = _enqueued(walk(dry=False))
    if json:
        print(as_json({"found": found, "enqueued": sent}))
    else:
        Console().print(f"{counted(sent, 'log')} on the queue.")


def _walk(
    client: LambdaClient, function: str, event: dict[str, Any], console: Console
) -> Counter[str]:
    """Invoke the function until it reaches the end of the period; add up what it found."""
    found: Counter[str] = Counter()
    while True:
        with console.status(f"Comparing {event['log_type']} logs, {found.total()} so far …"):
            answer = client.invoke(FunctionName=function, Payload=json_.dumps(event).encode())
        summary: dict[str, Any] = json_.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionError(f"The sweep function failed: {summary.get('errorMessage')}")
        found.update(summary["found"].get(event["log_type"], {}))
        if stopped := summary.get("stopped"):
            console.print(stopped)
        if "next_event" not in summary:
            return found
        event = summary["next_event"]


def _enqueued(found: dict[str, Counter[str]]) -> int:
    """Count the found logs that go on the queue."""
    return sum(counts[verdict] for counts in found.values() for verdict in WANTED)


def _show(console: Console, found: dict[str, Counter[str]]) -> None:
    for kind, counts in found.items():
        told = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items())
        console.print(f"{kind} logs: {told or 'none in this period'}", highlight=False)
