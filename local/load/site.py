"""The deployed stack that a run goes through, and the space that it asks."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from local import stack
from local.cloud import LocalCloud, local_cloud
from local.load.comparison import differences
from local.load.faults import READ_TIMEOUT_S
from local.load.figures import Conditions, End, Figures
from local.load.plan import Plan, logs
from local.space import RunningSpace, serve
from local.stack import Item, Stack
from local.template import template

_FIRST_DELAY_S: Final = 1
_LATENCY_MS: Final = 100
#: Requests a second.
RATE_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that is over: its figures, and what is not as it has to be."""

    figures: Figures
    differences: list[str]


@dataclass(frozen=True, slots=True)
class Site:
    """A deployed stack, and the space that it asks."""

    cloud: LocalCloud
    stack: Stack
    space: RunningSpace
    #: The cloud's output.
    log: Path

    def rows(self) -> list[Item]:
        """Read the whole table."""
        return list(stack.rows(self.cloud, self.stack))

    def dead(self) -> list[str]:
        """Give the keys of the logs that the dead letters are about, which stay where they are."""
        sqs = self.cloud.client("sqs")
        keys: list[str] = []
        while messages := sqs.receive_message(
            QueueUrl=self.stack.dead_letter_queue_url, MaxNumberOfMessages=10
        ).get("Messages"):
            bodies = [json.loads(message["Body"]) for message in messages]
            keys += [f"{body['log_type']}#{body['log_id']}" for body in bodies]
        return keys

    def pause(self) -> None:
        """Let messages gather in the queue."""
        self._enable(is_enabled=False)

    def resume(self) -> None:
        """Let the function have them."""
        self._enable(is_enabled=True)

    def _enable(self, *, is_enabled: bool) -> None:
        functions = self.cloud.client("lambda")
        for mapping in functions.list_event_source_mappings(
            FunctionName=self.stack.enrich_function
        )["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=is_enabled)

    def left(self) -> int:
        """Count the messages in the queue."""
        return stack.messages_left(self.cloud, self.stack.queue_url)


@contextmanager
def site(plan: Plan, log: Path, conditions: Conditions) -> Iterator[Site]:
    """Deploy what was built, beside a space with the plan's logs and faults.

    Args:
        plan: of a run.
        log: file for the cloud's output.
        conditions: of the run.

    Raises:
        RuntimeError: the cloud did not start, or sam failed.

    """
    with serve(plan.space) as space, local_cloud(log) as cloud:
        space.set_latency(conditions.latency_ms / 1000)
        space.limit_rate(conditions.rate_limit)
        for key, trouble in plan.troubles.items():
            space.add_fault(trouble.of(key.partition("#")[2]))
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
        )
        stack.put_credentials(cloud, deployed, space.project_id, space.api_token)
        yield Site(cloud, deployed, space, log)


def conditions_now(
    *, batches_at_once: int | None = None, rate_limit: int = RATE_LIMIT
) -> Conditions:
    """Say what a run is to run on and with, before anything is started.

    Args:
        batches_at_once: if not the template's default.
        rate_limit: requests a second that the space answers.

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
    )


def run(
    site: Site,
    plan: Plan,
    conditions: Conditions,
    *,
    within_s: float,
    say: Callable[[int], None],
) -> Outcome:
    """Send all messages, wait for an empty queue, and look at what is there then.

    Args:
        site: deployed for this plan.
        plan: of the run.
        conditions: of the run.
        within_s: seconds after which it is given up.
        say: is told how many messages are left, again and again.

    Raises:
        TimeoutError: the queue was not empty in time.

    """
    site.pause()
    stack.send(site.cloud, site.stack, list(plan.bodies))
    began_at = datetime.now(UTC)
    site.resume()
    took_s = empty(site.left, site.log, within_s=within_s, say=say)
    end = End(
        took_s=took_s,
        began_at=began_at,
        items=site.rows(),
        lines=stack.log_lines(site.cloud, site.stack),
        requests=site.space.requests(),
        dead=site.dead(),
        left=site.left(),
    )
    found = differences(logs(plan.space), plan.troubles, end.items, end.dead)
    return Outcome(Figures.of(conditions, plan, end, different=len(found)), found)


def empty(
    left: Callable[[], int], log: Path, *, within_s: float, say: Callable[[int], None]
) -> float:
    """Wait until a queue is empty, and give the seconds that it took.

    Args:
        left: counts its messages.
        log: the cloud's output.
        within_s: seconds after which it is given up.
        say: is told how many messages are left.

    Raises:
        TimeoutError: it was not empty in time; below the first line, the text is the output.

    """
    began = time.monotonic()
    while messages := left():
        if time.monotonic() - began > within_s:
            raise TimeoutError(
                f"{messages} messages are still in the queue after {within_s:.0f} seconds. "
                f"The cloud's output:\n{log.read_text()}"
            )
        say(messages)
        time.sleep(0.5)
    return time.monotonic() - began
