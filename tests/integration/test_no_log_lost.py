"""Callbacks are dropped, repeated, reordered and delayed; one sweep recovers all logs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hooklog.sweep.comparison import WANTED
from local.space import DeliveryFaults, Target, run_sends, simulate_sends
from local.stack import rows, sweep
from tests.integration.conftest import Deployment, drain, forget_sweeps
from tests.integration.door import open_door
from tests.webhook import BASE, KEY

pytestmark = pytest.mark.integration

SENDS = 1000
_WITHIN = 300.0


def differing(
    deployment: Deployment, truth: dict[str, tuple[str, Decimal, str | None]]
) -> set[str]:
    """Return the keys whose row is missing or differs from the truth."""
    stored = {
        row["pk"]: (row.get("status"), row.get("charge"), row.get("error_code"))
        for row in rows(deployment.cloud, deployment.stack)
    }
    return {key for key, expected in truth.items() if stored.get(key) != expected}


def test_one_sweep_later_every_row_equals_the_truth(deployment: Deployment) -> None:
    """A fifth of the callbacks of a thousand sends is dropped, but no row is missing or wrong."""
    sends = simulate_sends(seed=21, count=SENDS, now=datetime.now(UTC))
    faults = DeliveryFaults(drop=0.2, repeat=0.3, reorder=True, delay_s=(0, 0.2), seed=21)
    with open_door(deployment.cloud, deployment.stack, BASE, KEY) as url:
        target = Target(url, signed_base=BASE)
        report = run_sends(deployment.space, sends, target, KEY, faults, within_s=_WITHIN)
    assert report.refused == 0
    assert report.dropped > SENDS / 2
    drain(deployment)

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
    assert lost, "no dropped callback mattered, so the test would prove nothing"

    # Another test's sweep may have passed the time at which these logs were created.
    forget_sweeps(deployment)
    found = sweep(deployment.cloud, deployment.stack)
    wanted = sum(counts.get(verdict, 0) for counts in found.values() for verdict in WANTED)
    assert wanted >= len(lost)
    drain(deployment)
    assert differing(deployment, truth) == set()
