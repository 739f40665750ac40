"""`hooklog backfill`: store what SignalWire has of a period and the table lacks."""

from __future__ import annotations

import json as json_
from collections import Counter
from datetime import datetime
from typing import Annotated, Any

import typer
from botocore.config import Config
from rich.console import Console

from hooklog.items import iso
from hooklog.logs import KINDS
from hooklog_ops.commands.shared import (
    DryRun,
    Json,
    LogType,
    Yes,
    as_json,
    confirm,
    deployment,
    moment,
)
from hooklog_ops.deployment import Deployment
from hooklog_ops.problems import FunctionError

#: The function may take its whole fifteen minutes.
_PATIENCE = Config(read_timeout=910, retries={"total_max_attempts": 1})


def backfill(
    context: typer.Context,
    *,
    since: Annotated[
        datetime, typer.Option("--from", parser=moment, metavar="AGE|TIME", help="Begin there.")
    ],
    until: Annotated[
        datetime, typer.Option("--to", parser=moment, metavar="AGE|TIME", help="End before then.")
    ],
    log_type: LogType = None,
    rate: Annotated[float, typer.Option(help="Messages a second.", min=1, max=1000)] = 20,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Compare a period with SignalWire's lists, and put on the queue what is missing or stale.

    Counts first, and asks. Each look is a call of the sweep function, which goes on where the one
    before ended.
    """
    stack = deployment(context)
    types = [log_type] if log_type else list(KINDS)
    console = Console(stderr=True)

    def walk(*, dry: bool) -> dict[str, Counter[str]]:
        return {
            kind: _walk(
                stack,
                {
                    "from": iso(since),
                    "to": iso(until),
                    "log_type": kind,
                    "dry_run": dry,
                    "messages_per_second": rate,
                },
                console,
            )
            for kind in types
        }

    found = walk(dry=True)
    wanted = sum(counts["missing"] + counts["stale"] for counts in found.values())
    if not json:
        _show(Console(), found)
    if dry_run or not wanted:
        if json:
            print(as_json({"found": found, "would_enqueue": wanted}))
        return
    confirm(f"Put {wanted} on the queue?", yes=yes)
    walk(dry=False)
    if json:
        print(as_json({"found": found, "enqueued": wanted}))
    else:
        Console().print(f"{wanted} on the queue.")


def _walk(stack: Deployment, event: dict[str, Any], console: Console) -> Counter[str]:
    """Call the function until it has come to the period's end; add up what it found."""
    client = stack.session.client("lambda", endpoint_url=stack.endpoint_url, config=_PATIENCE)
    found: Counter[str] = Counter()
    while True:
        with console.status(f"Comparing {event['log_type']} logs, {found.total()} so far …"):
            answer = client.invoke(
                FunctionName=stack.output("ReconcileFunctionName"),
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


def _show(console: Console, found: dict[str, Counter[str]]) -> None:
    for kind, counts in found.items():
        told = ", ".join(
            f"{count} {verdict.replace('_', ' ')}" for verdict, count in counts.items()
        )
        console.print(f"{kind} logs: {told or 'none in this period'}", highlight=False)
