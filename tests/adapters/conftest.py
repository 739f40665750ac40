"""A simulated space for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.space import RunningSpace, generate, serve
from tests.builders import SENT_AT


@pytest.fixture
def space() -> Iterator[RunningSpace]:
    with serve(generate(seed=7, fax=30, message=5, now=SENT_AT)) as running:
        yield running
