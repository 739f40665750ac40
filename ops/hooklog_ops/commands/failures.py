"""`hooklog failures`: what fails, how often, and whether it gets worse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, get_args

import typer
from rich.console import Console
from rich.markup import escape

from hooklog.catalogue import CATALOGUE, Category
from hooklog.clock import utc_now
from hooklog.logs import KINDS
from hooklog_ops.commands.place import Profile, Region, Stack, deployment
from hooklog_ops.commands.progress import counting, watched
from hooklog_ops.commands.shared import Begin, Json, LogType, Until, as_json, below, one_of
from hooklog_ops.records import Failure, Period, Records
from hooklog_ops.words import counted, plain

_CATEGORIES: Final[tuple[str, ...]] = get_args(Category.__value__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Failures of one kind.

    Attributes:
        code: SignalWire's, or None.
        explanation: where the catalogue explains it.
        category: what kind of thing went wrong.
        count: in the period.
        share: of all failures in the period, from 0 to 1.
        before: in the period of the same length before.
        log_types: how many of each.

    """

    code: str | None
    explanation: str
    category: str
    count: int
    share: float
    before: int
    log_types: dict[str, int]


def failures(
    context: typer.Context,
    *,
    since: Begin = "24h",  # type: ignore[assignment] # Typer parses the default, too
    until: Until = None,
    code: Annotated[str | None, typer.Option(help="Only this code.")] = None,
    category: Annotated[
        str | None,
        typer.Option(
            help="Only this category.",
            callback=lambda value: one_of(value, _CATEGORIES, "category"),
            autocompletion=lambda: list(_CATEGORIES),
        ),
    ] = None,
    log_type: LogType = None,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Group the failed faxes and messages that were created in a period, the most frequent first.

    The trend compares with the period of the same length before.

    For example: `hooklog failures --since 7d --type fax`
    """
    deployed = deployment(context, stack, profile, region)
    records = Records(deployed.dynamodb, deployed.output("TableName"))
    end = until or utc_now()
    types = [log_type] if log_type else list(KINDS)
    with counting("Reading failures") as seen:

        def found(start: datetime, stop: datetime) -> list[Failure]:
            period = Period(since=start, until=stop, log_types=types)
            return [
                one
                for one in watched(records.failures(period), seen)
                if code in (None, one.code) and category in (None, one.category)
            ]

        groups = grouped(found(since, end), found(since - (end - since), since))
    if json:
        print(as_json(groups))
        return
    console = Console()
    if groups:
        total = sum(group.count for group in groups)
        console.print(
            f"[bold]{total} failed since {since:%Y-%m-%d %H:%M} UTC[/]\n", highlight=False
        )
    else:
        console.print("Nothing failed.")
    for group in groups:
        _show(console, group)


def grouped(now: list[Failure], before: list[Failure]) -> list[Group]:
    """Count failures by code and explanation, the most frequent first."""
    earlier = Counter((one.code, one.explanation) for one in before)
    counts = Counter((one.code, one.explanation) for one in now)
    return [
        Group(
            code=code,
            explanation=explanation,
            category=next(one.category for one in now if one.explanation == explanation),
            count=count,
            share=count / len(now),
            before=earlier[code, explanation],
            log_types=dict(
                Counter(
                    one.log_type
                    for one in now
                    if (one.code, one.explanation) == (code, explanation)
                )
            ),
        )
        for (code, explanation), count in counts.most_common()
    ]


def _show(console: Console, group: Group) -> None:
    types = ", ".join(counted(count, name) for name, count in group.log_types.items())
    console.print(
        f"[red]{escape(group.code or 'no code')}[/]  {types}, {group.share:.0%},"
        f" {_trend(group)}  [dim]{plain(group.category)}[/]",
        highlight=False,
    )
    log_type = next(iter(group.log_types))
    console.print(below(CATALOGUE.by_key(log_type, group.explanation).cause))
    console.print()


def _trend(group: Group) -> str:
    change = group.count - group.before
    return "as many as before" if not change else f"{change:+,d} on the period before"
