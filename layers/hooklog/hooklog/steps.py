"""The steps on a log's way, told one at a time to whoever follows a single log.

The parts of a function have a :class:`Trace` only while its log level is DEBUG, and None otherwise,
so that nothing is computed for a line that nobody reads. ``hooklog trace`` puts the lines of one
log in order.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

#: What a step says beside its name: a number, or a word that hooklog or SignalWire's documentation
#: knows. None says nothing.
type Fact = str | int | None


class Step(StrEnum):
    """What can happen to a log, in the order of its way through the functions."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    COMPARED = "compared"
    QUEUED = "queued"
    DELIVERED = "delivered"
    COALESCED = "coalesced"
    SKIPPED = "skipped"
    FETCHED = "fetched"
    SETTLED = "settled"
    WRITTEN = "written"
    UP_TO_DATE = "up_to_date"
    PARKED = "parked"
    RETRIED = "retried"
    WAITING = "waiting"
    PUBLISHED = "published"
    NO_NEWS = "no_news"
    SET_ASIDE = "set_aside"
    DELAYED = "delayed"


class Trace(Protocol):
    """Where steps are told."""

    def __call__(self, key: str, step: Step, **facts: Fact) -> None:
        """Tell one step of the log whose row has this key.

        It never raises: its callers must not lose a message for it.
        """
