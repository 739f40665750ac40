"""How values are written for a reader: times, amounts, counts, names, and codes as sentences."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hooklog.clock import iso
from hooklog.errors import HooklogError
from hooklog.logs import KINDS

#: Characters that Python counts as printable, and that show nothing: Unicode's fillers, joiners and
#: variation selectors, and the empty Braille pattern.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
#: Seconds of each unit in which an age is written.
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_MINUTE = 60
_DRIFT = {
    "missing": "SignalWire left out {}",
    "value": "{} has a value that the specification does not list",
    "field": "{} is a field that the specification does not have",
    "type": "{} has another type than the specification says",
    "text": "{} contains characters that no encoding can express",
    "contradiction": "The log reports another end than the {}",
}
#: Who told of an end beside the log.
_SIGNALS = {"callback": "callback", "fax": "fax resource", "log": "log itself before"}
#: Milliseconds from which a duration is written in seconds, and in larger units.
_IN_SECONDS, _IN_MINUTES = 1000, 120_000


def age(seconds: float) -> str:
    """Write whole seconds in the largest unit that fits: ``15 s``, ``3 min``, ``2 d``."""
    name, length = next((unit for unit in _UNITS if seconds >= unit[1]), _UNITS[-1])
    return f"{int(max(seconds, 0)) // length} {name}"


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago something was: ``3 min ago``."""
    seconds = (now - then).total_seconds()
    return f"{age(seconds)} ago" if seconds >= _MINUTE else "just now"


def duration(milliseconds: float) -> str:
    """Write a measured duration: ``450 ms``, ``5.3 s``, ``4 min``."""
    if milliseconds < _IN_SECONDS:
        return f"{milliseconds:.0f} ms"
    if milliseconds < _IN_MINUTES:
        return f"{milliseconds / 1000:.1f} s"
    return age(milliseconds / 1000)


def moment(then: datetime) -> str:
    """Write a time to the second: ``4 May 2026, 12:00:07``; all times are UTC."""
    return f"{then.day} {then:%b %Y, %H:%M:%S}"


def stamp(written: str) -> str:
    """Write a stored time to the minute: ``Mon 4 May, 12:00``."""
    then = datetime.fromisoformat(written)
    return f"{day(then)}, {then:%H:%M}"


def short(then: datetime, now: datetime) -> str:
    """Write a time to the minute, with its day unless that is today: ``12:03``."""
    return f"{then:%H:%M}" if then.date() == now.date() else f"{day(then)}, {then:%H:%M}"


def day(then: datetime) -> str:
    """Write a day: ``Mon 4 May``."""
    return f"{then:%a} {then.day} {then:%b}"


def step(then: datetime, length: timedelta) -> str:
    """Write the beginning of an hour or of a day."""
    return day(then) if length >= timedelta(days=1) else f"{then:%H:%M}"


def counted(number: int, noun: str) -> str:
    """Put a number before a kind of log or a regular noun: ``1 fax``, ``1,200 faxes``."""
    plural = KINDS[noun].plural if noun in KINDS else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def plurals(log_types: Iterable[str]) -> str:
    """Name kinds of log in a sentence: ``faxes and messages``."""
    *first, last = (KINDS[log_type].plural for log_type in log_types)
    return f"{', '.join(first)} and {last}" if first else last


def dollars(amount: Decimal) -> str:
    """Write an amount with at least two decimals: ``$0.02``, ``$0.00415``."""
    plain = f"{amount:f}"
    whole, _, decimals = plain.partition(".")
    return f"${whole}.{decimals.rstrip('0').ljust(2, '0')}"


def plain(word: str) -> str:
    """Write an identifier as words: ``in_progress`` is ``in progress``."""
    return word.replace("_", " ")


def is_visible(character: str) -> bool:
    """Return whether a character shows as itself, and neither acts nor hides; spaces do."""
    shows = character.isprintable() or unicodedata.category(character) == "Zs"
    return shows and not _BLANK.match(character)


def visible(text: str, keep: str = "\n\t") -> str:
    r"""Write what acts on a terminal or a page, or hides there, as ``\x1b`` or ``\u202e``.

    Such are control characters, those that turn the direction of writing, and invisible ones.

    Args:
        text: from outside.
        keep: control characters that stay.

    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one if one in keep or is_visible(one) else one.encode("unicode_escape").decode()
        for one in text
    )


def visible_value(value: object) -> object:
    """Return a value for a template as it is shown; what is markup already stays."""
    return visible(value) if type(value) is str else value


def printable(text: str) -> str:
    """Return a text from outside as one visible line."""
    return visible(text, keep="")


def label(attribute: str) -> str:
    """Write the name of an attribute as a label: ``number_of_pages`` is ``Pages``."""
    return plain(attribute.removeprefix("number_of_")).capitalize()


def summary(error: type[HooklogError]) -> str:
    """Return the sentence that says what one of hooklog's own errors is."""
    return (error.__doc__ or "").partition("\n")[0].replace("``", "")


def drift(entry: str) -> str:
    """Explain a departure from SignalWire's specification, such as ``missing:quality``."""
    what, _, field = entry.partition(":")
    field = _SIGNALS.get(field, field) if what == "contradiction" else field
    return _DRIFT[what].format(field) if what in _DRIFT else entry


def as_json(value: object, *, indent: int | None = 2) -> str:
    """Write JSON in ASCII: dataclasses as objects, times as ISO 8601, decimals as numbers."""

    def convert(one: object) -> object:
        if isinstance(one, datetime):
            return iso(one)
        if isinstance(one, Decimal):
            return number(one)
        if is_dataclass(one) and not isinstance(one, type):
            return asdict(one)
        raise TypeError(type(one).__name__)

    # The only control character that JSON leaves as it is.
    return json.dumps(value, default=convert, indent=indent).replace("\x7f", "\\u007f")


def number(value: Decimal) -> int | float:
    """Return a decimal as a number of JSON."""
    return int(value) if value == value.to_integral_value() else float(value)
