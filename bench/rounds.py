"""Round after round of batches: each subject in turn, so that all meet the same machine."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from bench.batches import Batches, Sample
from bench.kinds import Kind
from bench.measured import Batch, Spread
from bench.processes import Subject
from bench.subjects import Name

_SPIN = 200_000


type Series = tuple[Name, Kind]


class Rounds:
    """Lets subjects process batches, and keeps what they took."""

    def __init__(self, batches: Batches) -> None:
        """Begin with nothing measured."""
        self._process = batches.process
        self._samples: defaultdict[Series, list[Sample]] = defaultdict(list)
        #: Milliseconds of the same piece of pure computation, measured in each round.
        self.noise_ms: list[float] = []

    def run(self, subjects: Mapping[Name, Subject], kinds: Sequence[Kind], rounds: int) -> None:
        """Let each subject process each kind of batch in each round."""
        for _ in range(rounds):
            self.noise_ms.append(_spin())
            for name, subject in subjects.items():
                for kind in kinds:
                    self._samples[name, kind].append(self._process(subject, kind))

    def ratio(self, ours: Series, theirs: Series, of: Callable[[Sample], float]) -> Spread:
        """Compare two series of the same rounds, round by round."""
        pairs = zip(self._samples[ours], self._samples[theirs], strict=True)
        return Spread.of(of(a) / of(b) for a, b in pairs)

    def summary(self) -> list[Batch]:
        """Sum up all that was measured."""
        return [_sum_up(name, kind, samples) for (name, kind), samples in self._samples.items()]


def _sum_up(name: Name, kind: Kind, samples: Sequence[Sample]) -> Batch:
    calls = dict(samples[0].calls)
    if any(sample.calls != calls for sample in samples):
        raise RuntimeError(f"{name} made other calls in one round than in another.")
    return Batch(
        subject=name,
        logs=kind.logs,
        size=kind.size,
        api_ms=kind.latency.api_ms,
        dynamodb_ms=kind.latency.dynamodb_ms,
        rounds=len(samples),
        wall_ms=Spread.of(sample.wall_ms for sample in samples),
        cpu_ms=Spread.of(sample.cpu_ms for sample in samples),
        log_bytes=round(Spread.of(sample.log_bytes for sample in samples).median),
        calls=calls,
    )


def _spin() -> float:
    began = time.perf_counter()
    sum(range(_SPIN))
    return (time.perf_counter() - began) * 1000
