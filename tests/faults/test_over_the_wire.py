"""The faults of the table, over sockets and through the real adapters, end the same."""

from __future__ import annotations

import pytest

from local.space import RunningSpace
from tests.faults.aws import Aws, Clients
from tests.faults.endings import Returned, Waits, looks
from tests.faults.expected import expected
from tests.faults.messages import Message, fax, neighbours
from tests.faults.table import ROWS, Row, Step
from tests.faults.telemetry import KeptTelemetry
from tests.faults.troubles import Says
from tests.faults.wire import Wire
from tests.faults.wires import OverWire

WIRES = [(row, name, wire) for row in ROWS for name, wire in row.over_wire.items()]


@pytest.fixture
def wire(telemetry: KeptTelemetry, space: RunningSpace, aws: tuple[Aws, Clients]) -> Wire:
    """Return an enricher without faults."""
    return Wire(telemetry, space, *aws)


def befall(wire: Wire, message: Message, row: Row, over_wire: OverWire) -> None:
    """Apply a fault to a message, preceded by the fault that it needs."""
    if row.given is not None and isinstance(row.given.trouble, Says):
        message.body = row.given.trouble.text(message)
    elif row.given is not None:
        next(iter(row.given.over_wire.values())).befall(wire, message)
    over_wire.befall(wire, message)


@pytest.mark.parametrize(
    ("row", "over_wire"),
    [pytest.param(row, wire, id=f"{row}, {name}") for row, name, wire in WIRES],
)
def test_fault(wire: Wire, row: Row, over_wire: OverWire) -> None:
    """All messages end as the table says, and as rows or parked once the fault is gone."""
    message, others = fax("victim"), neighbours()
    messages = [*others, message]
    logs = {one.name: one.log for one in messages}
    wire.list_logs(messages)
    befall(wire, message, row, over_wire)
    seen = wire.run(messages)

    ending, codes = expected(row.all)
    theirs, _ = expected(one for one in row.all if one.hits_all or over_wire.hits_all)
    assert seen == {message.name: looks(ending, message, 1.0)} | {
        other.name: looks(theirs, other, 1.0) for other in others
    }
    assert set(wire.report.errors) == codes

    again = wire.returned(messages, seen)
    assert bool(again) == isinstance(ending, Returned | Waits)
    if again:
        for one in again:
            one.log = logs[one.name]
        wire.recover()
        wire.list_logs(again)
        assert wire.drain(again) == {"parked" if row.step is Step.PARK else "row"}
