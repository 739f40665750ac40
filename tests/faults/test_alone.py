"""Each fault of the table alone, in memory: how its message ends at first and finally."""

from __future__ import annotations

import pytest

from tests.faults.endings import Returned, looks
from tests.faults.expected import expected
from tests.faults.fakes import Fakes
from tests.faults.messages import Message, fax, neighbours
from tests.faults.table import ROWS, Row, Step
from tests.faults.telemetry import KeptTelemetry
from tests.template import template

IN_MEMORY = [row for row in ROWS if row.trouble is not None]
#: After this number of deliveries, SQS moves a message to the dead-letter queue.
MOST_DELIVERIES = template()["Resources"]["Queue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
RETURNING = [row for row in IN_MEMORY if isinstance(row.ends, Returned)]


def befall(bench: Fakes, message: Message, *rows: Row) -> None:
    """Apply faults to a message."""
    for row in rows:
        assert row.trouble is not None
        row.trouble.befall(bench, message)


def all_of(row: Row) -> tuple[Row, ...]:
    """Return a row, preceded by the row that it needs."""
    return (row.given, row) if row.given else (row,)


@pytest.mark.parametrize("jitter", [0.0, 1.0], ids=["shortest wait", "longest wait"])
@pytest.mark.parametrize("row", IN_MEMORY, ids=str)
def test_first_delivery(telemetry: KeptTelemetry, row: Row, jitter: float) -> None:
    """The message ends as the table says, and the fault spares its neighbours."""
    message, others = fax("victim"), neighbours()
    bench = Fakes(telemetry, jitter)
    bench.list_logs([message, *others])
    befall(bench, message, *all_of(row))
    seen = bench.run([message, *others])
    ending, codes = expected(all_of(row))
    assert looks(ending, message, jitter) == looks(row.ends, message, jitter)
    theirs, _ = expected([row] if row.hits_all else [])
    assert seen == {message.name: looks(ending, message, jitter)} | {
        other.name: looks(theirs, other, jitter) for other in others
    }
    assert set(bench.report.errors) == codes


@pytest.mark.parametrize("row", RETURNING, ids=str)
def test_fault_that_goes_away(telemetry: KeptTelemetry, row: Row) -> None:
    """A returned message ends as a row once the fault is gone, unless it is unreadable."""
    messages = [fax("victim"), *neighbours()]
    logs = {message.name: message.log for message in messages}
    bench = Fakes(telemetry)
    bench.list_logs(messages)
    befall(bench, messages[0], *all_of(row))
    again = bench.returned(messages, bench.run(messages))
    for message in again:
        message.log = logs[message.name]
    bench.recover(again)
    ends = {how for how, _ in bench.run(again).values()}
    assert ends == {"parked" if row.step is Step.PARK else "row"}
    on_the_list = [item for item in bench.rows.items.values() if "parked_code" in item]
    assert len(on_the_list) == (row.step is Step.PARK)


@pytest.mark.parametrize("row", RETURNING, ids=str)
def test_fault_that_stays(telemetry: KeptTelemetry, row: Row) -> None:
    """The message returns as often as the table says and then ends differently."""
    message = fax("victim")
    bench = Fakes(telemetry)
    bench.list_logs([message])
    befall(bench, message, *all_of(row))
    assert isinstance(row.ends, Returned)
    for _ in range((row.ends.deliveries or MOST_DELIVERIES) - 1):
        seen = bench.run([message])
        assert seen[message.name][0] == "returned"
        (message,) = bench.returned([message], seen)
    ((how, what),) = bench.run([message]).values()
    if row.ends.then is None:
        assert how == "returned"
    else:
        assert (how, what) == looks(row.ends.then, message, 1.0)
        assert message.attempt == row.ends.deliveries
