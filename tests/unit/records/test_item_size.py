"""The size of an item, against the rules and the examples of AWS's developer guide."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.item_size import item_size

if TYPE_CHECKING:
    from hooklog.records.rows import Attribute


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 0),
        ("fax", 3),
        ("né", 3),
        ("日本", 6),
        (True, 1),
        (False, 1),
        (0, 1),
        (7, 2),
        (27, 3),
        (-27, 4),
        (461, 3),
        (1000, 2),
        (Decimal("0.00415"), 3),
        (Decimal("-0.0100"), 3),
        (Decimal("1.234"), 4),
        (Decimal("0.00"), 1),
        (Decimal("1E+20"), 2),
        (int("9" * 38), 21),
        (-int("9" * 38), 21),
        ([], 3),
        ({}, 3),
        (["a", "bc"], 3 + 1 + 1 + 1 + 2),
        ({"name": "x"}, 3 + 1 + 4 + 1),
        ([{"charge": Decimal("0.01"), "d": "x"}], 3 + 1 + 3 + 1 + 6 + 2 + 1 + 1 + 1),
    ],
)
def test_values(value: Attribute, size: int) -> None:
    """Texts count UTF-8 bytes, numbers pairs of digits, containers 3 bytes and 1 per element."""
    assert item_size({"n": value}) == 1 + size


def test_names_count() -> None:
    """Each attribute counts its name, in UTF-8, and its value."""
    assert item_size({}) == 0
    assert item_size({"pk": "fax#1", "größe": 1}) == 2 + 5 + 7 + 2


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_numbers_are_bounded(number: Decimal) -> None:
    """A number counts at least 1 byte and at most 21."""
    assert 1 <= item_size({"": number}) <= 21


@given(st.text(alphabet="123456789", min_size=1, max_size=38), st.integers(-40, 40))
def test_numbers_count_no_less_than_documented(digits: str, exponent: int) -> None:
    """A number counts at least one byte per two digits, plus one."""
    number = Decimal(f"{digits}E{exponent}")
    assert item_size({"": number}) >= min(21, len(digits) / 2 + 1)
