"""The rows of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, auto

from tests.faults.endings import Ending
from tests.faults.troubles import Answers, Trouble
from tests.faults.wires import OverWire, Text200


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
class Row:
    """One fault.

    Attributes:
        step: where it occurs.
        name: of the fault.
        trouble: the fault in memory; None if it has no effect there.
        ends: how its message ends.
        given: another fault that the message needs for this one to matter.
        hits_all: whether the neighbours end like the message.
        counts: code that is counted, if it is not that of the ending.
        wires: its forms over sockets, by name.

    """

    step: Step
    name: str
    ends: Ending
    trouble: Trouble | None
    given: Row | None = None
    hits_all: bool = False
    counts: str | None = None
    wires: Mapping[str, OverWire] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the row's name for a test ID."""
        return f"{self.step.name.lower()}: {self.name}"

    @property
    def all(self) -> tuple[Row, ...]:
        """The row, preceded by the one that it needs."""
        return (self.given, self) if self.given else (self,)

    @property
    def over_wire(self) -> Mapping[str, OverWire]:
        """The forms over sockets; an odd answer has one by default."""
        if not self.wires and isinstance(self.trouble, Answers) and callable(self.trouble.answer):
            return {"as it is": Text200(self.trouble.answer)}
        return self.wires
