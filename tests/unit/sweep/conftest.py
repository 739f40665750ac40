"""The harness of each test of the sweep."""

from __future__ import annotations

import pytest

from tests.unit.sweep.harness import Harness


@pytest.fixture
def harness() -> Harness:
    """Return a fresh harness."""
    return Harness()
