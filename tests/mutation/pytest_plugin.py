"""What mutmut's runs of pytest need, once per mutant in a fork of one process."""

from __future__ import annotations

import gc

import pytest
from hypothesis import is_hypothesis_test


def pytest_configure() -> None:
    """Spare each fork the collection of what it inherited, which takes longer than most tests."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run generated cases last: a run ends with its first failure.

    mutmut 3.8 reads a private attribute that pytest 9.2 no longer has.
    """
    items.sort(key=lambda item: is_hypothesis_test(getattr(item, "obj", None)))
    for item in items:
        item._nodeid = item.nodeid  # type: ignore[attr-defined]
