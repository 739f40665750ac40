"""Two faults at once, of two messages in one batch or of one message at two steps."""

from __future__ import annotations

import pytest

from tests.faults.cases import FaultCase
from tests.faults.endings import as_seen
from tests.faults.expected import expected
from tests.faults.injections import ResourceAnswer
from tests.faults.memory_harness import MemoryHarness
from tests.faults.messages import fax, neighbours, text_message
from tests.faults.telemetry import RecordingTelemetry
from tests.faults.test_alone import IN_MEMORY


def one_of_each() -> list[FaultCase]:
    """Return one fault per combination of step, slots and ending."""
    kinds: dict[object, FaultCase] = {}
    for case in IN_MEMORY:
        assert case.in_memory is not None
        kinds.setdefault((case.step, case.in_memory.slots, case.ends), case)
    return list(kinds.values())


KINDS = one_of_each()


def check(telemetry: RecordingTelemetry, first: list[FaultCase], second: list[FaultCase]) -> None:
    """Apply faults to two messages of a batch and check how every message ends."""
    has_resource = any(isinstance(case.in_memory, ResourceAnswer) for case in second)
    one, other = fax("one"), fax("other", 25) if has_resource else text_message("other")
    messages = [one, other, *neighbours()]
    harness = MemoryHarness(telemetry)
    harness.list_logs(messages)
    ends, codes = {}, set()
    shared = [case for case in (*first, *second) if case.hits_all]
    for message, cases in zip(messages, (first, second, [], []), strict=True):
        for case in cases:
            assert case.in_memory is not None
            case.in_memory.inject(harness, message)
        ending, its_codes = expected({*cases, *shared})
        ends[message.name] = ending
        codes |= its_codes
    seen = harness.run(messages)
    assert seen == {message.name: as_seen(ends[message.name], message, 1.0) for message in messages}
    assert set(harness.report.errors) == codes


def fits(one: FaultCase, other: FaultCase) -> bool:
    """Return whether both faults can apply to the same message."""
    assert one.in_memory is not None
    assert other.in_memory is not None
    return not one.in_memory.slots & other.in_memory.slots


@pytest.mark.parametrize("one", KINDS, ids=str)
def test_faults_of_two_messages(telemetry: RecordingTelemetry, one: FaultCase) -> None:
    """Each message ends as it would alone, whatever the fault of the other one."""
    for other in KINDS[KINDS.index(one) :]:
        if not (one.hits_all and other.hits_all) or fits(one, other):
            check(telemetry, [one], [other])


@pytest.mark.parametrize("one", KINDS, ids=str)
def test_faults_of_one_message_at_two_steps(telemetry: RecordingTelemetry, one: FaultCase) -> None:
    """The first fault that ends the message decides; a later one can only return it."""
    for other in KINDS:
        if one.step < other.step and fits(one, other):
            check(telemetry, [one, other], [])
