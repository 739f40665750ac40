"""A deployed stack whose messages only the tests receive, and functions under the emulator."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.cloud import local_cloud
from local.space import generate, serve
from local.stack import deploy, put_credentials
from tests.integration.conftest import Deployment
from tests.privacy import leaks
from tests.runtime.engine import Engine, NoEngineError
from tests.runtime.rig import Rig
from tests.webhook import BASE, KEY

ENGINE = pytest.StashKey[Engine]()


@pytest.fixture(scope="session", autouse=True)
def _linux() -> None:
    """Skip where Lambda's runtime client and emulator do not exist."""
    if sys.platform != "linux":
        pytest.skip("Lambda's runtime client and its emulator are for Linux only")


@pytest.fixture(scope="session")
def engine(pytestconfig: pytest.Config) -> Engine:
    """Find the Docker engine, or skip with the reason."""
    try:
        found = Engine.find()
    except NoEngineError as reason:
        pytest.skip(f"needs Docker: {reason}")
    pytestconfig.stash[ENGINE] = found
    return found


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Report the image in which functions ran."""
    if ENGINE in config.stash:
        terminalreporter.section("containers")
        terminalreporter.line(str(config.stash[ENGINE]))


@pytest.fixture(scope="session")
def idle(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Deploy the template into a local cloud, and disable its event source mapping."""
    with (
        serve(generate(seed=11, fax=60, message=60, now=datetime.now(UTC))) as space,
        local_cloud(tmp_path_factory.mktemp("cloud") / "cloud.log") as cloud,
    ):
        stack = deploy(
            cloud,
            {
                "SignalWireSpace": space.host,
                "DelaySeconds": "0",
                "RetryFirstDelaySeconds": "1",
                "WebhookUrl": BASE,
                "SweepSettlingMinutes": "0",
                "Events": "All",
            },
            built=built,
        )
        put_credentials(cloud, stack, space.project_id, space.api_token, [KEY])
        functions = cloud.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        yield Deployment(cloud, stack, space)


@pytest.fixture
def rig(idle: Deployment, built: Path, tmp_path: Path) -> Iterator[Rig]:
    """Start with an empty table and an empty queue, and keep the functions' output."""
    rig = Rig(idle, built, tmp_path)
    table, sqs = idle.cloud.client("dynamodb"), idle.cloud.client("sqs")
    for key in rig.items():
        table.delete_item(TableName=idle.stack.table_name, Key={"pk": {"S": key}})
    sqs.purge_queue(QueueUrl=idle.stack.queue_url)
    rig.hide_for(30)
    yield rig
    idle.space.clear_faults()
    assert leaks("".join(log.read_text() for log in tmp_path.glob("*.log"))) == []
