"""The deployed template in containers: the local cloud with its Docker executor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from local.cloud import local_cloud
from local.metric_data import emitted
from local.space import generate, serve
from local.stack import deploy, log_lines, put_credentials, rows, send, sweep
from tests.builders import body
from tests.integration.conftest import Deployment, drain
from tests.runtime.engine import Engine

pytestmark = [pytest.mark.integration, pytest.mark.docker]


@pytest.fixture(scope="module")
def contained(
    engine: Engine, built: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Deploy into a local cloud that runs functions only in containers."""
    log = tmp_path_factory.mktemp("cloud") / "cloud.log"
    logs = generate(seed=11, fax=3, message=3, now=datetime.now(UTC))
    with serve(logs, address=engine.address) as space:
        # The template rejects this name, because hooklog uses no TLS for it.
        host = f"host.docker.internal:{space.host.rpartition(':')[2]}"
        executor = {
            "LAMBDA_EXECUTOR": "docker",
            "LAMBDA_STRICT": "1",
            "LAMBDA_DOCKER_FLAGS": f"--env SIGNALWIRE_SPACE={host}",
        }
        with local_cloud(log, executor, address=engine.address) as cloud:
            stack = deploy(
                cloud,
                {
                    "DelaySeconds": "0",
                    "BatchingWindowSeconds": "1",
                    "RetryFirstDelaySeconds": "1",
                    "SweepSettlingMinutes": "0",
                },
                built=built,
            )
            put_credentials(cloud, stack, space.project_id, space.api_token)
            yield Deployment(cloud, stack, space)


def stored(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Read the rows of logs, by key."""
    found = rows(deployment.cloud, deployment.stack)
    return {row["pk"]: row for row in found if "outcome" in row}


def test_a_message_becomes_a_row_in_a_container(contained: Deployment) -> None:
    """The function imports the layers in /opt, stores the row, and prints its metrics."""
    printed: set[str] = set()
    for log_id, status in islice(contained.space.ids()["fax"].items(), 5):
        send(contained.cloud, contained.stack, [body("fax", log_id)])
        drain(contained)
        assert stored(contained)[f"fax#{log_id}"]["status"] == status
        printed = {metric.name for metric in emitted(log_lines(contained.cloud, contained.stack))}
        # Docker may lack the last lines of an invocation when ministack asks for them.
        if "LogsEnriched" in printed:
            break
    assert "LogsEnriched" in printed
    lines = log_lines(contained.cloud, contained.stack)
    # Only the emulator in the image prints this line.
    assert any(line.startswith("REPORT RequestId") for line in lines)


def test_a_sweep_in_a_container_finds_what_is_missing(contained: Deployment) -> None:
    """The sweep function reads the lists over the bridge, and stores what they show."""
    before = stored(contained)
    found = sweep(contained.cloud, contained.stack)
    missing = sum(verdicts.get("missing", 0) for verdicts in found.values())
    assert missing
    drain(contained)
    assert len(stored(contained)) == len(before) + missing
