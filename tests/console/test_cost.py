"""The requests of a page do not grow with the table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from bench.console import Counted, once, pages, site
from bench.console_table import Shape
from local.cloud import LocalCloud, local_cloud

type Opened = tuple[FlaskClient, Counted]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Start a cloud for large tables."""
    with local_cloud(tmp_path_factory.mktemp("cost") / "cloud.log") as running:
        yield running


@pytest.fixture(scope="module")
def few(cloud: LocalCloud) -> Opened:
    """Open the console on a table with some records."""
    return site(cloud, "few", 600, Shape(days=2, numbers=12))


@pytest.fixture(scope="module")
def more_days(cloud: LocalCloud) -> Opened:
    """Open it on a table with eight times as many days."""
    return site(cloud, "more-days", 4800, Shape(days=16, numbers=96))


@pytest.fixture(scope="module")
def more_a_day(cloud: LocalCloud) -> Opened:
    """Open it on a table with eight times as many records per day."""
    return site(cloud, "more-a-day", 4800, Shape(days=2, numbers=96))


@pytest.mark.parametrize("page", pages())
def test_a_page_makes_the_same_number_of_requests(
    few: Opened, more_days: Opened, more_a_day: Opened, page: str
) -> None:
    """Neither a longer history nor more traffic costs a request, and nothing is scanned."""
    expected = once(*few, page).requests
    assert expected > 0
    assert once(*more_days, page).requests == expected
    assert once(*more_a_day, page).requests == expected
    assert "Scan" not in more_days[1].operations
