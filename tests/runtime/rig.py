"""What the tests of the runtime share: functions to call, a queue, and the books on both."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched, islice
from pathlib import Path
from typing import Any

from local.cloud import REGION
from local.stack import messages_left, rows
from tests.builders import body
from tests.integration.conftest import Deployment
from tests.runtime.emulator import BuiltFunction, EmulatedFunction, emulated
from tests.runtime.event_source import EventSource

#: Seconds; far more than any of the batches takes, and an end to what hangs.
_WITHIN = 120.0
#: As `local.stack.deploy` names it.
_STACK = "hooklog-local"
#: Logs of each type that a batch asks for, and of them all; the space has more.
_OF_EACH = 30
LOGS = 60


@dataclass(frozen=True)
class Rig:
    """A deployment whose messages the tests take themselves, and a folder for files."""

    deployment: Deployment
    folder: Path

    def environment(self, function: str) -> dict[str, str]:
        """Give the variables that the deployed template sets, and what Lambda adds."""
        cloud = self.deployment.cloud
        stack = cloud.client("cloudformation").describe_stack_resources(
            StackName=_STACK, LogicalResourceId=function
        )
        name = stack["StackResources"][0]["PhysicalResourceId"]
        deployed = cloud.client("lambda").get_function_configuration(FunctionName=name)
        declared = deployed["Environment"]["Variables"]
        return {**declared, **cloud.environment, "AWS_REGION": REGION}

    @contextmanager
    def function(
        self,
        name: str = "EnrichFunction",
        *,
        timeout: int | None = None,
        environment: Mapping[str, str] | None = None,
        handler: str | None = None,
    ) -> Iterator[EmulatedFunction]:
        """Run a function as it was built; modules in the folder are found, too."""
        with emulated(
            BuiltFunction.load(name),
            {**self.environment(name), **(environment or {})},
            self.folder / f"{name}-{uuid.uuid4()}.log",
            timeout=timeout,
            handler=handler,
            extra_path=self.folder,
        ) as function:
            yield function

    def hide_for(self, seconds: int) -> None:
        """Set the queue's visibility timeout."""
        self.deployment.cloud.client("sqs").set_queue_attributes(
            QueueUrl=self.deployment.stack.queue_url,
            Attributes={"VisibilityTimeout": str(seconds)},
        )

    def send(self, bodies: Sequence[str]) -> list[str]:
        """Put messages on the queue, and give their IDs in the same order."""
        sqs = self.deployment.cloud.client("sqs")
        return [
            sent["MessageId"]
            for chunk in batched(bodies, 10, strict=False)
            for sent in sqs.send_message_batch(
                QueueUrl=self.deployment.stack.queue_url,
                Entries=[{"Id": str(i), "MessageBody": text} for i, text in enumerate(chunk)],
            )["Successful"]
        ]

    def send_batch(self) -> dict[str, str]:
        """Ask for faxes and messages; gives the status that each row has to show."""
        wanted = [
            (kind, log_id, status)
            for kind, ids in self.deployment.space.ids().items()
            for log_id, status in islice(ids.items(), _OF_EACH)
        ]
        self.send([body(kind, log_id) for kind, log_id, _ in wanted])
        return {f"{kind}#{log_id}": status for kind, log_id, status in wanted}

    def source(self, function: EmulatedFunction) -> EventSource:
        """Give what takes batches off the queue for this function."""
        sqs = self.deployment.cloud.client("sqs")
        return EventSource(sqs, self.deployment.stack.queue_url, function.invoke)

    def drain(self, function: EmulatedFunction) -> None:
        """Deliver until the queue is empty; fail when that never comes."""
        source, deadline = self.source(function), time.monotonic() + _WITHIN
        while self.queued():
            assert time.monotonic() < deadline, "the queue is not drained"
            outcome = source.deliver()
            if outcome is None:
                time.sleep(0.1)
            else:
                assert outcome.error is None, outcome.error

    def queued(self) -> int:
        """Count the messages on the queue, those in flight included."""
        return messages_left(self.deployment.cloud, self.deployment.stack.queue_url)

    def rows(self) -> dict[str, dict[str, Any]]:
        """Read the table, by key."""
        return {row["pk"]: row for row in rows(self.deployment.cloud, self.deployment.stack)}

    def statuses(self) -> dict[str, str]:
        """Give the status that each row shows."""
        return {key: row["status"] for key, row in self.rows().items()}

    def failed(self) -> int:
        """Count the rows of failed logs."""
        return sum(row["outcome"] == "failed" for row in self.rows().values())

    def counted_failures(self, function: EmulatedFunction) -> int:
        """Add up ``FailedLogs`` by log type over all lines that the function has printed."""
        lines = [json.loads(line) for line in function.output if line.startswith('{"_aws"')]
        return sum(
            line.get("FailedLogs", 0)
            for line in lines
            for directive in line["_aws"]["CloudWatchMetrics"]
            if ["log_type"] in directive["Dimensions"]
        )
