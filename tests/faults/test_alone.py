"""Each fault alone, in memory: how its message ends at the first delivery, and finally."""

from __future__ import annotations

import pytest

from hooklog.enrich.endings import LONGEST_WAIT
from tests.fakes import NOW
from tests.faults.cases import CASES, FaultCase, Step
from tests.faults.endings import Parked, Returned, Waits, as_seen
from tests.faults.expected import expected
from tests.faults.memory_harness import MemoryHarness
from tests.faults.messages import Message, fax, neighbours
from tests.faults.telemetry import RecordingTelemetry
from tests.limits import MAX_RECEIVES, RETENTION

IN_MEMORY = [case for case in CASES if case.in_memory is not None]
RETURNING = [case for case in IN_MEMORY if isinstance(case.ends, Returned | Waits)]
OWN = [case for case in RETURNING if isinstance(case.ends, Returned)]
WAITING = [case for case in RETURNING if isinstance(case.ends, Waits)]


def inject(harness: MemoryHarness, message: Message, *cases: FaultCase) -> None:
    """Apply faults to a message."""
    for case in cases:
        assert case.in_memory is not None
        case.in_memory.inject(harness, message)


@pytest.mark.parametrize("jitter", [0.0, 1.0], ids=["shortest wait", "longest wait"])
@pytest.mark.parametrize("case", IN_MEMORY, ids=str)
def test_first_delivery(telemetry: RecordingTelemetry, case: FaultCase, jitter: float) -> None:
    """The message ends as its case says, and the fault spares its neighbours."""
    message, others = fax("victim"), neighbours()
    harness = MemoryHarness(telemetry, jitter)
    harness.list_logs([message, *others])
    inject(harness, message, *case.all)
    seen = harness.run([message, *others])
    ending, codes = expected(case.all)
    assert as_seen(ending, message, jitter) == as_seen(case.ends, message, jitter)
    theirs, _ = expected(one for one in case.all if one.hits_all)
    assert seen == {message.name: as_seen(ending, message, jitter)} | {
        other.name: as_seen(theirs, other, jitter) for other in others
    }
    assert set(harness.report.errors) == codes


@pytest.mark.parametrize("case", RETURNING, ids=str)
def test_fault_that_goes_away(telemetry: RecordingTelemetry, case: FaultCase) -> None:
    """A returned message ends as a row once the fault is gone, unless it is unreadable."""
    messages = [fax("victim"), *neighbours()]
    logs = {message.name: message.log for message in messages}
    harness = MemoryHarness(telemetry)
    harness.list_logs(messages)
    inject(harness, messages[0], *case.all)
    again = harness.returned(messages, harness.run(messages))
    for message in again:
        message.log = logs[message.name]
    harness.recover(again)
    assert harness.drain(again) == {"parked" if case.step is Step.PARK else "row"}
    on_the_list = [item for item in harness.rows.items.values() if "parked_code" in item]
    assert len(on_the_list) == (case.step is Step.PARK)


@pytest.mark.parametrize("case", OWN, ids=str)
def test_fault_that_stays(telemetry: RecordingTelemetry, case: FaultCase) -> None:
    """The message returns as often as its case says and then ends differently.

    Each batch has neighbours that are new.
    """
    message, others = fax("victim"), neighbours()
    harness = MemoryHarness(telemetry)
    harness.list_logs([message, *others])
    inject(harness, message, *case.all)
    assert isinstance(case.ends, Returned)
    for _ in range((case.ends.deliveries or MAX_RECEIVES) - 1):
        seen = harness.run([message, *others])
        assert seen[message.name][0] == "returned"
        (message,) = harness.returned([message], seen)
        harness.forget(others)
    how, what = harness.run([message, *others])[message.name]
    if case.ends.then is None:
        assert how == "returned"
        assert harness.clock.now - NOW < RETENTION
    else:
        assert (how, what) == as_seen(case.ends.then, message, 1.0)
        assert message.attempt == case.ends.deliveries


@pytest.mark.parametrize("case", WAITING, ids=str)
def test_wait_that_stays(telemetry: RecordingTelemetry, case: FaultCase) -> None:
    """The message is parked at nine days of age, and not before, nor received too often."""
    message, others = fax("victim"), neighbours()
    harness = MemoryHarness(telemetry, jitter=0.0)
    harness.list_logs([message, *others])
    inject(harness, message, *case.all)
    assert isinstance(case.ends, Waits)
    while harness.clock.now < message.sent_at + LONGEST_WAIT:
        if case.step is Step.PACE:
            inject(harness, message, case)  # Its times are relative.
        assert harness.run([message, *others])[message.name][0] == "returned"
        harness.clock.advance(seconds=harness.waits[message.handle])
        harness.forget(others)
        message = message.again()
    if case.step is Step.PACE:
        inject(harness, message, case)
    end = harness.run([message, *others])[message.name]
    assert end == as_seen(Parked(case.ends.code), message, 1.0)
    assert message.attempt < MAX_RECEIVES
    assert harness.clock.now - message.sent_at < RETENTION
