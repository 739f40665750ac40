"""`hooklog parked`: what waits for an operator."""

from __future__ import annotations

import time
from collections import Counter
from typing import Annotated

import typer
from rich.console import Console

from hooklog.clock import utc_now
from hooklog.errors import BY_CODE
from hooklog_ops.commands.place import Profile, Region, Stack, deployment
from hooklog_ops.commands.progress import counting, through, watched
from hooklog_ops.commands.shared import (
    DryRun,
    Json,
    LogType,
    Rate,
    Since,
    Until,
    Yes,
    as_json,
    below,
    confirm,
    one_of,
)
from hooklog_ops.parked import ParkedItem, ParkedList, Wanted, parkable_codes
from hooklog_ops.words import ago, counted

app = typer.Typer(
    help="Messages that could not be processed and wait for you.", no_args_is_help=True
)


def _known(codes: list[str] | None) -> list[str] | None:
    for code in codes or ():
        one_of(code, parkable_codes(), "code that a message can be parked with")
    return codes


Codes = Annotated[
    list[str] | None,
    typer.Option(
        "--code",
        help="Only this code; can be given again.",
        callback=_known,
        autocompletion=parkable_codes,
    ),
]


@app.command("list")
def list_parked(
    context: typer.Context,
    *,
    code: Codes = None,
    log_type: LogType = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="Most entries to show.", min=1)] = 50,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Count what is parked by code and type, and show it, oldest first within a code."""
    deployed = deployment(context, stack, profile, region)
    parked = ParkedList(deployed.dynamodb, deployed.output("TableName"))
    wanted = Wanted(codes=code or (), log_type=log_type, since=since, until=until)
    with counting("Reading the list", "messages") as seen:
        items = list(watched(parked.items(wanted), seen))
    if json:
        print(as_json({"counts": _counts(items), "items": items[:limit]}))
        return
    console = Console()
    if not items:
        console.print("Nothing is parked.")
        return
    _show_counts(console, items)
    _show_items(console, items[:limit])
    if len(items) > limit:
        console.print(f"[dim]and {len(items) - limit} more; --limit shows them[/]")
    console.print("\nPut them right, then: hooklog parked redrive --dry-run", highlight=False)


@app.command()
def redrive(
    context: typer.Context,
    *,
    code: Codes = None,
    log_type: LogType = None,
    since: Since = None,
    until: Until = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what was redriven and has not come back yet.")
    ] = False,
    rate: Rate = 20,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Put parked messages on the queue again; what succeeds leaves the list by itself.

    Counts first, and asks. Interrupted, the same command goes on where it stopped; add --again if
    it was interrupted while it sent.

    For example: `hooklog parked redrive --code fetch.not_found --dry-run`
    """
    deployed = deployment(context, stack, profile, region)
    parked = ParkedList(deployed.dynamodb, deployed.output("TableName"))
    wanted = Wanted(codes=code or (), log_type=log_type, since=since, until=until)
    with counting("Reading the list", "messages") as seen:
        found = list(watched(parked.items(wanted), seen))
    items = [item for item in found if again or not item.is_under_way]
    console = Console(stderr=json)
    under_way = len(found) - len(items)
    if under_way:
        console.print(
            f"[dim]{counted(under_way, 'message')} redriven before and still under way[/]"
        )
    if not items or dry_run:
        if json:
            print(as_json({"would_redrive": len(items), "counts": _counts(items)}))
        elif items:
            _show_counts(console, items)
            console.print(f"{counted(len(items), 'message')} would be redriven.")
        else:
            console.print("Nothing to redrive.")
        return
    if not json:
        _show_counts(console, items)
    confirm(f"Redrive {counted(len(items), 'message')}?", yes=yes)
    with through("Redriving", len(items)) as sent:
        done = parked.redrive(
            items,
            (deployed.sqs, deployed.output("QueueUrl")),
            by=deployed.caller,
            per_second=rate,
            clock=utc_now,
            sleep=time.sleep,
            sent=sent,
        )

    if json:
        print(as_json({"redriven": done.sent, "changed_meanwhile": done.changed}))
        return
    console.print(f"{counted(done.sent, 'message')} redriven.")
    if done.changed:
        console.print(f"{counted(done.changed, 'message')} changed meanwhile and left alone.")


def _counts(items: list[ParkedItem]) -> list[dict[str, object]]:
    counts = Counter((item.code, item.log_type) for item in items)
    return [
        {"code": code, "log_type": log_type, "count": count}
        for (code, log_type), count in counts.most_common()
    ]


def _show_counts(console: Console, items: list[ParkedItem]) -> None:
    """Show each code with its count, its age and what to do about it, the most frequent first."""
    console.print(f"[bold]Parked: {counted(len(items), 'message')}[/]")
    for code, _ in Counter(item.code for item in items).most_common():
        _show_code(console, code, [item for item in items if item.code == code])


def _show_code(console: Console, code: str, items: list[ParkedItem]) -> None:
    types = Counter(item.log_type or "unreadable" for item in items)
    kinds = ", ".join(counted(number, f"{name} log") for name, number in types.most_common())
    times, now = [item.parked_at for item in items], utc_now()
    console.print(
        f"\n[red]{code}[/]  {kinds}, first {ago(min(times), now)}, last {ago(max(times), now)}",
        highlight=False,
    )
    error = BY_CODE.get(code)
    if error is not None:
        console.print(below(f"What to do: {error.operator}"))


def _show_items(console: Console, items: list[ParkedItem]) -> None:
    now = utc_now()
    for item in items:
        told = f"{item.code}, {counted(item.attempts, 'attempt')}, {ago(item.parked_at, now)}"
        console.print(f"\n{item.key}", highlight=False)
        console.print(below(told))
        error = BY_CODE.get(item.code)
        if error is None or item.detail != error.operator:
            console.print(below(item.detail, style="dim"))
        if item.redriven_at:
            state = "still under way" if item.is_under_way else "failed again"
            told = f"redriven {ago(item.redriven_at, now)} by {item.redriven_by}, {state}"
            console.print(below(told))
