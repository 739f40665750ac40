"""Where a function meets the world, and what may go wrong there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum
from typing import NamedTuple


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
    #: What is read is as old as can be.
    OLD = "old"
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
