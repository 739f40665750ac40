"""The faults end the same over sockets, through the real adapters."""

from __future__ import annotations

import pytest

from local.space import RunningSpace
from tests.faults.aws import Aws, Clients
from tests.faults.cases import CASES, FaultCase, Step
from tests.faults.endings import Returned, Waits, as_seen
from tests.faults.expected import expected
from tests.faults.injections import MessageBody
from tests.faults.messages import Message, fax, neighbours
from tests.faults.telemetry import RecordingTelemetry
from tests.faults.wire_harness import WireHarness
from tests.faults.wire_injections import WireInjection


@pytest.fixture
def harness(
    telemetry: RecordingTelemetry, space: RunningSpace, aws: tuple[Aws, Clients]
) -> WireHarness:
    """Return a harness without faults."""
    return WireHarness(telemetry, space, *aws)


def inject_given(harness: WireHarness, message: Message, case: FaultCase) -> None:
    """Apply the fault that a case needs, if it needs one."""
    if case.given is not None and isinstance(case.given.in_memory, MessageBody):
        case.given.in_memory.inject(harness, message)
    elif case.given is not None:
        next(iter(case.given.over_sockets.values())).inject(harness, message)


@pytest.mark.parametrize(
    ("case", "injection"),
    [
        pytest.param(case, injection, id=f"{case}, {form}")
        for case in CASES
        for form, injection in case.over_sockets.items()
    ],
)
def test_fault(harness: WireHarness, case: FaultCase, injection: WireInjection) -> None:
    """All messages end as their case says, and as rows or parked once the fault is gone."""
    message, others = fax("victim"), neighbours()
    messages = [*others, message]
    logs = {one.name: one.log for one in messages}
    harness.list_logs(messages)
    inject_given(harness, message, case)
    injection.inject(harness, message)
    seen = harness.run(messages)

    ending, codes = expected(case.all)
    theirs, _ = expected(one for one in case.all if one.hits_all or injection.hits_all)
    assert seen == {message.name: as_seen(ending, message, 1.0)} | {
        other.name: as_seen(theirs, other, 1.0) for other in others
    }
    assert set(harness.report.errors) == codes

    again = harness.returned(messages, seen)
    assert bool(again) == isinstance(ending, Returned | Waits)
    if again:
        for one in again:
            one.log = logs[one.name]
        harness.recover()
        harness.list_logs(again)
        assert harness.drain(again) == {"parked" if case.step is Step.PARK else "row"}
