"""The figures of a run, as kept in ``local/load/measured.json``."""

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

#: Share of the rows; once they are there, the burst is over and only retries remain.
_BULK = 0.99

#: Full seconds from the first request, after which a client has had time to heed a limit.
FIRST_S: Final = 10


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Conditions(_Frozen):
    """The machine and the configuration of a run.

    Attributes:
        measured_on: day of the run.
        cores: of the machine that ran everything.
        load_before: the machine's load average over a minute, before anything was started.
        architecture: of the machine.
        batches_at_once: the template's ``MaximumConcurrency``.
        fetches_at_once: the template's ``FetchConcurrency``, per batch.
        first_delay_s: the template's ``RetryFirstDelaySeconds``.
        latency_ms: of the space's API.
        rate_limit: requests per second that the space answers, if limited.
        open_limit: requests that the space answers at the same time, if limited.
        outage_s: seconds that the space is down when half of the messages are done.

    """

    measured_on: date
    cores: int
    load_before: float
    architecture: str
    batches_at_once: int
    fetches_at_once: int
    first_delay_s: int
    latency_ms: int
    rate_limit: int | None = None
    open_limit: int | None = None
    outage_s: int = 0

    @property
    def allowed_per_s(self) -> float | None:
        """Requests per second that the space can answer under its limit; None without one."""
        if self.open_limit is not None:
            return self.open_limit * 1000 / self.latency_ms
        return self.rate_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalState:
    """The state of everything after a run.

    Attributes:
        items: of the table.
        lines: printed by the functions.
        requests: received by the space.
        before_outage: received by the space until its outage, if it had one.
        dead_letters: keys of the logs that the dead letters are about.
        left: messages in the queue.
        began_at: when the function started to receive messages.
        took_s: seconds from then until the queue was empty.

    """

    items: Sequence[Item]
    lines: Sequence[str]
    requests: Requests
    before_outage: Requests | None = None
    dead_letters: Sequence[str]
    left: int
    began_at: datetime
    took_s: float


class Lag(_Frozen):
    """Milliseconds from the sending of a message to the fetch that its row shows."""

    p50: int
    p90: int
    p99: int
    max: int

    @classmethod
    def of(cls, lags: Iterable[int]) -> Self:
        """Return percentiles by nearest rank, of at least one value."""
        ordered = sorted(lags)

        def percentile(share: int) -> int:
            return ordered[-(-len(ordered) * share // 100) - 1]

        return cls(p50=percentile(50), p90=percentile(90), p99=percentile(99), max=ordered[-1])


class Outage(_Frozen):
    """The requests during an outage of the space.

    Attributes:
        came: that the space received.
        expected: that it would have received at the average rate before.

    """

    came: int
    expected: int

    @classmethod
    def of(cls, seconds: int, before: Requests, end: Requests) -> Self:
        """Count the requests; the last second before the outage counts only if it was the first."""
        rates = before.per_second[:-1] or before.per_second or [0]
        return cls(came=end.while_down, expected=round(sum(rates) / len(rates) * seconds))


class Figures(_Frozen):
    """The figures of a run.

    Attributes:
        conditions: machine and configuration.
        logs: in the space, with one message each.
        duplicates: further messages about some of the logs.
        faults: number of logs by their fault's name.
        rows: logs whose record is in the table.
        parked: logs whose message is parked, by code.
        left: messages in the queue at the end.
        dead_letters: messages in the dead-letter queue.
        lost: logs with neither a row nor a parked or dead message.
        differences: between the table and the space.
        deliveries: of messages to the function.
        batches: in which they were delivered.
        largest_batch: number of messages in the largest batch.
        skipped: duplicates that needed no request, because the row already reflected them.
        requests: to the space.
        rate_limited: requests refused by the space's limit.
        later_requests: to the space, without those of the first ten seconds; None if not counted.
        later_limited: refused by the space's limit, of these.
        injected_429: requests refused by a fault.
        max_in_flight: largest number of concurrent requests.
        bulk_s: seconds from the start until 99 % of the rows were there.
        took_s: seconds from the start until the queue was empty.
        lag: of the rows.
        outage: of the space, if it had one.

    """

    conditions: Conditions
    logs: int
    duplicates: int
    faults: dict[str, int]
    rows: int
    parked: dict[str, int]
    left: int
    dead_letters: int
    lost: int
    differences: int
    deliveries: int
    batches: int
    largest_batch: int
    skipped: int
    requests: int
    rate_limited: int
    later_requests: int | None = None
    later_limited: int | None = None
    injected_429: int
    max_in_flight: int
    bulk_s: float
    took_s: float
    lag: Lag
    outage: Outage | None = None

    @classmethod
    def load(cls) -> Self:
        """Read the figures of the run that is kept."""
        return cls.model_validate_json(FILE.read_bytes())

    @classmethod
    def of(cls, conditions: Conditions, plan: Plan, end: FinalState, *, differences: int) -> Self:
        """Count the results of a run."""
        by_key = logs(plan.space)
        ours = {item["pk"]: item for item in end.items if item["pk"] in by_key}
        stored = [item for item in ours.values() if "outcome" in item]
        batches = list(_batches(end.lines))
        return cls(
            conditions=conditions,
            logs=len(by_key),
            duplicates=len(plan.bodies) - len(by_key),
            faults=Counter(fault.name for fault in plan.faults.values()),
            rows=len(stored),
            parked=dict(
                sorted(
                    Counter(
                        item["parked_code"] for item in ours.values() if "parked_code" in item
                    ).items()
                )
            ),
            left=end.left,
            dead_letters=len(end.dead_letters),
            lost=len(by_key.keys() - ours.keys() - set(end.dead_letters)),
            differences=differences,
            deliveries=sum(batch["received"] for batch in batches),
            batches=len(batches),
            largest_batch=max(batch["received"] for batch in batches),
            skipped=sum(sum(batch.get("skipped", {}).values()) for batch in batches),
            requests=sum(end.requests.counts.values()),
            rate_limited=end.requests.limited,
            later_requests=sum(end.requests.per_second[FIRST_S:]),
            later_limited=sum(end.requests.limited_per_second[FIRST_S:]),
            injected_429=end.requests.faults.get(FaultKind.RATE_LIMITED, 0),
            max_in_flight=end.requests.max_in_flight,
            bulk_s=round(_bulk_at(stored, end.began_at), 1),
            took_s=round(end.took_s, 1),
            lag=Lag.of(int(item["lag_ms"]) for item in stored if "lag_ms" in item),
            outage=Outage.of(conditions.outage_s, end.before_outage, end.requests)
            if end.before_outage is not None
            else None,
        )

    @property
    def messages(self) -> int:
        """Messages sent, duplicates included."""
        return self.logs + self.duplicates

    @property
    def redelivered(self) -> int:
        """Deliveries beyond each message's first."""
        return self.deliveries - self.messages

    @property
    def throughput(self) -> float:
        """Rows per second until 99 % of them were there."""
        return self.rows * _BULK / self.bulk_s

    @property
    def least_s(self) -> float | None:
        """Seconds that one request per message takes under the space's limit; None without one."""
        allowed = self.conditions.allowed_per_s
        return None if allowed is None else self.messages / allowed

    @property
    def max_allowed(self) -> int:
        """Requests that may be open at the same time with batches of that size."""
        per_batch = min(self.conditions.fetches_at_once, self.largest_batch)
        return self.conditions.batches_at_once * per_batch


def _batches(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the line that the function prints about each batch."""
    for line in lines:
        if '"message":"batch"' in line:
            yield json.loads(line)


def _bulk_at(stored: Sequence[Item], began_at: datetime) -> float:
    times = sorted(datetime.fromisoformat(item["fetched_at"]) for item in stored)
    return (times[int(len(times) * _BULK) - 1] - began_at).total_seconds()
