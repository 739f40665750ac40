"""Options and ways of asking that commands share."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from hooklog.clock import iso, utc_now
from hooklog.logs import KINDS
from hooklog_ops.problems import ExitStatus

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
        autocompletion=lambda: list(KINDS),
        callback=lambda value: one_of(value, tuple(KINDS), "type of log"),
    ),
]
LogType = Annotated[
    str | None,
    typer.Option(
        "--type",
        help="Only fax, or only message.",
        autocompletion=lambda: list(KINDS),
        callback=lambda value: one_of(value, tuple(KINDS), "type of log"),
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="AGE|TIME", help="From then on: 90m, 24h, 7d or a time."),
]
Begin = Annotated[
    datetime,
    typer.Option(
        "--since", parser=moment, metavar="AGE|TIME", help="From then on: 90m, 24h, 7d or a time."
    ),
]
Until = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="AGE|TIME", help="Only before then.")
]


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
        typer.Exit: the answer was no; its status says so.
        typer.BadParameter: nobody can be asked.

    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; add --yes, or --dry-run to only count")
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        agreed = False
    if not agreed:
        raise typer.Exit(ExitStatus.DECLINED)


def below(text: str, style: str = "") -> Padding:
    """Set in what belongs to the line above it, each line of it where it wraps."""
    return Padding.indent(Text(text, style), 2)
