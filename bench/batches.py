"""Single batches: what a subject takes for one, if it does its job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench import logs
from bench.kinds import AT_ONCE, Kind
from bench.processes import Stub, Subject


@dataclass(frozen=True, slots=True)
class Sample:
    """What one batch took; it has left the rows that it has to leave."""

    wall_ms: float
    cpu_ms: float
    peak_mb: float
    log_bytes: int
    calls: Mapping[str, int]


class Batches:
    """Makes batches against one stub; those of new logs have logs of their own each."""

    def __init__(self, stub: Stub) -> None:
        """Begin with the first log."""
        self._stub = stub
        self._first = 0
        self._next = 0

    def process(self, subject: Subject, kind: Kind) -> Sample:
        """Let a subject process one batch.

        Raises:
            RuntimeError: it did not do its job, so what it took means nothing.

        """
        if kind.logs == "new":
            self._first, self._next = self._next, self._next + kind.size
        self._stub.turn(kind.latency, empty_table=kind.logs == "new")
        took = subject.invoke(logs.event(self._first, kind.size))
        happened = self._stub.turn(AT_ONCE)
        if took.answer != {"batchItemFailures": []}:
            raise RuntimeError(f"Messages failed: {took.answer}")
        if happened.outcomes != logs.outcomes(self._first, kind.size):
            raise RuntimeError("The table has other rows than the batch has to leave.")
        return Sample(
            took.wall_ms, took.cpu_ms, took.peak_kib / 1024, len(took.printed), happened.calls
        )
