"""What the runtime tests share: functions to call, a queue, a table, and their counts."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched, islice
from pathlib import Path
from typing import Any

from local.cloud import REGION
from local.metric_data import emitted
from local.stack import NAME, messages_left, rows
from tests.builders import body
from tests.integration.conftest import Deployment
from tests.runtime.emulator import BuiltFunction, EmulatedFunction, emulated
from tests.runtime.event_source import EventSource

#: Seconds, far more than any batch takes.
_WITHIN = 120.0
#: Logs per kind that a batch asks for, and in total; the space has more.
_OF_EACH = 30
LOGS = 60


@dataclass(frozen=True)
class Rig:
    """A deployment whose messages the tests receive themselves.

    Attributes:
        deployment: the stack.
        built: folder of its build.
        folder: for files of the test.

    """

    deployment: Deployment
    built: Path
    folder: Path

    def environment(self, function: str) -> dict[str, str]:
        """Return the variables that the deployed template sets and Lambda adds."""
        cloud = self.deployment.cloud
        stack = cloud.client("cloudformation").describe_stack_resources(
            StackName=NAME, LogicalResourceId=function
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
        """Run a built function, which can also import modules from the folder."""
        with emulated(
            BuiltFunction.load(self.built, name),
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
        """Put messages on the queue, and return their IDs in the same order."""
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
        """Ask for logs of each kind; returns the status that each row must have."""
        wanted = [
            (kind, log_id, status)
            for kind, ids in self.deployment.space.ids().items()
            for log_id, status in islice(ids.items(), _OF_EACH)
        ]
        self.send([body(kind, log_id) for kind, log_id, _ in wanted])
        return {f"{kind}#{log_id}": status for kind, log_id, status in wanted}

    def source(self, function: EmulatedFunction) -> EventSource:
        """Return the event source mapping of this function."""
        sqs = self.deployment.cloud.client("sqs")
        return EventSource(sqs, self.deployment.stack.queue_url, function.invoke)

    def drain(self, function: EmulatedFunction) -> None:
        """Deliver batches until the queue is empty, or fail."""
        source, deadline = self.source(function), time.monotonic() + _WITHIN
        while self.queued():
            assert time.monotonic() < deadline, "the queue is not drained"
            outcome = source.deliver()
            if outcome is None:
                time.sleep(0.1)
            else:
                assert outcome.error is None, outcome.error

    def queued(self) -> int:
        """Count the messages on the queue, including those in flight."""
        return messages_left(self.deployment.cloud, self.deployment.stack.queue_url)

    def items(self) -> dict[str, dict[str, Any]]:
        """Read the table, by key."""
        return {item["pk"]: item for item in rows(self.deployment.cloud, self.deployment.stack)}

    def rows(self) -> dict[str, dict[str, Any]]:
        """Read the rows of logs and of messages, by key; the aliases of faxes are left out."""
        return {key: item for key, item in self.items().items() if "alias_of" not in item}

    def statuses(self) -> dict[str, str]:
        """Return the status of each row."""
        return {key: row["status"] for key, row in self.rows().items()}

    def failed(self) -> int:
        """Count the rows of failed logs."""
        return sum(row["outcome"] == "failed" for row in self.rows().values())

    def counted_failures(self, function: EmulatedFunction) -> int:
        """Add up ``FailedLogs`` by kind over everything that the function has printed."""
        return sum(
            int(sum(metric.values))
            for metric in emitted(function.output)
            if metric.name == "FailedLogs" and set(metric.dimensions) == {"log_type"}
        )
