"""All that the functions meet, and what may go wrong when they do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from hooklog.logs import LogKind
from hooklog.sweep.walk import Checkpoint
from tests.fakes import Clock
from tests.properties.messages import Messages
from tests.properties.space import Space
from tests.properties.table import WatchedTable


class Failure(NamedTuple):
    """The first write of a log that had failed."""

    log_type: str
    #: Who wrote it.
    function: object
    #: Whether that function was told so.
    is_known: bool


@dataclass
class World:
    """One space, queue and table, and the true time."""

    clock: Clock = field(default_factory=Clock)
    space: Space = field(default_factory=Space)
    table: WatchedTable = field(default_factory=WatchedTable)
    queue: Messages = field(init=False)
    #: The sweep's.
    checkpoints: dict[LogKind, Checkpoint] = field(default_factory=dict)
    #: By key.
    failures: dict[str, Failure] = field(default_factory=dict)
    #: As the metrics have it, by log type.
    counted: Counter[str] = field(default_factory=Counter)
    #: Functions whose metrics were emitted.
    emitted: set[object] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Let the queue tell the same time, for now."""
        self.queue = Messages(self.clock)

    def check_counts(self) -> None:
        """Check that each failed log was counted once, unless its function ended too early."""
        for log_type in {*self.counted, *(one.log_type for one in self.failures.values())}:
            could = [
                one
                for one in self.failures.values()
                if one.log_type == log_type and one.function in self.emitted
            ]
            least = sum(one.is_known for one in could)
            assert least <= self.counted[log_type] <= len(could), "failures were miscounted"
