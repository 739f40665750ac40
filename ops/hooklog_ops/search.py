"""What a search term can mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS, is_uuid
from hooklog_ops.errors import CountryMissingError, NumberError
from hooklog_ops.numbers import read_number, tidy
from hooklog_ops.parked import parkable_codes

_KEY = re.compile(rf"({'|'.join((*KINDS, 'parked'))})#(.{{1,100}})", re.IGNORECASE)
_SHORT = re.compile(r"\d{3,8}")


class Term(StrEnum):
    """What a text can stand for; a log's ID may be a fax's SID, which looks the same."""

    KEY = "key"
    LOG_ID = "log_id"
    CODE = "code"
    EXPLANATION = "explanation"
    PARKED_CODE = "parked_code"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One meaning of a text, with its value in the form in which it is looked up."""

    term: Term
    value: str


def interpret(text: str, country: str | None = None) -> list[Interpretation]:
    """Return every meaning of a text, the likeliest first; none if it makes no sense.

    Args:
        text: as typed or pasted.
        country: whose national numbers are understood.

    Raises:
        CountryMissingError: it can only be a national number, and no country is given.

    """
    text = tidy(text).strip()
    lower = text.lower()
    if key := _KEY.fullmatch(text):
        return [Interpretation(Term.KEY, f"{key[1].lower()}#{key[2].lower()}")]
    if is_uuid(lower):
        return [Interpretation(Term.LOG_ID, lower)]
    if lower in parkable_codes():
        return [Interpretation(Term.PARKED_CODE, lower)]
    if _SHORT.fullmatch(text):
        # Error codes and short codes look alike; a code that the catalogue lacks may have failures.
        return [Interpretation(Term.CODE, text), *_numbers(text, country)]
    return _codes(text) or _numbers(text, country)


def _codes(text: str) -> list[Interpretation]:
    if CATALOGUE.by_code(text):
        return [Interpretation(Term.CODE, text.lower())]
    found = CATALOGUE.by_text(text)
    return [Interpretation(Term.EXPLANATION, found.key)] if found else []


def _numbers(text: str, country: str | None) -> list[Interpretation]:
    try:
        return [Interpretation(Term.NUMBER, read_number(text, country))]
    except CountryMissingError:
        raise
    except NumberError:
        return []
