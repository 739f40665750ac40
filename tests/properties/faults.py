"""The port calls of an invocation, and what can go wrong at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum
from typing import NamedTuple


class PortCall(StrEnum):
    """A call of a port, before which an invocation pauses."""

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
    SAVE = "save"
    SLEEP = "sleep"


class Effect(Enum):
    """What a port call does."""

    SUCCESS = "success"
    #: It fails, and nothing is done.
    REFUSED = "refused"
    #: It is carried out, but the answer is lost.
    UNANSWERED = "unanswered"
    #: SignalWire answers 429.
    LIMITED = "limited"
    #: It reads the version before the latest.
    STALE = "stale"
    #: It reads the oldest version.
    OLDEST = "oldest"
    #: It finds no log, as if that did not exist yet.
    NOT_FOUND = "not found"
    #: Lambda ends the invocation here, and acknowledges nothing.
    CRASH = "crash"


class Fault(NamedTuple):
    """A port call and its effect."""

    call: PortCall
    effect: Effect


def faults(where: Mapping[PortCall, Sequence[Effect]]) -> list[Fault]:
    """Return the faults at these port calls, each of which can also succeed or crash."""
    return [
        Fault(call, effect)
        for call, effects in where.items()
        for effect in (Effect.SUCCESS, *effects, Effect.CRASH)
    ]
