"""The figures of one full run, as kept in ``bench/measured.json``."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from datetime import date
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict

from bench.kinds import Kind, Latency
from bench.subjects import Name
from local.cloud import ROOT

FILE: Final = ROOT / "bench/measured.json"

type Function = Name | Literal["webhook", "boto3_alone"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spread(_Frozen):
    """Several measurements of one thing."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Sum up measurements, of which there must be one at least."""
        numbers = [float(f"{value:.5g}") for value in values]
        return cls(median=statistics.median(numbers), low=min(numbers), high=max(numbers))

    def times(self, factor: float) -> Spread:
        """Give the same in another unit."""
        return Spread.of(number * factor for number in (self.median, self.low, self.high))


class Machine(_Frozen):
    """What the run ran on."""

    cores: int
    architecture: str
    python: str
    node: str | None


class Batch(_Frozen):
    """Batches of one size, by one subject.

    Attributes:
        subject: who processed them.
        logs: whether the logs were new, or stored already and delivered again.
        size: messages, each for another log.
        api_ms: latency of SignalWire's API.
        dynamodb_ms: latency of DynamoDB.
        rounds: how many batches were measured.
        wall_ms: duration of a batch.
        cpu_ms: processor time of a batch, all threads.
        log_bytes: printed by a batch, metrics included; the median.
        calls: made by each batch, by operation.

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
        function: which.
        rounds: how many processes were started.
        ready_ms: imports, and wiring by an event that asks for nothing.
        answered_ms: the same and the first event that asks for something, at no latency.

    """

    function: Function
    rounds: int
    ready_ms: Spread
    answered_ms: Spread


class Measured(_Frozen):
    """A full run.

    Attributes:
        measured_on: day of the run.
        machine: where.
        noise_ms: the same piece of pure computation, measured again in each round.
        batches: of each subject, size and latency.
        memory: of each subject and size.
        start_ups: of each function.
        ratios: medians of each round's ratio, by what is compared: ``wall/sequential``.

    """

    measured_on: date
    machine: Machine
    noise_ms: Spread
    batches: list[Batch]
    memory: list[Memory]
    start_ups: list[StartUp]
    ratios: dict[str, Spread]

    def batch(self, subject: Name, kind: Kind) -> Batch:
        """Give the figures of one subject's batches of a kind.

        Raises:
            LookupError: they were not measured.

        """
        for one in self.batches:
            latency = Latency(one.api_ms, one.dynamodb_ms)
            if (one.subject, Kind(one.logs, one.size, latency)) == (subject, kind):
                return one
        raise LookupError(f"{kind} of {subject} was not measured.")

    def peak_mb(self, subject: Name, size: int) -> Spread:
        """Give a subject's peak memory for a batch of that size.

        Raises:
            LookupError: it was not measured.

        """
        for one in self.memory:
            if (one.subject, one.size) == (subject, size):
                return one.peak_mb
        raise LookupError(f"The memory of {subject} for {size} was not measured.")

    def start_up(self, function: Function) -> StartUp:
        """Give how long a function takes to start.

        Raises:
            LookupError: it was not measured.

        """
        for one in self.start_ups:
            if one.function == function:
                return one
        raise LookupError(f"The start-up of {function} was not measured.")
