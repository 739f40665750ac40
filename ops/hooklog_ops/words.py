"""How values are written for a reader: times, amounts, counts, and codes as sentences."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from hooklog.errors import HooklogError

#: What is left of a difference is written in the largest of these that fits.
_UNITS = (("d", 86400), ("h", 3600), ("min", 60))
_A_MINUTE = 60
_DRIFT = {
    "missing": "SignalWire left out {}",
    "value": "{} has a value that the specification does not list",
    "field": "{} is a field that the specification does not have",
}
#: Milliseconds from which a duration is written in seconds, and in minutes.
_IN_SECONDS, _IN_MINUTES = 1000, 120_000


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago something was: ``3 min ago``."""
    seconds = int((now - then).total_seconds())
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "just now"


def moment(then: datetime) -> str:
    """Write a time to the second: ``4 May 2026, 12:00:07``; all times are UTC."""
    return f"{then.day} {then:%b %Y, %H:%M:%S}"


def stamp(written: str) -> str:
    """Write a stored time to the minute: ``Mon 4 May, 12:00``."""
    then = datetime.fromisoformat(written)
    return f"{day(then)}, {then:%H:%M}"


def day(then: datetime) -> str:
    """Write a day: ``Mon 4 May``."""
    return f"{then:%a} {then.day} {then:%b}"


def step(then: datetime, length: timedelta) -> str:
    """Write the beginning of an hour or of a day."""
    return day(then) if length >= timedelta(days=1) else f"{then:%H:%M}"


def duration(milliseconds: float) -> str:
    """Write a duration: ``450 ms``, ``5.3 s``, ``4 min``."""
    if milliseconds < _IN_SECONDS:
        return f"{milliseconds:.0f} ms"
    if milliseconds < _IN_MINUTES:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds / 1000 / _A_MINUTE:.0f} min"


def counted(number: int, noun: str) -> str:
    """Put a number before its noun: ``1 fax``, ``1,200 faxes``."""
    plural = f"{noun}es" if noun.endswith(("x", "s")) else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def dollars(amount: Decimal) -> str:
    """Write an amount with at least two decimals: ``$0.02``, ``$0.00415``."""
    plain = f"{amount:f}"
    whole, _, decimals = plain.partition(".")
    return f"${whole}.{decimals.rstrip('0').ljust(2, '0')}"


def plain(word: str) -> str:
    """Write an identifier as words: ``in_progress`` is ``in progress``."""
    return word.replace("_", " ")


def summary(error: type[HooklogError]) -> str:
    """Give the sentence that says what an error of hooklog's own is."""
    return (error.__doc__ or "").partition("\n")[0].replace("``", "")


def drift(entry: str) -> str:
    """Say what a departure from SignalWire's specification is: ``missing:quality``, for one."""
    kind, _, field = entry.partition(":")
    return _DRIFT[kind].format(field) if kind in _DRIFT else entry
