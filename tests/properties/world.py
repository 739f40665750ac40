"""All that the functions meet, and what may go wrong when they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple

from hooklog.logs import LogKind
from hooklog.sweep import Place
from tests.fakes import Clock
from tests.properties.messages import Messages
from tests.properties.space import Space
from tests.properties.table import WatchedTable


class Seam(StrEnum):
    """Where a function meets the world; it stands still before."""

    START = "start"
    READ = "read"
    FETCH = "fetch"
    ANSWER = "answer"
    WRITE = "write"
    DELAY = "delay"
    EMIT = "emit"
    RETURN = "return"
    PAGE = "page"
    SEND = "send"
    KEEP = "keep"


class Luck(Enum):
    """What happens to a function when it meets the world."""

    FINE = "fine"
    #: What was asked for is not done.
    REFUSED = "refused"
    #: It is done, and the answer gets lost.
    UNANSWERED = "unanswered"
    #: What is read is not the latest.
    BEHIND = "behind"
    #: There is no such log, yet.
    UNKNOWN = "unknown"
    #: Lambda ends the function here, and acknowledges nothing.
    CRASH = "crash"


class Mishap(NamedTuple):
    """Bad luck at one place."""

    seam: Seam
    luck: Luck


def mishaps(where: Mapping[Seam, Sequence[Luck]]) -> list[Mishap]:
    """List what can go wrong; a crash can happen anywhere, and so can nothing for a while."""
    return [
        Mishap(seam, luck)
        for seam, lucks in where.items()
        for luck in (Luck.FINE, *lucks, Luck.CRASH)
    ]


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
    places: dict[LogKind, Place] = field(default_factory=dict)
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
        """Check that each failed log was counted once, unless nobody was left to count it."""
        for log_type in {*self.counted, *(one.log_type for one in self.failures.values())}:
            could = [
                one
                for one in self.failures.values()
                if one.log_type == log_type and one.function in self.emitted
            ]
            least = sum(one.is_known for one in could)
            assert least <= self.counted[log_type] <= len(could), "failures were miscounted"
