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

type Function = Name | Literal["webhook", "boto3_alone"]


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
        ready_ms: imports, and wiring by an event without work.
        answered_ms: the same plus the first event with work, without latency.

    """

    function: Function
    rounds: int
    ready_ms: Spread
    answered_ms: Spread


class Measured(_Frozen):
    """A full run.

    Attributes:
        measured_on: day of the run.
        machine: where it ran.
        noise_ms: a fixed computation, measured once per round.
        batches: by subject and workload.
        memory: by subject and size.
        start_ups: by function.
        ratios: ratios taken round by round, by comparison, such as ``wall/sequential``.

    """

    measured_on: date
    machine: Machine
    noise_ms: Spread
    batches: list[Batch]
    memory: list[Memory]
    start_ups: list[StartUp]
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
        for one in self.start_ups:
            if one.function == function:
                return one
        raise LookupError(f"The start-up of {function} was not measured.")
