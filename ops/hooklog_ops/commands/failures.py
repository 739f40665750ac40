"""`hooklog failures`: what fails, how often, and whether it gets worse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.markup import escape

from hooklog.catalogue import Category, catalogue
from hooklog.logs import KINDS
from hooklog.ports import utc_now
from hooklog_ops.commands.shared import Begin, Json, LogType, Until, as_json, deployment, one_of
from hooklog_ops.records import Failure, Period, Records

_DAY = timedelta(days=1)


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
            callback=lambda value: one_of(value, get_args(Category.__value__), "category"),
        ),
    ] = None,
    log_type: LogType = None,
    json: Json = False,
) -> None:
    """Group the failed faxes and messages that were created in a period, the most frequent first.

    The trend compares with the period of the same length before.
    """
    stack = deployment(context)
    records = Records(stack.dynamodb, stack.output("TableName"))
    end = until or utc_now()
    types = [log_type] if log_type else list(KINDS)

    def found(start: datetime, stop: datetime) -> list[Failure]:
        period = Period(since=start, until=stop, log_types=types)
        return [
            one
            for one in records.failures(period)
            if code in (None, one.code) and category in (None, one.category)
        ]

    groups = grouped(found(since, end), found(since - (end - since), since))
    if json:
        print(as_json(groups))
        return
    console = Console()
    if not groups:
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
    types = ", ".join(f"{count} {name}" for name, count in group.log_types.items())
    console.print(
        f"[red]{escape(group.code or 'no code')}[/]  {group.count} ({group.share:.0%}), {types},"
        f" {_trend(group)}  [dim]{group.category.replace('_', ' ')}[/]",
        highlight=False,
    )
    log_type = next(iter(group.log_types))
    console.print(f"  {catalogue().by_key(log_type, group.explanation).cause}\n", highlight=False)


def _trend(group: Group) -> str:
    change = group.count - group.before
    return "as before" if not change else f"{change:+d} on the period before"
