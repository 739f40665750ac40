"""What a row of the table says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, auto

from tests.faults.endings import Ending
from tests.faults.troubles import Answers, Trouble
from tests.faults.wires import OverWire, Text200


class Step(IntEnum):
    """The steps of a batch in their order; an earlier one decides how a message ends."""

    PARSE = auto()
    KNOWN = auto()
    FETCH = auto()
    VALIDATE = auto()
    ENRICH = auto()
    STORE = auto()
    CONFIRM = auto()
    PARK = auto()
    LIFT = auto()
    WAIT = auto()
    REPORT = auto()


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """One fault.

    Attributes:
        step: where it occurs.
        name: of the fault.
        trouble: the fault in memory; None if it cannot be told there from no fault.
        ends: how the message ends that it befalls.
        given: the row of a fault that has to befall the message too, for this one to matter.
        hits_all: whether the neighbours end like the message.
        wires: the forms that it has over sockets, by name.

    """

    step: Step
    name: str
    ends: Ending
    trouble: Trouble | None
    given: Row | None = None
    hits_all: bool = False
    wires: Mapping[str, OverWire] = field(default_factory=dict)

    def __str__(self) -> str:
        """Name the row in a test's ID."""
        return f"{self.step.name.lower()}: {self.name}"

    @property
    def over_wire(self) -> Mapping[str, OverWire]:
        """The forms over sockets; an odd text has one by itself."""
        if not self.wires and isinstance(self.trouble, Answers) and callable(self.trouble.answer):
            return {"as it is": Text200(self.trouble.answer)}
        return self.wires
