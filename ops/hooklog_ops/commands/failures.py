"""`hooklog failures`: what fails, how often, and whether it gets worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, get_args

import typer

from hooklog.catalogue import CATALOGUE, Category
from hooklog.clock import utc_now
from hooklog_ops.commands.options import Begin, Json, LogType, Until, log_types, one_of
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, below, counting, line, watched
from hooklog_ops.failures import Reason, by_reason
from hooklog_ops.formatting import as_json, counted, plain
from hooklog_ops.records import Period, Records

_CATEGORIES: Final[tuple[str, ...]] = get_args(Category.__value__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Failures of one reason, as ``--json`` shows them.

    Attributes:
        code: SignalWire's, or None.
        explanation: the catalogue's key.
        category: of the reason.
        count: in the period.
        share: of all failures in the period, from 0 to 1.
        before: in the period of the same length before.
        log_types: failures per kind of log.

    """

    code: str | None
    explanation: str
    category: str
    count: int
    share: float
    before: int
    log_types: Mapping[str, int]


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
    """Group the failed logs that were created in a period, the most frequent reason first.

    The trend compares with the period of the same length before.

    For example: `hooklog failures --since 7d --type fax`
    """
    deployed = deployment(context, stack, profile, region)
    records = Records(deployed.dynamodb, deployed.output("TableName"))
    end = until or utc_now()
    with counting("Reading failures") as seen:

        def reasons(start: datetime, stop: datetime) -> list[Reason]:
            period = Period(since=start, until=stop, log_types=log_types(log_type))
            return by_reason(
                one
                for one in watched(records.failures(period), seen)
                if code in (None, one.code) and category in (None, one.category)
            )

        groups = _groups(reasons(since, end), reasons(since - (end - since), since))
    if json:
        print(as_json(groups))
        return
    terminal = Terminal()
    if groups:
        total = sum(group.count for group in groups)
        terminal.print(line((f"{total} failed since {since:%Y-%m-%d %H:%M} UTC", "bold")))
        terminal.print()
    else:
        terminal.print("Nothing failed.")
    for group in groups:
        _show(terminal, group)


def _groups(now: list[Reason], before: list[Reason]) -> list[Group]:
    total = sum(reason.count for reason in now)
    earlier = {(reason.code, reason.explanation): reason.count for reason in before}
    return [
        Group(
            code=reason.code,
            explanation=reason.explanation,
            category=reason.newest.category,
            count=reason.count,
            share=reason.count / total,
            before=earlier.get((reason.code, reason.explanation), 0),
            log_types=dict(reason.log_types),
        )
        for reason in now
    ]


def _show(terminal: Terminal, group: Group) -> None:
    types = ", ".join(counted(count, name) for name, count in group.log_types.items())
    terminal.print(
        line(
            (group.code or "no code", "red"),
            f"  {types}, {group.share:.0%}, {_trend(group)}  ",
            (plain(group.category), "dim"),
        )
    )
    log_type = next(iter(group.log_types))
    terminal.print(below(CATALOGUE.by_key(log_type, group.explanation).cause))
    terminal.print()


def _trend(group: Group) -> str:
    change = group.count - group.before
    return f"{change:+,d} compared with the period before" if change else "as many as before"
