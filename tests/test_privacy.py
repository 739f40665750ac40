"""The search of everything that tests print, in ``tests/conftest.py``, can find something."""

from __future__ import annotations

from tests.privacy import leaks


def test_the_search_finds_a_number() -> None:
    """The notation does not matter."""
    assert leaks("a call from +1 (202) 555-0143 to +12025550143") == ["25550143"]
