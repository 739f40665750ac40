"""A fault, the step where it occurs, and the ending that its message must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, auto

from tests.faults.endings import Ending
from tests.faults.injections import Injection
from tests.faults.wire_injections import WireInjection


class Step(IntEnum):
    """The steps of a batch in order; the earliest fault decides how a message ends."""

    PARSE = auto()
    KNOWN = auto()
    PACE = auto()
    FETCH = auto()
    VALIDATE = auto()
    ENRICH = auto()
    SETTLE = auto()
    STORE = auto()
    CONFIRM = auto()
    LEARN = auto()
    PARK = auto()
    COUNT = auto()
    LIFT = auto()
    WAIT = auto()
    REPORT = auto()


@dataclass(frozen=True, kw_only=True, eq=False)
class FaultCase:
    """One fault.

    Attributes:
        step: where it occurs.
        name: of the fault.
        in_memory: how it is caused in memory; None if it has no effect there.
        ends: how its message ends.
        given: another fault that the message needs for this one to matter.
        hits_all: whether the neighbours end like the message.
        counts: code that is counted, if it is not that of the ending.
        over_sockets: how it is caused over sockets: its forms by name.

    """

    step: Step
    name: str
    ends: Ending
    in_memory: Injection | None
    given: FaultCase | None = None
    hits_all: bool = False
    counts: str | None = None
    over_sockets: Mapping[str, WireInjection] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the step and the name, for a test ID."""
        return f"{self.step.name.lower()}: {self.name}"

    @property
    def all(self) -> tuple[FaultCase, ...]:
        """The case, preceded by the one that it needs."""
        return (self.given, self) if self.given else (self,)
