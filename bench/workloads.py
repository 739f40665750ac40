"""The workloads that are measured: what a batch contains, and how slowly the stub answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the stub waits before it answers, in milliseconds."""

    api_ms: int
    dynamodb_ms: int


NO_LATENCY: Final = Latency(0, 0)
#: A distant API and a table in the same region.
REMOTE: Final = Latency(api_ms=100, dynamodb_ms=5)


@dataclass(frozen=True, slots=True)
class Workload:
    """One batch: new logs, or those of the batch before, which are stored already."""

    logs: Literal["new", "stored"]
    size: int
    latency: Latency = NO_LATENCY


#: A full batch of the template; with the pace's, its rows are read with one call.
FULL_BATCH: Final = 99
SIZES: Final = (10, FULL_BATCH, 1_000)
NEW: Final = Workload("new", FULL_BATCH)
STORED: Final = Workload("stored", FULL_BATCH)
NEW_REMOTE: Final = Workload("new", FULL_BATCH, REMOTE)
