"""The measurements of one full run, as kept in ``bench/measured.json``."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from datetime import date
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict

from bench.subjects import Name
from bench.workloads import Latency, Workload
from local.cloud import ROOT

FILE: Final = ROOT / "bench/measured.json"

type Function = Name | Literal["webhook", "sweep", "publish", "boto3_alone"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spread(_Frozen):
    """The median and the extremes of repeated measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Summarise at least one measurement."""
        numbers = [float(f"{value:.5g}") for value in values]
        return cls(median=statistics.median(numbers), low=min(numbers), high=max(numbers))

    def times(self, factor: float) -> Spread:
        """Return the spread in another unit."""
        return Spread.of(number * factor for number in (self.median, self.low, self.high))


class Machine(_Frozen):
    """The machine of the run."""

    cores: int
    architecture: str
    python: str
    node: str | None


class Batch(_Frozen):
    """One subject's batches of one workload.

    Attributes:
        subject: which subject.
        logs: whether the logs were new, or stored already and delivered again.
        size: messages per batch, each about another log.
        api_ms: latency of SignalWire's API.
        dynamodb_ms: latency of DynamoDB.
        rounds: number of measured batches.
        wall_ms: duration of a batch.
        cpu_ms: CPU time of a batch, all threads.
        log_bytes: output of a batch, metrics included; the median.
        calls: calls per batch, by operation.

    """

    subject: Name
    logs: Literal["new", "stored"]
    size: int
    api_ms: int
    dynamodb_ms: int
    rounds: int
    wall_ms: Spread
    cpu_ms: Spread
    log_bytes: int
    calls: dict[str, int]


class Memory(_Frozen):
    """Peak memory of a process that has processed one batch, in MB of 2**20 bytes."""

    subject: Name
    size: int
    peak_mb: Spread


class StartUp(_Frozen):
    """How long a deployed function takes to start.

    Attributes:
        function: which function.
        rounds: number of started processes.
        imported_ms: imports.
        ready_ms: the same plus wiring by an event without work, if the import does not wire.
        answered_ms: the same plus the first event with work, without latency.
        peak_mb: peak memory of the process by then, in MB of 2**20 bytes.
        calls: calls until then, by operation.

    """

    function: Function
    rounds: int
    imported_ms: Spread
    ready_ms: Spread
    answered_ms: Spread
    peak_mb: Spread
    calls: dict[str, int]


class Callbacks(_Frozen):
    """Callbacks that a warm webhook function accepts.

    Attributes:
        is_queued: whether they go on the queue; otherwise they are only answered.
        size: callbacks per round, half of messages and half of faxes.
        rounds: number of measured rounds.
        wall_ms: duration of a callback without latency.
        cpu_ms: CPU time of a callback, all threads.
        log_bytes: output of a round.
        calls: calls of a round, by operation.
        peak_mb: peak memory of the process after all rounds, in MB of 2**20 bytes.

    """

    is_queued: bool
    size: int
    rounds: int
    wall_ms: Spread
    cpu_ms: Spread
    log_bytes: int
    calls: dict[str, int]
    peak_mb: float


class Pages(_Frozen):
    """Pages of logs that a warm sweep function compares with the table, which has them all.

    Attributes:
        size: logs per page.
        rounds: number of measured rounds.
        wall_ms: duration of a page without latency.
        cpu_ms: CPU time of a page, all threads.
        log_bytes: output of a sweep.
        calls: calls per page, by operation.
        peak_mb: peak memory of the process, in MB of 2**20 bytes.

    """

    size: int
    rounds: int
    wall_ms: Spread
    cpu_ms: Spread
    log_bytes: int
    calls: dict[str, float]
    peak_mb: float


class Changes(_Frozen):
    """Batches of the table's changes, all of which a warm publish function tells.

    Attributes:
        size: changes per batch.
        rounds: number of measured batches.
        wall_ms: duration of a batch without latency.
        cpu_ms: CPU time of a batch, all threads.
        log_bytes: output of a batch.
        calls: calls of a batch, by operation.
        peak_mb: peak memory of the process, in MB of 2**20 bytes.

    """

    size: int
    rounds: int
    wall_ms: Spread
    cpu_ms: Spread
    log_bytes: int
    calls: dict[str, int]
    peak_mb: float


class Published(_Frozen):
    """What was measured of the publish function, as ``sam build`` leaves it.

    Attributes:
        measured_on: day of the measurement.
        noise_ms: a fixed computation, before and after.
        start_up: of the function.
        changes: batches of the smallest and of the largest size.

    """

    measured_on: date
    noise_ms: Spread
    start_up: StartUp
    changes: list[Changes]


class Deployed(_Frozen):
    """What was measured of the functions as ``sam build`` leaves them.

    Attributes:
        measured_on: day of the measurement.
        noise_ms: a fixed computation, measured once per step.
        authorities_ms: CPU time to load the certificate authorities for a TLS connection.
        start_ups: by function.
        callbacks: of the webhook function, those that are queued and those that are not.
        pages: of the sweep function.

    """

    measured_on: date
    noise_ms: Spread
    authorities_ms: Spread
    start_ups: list[StartUp]
    callbacks: list[Callbacks]
    pages: Pages


class Measured(_Frozen):
    """A full run.

    Attributes:
        measured_on: day of the run.
        machine: where it ran.
        noise_ms: a fixed computation, measured once per round.
        batches: by subject and workload.
        memory: by subject and size.
        deployed: the functions as they are deployed; may be measured again alone.
        published: the publish function, which is deployed on demand; may be measured again alone.
        ratios: ratios taken round by round, by comparison, such as ``wall/sequential``.

    """

    measured_on: date
    machine: Machine
    noise_ms: Spread
    batches: list[Batch]
    memory: list[Memory]
    deployed: Deployed
    published: Published
    ratios: dict[str, Spread]

    @classmethod
    def load(cls) -> Self:
        """Read the run that is kept."""
        return cls.model_validate_json(FILE.read_bytes())

    def batch(self, subject: Name, workload: Workload) -> Batch:
        """Return a subject's measurements of one workload.

        Raises:
            LookupError: it was not measured.

        """
        for one in self.batches:
            latency = Latency(one.api_ms, one.dynamodb_ms)
            if (one.subject, Workload(one.logs, one.size, latency)) == (subject, workload):
                return one
        raise LookupError(f"{workload} of {subject} was not measured.")

    def peak_mb(self, subject: Name, size: int) -> Spread:
        """Return a subject's peak memory for a batch of that size.

        Raises:
            LookupError: it was not measured.

        """
        for one in self.memory:
            if (one.subject, one.size) == (subject, size):
                return one.peak_mb
        raise LookupError(f"The memory of {subject} for {size} was not measured.")

    def start_up(self, function: Function) -> StartUp:
        """Return how long a function takes to start.

        Raises:
            LookupError: it was not measured.

        """
        for one in (*self.deployed.start_ups, self.published.start_up):
            if one.function == function:
                return one
        raise LookupError(f"The start-up of {function} was not measured.")

    def callbacks(self, *, is_queued: bool) -> Callbacks:
        """Return the webhook function's callbacks, those that are queued or the others.

        Raises:
            LookupError: they were not measured.

        """
        for one in self.deployed.callbacks:
            if one.is_queued == is_queued:
                return one
        raise LookupError("The callbacks were not measured.")
