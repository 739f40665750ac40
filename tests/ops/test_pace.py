"""The pace as operators read it: in `hooklog doctor` and in the console."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from hooklog.errors import UpstreamError
from hooklog.pace import Pace
from hooklog.records.rows import pace_values, present
from hooklog_ops.formatting import summary
from hooklog_ops.pace import CurrentPace, current_pace
from hooklog_ops.records import Item, Records
from tests.fakes import NOW
from tests.ops.conftest import Desk
from tests.ops.seeding import set_pace

T = NOW.timestamp()
LIMITED = Pace(rate=40.0, ceiling=40.0, since=T, limited_at=T - 900)
DOWN = Pace(outage="fetch.upstream", outage_at=T - 600, probe_at=T + 10)
WHAT = summary(UpstreamError).rstrip(".")


def told(pace: Pace | None, known: float | None = None) -> str:
    """Say what an operator reads of a pace as the table has it."""
    item: Item | None = {"version": Decimal(3), **present(pace_values(pace))} if pace else None
    return str(current_pace(item, known, NOW))


@pytest.mark.parametrize(
    ("pace", "known", "expected"),
    [
        (None, None, "no limit is known"),
        (Pace(), None, "no limit is known"),
        (replace(LIMITED, since=T - 86_400), None, "no limit is known"),
        (LIMITED, None, "limited to 40 requests per second since 11:45 UTC (found)"),
        (LIMITED, 100.0, "limited to 40 requests per second since 11:45 UTC (found)"),
        (LIMITED, 30.0, "limited to 30 requests per second (set)"),
        (None, 1.0, "limited to 1 request per second (set)"),
        (None, 2.5, "limited to 2.5 requests per second (set)"),
        (None, 10_000.0, "limited to 10,000 requests per second (set)"),
        (
            replace(LIMITED, limited_at=T - 86_400),
            None,
            "limited to 40 requests per second since Sun 3 May, 12:00 UTC (found)",
        ),
    ],
)
def test_a_limit_is_named_with_its_origin(
    pace: Pace | None, known: float | None, expected: str
) -> None:
    """Found or set, whichever is lower now; one that is forgotten is none."""
    assert told(pace, known) == expected


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (DOWN, f"since 11:50 UTC, fetch.upstream: {WHAT}; next probe at 12:00:10"),
        (replace(DOWN, probe_at=T), f"fetch.upstream: {WHAT}; the next batch probes"),
        (replace(DOWN, outage="unheard.of"), "since 11:50 UTC, unheard.of; next probe at 12:00:10"),
        (replace(LIMITED, outage="fetch.timeout", outage_at=T), "an outage since 12:00 UTC"),
    ],
)
def test_an_outage_says_why_and_when_it_is_probed(pace: Pace, expected: str) -> None:
    """It matters more than a limit."""
    assert expected in told(pace, 30.0)


@pytest.mark.parametrize("item", [{"rate": Decimal(5)}, {"version": Decimal(1), "rate": "fast"}])
def test_an_item_that_is_not_hooklogs_is_no_limit(item: Item) -> None:
    """The functions treat it so, too."""
    assert current_pace(item, None, NOW) == CurrentPace(now=NOW)


def test_the_pace_is_read_as_the_functions_write_it(desk: Desk) -> None:
    """From its one item."""
    set_pace(desk, DOWN)
    item = Records(desk.stack.dynamodb, desk.stack.output("TableName")).get("pace#signalwire")
    found = current_pace(item, None, NOW)
    assert found.outage
    assert found.outage.since == NOW - timedelta(minutes=10)
