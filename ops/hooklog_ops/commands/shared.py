"""Options and ways of asking that commands share."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.progress import Progress

from hooklog.items import iso
from hooklog.logs import KINDS
from hooklog.ports import utc_now
from hooklog_ops.deployment import Deployment

type Connect = Callable[[], Deployment]

_AGE = re.compile(r"(?P<number>\d{1,6})(?P<unit>[smhdw])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str) -> datetime:
    """Read an age such as ``24h``, or an ISO 8601 time, UTC if it names no zone."""
    if age := _AGE.fullmatch(text):
        return utc_now() - timedelta(**{_UNITS[age["unit"]]: int(age["number"])})
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither an age such as 90m, 24h or 7d nor a time such as 2026-05-04T12:00"
        ) from None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def uuid(text: str) -> str:
    """Let a log's ID through, in the form that the table has.

    Raises:
        typer.BadParameter: it is no UUID.

    """
    if not _UUID.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no log ID; it must be a UUID")
    return text.lower()


def one_of(text: str | None, allowed: Sequence[str], what: str) -> str | None:
    """Let a value through if it is one of few.

    Raises:
        typer.BadParameter: it is not; the text names them.

    """
    if text is not None and text not in allowed:
        raise typer.BadParameter(f"{text!r} is no {what}; there are: {', '.join(allowed)}")
    return text


# Plain names: Typer does not look into type aliases.
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")]
Rate = Annotated[float, typer.Option(help="Messages a second.", min=0.1, max=1000)]
Kind = Annotated[
    str,
    typer.Argument(
        metavar="fax|message",
        help="Type of the log.",
        callback=lambda value: one_of(value, tuple(KINDS), "type of log"),
    ),
]
LogType = Annotated[
    str | None,
    typer.Option(
        "--type",
        help="Only fax, or only message.",
        callback=lambda value: one_of(value, tuple(KINDS), "type of log"),
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="AGE|TIME", help="From then on: 90m, 24h, 7d or a time."),
]
Begin = Annotated[
    datetime, typer.Option("--since", parser=moment, metavar="AGE|TIME", help="From then on.")
]
Until = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="AGE|TIME", help="Only before then.")
]


def deployment(context: typer.Context) -> Deployment:
    """Reach the stack that the options name."""
    return cast("Connect", context.obj)()


def as_json(value: object) -> str:
    """Write JSON: dataclasses as objects, times as ISO 8601."""

    def convert(one: object) -> object:
        if isinstance(one, datetime):
            return iso(one)
        if isinstance(one, Decimal):
            return int(one) if one == one.to_integral_value() else float(one)
        if is_dataclass(one) and not isinstance(one, type):
            return asdict(one)
        raise TypeError(type(one).__name__)

    return json.dumps(value, default=convert, indent=2)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before acting; without a terminal to ask on, say how to go on.

    Raises:
        typer.Exit: the answer was no.
        typer.BadParameter: nobody can be asked.

    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; add --yes, or --dry-run to only count")
    if not typer.confirm(question):
        raise typer.Exit(1)


def with_progress(title: str, total: int, work: Callable[[Callable[[int], None]], None]) -> None:
    """Do work that tells how far it is, under a bar on standard error."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        work(lambda count: progress.advance(task, count))


def ago(then: datetime) -> str:
    """Say how long ago something was, in the largest fitting unit."""
    seconds = int((utc_now() - then).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit} ago"
    return f"{max(seconds, 0)}s ago"


def counted(number: int, noun: str) -> str:
    """Put a number before its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
