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


def test_a_log_costs_no_message_no_request_and_no_memory_of_its_own() -> None:
    """A backfill needs pages of logs and of fax resources, a sweep the pages of logs alone."""
    few, many = 1000, 10_000
    counts = {}
    for number in (few, many):
        logs = generate(seed=50, fax=number, message=number, now=datetime.now(UTC))
        with serve(logs) as space:
            counts[number] = took(space)
            requests = space.requests().counts
        assert (counts[number]["stored"], counts[number]["present"]) == (2 * number, 2 * number)
        assert requests.pop("fax_resource_list") <= number / 500
        pages = number // 200
        assert requests == {"fax_list": 2 * pages, "message_list": 2 * pages}
    # To keep what was listed took thirty megabytes more.
    assert counts[many]["peak_mb"] < counts[few]["peak_mb"] + 10
