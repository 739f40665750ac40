"""What the sweep function uses for a page of a list whose logs the table has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.batches import Batches
from bench.measured import Pages, Spread
from bench.processes import Stub, Subject
from bench.stub import PAGE
from bench.subjects import SECRET
from bench.workloads import NO_LATENCY, Workload
from hooklog.logs import KINDS
from hooklog.logs.listing import PAGE_SIZE

#: Environment variables of the sweep function.
VARIABLES: Final = SECRET
#: The answer of a sweep to which no log is listed.
NOTHING: Final = {
    "found": {kind: {} for kind in KINDS},
    "stored": 0,
    "enqueued": 0,
    "complete": True,
}
#: Pages per kind of log in a short sweep and in a long one; a page's share is the difference.
_SHORT: Final = 1
_LONG: Final = 6


@dataclass(frozen=True, slots=True)
class _Sweep:
    cpu_ms: float
    wall_ms: float
    peak_mb: float
    log_bytes: int
    calls: dict[str, int]


def measure(stub: Stub, enrich: Subject, sweep: Subject, rounds: int) -> Pages:
    """Measure a page by sweeps of few and of many pages.

    Args:
        stub: that both subjects use.
        enrich: stores the logs before.
        sweep: compares them; it is warm after one round more, which is not measured.
        rounds: number of measured rounds.

    Raises:
        RuntimeError: a subject did not do its job.

    """
    Batches(stub).process(enrich, Workload("new", _LONG * PAGE_SIZE * len(KINDS)))
    pairs = [(_sweep(stub, sweep, _SHORT), _sweep(stub, sweep, _LONG)) for _ in range(rounds + 1)][
        1:
    ]
    short, long = pairs[-1]
    pages = long.calls[PAGE] - short.calls[PAGE]
    calls = {name: (count - short.calls[name]) / pages for name, count in long.calls.items()}
    return Pages(
        size=PAGE_SIZE,
        rounds=rounds,
        cpu_ms=Spread.of((many.cpu_ms - few.cpu_ms) / pages for few, many in pairs),
        wall_ms=Spread.of((many.wall_ms - few.wall_ms) / pages for few, many in pairs),
        calls={name: count for name, count in calls.items() if count},
        log_bytes=long.log_bytes,
        peak_mb=long.peak_mb,
    )


def _sweep(stub: Stub, subject: Subject, pages: int) -> _Sweep:
    stub.reset(NO_LATENCY, listed=pages * PAGE_SIZE * len(KINDS))
    used = subject.invoke({})
    calls = stub.reset(NO_LATENCY).calls
    found = used.response["found"]
    if set(found) != set(KINDS) or any(set(one) != {"present"} for one in found.values()):
        raise RuntimeError(f"The table should have all logs that are listed, but: {used.response}")
    return _Sweep(used.cpu_ms, used.wall_ms, used.peak_kib / 1024, len(used.printed), calls)
