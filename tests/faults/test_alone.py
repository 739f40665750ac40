"""Each fault of the table alone, in memory: how its message ends at first and finally."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hooklog.enrich.endings import LONGEST_WAIT
from tests.fakes import NOW
from tests.faults.endings import Parked, Returned, Waits, looks
from tests.faults.expected import expected
from tests.faults.fakes import Fakes
from tests.faults.messages import Message, fax, neighbours
from tests.faults.table import ROWS, Row, Step
from tests.faults.telemetry import KeptTelemetry
from tests.template import template

IN_MEMORY = [row for row in ROWS if row.trouble is not None]
QUEUE = template()["Resources"]["Queue"]["Properties"]
#: After this number of deliveries, SQS moves a message to the dead-letter queue.
MOST_DELIVERIES = QUEUE["RedrivePolicy"]["maxReceiveCount"]
#: At this age, SQS drops a message.
RETENTION = timedelta(seconds=QUEUE["MessageRetentionPeriod"])
RETURNING = [row for row in IN_MEMORY if isinstance(row.ends, Returned | Waits)]
OWN = [row for row in RETURNING if isinstance(row.ends, Returned)]
WAITING = [row for row in RETURNING if isinstance(row.ends, Waits)]


def befall(bench: Fakes, message: Message, *rows: Row) -> None:
    """Apply faults to a message."""
    for row in rows:
        assert row.trouble is not None
        row.trouble.befall(bench, message)


@pytest.mark.parametrize("jitter", [0.0, 1.0], ids=["shortest wait", "longest wait"])
@pytest.mark.parametrize("row", IN_MEMORY, ids=str)
def test_first_delivery(telemetry: KeptTelemetry, row: Row, jitter: float) -> None:
    """The message ends as the table says, and the fault spares its neighbours."""
    message, others = fax("victim"), neighbours()
    bench = Fakes(telemetry, jitter)
    bench.list_logs([message, *others])
    befall(bench, message, *row.all)
    seen = bench.run([message, *others])
    ending, codes = expected(row.all)
    assert looks(ending, message, jitter) == looks(row.ends, message, jitter)
    theirs, _ = expected(one for one in row.all if one.hits_all)
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
    befall(bench, messages[0], *row.all)
    again = bench.returned(messages, bench.run(messages))
    for message in again:
        message.log = logs[message.name]
    bench.recover(again)
    assert bench.drain(again) == {"parked" if row.step is Step.PARK else "row"}
    on_the_list = [item for item in bench.rows.items.values() if "parked_code" in item]
    assert len(on_the_list) == (row.step is Step.PARK)


@pytest.mark.parametrize("row", OWN, ids=str)
def test_fault_that_stays(telemetry: KeptTelemetry, row: Row) -> None:
    """The message returns as often as the table says and then ends differently.

    Each batch has neighbours that are new.
    """
    message, others = fax("victim"), neighbours()
    bench = Fakes(telemetry)
    bench.list_logs([message, *others])
    befall(bench, message, *row.all)
    assert isinstance(row.ends, Returned)
    for _ in range((row.ends.deliveries or MOST_DELIVERIES) - 1):
        seen = bench.run([message, *others])
        assert seen[message.name][0] == "returned"
        (message,) = bench.returned([message], seen)
        bench.forget(others)
    how, what = bench.run([message, *others])[message.name]
    if row.ends.then is None:
        assert how == "returned"
        assert bench.clock.now - NOW < RETENTION
    else:
        assert (how, what) == looks(row.ends.then, message, 1.0)
        assert message.attempt == row.ends.deliveries


@pytest.mark.parametrize("row", WAITING, ids=str)
def test_wait_that_stays(telemetry: KeptTelemetry, row: Row) -> None:
    """The message is parked at nine days of age, and not before, nor received too often."""
    message, others = fax("victim"), neighbours()
    bench = Fakes(telemetry, jitter=0.0)
    bench.list_logs([message, *others])
    befall(bench, message, *row.all)
    assert isinstance(row.ends, Waits)
    while bench.clock.now < message.sent_at + LONGEST_WAIT:
        if row.step is Step.PACE:
            befall(bench, message, row)  # Its moments are relative.
        assert bench.run([message, *others])[message.name][0] == "returned"
        bench.clock.advance(seconds=bench.waits[message.handle])
        bench.forget(others)
        message = message.again()
    if row.step is Step.PACE:
        befall(bench, message, row)
    end = bench.run([message, *others])[message.name]
    assert end == looks(Parked(row.ends.code), message, 1.0)
    assert message.attempt < MOST_DELIVERIES
    assert bench.clock.now - message.sent_at < RETENTION
