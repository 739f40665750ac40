"""Time runs out, or Lambda ends the function, at each call of a port."""

from __future__ import annotations

import pytest

from hooklog import errors
from tests.faults.endings import Seen
from tests.faults.injections import ask_by_sid, redriven
from tests.faults.memory_harness import MemoryHarness
from tests.faults.messages import Message, fax, neighbours, text_message
from tests.faults.telemetry import RecordingTelemetry
from tests.limits import VISIBILITY_TIMEOUT, KilledByLambda

#: The calls of the batch below, in order.
CALLS = (
    "read",  # the rows of the requested logs, and the pace
    "fetch",
    *["answer"] * 5,
    "resource",  # of the fax by SID; the neighbouring one is settled by its callback
    "read",  # the row of a log that was found by its resource
    "write",  # the aliases of faxes
    "write",  # the logs
    "write",  # the parked messages
    "write",  # the tries
    "read",  # the row from which a message was redriven
    "write",  # the removal of that row from the list
    "delay",
    "report",
)
#: The index of the call that counts the tries.
COUNTING = 12
UNDISTURBED: dict[str, Seen] = {
    "neighbouring fax": ("row", "completed"),
    "neighbouring message": ("row", "delivered"),
    "by SID": ("row", "completed"),
    "redriven": ("row", "delivered"),
    "no message": ("parked", "message.malformed"),
    "no log": ("returned", 30),
}


def batch(harness: MemoryHarness) -> list[Message]:
    """Return a batch that goes through every step."""
    by_sid, again = fax("by SID", 21), text_message("redriven", 22)
    no_message, no_log = fax("no message", 23), fax("no log", 24)
    messages = [*neighbours(), by_sid, again, no_message, no_log]
    harness.list_logs(messages)
    ask_by_sid(by_sid)
    redriven(harness.table.items, again)
    no_message.body = "?"
    harness.source.answers[no_log.key] = errors.UpstreamError()
    return messages


def named(index: int) -> str:
    """Return a call's index and name, for a test ID."""
    return f"{index} {CALLS[index]}"


def test_calls(telemetry: RecordingTelemetry) -> None:
    """Undisturbed, the batch has exactly the calls that the tests below go through."""
    harness = MemoryHarness(telemetry)
    assert harness.run(batch(harness)) == UNDISTURBED
    assert tuple(harness.port_calls.recorded) == CALLS


@pytest.mark.parametrize("call", range(len(CALLS)), ids=named)
def test_no_time_left(telemetry: RecordingTelemetry, call: int) -> None:
    """Requests without an answer return to the queue; settled logs are stored all the same."""
    harness = MemoryHarness(telemetry)
    messages = batch(harness)
    harness.port_calls.actions[call] = lambda: setattr(harness, "seconds_left", 0.0)
    answered = CALLS[:call].count("answer")
    asked = ["neighbouring fax", "neighbouring message", "by SID", "redriven", "no log"]
    settled = CALLS[:call].count("resource")
    unsettled = [] if settled else ["by SID"]
    late = dict.fromkeys([*asked[answered:], *unsettled], ("returned", 1))
    assert harness.run(messages) == UNDISTURBED | late
    assert harness.report.errors["fetch.out_of_time"] == len(late)


@pytest.mark.parametrize("call", range(len(CALLS)), ids=named)
def test_end_of_the_function(telemetry: RecordingTelemetry, call: int) -> None:
    """A killed function acknowledges nothing, and the next delivery ends every message."""
    harness = MemoryHarness(telemetry)
    messages = batch(harness)

    def kill() -> None:
        raise KilledByLambda

    harness.port_calls.actions[call] = kill
    with pytest.raises(KilledByLambda):
        harness.run(messages)
    harness.clock.now += VISIBILITY_TIMEOUT
    seen = harness.run([message.again() for message in messages])
    is_counted = call > COUNTING
    assert seen == UNDISTURBED | {"no log": ("returned", 60 if is_counted else 30)}
    # Once, or never if the function ended in between: one ending must not raise an alarm twice.
    ends = [report.finished.total() for report in telemetry.reports]
    assert sum(ends) <= 4
    on_the_list = {key for key, item in harness.rows.items.items() if "parked_code" in item}
    assert on_the_list == {"parked#no message"}
