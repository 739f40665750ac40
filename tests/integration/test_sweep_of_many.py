"""The work and the memory of a sweep or backfill of many logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from local.space import RunningSpace, generate, serve
from tests.project.test_template import ROOT

pytestmark = pytest.mark.integration


def took(space: RunningSpace) -> dict[str, Any]:
    """Backfill and sweep a space in a process of its own; return its counts."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.integration.sweep_many"),
            *(space.host, space.project_id, space.api_token),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"layers/hooklog{os.pathsep}."},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


def test_a_backfill_costs_no_message_and_no_request_per_log() -> None:
    """Pages of logs and of fax resources suffice, and a sweep needs the pages of logs alone."""
    with serve(generate(seed=50, fax=10_000, message=10_000, now=datetime.now(UTC))) as space:
        counts = took(space)
        requests = space.requests().counts
    assert (counts["stored"], counts["present"]) == (20_000, 20_000)
    assert requests.pop("fax_resource_list") <= 20
    assert requests == {"fax_list": 2 * 50, "message_list": 2 * 50}


def test_a_hundred_thousand_logs_take_little_memory() -> None:
    """It does not grow with the number of logs."""
    with serve(generate(seed=50, fax=50_000, message=50_000, now=datetime.now(UTC))) as space:
        counts = took(space)
    assert (counts["stored"], counts["present"]) == (100_000, 100_000)
    assert counts["peak_mb"] < 150
