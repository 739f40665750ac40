"""Run a plan: deploy the stack with a simulated space, send the messages, count the results."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from local import stack
from local.cloud import LocalCloud, local_cloud
from local.load.comparison import differences
from local.load.faults import READ_TIMEOUT_S
from local.load.figures import Conditions, Figures, FinalState
from local.load.plan import Plan, logs
from local.space import Requests, RunningSpace, serve
from local.stack import Item, Stack
from local.template import template

_FIRST_DELAY_S: Final = 1
_LATENCY_MS: Final = 100
#: Requests per second.
RATE_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of a run, and the differences between table and space."""

    figures: Figures
    differences: list[str]


@dataclass(frozen=True, slots=True)
class Rig:
    """A deployed stack, and the space that it fetches from."""

    cloud: LocalCloud
    stack: Stack
    space: RunningSpace
    #: The cloud's output.
    log: Path
    #: Most batches that the function processes at the same time.
    batches_at_once: int

    def rows(self) -> list[Item]:
        """Return the whole table."""
        return list(stack.rows(self.cloud, self.stack))

    def dead_letters(self) -> list[str]:
        """Return the keys of the logs that the dead letters are about, which stay on the queue."""
        sqs = self.cloud.client("sqs")
        keys: list[str] = []
        while messages := sqs.receive_message(
            QueueUrl=self.stack.dead_letter_queue_url, MaxNumberOfMessages=10
        ).get("Messages"):
            bodies = [json.loads(message["Body"]) for message in messages]
            keys += [f"{body['log_type']}#{body['log_id']}" for body in bodies]
        return keys

    def pause(self) -> None:
        """Stop the function from receiving messages."""
        self._enable(is_enabled=False)

    def resume(self) -> None:
        """Let the function receive messages."""
        self._enable(is_enabled=True)

    def _enable(self, *, is_enabled: bool) -> None:
        functions = self.cloud.client("lambda")
        for mapping in functions.list_event_source_mappings(
            FunctionName=self.stack.enrich_function
        )["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=is_enabled)

    def warm(self) -> None:
        """Start as many execution environments as there will be batches at the same time."""
        with ThreadPoolExecutor(self.batches_at_once) as pool:
            for _ in pool.map(self._invoke_empty, range(self.batches_at_once)):
                pass

    def _invoke_empty(self, _: int) -> None:
        event = json.dumps({"Records": []})
        self.cloud.client("lambda").invoke(FunctionName=self.stack.enrich_function, Payload=event)

    def left(self) -> int:
        """Return the number of messages in the queue."""
        return stack.messages_left(self.cloud, self.stack.queue_url)


@contextmanager
def rig(
    plan: Plan, log: Path, conditions: Conditions, *, built: Path = stack.BUILD
) -> Iterator[Rig]:
    """Deploy the built template into a local cloud, and serve the plan's logs and faults.

    Args:
        plan: of the run.
        log: file for the cloud's output.
        conditions: of the run.
        built: folder of the build.

    Raises:
        RuntimeError: the cloud did not start, or sam failed.

    """
    with serve(plan.space) as space, local_cloud(log) as cloud:
        space.set_latency(conditions.latency_ms / 1000)
        if conditions.rate_limit is not None:
            space.limit_rate(conditions.rate_limit)
        if conditions.open_limit is not None:
            space.limit_open(conditions.open_limit)
        for key, fault in plan.faults.items():
            space.add_fault(fault.for_log(key.partition("#")[2]))
        deployed = stack.deploy(
            cloud,
            {
                "SignalWireSpace": space.host,
                "DelaySeconds": "0",
                "BatchingWindowSeconds": "1",
                "MaximumConcurrency": str(conditions.batches_at_once),
                "FetchConcurrency": str(conditions.fetches_at_once),
                "FetchReadTimeoutSeconds": str(READ_TIMEOUT_S),
                "RetryFirstDelaySeconds": str(conditions.first_delay_s),
                "IndexNumbers": "true",
                "IndexDays": "true",
            },
            built=built,
        )
        stack.put_credentials(cloud, deployed, space.project_id, space.api_token)
        yield Rig(cloud, deployed, space, log, conditions.batches_at_once)


def current_conditions(
    *,
    batches_at_once: int | None = None,
    rate_limit: int | None = RATE_LIMIT,
    open_limit: int | None = None,
    outage_s: int = 0,
) -> Conditions:
    """Return the conditions of a run on this machine, before anything is started.

    Args:
        batches_at_once: if not the template's default.
        rate_limit: requests per second that the space answers, if limited.
        open_limit: requests that the space answers at the same time, if limited.
        outage_s: seconds that the space is down in the middle of the run.

    """
    defaults = template()["Parameters"]
    return Conditions(
        measured_on=datetime.now(UTC).date(),
        cores=os.cpu_count() or 1,
        load_before=round(os.getloadavg()[0], 1),
        architecture=stack.architecture(),
        batches_at_once=batches_at_once or defaults["MaximumConcurrency"]["Default"],
        fetches_at_once=defaults["FetchConcurrency"]["Default"],
        first_delay_s=_FIRST_DELAY_S,
        latency_ms=_LATENCY_MS,
        rate_limit=rate_limit,
        open_limit=open_limit,
        outage_s=outage_s,
    )


def run(
    rig: Rig,
    plan: Plan,
    conditions: Conditions,
    *,
    timeout_s: float,
    report: Callable[[int], None],
) -> Outcome:
    """Send all messages, wait until the queue is empty, and compare the table with the space.

    An outage begins when half of the messages are done.

    Args:
        rig: deployed for this plan.
        plan: of the run.
        conditions: of the run.
        timeout_s: seconds to wait; with an outage, before it and again after it.
        report: receives the number of messages left, repeatedly.

    Raises:
        TimeoutError: the queue was not empty in time.

    """
    rig.pause()
    rig.warm()
    stack.send(rig.cloud, rig.stack, list(plan.bodies))
    began_at = datetime.now(UTC)
    rig.resume()
    before_outage: Requests | None = None
    if conditions.outage_s:
        half = len(plan.bodies) // 2
        wait_until_empty(
            lambda: max(rig.left() - half, 0),
            rig.log,
            timeout_s=timeout_s,
            report=lambda left: report(left + half),
        )
        before_outage = rig.space.requests()
        with rig.space.outage():
            time.sleep(conditions.outage_s)
    wait_until_empty(rig.left, rig.log, timeout_s=timeout_s, report=report)
    end = FinalState(
        took_s=(datetime.now(UTC) - began_at).total_seconds(),
        began_at=began_at,
        items=rig.rows(),
        lines=stack.log_lines(rig.cloud, rig.stack),
        requests=rig.space.requests(),
        before_outage=before_outage,
        dead_letters=rig.dead_letters(),
        left=rig.left(),
    )
    found = differences(logs(plan.space), plan.faults, end.items, end.dead_letters)
    return Outcome(Figures.of(conditions, plan, end, differences=len(found)), found)


def wait_until_empty(
    left: Callable[[], int], log: Path, *, timeout_s: float, report: Callable[[int], None]
) -> None:
    """Wait until a queue is empty.

    Args:
        left: returns the number of messages in the queue.
        log: file with the cloud's output.
        timeout_s: seconds to wait.
        report: receives the number of messages left, repeatedly.

    Raises:
        TimeoutError: the queue was not empty in time; the output follows on the next lines.

    """
    try:
        stack.wait_until_empty(left, within_s=timeout_s, say=report)
    except TimeoutError as error:
        raise TimeoutError(f"{error} The cloud's output:\n{log.read_text()}") from None
