"""`hooklog events`, on a deployed stack that tells events."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hooklog_ops.deployment import Deployment as Opened
from hooklog_ops.tapping import PREFIX
from local.cloud import ROOT
from local.stack import NAME, send
from tests.builders import body
from tests.integration.command_line import CommandLine
from tests.integration.conftest import Deployment, drain
from tests.integration.stream import places

pytestmark = pytest.mark.integration
#: Seconds, far more than an event needs.
_WITHIN = 60.0


class Tail:
    """`hooklog events tail --json`, as an operator runs it in another terminal."""

    def __init__(self, deployment: Deployment, directory: Path) -> None:
        """Run it until its rule and queue are there."""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", "from hooklog_ops.cli import main; main()"),
                *("--stack", NAME, "events", "tail", "--json"),
            ],
            cwd=directory,
            env={
                **deployment.cloud.environment,
                "PYTHONPATH": os.pathsep.join([str(ROOT / "layers/hooklog"), str(ROOT / "ops")]),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        ready = self.process.stderr.readline()
        assert PREFIX in ready, ready + self.process.stderr.read()

    def wait_for(self, *log_ids: str, repeated: bool = False) -> dict[str, dict[str, Any]]:
        """Read until an event of each log has come, or come again; return what they tell."""
        assert self.process.stdout is not None
        found: dict[str, dict[str, Any]] = {}
        while not set(log_ids) <= found.keys():
            arrival = json.loads(self.process.stdout.readline())
            assert arrival["lag_seconds"] >= 0
            detail = arrival["event"]["detail"]
            if arrival["repeated"] is repeated:
                found[detail["log_id"]] = detail
        return found

    def end(self) -> str:
        """Press Ctrl-C; return what it says then."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=_WITHIN)
        assert self.process.returncode == 0, said
        return said


@pytest.fixture
def hooklog(deployment: Deployment) -> CommandLine:
    """Return the operator's command line."""
    return CommandLine(deployment)


@pytest.fixture
def opened(deployment: Deployment) -> Opened:
    """Return the stack as the command line sees it."""
    return Opened.open(deployment.cloud.session, NAME, endpoint_url=deployment.cloud.url)


def failed_logs(deployment: Deployment, count: int) -> list[str]:
    """Name messages of the space that failed."""
    return sorted(
        log_id
        for log_id, status in deployment.space.ids()["message"].items()
        if status in {"failed", "undelivered"}
    )[:count]


def stream_range(deployment: Deployment, table_name: str, log_id: str) -> dict[str, object]:
    """Return what Lambda would set aside if a log's first write were its only failed batch."""
    place = next(
        one
        for one in places(deployment.cloud, table_name)
        if one.record["dynamodb"]["Keys"]["pk"] == {"S": f"message#{log_id}"}
        and "outcome" in one.record["dynamodb"].get("NewImage", {})
    )
    number = place.record["dynamodb"]["SequenceNumber"]
    return {
        "requestContext": {"condition": "MaxRecordAgeExceeded"},
        "DDBStreamBatchInfo": {
            "shardId": place.shard,
            "startSequenceNumber": number,
            "endSequenceNumber": number,
            "approximateArrivalOfFirstRecord": "2026-05-04T12:00:00Z",
            "approximateArrivalOfLastRecord": "2026-05-04T12:00:00Z",
            "batchSize": 1,
            "streamArn": place.stream,
        },
    }


def test_tail_and_redrive(
    deployment: Deployment, hooklog: CommandLine, opened: Opened, tmp_path: Path
) -> None:
    """What is stored arrives; both forms of what was set aside arrive again; nothing is left."""
    first, second = failed_logs(deployment, 2)
    for log_id in (first, second):
        key = {"pk": {"S": f"message#{log_id}"}}
        opened.dynamodb.delete_item(TableName=opened.output("TableName"), Key=key)
    tail = Tail(deployment, tmp_path)
    try:
        bodies = [body("message", log_id) for log_id in (first, second)]
        send(deployment.cloud, deployment.stack, bodies)
        drain(deployment)
        told = tail.wait_for(first, second)
        assert {one["outcome"] for one in told.values()} == {"failed"}

        url = opened.output("UnpublishedQueueUrl")
        of_row = {
            "key": f"message#{first}",
            "sequence_number": "7",
            "code": "publish.refused",
            "detail": "EventBridge refuses the event (InvalidArgument).",
        }
        set_aside = stream_range(deployment, opened.output("TableName"), second)
        for message in (of_row, set_aside):
            opened.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message))
        done = hooklog.json("events", "redrive", "--yes")
        assert (done["redriven"], done["rows_taken"], done["rows_back_again"]) == (2, 2, [])
        assert tail.wait_for(first, second, repeated=True) == told
        assert hooklog.json("events", "redrive", "--dry-run")["messages"] == []

        assert "Rule and queue are removed." in tail.end()
    finally:
        tail.process.kill()
        tail.process.communicate()
    rules = deployment.cloud.client("events").list_rules(NamePrefix=PREFIX)
    queues = deployment.cloud.client("sqs").list_queues(QueueNamePrefix=PREFIX)
    assert rules["Rules"] == []
    assert queues.get("QueueUrls", []) == []
