"""The simulated world: all that the functions share, and the failures that they counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from hooklog.logs import LogKind
from hooklog.records.counts import Counts
from hooklog.records.rows import Write
from hooklog.sweep.walk import Checkpoint
from tests.fakes import Clock
from tests.properties.message_queue import MessageQueue
from tests.properties.space import Space, compared
from tests.properties.table import CheckedTable
from tests.write_purpose import Purpose


class Failure(NamedTuple):
    """The first write of a failed log."""

    log_type: str
    #: The invocation that wrote it.
    invocation: object
    #: Whether that invocation got the answer to its write.
    is_known: bool


@dataclass
class World:
    """One space, one queue, one table and the true time."""

    clock: Clock = field(default_factory=Clock)
    space: Space = field(default_factory=Space)
    table: CheckedTable = field(default_factory=CheckedTable)
    queue: MessageQueue = field(init=False)
    #: The checkpoints of the sweep function.
    checkpoints: dict[tuple[LogKind, str], Checkpoint] = field(default_factory=dict)
    #: Failures by key.
    failures: dict[str, Failure] = field(default_factory=dict)
    #: Failures that the metrics counted, by log type.
    counted: Counter[str] = field(default_factory=Counter)
    #: Invocations whose metrics were emitted.
    emitted: set[object] = field(default_factory=set)
    #: Invocations in which a log met an error, by the key and the error's code.
    met: dict[tuple[str, str], set[object]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        """Create the queue on the true clock."""
        self.queue = MessageQueue(self.clock)

    def note_stored(self, write: Write, invocation: object, *, is_known: bool) -> None:
        """Check that the space has shown a log that was written, and note a failure.

        ``is_known`` tells whether the invocation got the answer to its write.
        """
        log_type, _, log_id = write.key.partition("#")
        values = write.values
        if Purpose.of(write) is Purpose.LOG:
            stored = values["status"], values["charge"], values.get("error_code")
            states = self.space.sends[log_id].states
            assert any(stored == compared(state) for state in states), (
                "SignalWire never showed this log"
            )
        if values.get("outcome") == "failed":
            self.failures.setdefault(write.key, Failure(log_type, invocation, is_known))

    def count(self, counts: Counts, invocation: object) -> None:
        """Add what an invocation emits to the metrics."""
        self.emitted.add(invocation)
        for (log_type, *_), count in counts.failures.items():
            self.counted[log_type] += count

    def check_counts(self) -> None:
        """Check that each failed log was counted once, unless its invocation had ended."""
        for log_type in {*self.counted, *(one.log_type for one in self.failures.values())}:
            could = [
                one
                for one in self.failures.values()
                if one.log_type == log_type and one.invocation in self.emitted
            ]
            least = sum(one.is_known for one in could)
            assert least <= self.counted[log_type] <= len(could), "failures were miscounted"
