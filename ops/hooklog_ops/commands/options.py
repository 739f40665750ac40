"""Options and arguments that several commands share, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from hooklog.clock import utc_now
from hooklog.logs import KINDS, is_uuid
from hooklog_ops.numbers import country_code

_AGE = re.compile(r"(?P<number>\d{1,6})(?P<unit>[smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str) -> datetime:
    """Read an age such as ``24h``, or an ISO 8601 time, which is UTC without a zone."""
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
    """Read a log's ID or SID, and return it in lower case, as in the table.

    Raises:
        typer.BadParameter: it is not a UUID.

    """
    if not is_uuid(text):
        raise typer.BadParameter(f"{text!r} is not a log ID or SID; it must be a UUID")
    return text.lower()


def one_of(text: str | None, allowed: Sequence[str], what: str) -> str | None:
    """Return the value of an option if it is one of those allowed.

    Raises:
        typer.BadParameter: it is not; the text lists those allowed.

    """
    if text is not None and text not in allowed:
        raise typer.BadParameter(f"{text!r} is not a {what}; choose from: {', '.join(allowed)}")
    return text


def log_types(log_type: str | None) -> list[str]:
    """Return the kinds of log that ``--type`` selects: all of them without it."""
    return [log_type] if log_type else list(KINDS)


def _log_type(text: str | None) -> str | None:
    return one_of(text, tuple(KINDS), "type of log")


# Plain names: Typer does not look into type aliases.
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Country = Annotated[
    str | None,
    typer.Option(
        help="Country of numbers that name none: two letters, such as US.",
        envvar="HOOKLOG_COUNTRY",
        callback=lambda value: country_code(value) if value else None,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")]
Rate = Annotated[float, typer.Option(help="Messages per second.", min=0.1, max=1000)]
Kind = Annotated[
    str,
    typer.Argument(
        metavar="|".join(KINDS),
        help="Type of the log.",
        autocompletion=lambda: list(KINDS),
        callback=_log_type,
    ),
]
LogType = Annotated[
    str | None,
    typer.Option(
        "--type",
        help=f"Only this type of log: {' or '.join(KINDS)}.",
        autocompletion=lambda: list(KINDS),
        callback=_log_type,
    ),
]
_SINCE = "From then on: 90m, 24h, 7d or a time."
Since = Annotated[datetime | None, typer.Option(parser=moment, metavar="AGE|TIME", help=_SINCE)]
Begin = Annotated[datetime, typer.Option("--since", parser=moment, metavar="AGE|TIME", help=_SINCE)]
Until = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="AGE|TIME", help="Only before then.")
]
