"""The kinds of batch that are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the stub waits before it answers, in milliseconds."""

    api_ms: int
    dynamodb_ms: int


AT_ONCE: Final = Latency(0, 0)
#: An API far away, and a table nearby.
AFAR: Final = Latency(api_ms=100, dynamodb_ms=5)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of batch; stored logs are those of the batch before, delivered again."""

    logs: Literal["new", "stored"]
    size: int
    latency: Latency = AT_ONCE


SIZES: Final = (10, 100, 1_000)
NEW: Final = Kind("new", 100)
STORED: Final = Kind("stored", 100)
NEW_AFAR: Final = Kind("new", 100, AFAR)
