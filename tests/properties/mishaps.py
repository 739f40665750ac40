"""The port calls of a function, and what may go wrong at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum
from typing import NamedTuple


class Seam(StrEnum):
    """A call of a port, before which a function pauses."""

    START = "start"
    READ = "read"
    FETCH = "fetch"
    ANSWER = "answer"
    WRITE = "write"
    DELAY = "delay"
    EMIT = "emit"
    RETURN = "return"
    PAGE = "page"
    RESOURCES = "resources"
    SEND = "send"
    KEEP = "keep"
    SLEEP = "sleep"


class Luck(Enum):
    """What happens to a function at a call of a port."""

    FINE = "fine"
    #: The request fails and is not carried out.
    REFUSED = "refused"
    #: The request is carried out, but the answer is lost.
    UNANSWERED = "unanswered"
    #: The read returns the version before the latest.
    BEHIND = "behind"
    #: The read returns the oldest version.
    OLD = "old"
    #: The log does not exist yet.
    UNKNOWN = "unknown"
    #: Lambda ends the function here and acknowledges nothing.
    CRASH = "crash"


class Mishap(NamedTuple):
    """What goes wrong at one port call."""

    seam: Seam
    luck: Luck


def mishaps(where: Mapping[Seam, Sequence[Luck]]) -> list[Mishap]:
    """Return what can go wrong; every port call can also crash or succeed."""
    return [
        Mishap(seam, luck)
        for seam, lucks in where.items()
        for luck in (Luck.FINE, *lucks, Luck.CRASH)
    ]
