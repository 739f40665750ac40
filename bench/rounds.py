"""Rounds of batches: the subjects take turns, so that all run under the same conditions."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from bench.batches import Batches, Sample
from bench.measured import Batch, Spread
from bench.processes import Subject
from bench.subjects import Name
from bench.workloads import Workload

_SPIN = 200_000


type Series = tuple[Name, Workload]


class Rounds:
    """Has subjects process batches, and keeps the samples."""

    def __init__(self, batches: Batches) -> None:
        """Start without samples."""
        self._process = batches.process
        self._samples: defaultdict[Series, list[Sample]] = defaultdict(list)
        #: Milliseconds of a fixed computation, measured once per round.
        self.noise_ms: list[float] = []

    def run(
        self, subjects: Mapping[Name, Subject], workloads: Sequence[Workload], rounds: int
    ) -> None:
        """Have each subject process each workload once per round."""
        for _ in range(rounds):
            self.noise_ms.append(spin())
            for name, subject in subjects.items():
                for workload in workloads:
                    self._samples[name, workload].append(self._process(subject, workload))

    def ratio(self, ours: Series, theirs: Series, of: Callable[[Sample], float]) -> Spread:
        """Return the ratios of two series, taken round by round."""
        pairs = zip(self._samples[ours], self._samples[theirs], strict=True)
        return Spread.of(of(a) / of(b) for a, b in pairs)

    def summary(self) -> list[Batch]:
        """Return one summary per series.

        Raises:
            RuntimeError: a subject's calls differ between rounds.

        """
        return [
            _summarise(name, workload, samples)
            for (name, workload), samples in self._samples.items()
        ]


def _summarise(name: Name, workload: Workload, samples: Sequence[Sample]) -> Batch:
    calls = dict(samples[0].calls)
    if any(sample.calls != calls for sample in samples):
        raise RuntimeError(f"The calls of {name} differ between rounds.")
    return Batch(
        subject=name,
        logs=workload.logs,
        size=workload.size,
        api_ms=workload.latency.api_ms,
        dynamodb_ms=workload.latency.dynamodb_ms,
        rounds=len(samples),
        wall_ms=Spread.of(sample.wall_ms for sample in samples),
        cpu_ms=Spread.of(sample.cpu_ms for sample in samples),
        log_bytes=round(Spread.of(sample.log_bytes for sample in samples).median),
        calls=calls,
    )


def spin() -> float:
    """Return the milliseconds of a fixed computation, which tells of other work on the machine."""
    started = time.perf_counter()
    sum(range(_SPIN))
    return (time.perf_counter() - started) * 1000
