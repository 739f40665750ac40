"""The size of an item as DynamoDB counts it, by the rules that AWS documents.

See "DynamoDB item sizes and formats" in the developer guide. It calls the size of a number
approximate; here it is an upper bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hooklog.records.rows import Attribute

_CONTAINER = 3
_ELEMENT = 1
_MOST_FOR_A_NUMBER = 21


def item_size(item: Mapping[str, Attribute]) -> int:
    """Return an item's size in bytes: the names and values of its attributes."""
    return sum(_text(name) + _value(value) for name, value in item.items())


def _value(value: Attribute) -> int:
    match value:
        case bool():
            return 1
        case str():
            return _text(value)
        case int() | Decimal():
            return _number(Decimal(value))
        case list():
            return _CONTAINER + sum(_ELEMENT + _value(element) for element in value)
        case _:
            return _CONTAINER + _ELEMENT * len(value) + item_size(value)


def _text(text: str) -> int:
    return len(text.encode())


def _number(number: Decimal) -> int:
    """Return one byte per two digits, one for the exponent and one for a minus sign.

    Zeros at both ends are trimmed. Pairs of digits start at the decimal point, so an even number
    of digits may need one more pair: 1.234 is 01 23 40.
    """
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if not digits:
        return 1
    pairs = len(digits) // 2 + 1
    return min(1 + pairs + (number < 0), _MOST_FOR_A_NUMBER)
