"""What somebody may mean by what they typed into the search box."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog_ops.parked import parkable_codes

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEY = re.compile(rf"({'|'.join((*KINDS, 'parked'))})#(.{{1,100}})", re.IGNORECASE)
#: What people write into a telephone number.
_PUNCTUATION = re.compile(r"[\s().\-/]+")
_SHORT = re.compile(r"\d{3,8}")
_LONG = re.compile(r"(\+|00)?(\d{9,15})")
#: WhatsApp, SIP and the like; SignalWire keeps the word before the colon.
_PREFIXED = re.compile(r"[a-z]+:\S+")


class Means(StrEnum):
    """What a text can stand for."""

    KEY = "key"
    LOG_ID = "log_id"
    CODE = "code"
    EXPLANATION = "explanation"
    PARKED_CODE = "parked_code"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a text: what it is, in the form in which it is looked up."""

    means: Means
    value: str


def readings(text: str) -> list[Reading]:
    """Give all ways to understand a text, the likeliest first; none if it makes no sense."""
    text = text.strip()
    lower = text.lower()
    if key := _KEY.fullmatch(text):
        return [Reading(Means.KEY, f"{key[1].lower()}#{key[2].lower()}")]
    if _UUID.fullmatch(lower):
        return [Reading(Means.LOG_ID, lower)]
    if lower in parkable_codes():
        return [Reading(Means.PARKED_CODE, lower)]
    return _codes(text) or _numbers(text)


def _codes(text: str) -> list[Reading]:
    if _SHORT.fullmatch(text):
        # Error codes and short codes look alike; an unknown code may still have failed faxes.
        return [Reading(Means.CODE, text), Reading(Means.NUMBER, text)]
    if CATALOGUE.by_code(text):
        return [Reading(Means.CODE, text.lower())]
    found = CATALOGUE.by_text(text)
    return [Reading(Means.EXPLANATION, found.key)] if found else []


def _numbers(text: str) -> list[Reading]:
    """Write a number as SignalWire does, from the ways in which people write it."""
    if digits := _LONG.fullmatch(_PUNCTUATION.sub("", text)):
        return [Reading(Means.NUMBER, f"+{digits[2]}")]
    return [Reading(Means.NUMBER, text)] if _PREFIXED.fullmatch(text) else []
