"""One local cloud, one deployed stack and one simulated space for all integration tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.cloud import LocalCloud, local_cloud
from local.space import RunningSpace, generate, serve
from local.stack import (
    Stack,
    deploy,
    log_lines,
    messages_left,
    put_credentials,
    rows,
    wait_until_empty,
)
from tests.privacy import leaks
from tests.webhook import BASE, KEY

#: Seconds, far more than any test's messages need.
_WITHIN = 300.0


@dataclass(frozen=True)
class Deployment:
    """hooklog as a user has it after `sam deploy`, and the space that it asks."""

    cloud: LocalCloud
    stack: Stack
    space: RunningSpace


def drain(deployment: Deployment) -> None:
    """Wait until the queue is empty, or fail."""
    cloud, queue_url = deployment.cloud, deployment.stack.queue_url
    wait_until_empty(lambda: messages_left(cloud, queue_url), within_s=_WITHIN)


def forget_sweeps(deployment: Deployment) -> None:
    """Delete the checkpoints, so that the next sweep is a first one."""
    table = deployment.stack.table_name
    for row in rows(deployment.cloud, deployment.stack):
        if row["pk"].startswith("sweep#"):
            key = {"pk": {"S": row["pk"]}}
            deployment.cloud.client("dynamodb").delete_item(TableName=table, Key=key)


@contextmanager
def with_variables(
    deployment: Deployment, functions: Sequence[str], variables: Mapping[str, str]
) -> Iterator[None]:
    """Run functions with other settings until the block ends."""
    client = deployment.cloud.client("lambda")
    before = {
        name: client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for name in functions
    }

    def set_variables(more: Mapping[str, str]) -> None:
        for name, usual in before.items():
            client.update_function_configuration(
                FunctionName=name, Environment={"Variables": {**usual, **more}}
            )

    set_variables(variables)
    try:
        yield
    finally:
        set_variables({})


@pytest.fixture(scope="session")
def space() -> Iterator[RunningSpace]:
    """Serve a space with 60 faxes and 60 messages, including all cases."""
    with serve(generate(seed=11, fax=60, message=60, now=datetime.now(UTC))) as running:
        yield running


@pytest.fixture(scope="session")
def deployment(
    built: Path, space: RunningSpace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Deploy the template into a local cloud; at the end, search what the functions logged."""
    log: Path = tmp_path_factory.mktemp("cloud") / "cloud.log"
    with local_cloud(log) as cloud:
        stack = deploy(
            cloud,
            {
                "SignalWireSpace": space.host,
                "DelaySeconds": "0",
                "BatchingWindowSeconds": "1",
                "RetryFirstDelaySeconds": "1",
                "WebhookUrl": BASE,
                "SweepSettlingMinutes": "0",
                "IndexNumbers": "true",
                "IndexDays": "true",
                "Events": "All",
            },
            built=built,
        )
        put_credentials(cloud, stack, space.project_id, space.api_token, [KEY])
        yield Deployment(cloud, stack, space)
        assert leaks("\n".join(log_lines(cloud, stack))) == []
