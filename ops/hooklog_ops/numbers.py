"""Telephone numbers as people type them, and as a text may hold them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from phonenumbers import phonenumberutil
from phonenumbers.phonenumberutil import (
    NumberParseException,
    PhoneNumberFormat,
    ValidationResult,
)

from hooklog_ops.errors import CountryMissingError, NumberError
from hooklog_ops.formatting import is_visible

#: What people write between the digits, in the form of :func:`tidy`.
_BETWEEN: Final = r"[-. ()/\[\]~·]"
_GAP: Final = _BETWEEN + "{0,3}"
#: Dashes that Unicode does not call so.
_LIKE: Final = {"\N{MINUS SIGN}": "-", "\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}": "-"}
#: Full-width forms lie this far above ASCII.
_FULL_WIDTH: Final = 0xFEE0
_NUMBER: Final = re.compile(rf"(?:{_BETWEEN}|[+\d])*\d(?:{_BETWEEN}|\d)*")
#: A short code at least, and at most a number with whatever a country has dialled before it.
_DIGITS: Final = re.compile(r"\+?\d{3,20}")
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_SHORT_CODE: Final = re.compile(r"\d{3,8}")
#: WhatsApp, SIP and the like; SignalWire keeps the prefix.
_PREFIXED: Final = re.compile(r"([A-Za-z]+):(\S.*)")
#: How JSON may write any character.
_JSON_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


def tidy(text: str) -> str:
    """Return a text without invisible characters, with digits, dashes and spaces as in ASCII."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_plain, text))


def _plain(character: str) -> str:
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    if character.isspace():
        return " "
    if not is_visible(character):
        return ""
    if "\N{FULLWIDTH EXCLAMATION MARK}" <= character <= "\N{FULLWIDTH TILDE}":
        return chr(ord(character) - _FULL_WIDTH)
    return "-" if unicodedata.category(character) == "Pd" else _LIKE.get(character, character)


def country_code(text: str) -> str:
    """Read the name of a country, two letters such as ``US``.

    Raises:
        NumberError: there is no such country.

    """
    name = text.strip().upper()
    if name not in phonenumberutil.SUPPORTED_REGIONS:
        raise NumberError(f"{text!r} is not a country; name it by two letters, such as US or GB.")
    return name


def read_number(text: str, country: str | None = None) -> str:
    """Write a number as SignalWire does, however a person typed it.

    Args:
        text: with any punctuation, digits of any script, and the marks that copying leaves.
        country: whose national numbers are understood; without one, they are refused.

    Returns:
        An E.164 number, a short code, or either of them or a name behind a prefix such as
        ``whatsapp:``.

    Raises:
        CountryMissingError: it is a national number, and no country is given.
        NumberError: it is not a number.

    """
    clean = tidy(text).strip()
    if prefixed := _PREFIXED.fullmatch(clean):
        return _prefixed(prefixed[1].lower(), prefixed[2], text, country)
    digits = re.sub(_BETWEEN, "", clean)
    if not (_NUMBER.fullmatch(clean) and _DIGITS.fullmatch(digits)):
        raise _not_a_number(text)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if digits.startswith("+"):
        number = _valid(digits, None) or digits
        if not _E164.fullmatch(number):
            raise _not_a_number(text)
        return number
    if country and (national := _valid(digits, country)):
        return national
    if _SHORT_CODE.fullmatch(clean):
        return digits
    if country:
        raise NumberError(
            f"{text!r} is not a number of {country}; begin a foreign one with + and its country"
            " code."
        )
    raise CountryMissingError(text)


def _prefixed(channel: str, address: str, text: str, country: str | None) -> str:
    if channel == "tel":
        return read_number(address.partition(";")[0], country)
    if _NUMBER.fullmatch(address) and (channel == "whatsapp" or address.startswith("+")):
        return f"{channel}:{read_number(address, country)}"
    if " " in address:
        raise _not_a_number(text)
    return f"{channel}:{address}"


def _valid(digits: str, country: str | None) -> str | None:
    """Return a number in E.164 form, without a national prefix, if such a one can exist."""
    try:
        parsed = phonenumberutil.parse(digits, country)
    except NumberParseException:
        return None
    if country:
        possible = phonenumberutil.is_possible_number_with_reason(parsed)
        if possible != ValidationResult.IS_POSSIBLE:
            return None
    elif not phonenumberutil.is_valid_number(parsed):
        return None
    return str(phonenumberutil.format_number(parsed, PhoneNumberFormat.E164))


def _not_a_number(text: str) -> NumberError:
    return NumberError(f"{text!r} is not a number; write it like +12065550123.")


class Match(StrEnum):
    """How surely a text holds a number."""

    SURE = "sure"
    POSSIBLE = "possible"


class Sought:
    """A number that is looked for in texts, however they write it.

    It is surely there where its digits follow each other with the country code, whatever
    punctuation is between them. It is possibly there in its national form, which may be another
    country's number, and where digits before or after it may belong to it.
    """

    def __init__(self, number: str) -> None:
        """Look for a number in E.164 form."""
        code, national = _parts(number)
        spelled = _GAP.join(national)
        begin = rf"(?P<plus>\+{_GAP}|(?<!\d)(?:00|011){_GAP})|(?<!\d)"
        international = _GAP.join([*code, rf"(?:\(0\){_GAP})?{spelled}"]) if code else spelled
        self._full = re.compile(rf"(?:{begin})(?P<digits>{international})(?!\d)")
        # With the prefix that some countries put before a national number.
        alone = rf"(?<!\d)(?:[018]{_GAP})?(?P<digits>{spelled})(?!\d)"
        self._national = re.compile(alone) if code else None

    def match(self, text: str) -> Match | None:
        """Return whether a text holds the number; None if it does not."""
        found = None
        for written in map(tidy, _decoded(text)):
            for one in self._full.finditer(written):
                if _stands_alone(one):
                    return Match.SURE
                found = Match.POSSIBLE
            if self._national and any(
                not _is_foreign(one) for one in self._national.finditer(written)
            ):
                found = Match.POSSIBLE
        return found


def _parts(number: str) -> tuple[str, str]:
    """Return country code and national number; the code is empty if the library knows neither."""
    try:
        parsed = phonenumberutil.parse(number)
    except NumberParseException:
        return "", number.removeprefix("+")
    code = str(parsed.country_code)
    return code, number.removeprefix("+").removeprefix(code)


def _decoded(text: str) -> Iterator[str]:
    """Yield a text, and what it is without the escapes of URLs and JSON."""
    yield text
    if "%" in text:
        yield unquote(text)
    if "\\u" in text:
        yield _JSON_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)


def _stands_alone(found: re.Match[str]) -> bool:
    """Return whether no digits around a number may belong to it."""
    before, after = found.string[: found.start()][-4:], found.string[found.end() :][:4]
    begins = found["plus"] or not re.search(rf"\d{_BETWEEN}{{1,3}}$", before)
    ends = found["digits"].isdigit() or not re.match(rf"{_BETWEEN}{{1,3}}\d", after)
    return bool(begins and ends)


def _is_foreign(found: re.Match[str]) -> bool:
    """Return whether another country's code stands before a national number."""
    before = found.string[: found.start("digits")][-10:]
    return re.search(rf"\+{_GAP}\d{{1,3}}{_GAP}$", before) is not None
