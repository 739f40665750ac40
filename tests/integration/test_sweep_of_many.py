"""The sweep's memory does not grow with the number of logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from local.space import generate, serve
from tests.project.test_template import ROOT

pytestmark = pytest.mark.integration


def test_fifty_thousand_present_logs_cost_no_message_and_little_memory() -> None:
    """It compares all logs in less than 150 MB, and puts nothing on the queue."""
    logs = generate(seed=50, fax=25_000, message=25_000, now=datetime.now(UTC))
    with serve(logs) as space:
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
    took = json.loads(done.stdout)
    assert took["found"] == 50_000
    assert took["pages"] == 250
    assert took["peak_mb"] < 150
