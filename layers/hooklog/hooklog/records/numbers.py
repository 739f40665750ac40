"""Classify the two ends of a fax or message: country and type of number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# The package itself is empty in the deployed layer (layers/dependencies/build.py).
from phonenumbers import phonenumberutil

_TYPES = {
    phonenumberutil.PhoneNumberType.FIXED_LINE: "fixed_line",
    phonenumberutil.PhoneNumberType.MOBILE: "mobile",
    # The North American Numbering Plan does not distinguish the two.
    phonenumberutil.PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    phonenumberutil.PhoneNumberType.TOLL_FREE: "toll_free",
    phonenumberutil.PhoneNumberType.PREMIUM_RATE: "premium_rate",
    phonenumberutil.PhoneNumberType.SHARED_COST: "shared_cost",
    phonenumberutil.PhoneNumberType.VOIP: "voip",
    phonenumberutil.PhoneNumberType.PERSONAL_NUMBER: "personal",
    phonenumberutil.PhoneNumberType.PAGER: "pager",
    phonenumberutil.PhoneNumberType.UAN: "uan",
    phonenumberutil.PhoneNumberType.VOICEMAIL: "voicemail",
}
_KEYPAD = {
    letter: digit
    for digit, letters in {
        2: "abc",
        3: "def",
        4: "ghi",
        5: "jkl",
        6: "mno",
        7: "pqrs",
        8: "tuv",
        9: "wxyz",
    }.items()
    for letter in letters
}
#: Words that stand for a withheld caller ID. Carriers that need digits spell them on a keypad, with
#: or without a plus sign.
_WITHHELD_WORDS = frozenset(
    {"anonymous", "blocked", "private", "restricted", "unavailable", "unknown"}
)
_WITHHELD_NUMBERS = frozenset(
    "".join(str(_KEYPAD[letter]) for letter in word) for word in _WITHHELD_WORDS
)
#: Short codes have three to eight digits, no plus sign and no country of their own.
_SHORT_CODE = re.compile(r"\d{3,8}")
_CHANNEL = re.compile(r"(?P<channel>[a-z]+):(?P<address>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a fax or message.

    Attributes:
        country: ISO 3166-1 alpha-2, if the number has one.
        type: ``mobile``, ``short_code``, ``alphanumeric``, ``withheld``, ``unknown`` and so on.
        channel: the word before a colon, such as ``whatsapp`` or ``sip``.

    """

    country: str | None
    type: str
    channel: str | None = None


@lru_cache(maxsize=4096)
def party(address: str) -> Party:
    """Classify an address: E.164, short code, ``whatsapp:+…``, ``sip:…`` or a sender name."""
    prefixed = _CHANNEL.fullmatch(address)
    channel = prefixed["channel"] if prefixed else None
    bare = prefixed["address"] if prefixed else address
    if channel in {"sip", "sips"}:
        # Who is called stands before the host: ``sip:+12025550143@example.com``.
        bare = bare.partition("@")[0]
    if bare.casefold() in _WITHHELD_WORDS or bare.removeprefix("+") in _WITHHELD_NUMBERS:
        return Party(None, "withheld", channel)
    # Elsewhere digits are an account's, not a number's: ``client:12345``, ``messenger:1234567``.
    if channel in {None, "whatsapp"} and _SHORT_CODE.fullmatch(bare):
        return Party(None, "short_code", channel)
    if not bare.startswith("+"):
        name = channel is None and any(letter.isalpha() for letter in bare)
        return Party(None, "alphanumeric" if name else "unknown", channel)
    try:
        number = phonenumberutil.parse(bare)
    except phonenumberutil.NumberParseException:
        return Party(None, "unknown", channel)
    # Within the North American Numbering Plan, the area code alone gives a region even to a number
    # that cannot exist.
    if number.country_code == 1 and not phonenumberutil.is_valid_number(number):
        return Party(None, "unknown", channel)
    # The library uses "001" for numbers without a country, such as +800.
    region = phonenumberutil.region_code_for_number(number)
    kind = _TYPES.get(phonenumberutil.number_type(number), "unknown")
    return Party(None if region == "001" else region, kind, channel)
