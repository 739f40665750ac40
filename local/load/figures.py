"""The figures of one run, as kept in ``local/load/measured.json``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

from local.cloud import ROOT
from local.load.plan import Plan, logs
from local.space import FaultKind, Requests
from local.stack import Item

FILE: Final = ROOT / "local/load/measured.json"

#: Of the rows: when so many are there, the burst is over, and what is left are retries.
_BULK = 0.99


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Conditions(_Frozen):
    """What a run ran on and with.

    Attributes:
        measured_on: day of the run.
        cores: of the machine, which ran everything.
        load_before: the system's load average of a minute, before anything was started.
        architecture: of its processor.
        batches_at_once: the template's ``MaximumConcurrency``.
        fetches_at_once: the template's ``FetchConcurrency``, of one batch.
        first_delay_s: the template's ``RetryFirstDelaySeconds``.
        latency_ms: of the space's API.
        rate_limit: requests a second that the space answers.

    """

    measured_on: date
    cores: int
    load_before: float
    architecture: str
    batches_at_once: int
    fetches_at_once: int
    first_delay_s: int
    latency_ms: int
    rate_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What there is when a run is over.

    Attributes:
        items: of the table.
        lines: that the functions printed.
        requests: that the space had.
        dead: keys of the logs that the dead letters are about.
        left: messages in the queue.
        began_at: when the function was given the messages.
        took_s: seconds from then until the queue was empty.

    """

    items: Sequence[Item]
    lines: Sequence[str]
    requests: Requests
    dead: Sequence[str]
    left: int
    began_at: datetime
    took_s: float


class Lag(_Frozen):
    """Milliseconds from a message's sending to the fetch that its row shows."""

    p50: int
    p90: int
    p99: int
    most: int

    @classmethod
    def of(cls, lags: Iterable[int]) -> Self:
        """Take percentiles by nearest rank, of one value at least."""
        ordered = sorted(lags)

        def percentile(share: int) -> int:
            return ordered[-(-len(ordered) * share // 100) - 1]

        return cls(p50=percentile(50), p90=percentile(90), p99=percentile(99), most=ordered[-1])


class Figures(_Frozen):
    """A run.

    Attributes:
        conditions: of the run.
        logs: in the space, one message each.
        duplicates: further messages about some of them.
        faults: logs that a fault befell, by its name.
        rows: logs whose record is in the table.
        parked: logs whose message is parked, by code.
        left: messages in the queue at the end.
        dead: messages in the dead-letter queue.
        lost: logs with neither a row nor a parked or dead message.
        different: rows that differ from the space.
        deliveries: of messages to the function.
        batches: in which they came.
        largest_batch: messages in the largest of them.
        skipped: logs in batches whose row showed as much already; these are the duplicates
            that cost no request.
        requests: to the space.
        limited: of these, refused by the space's rate limit.
        planted_429: of these, refused by a fault.
        most_in_flight: requests open at the same time.
        bulk_s: seconds from the beginning until 99 % of the rows were there.
        took_s: seconds from the beginning until the queue was empty.
        lag: of the rows.

    """

    conditions: Conditions
    logs: int
    duplicates: int
    faults: dict[str, int]
    rows: int
    parked: dict[str, int]
    left: int
    dead: int
    lost: int
    different: int
    deliveries: int
    batches: int
    largest_batch: int
    skipped: int
    requests: int
    limited: int
    planted_429: int
    most_in_flight: int
    bulk_s: float
    took_s: float
    lag: Lag

    @classmethod
    def of(
        cls,
        conditions: Conditions,
        plan: Plan,
        end: End,
        *,
        different: int,
    ) -> Self:
        """Count a run that is over."""
        by_key = logs(plan.space)
        ours = {item["pk"]: item for item in end.items if item["pk"] in by_key}
        stored = [item for item in ours.values() if "outcome" in item]
        told = list(_batches(end.lines))
        return cls(
            conditions=conditions,
            logs=len(by_key),
            duplicates=len(plan.bodies) - len(by_key),
            faults=Counter(trouble.name for trouble in plan.troubles.values()),
            rows=len(stored),
            parked=dict(
                sorted(
                    Counter(
                        item["parked_code"] for item in ours.values() if "parked_code" in item
                    ).items()
                )
            ),
            left=end.left,
            dead=len(end.dead),
            lost=len(by_key.keys() - ours.keys() - set(end.dead)),
            different=different,
            deliveries=sum(batch["received"] for batch in told),
            batches=len(told),
            largest_batch=max(batch["received"] for batch in told),
            skipped=sum(sum(batch.get("skipped", {}).values()) for batch in told),
            requests=sum(end.requests.counts.values()),
            limited=end.requests.limited,
            planted_429=end.requests.faults.get(FaultKind.RATE_LIMITED, 0),
            most_in_flight=end.requests.max_in_flight,
            bulk_s=round(_bulk_at(stored, end.began_at), 1),
            took_s=round(end.took_s, 1),
            lag=Lag.of(int(item["lag_ms"]) for item in stored),
        )

    @property
    def messages(self) -> int:
        """Sent, duplicates included."""
        return self.logs + self.duplicates

    @property
    def redelivered(self) -> int:
        """Deliveries beyond each message's first."""
        return self.deliveries - self.messages

    @property
    def throughput(self) -> float:
        """Rows a second, until 99 % of them were there."""
        return self.rows * _BULK / self.bulk_s

    @property
    def most_allowed(self) -> int:
        """Requests that may be open at the same time, with batches of that size."""
        of_a_batch = min(self.conditions.fetches_at_once, self.largest_batch)
        return self.conditions.batches_at_once * of_a_batch


def _batches(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Give the line that the function prints about each batch."""
    for line in lines:
        if '"message":"batch"' in line:
            yield json.loads(line)


def _bulk_at(stored: Sequence[Item], began_at: datetime) -> float:
    times = sorted(datetime.fromisoformat(item["fetched_at"]) for item in stored)
    return (times[int(len(times) * _BULK) - 1] - began_at).total_seconds()
