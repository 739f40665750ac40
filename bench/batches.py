"""Single batches: what a subject uses for one, provided that it does its job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench import logs
from bench.processes import Stub, Subject
from bench.workloads import NO_LATENCY, Workload


@dataclass(frozen=True, slots=True)
class Sample:
    """What one batch used. The subject has stored every row that it should."""

    wall_ms: float
    cpu_ms: float
    peak_mb: float
    log_bytes: int
    calls: Mapping[str, int]


class Batches:
    """Sends batches to subjects that use one stub; each batch of new logs has its own logs."""

    def __init__(self, stub: Stub) -> None:
        """Start with the first log."""
        self._stub = stub
        self._first = 0
        self._next = 0

    def process(self, subject: Subject, workload: Workload) -> Sample:
        """Have a subject process one batch.

        Raises:
            RuntimeError: the subject did not do its job, so its time means nothing.

        """
        if workload.logs == "new":
            self._first, self._next = self._next, self._next + workload.size
        self._stub.reset(workload.latency, empty_table=workload.logs == "new")
        used = subject.invoke(logs.sqs_event(self._first, workload.size))
        seen = self._stub.reset(NO_LATENCY)
        if used.response != {"batchItemFailures": []}:
            raise RuntimeError(f"Messages failed: {used.response}")
        if seen.outcomes != logs.expected_outcomes(self._first, workload.size):
            raise RuntimeError("The table does not hold the rows that the batch should leave.")
        return Sample(
            used.wall_ms, used.cpu_ms, used.peak_kib / 1024, len(used.printed), seen.calls
        )
