"""Callbacks that are dropped, repeated, reordered and delayed; and one sweep."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from local.space import DeliveryFaults, Target, run_sends, simulate_sends
from local.stack import rows, sweep
from tests.integration.conftest import Deployment, drained
from tests.integration.door import open_door
from tests.webhook import BASE, KEY

pytestmark = pytest.mark.integration

SENDS = 1000
_WITHIN = 300.0


def differing(
    deployment: Deployment, truth: dict[str, tuple[str, Decimal, str | None]]
) -> set[str]:
    """Give the keys whose row is missing or does not show the truth."""
    stored = {
        row["pk"]: (row.get("status"), row.get("charge"), row.get("error_code"))
        for row in rows(deployment.cloud, deployment.stack)
    }
    return {key for key, expected in truth.items() if stored.get(key) != expected}


def test_one_sweep_later_every_row_equals_the_truth(deployment: Deployment) -> None:
    """Of a thousand sends a fifth of the callbacks never comes; in the end no row lacks."""
    sends = simulate_sends(seed=21, count=SENDS, now=datetime.now(UTC))
    faults = DeliveryFaults(drop=0.2, repeat=0.3, reorder=True, delay_s=(0, 0.2), seed=21)
    with open_door(deployment.cloud, deployment.stack, BASE, KEY) as url:
        target = Target(url, signed_base=BASE)
        report = run_sends(deployment.space, sends, target, KEY, faults, within_s=_WITHIN)
    assert report.refused == 0
    assert report.dropped > SENDS / 2
    drained(deployment)

    truth = {
        f"{send.log_type}#{send.log_id}": (
            str(send.final["status"]),
            Decimal(str(send.final["charge"])),
            None if send.final["error_code"] is None else str(send.final["error_code"]),
        )
        for send in sends
    }
    assert len(truth) == SENDS
    lost = differing(deployment, truth)
    assert lost, "nothing was dropped that mattered, so this would prove nothing"

    found = sweep(deployment.cloud, deployment.stack)
    counts = [found[log_type] for log_type in ("fax", "message")]
    enqueued = sum(
        count.get(verdict, 0) for count in counts for verdict in ("missing", "stale", "unfinished")
    )
    assert enqueued >= len(lost)
    drained(deployment)
    assert differing(deployment, truth) == set()
