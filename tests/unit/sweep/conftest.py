"""The bench of each test of the sweep."""

from __future__ import annotations

import pytest

from tests.unit.sweep.bench import Bench


@pytest.fixture
def bench() -> Bench:
    """Return a fresh bench."""
    return Bench()
