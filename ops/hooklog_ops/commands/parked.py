"""`hooklog parked`: messages that wait for an operator."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from hooklog.clock import utc_now
from hooklog.errors import BY_CODE
from hooklog_ops.commands.options import (
    DryRun,
    Json,
    LogType,
    Rate,
    Since,
    Until,
    Yes,
    one_of,
)
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import (
    Terminal,
    below,
    confirm,
    counting,
    line,
    progress_bar,
    watched,
)
from hooklog_ops.formatting import ago, as_json, counted
from hooklog_ops.parked import (
    UNREADABLE,
    ParkedFilter,
    ParkedItem,
    ParkedList,
    logs_of,
    parkable_codes,
)
from hooklog_ops.records import Found, Records

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
        help="Only this code; can be repeated.",
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
    """Count parked messages by code and type, and list them, oldest first within a code."""
    deployed = deployment(context, stack, profile, region)
    parked = ParkedList(deployed.dynamodb, deployed.output("TableName"))
    wanted = ParkedFilter(codes=code or (), log_type=log_type, since=since, until=until)
    with counting("Reading the list", "messages") as seen:
        items = list(watched(parked.items(wanted), seen))
    shown = items[:limit]
    logs = logs_of(Records(deployed.dynamodb, deployed.output("TableName")), shown)
    if json:
        told = [asdict(item) | {"sid_of": _sid_of(logs.get(item.key))} for item in shown]
        print(as_json({"counts": _counts(items), "items": told}))
        return
    terminal = Terminal()
    if not items:
        terminal.print("Nothing is parked.")
        return
    _show_counts(terminal, items)
    _show_items(terminal, shown, logs)
    if len(items) > limit:
        terminal.print()
        terminal.print(line((f"and {len(items) - limit} more; --limit shows them", "dim")))
    terminal.print("\nFix the cause, then: hooklog parked redrive --dry-run")


@app.command()
def redrive(
    context: typer.Context,
    *,
    code: Codes = None,
    log_type: LogType = None,
    since: Since = None,
    until: Until = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also messages whose redrive is still under way.")
    ] = False,
    rate: Rate = 20,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Put parked messages on the queue again; a message that succeeds leaves the list by itself.

    Counts first, and asks. After an interruption, the same command continues where it stopped; add
    --again if it was interrupted while it was sending.

    For example: `hooklog parked redrive --code fetch.not_found --dry-run`
    """
    deployed = deployment(context, stack, profile, region)
    parked = ParkedList(deployed.dynamodb, deployed.output("TableName"))
    wanted = ParkedFilter(codes=code or (), log_type=log_type, since=since, until=until)
    with counting("Reading the list", "messages") as seen:
        found = list(watched(parked.items(wanted), seen))
    items = [item for item in found if again or not item.is_under_way]
    terminal = Terminal(stderr=json)
    under_way = len(found) - len(items)
    if under_way:
        told = f"{counted(under_way, 'message')} redriven before and still under way"
        terminal.print(line((told, "dim")))
    if not items or dry_run:
        if json:
            print(as_json({"would_redrive": len(items), "counts": _counts(items)}))
        elif items:
            _show_counts(terminal, items)
            terminal.print(f"\n{counted(len(items), 'message')} would be redriven.")
        else:
            terminal.print("Nothing to redrive.")
        return
    if not json:
        _show_counts(terminal, items)
    confirm(f"Redrive {counted(len(items), 'message')}?", yes=yes)
    with progress_bar("Redriving", len(items)) as done:
        result = parked.redrive(
            items,
            (deployed.sqs, deployed.output("QueueUrl")),
            by=deployed.caller,
            per_second=rate,
            clock=utc_now,
            sleep=time.sleep,
            done=done,
        )

    if json:
        print(as_json({"redriven": result.sent, "changed_meanwhile": result.changed}))
        return
    terminal.print(f"{counted(result.sent, 'message')} redriven.")
    if result.changed:
        terminal.print(f"{counted(result.changed, 'message')} changed meanwhile and left alone.")


def _counts(items: list[ParkedItem]) -> list[dict[str, object]]:
    counts = Counter((item.code, item.log_type) for item in items)
    return [
        {"code": code, "log_type": log_type, "count": count}
        for (code, log_type), count in counts.most_common()
    ]


def _show_counts(terminal: Terminal, items: list[ParkedItem]) -> None:
    """Show each code with its count, its age and what to do about it, the most frequent first."""
    terminal.print(line((f"Parked: {counted(len(items), 'message')}", "bold")))
    for code, _ in Counter(item.code for item in items).most_common():
        _show_code(terminal, code, [item for item in items if item.code == code])


def _show_code(terminal: Terminal, code: str, items: list[ParkedItem]) -> None:
    types = Counter(item.log_type or UNREADABLE for item in items)
    kinds = ", ".join(counted(number, name) for name, number in types.most_common())
    times, now = [item.parked_at for item in items], utc_now()
    told = f"  {kinds}, first {ago(min(times), now)}, last {ago(max(times), now)}"
    terminal.print()
    terminal.print(line((code, "red"), told))
    if own := BY_CODE.get(code):
        terminal.print(below(f"What to do: {own.operator}"))


def _sid_of(found: Found | None) -> str | None:
    """Return the key of the log whose SID an entry is parked under."""
    return found.key if found is not None and found.is_by_sid else None


def _show_items(terminal: Terminal, items: list[ParkedItem], logs: Mapping[str, Found]) -> None:
    now = utc_now()
    for item in items:
        told = f"{item.code}, {counted(item.attempts, 'attempt')}, {ago(item.parked_at, now)}"
        terminal.print()
        terminal.print(line(item.key))
        terminal.print(below(told))
        if item.key in logs and (relation := logs[item.key].relation):
            terminal.print(below(relation))
        own = BY_CODE.get(item.code)
        if own is None or item.detail != own.operator:
            terminal.print(below(item.detail, style="dim"))
        if item.redriven_at:
            state = "still under way" if item.is_under_way else "failed again"
            told = f"redriven {ago(item.redriven_at, now)} by {item.redriven_by}, {state}"
            terminal.print(below(told))
