"""Time runs out, or Lambda ends the function, at each call of a port."""

from __future__ import annotations

import pytest

from hooklog import errors
from tests.faults.bench import QUEUES_WAIT
from tests.faults.endings import Seen
from tests.faults.fakes import Fakes
from tests.faults.messages import Message, fax, neighbours, text_message
from tests.faults.telemetry import KeptTelemetry
from tests.faults.troubles import ask_by_sid, redriven

#: The calls of the batch below, in order.
MOMENTS = (
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
#: The moment at which the tries are counted.
TRIES = 12
UNDISTURBED: dict[str, Seen] = {
    "neighbouring fax": ("row", "completed"),
    "neighbouring message": ("row", "delivered"),
    "by SID": ("row", "completed"),
    "redriven": ("row", "delivered"),
    "no message": ("parked", "message.malformed"),
    "no log": ("returned", 30),
}


class EndedByLambdaError(BaseException):
    """The process ends, and nothing can catch it."""


def batch(bench: Fakes) -> list[Message]:
    """Return a batch that goes through every step."""
    by_sid, again = fax("by SID", 21), text_message("redriven", 22)
    no_message, no_log = fax("no message", 23), fax("no log", 24)
    messages = [*neighbours(), by_sid, again, no_message, no_log]
    bench.list_logs(messages)
    ask_by_sid(by_sid)
    redriven(bench.table.items, again)
    no_message.body = "?"
    bench.source.answers[no_log.key] = errors.UpstreamError()
    return messages


def named(index: int) -> str:
    """Return a moment's name for a test ID."""
    return f"{index} {MOMENTS[index]}"


def test_moments(telemetry: KeptTelemetry) -> None:
    """Undisturbed, the batch has exactly the moments that the tests below go through."""
    bench = Fakes(telemetry)
    assert bench.run(batch(bench)) == UNDISTURBED
    assert tuple(bench.moments.passed) == MOMENTS


@pytest.mark.parametrize("moment", range(len(MOMENTS)), ids=named)
def test_no_time_left(telemetry: KeptTelemetry, moment: int) -> None:
    """Requests without an answer return to the queue; settled logs are stored all the same."""
    bench = Fakes(telemetry)
    messages = batch(bench)
    bench.moments.happens[moment] = lambda: setattr(bench, "seconds_left", 0.0)
    answered = MOMENTS[:moment].count("answer")
    asked = ["neighbouring fax", "neighbouring message", "by SID", "redriven", "no log"]
    settled = MOMENTS[:moment].count("resource")
    unsettled = [] if settled else ["by SID"]
    late = dict.fromkeys([*asked[answered:], *unsettled], ("returned", 1))
    assert bench.run(messages) == UNDISTURBED | late
    lately = bench.report.errors["fetch.out_of_time"]
    assert lately == len(late)


@pytest.mark.parametrize("moment", range(len(MOMENTS)), ids=named)
def test_end_of_the_function(telemetry: KeptTelemetry, moment: int) -> None:
    """A killed function acknowledges nothing, and the next delivery ends every message."""
    bench = Fakes(telemetry)
    messages = batch(bench)

    def end() -> None:
        raise EndedByLambdaError

    bench.moments.happens[moment] = end
    with pytest.raises(EndedByLambdaError):
        bench.run(messages)
    bench.clock.advance(seconds=QUEUES_WAIT)
    seen = bench.run([message.again() for message in messages])
    is_counted = moment > TRIES
    assert seen == UNDISTURBED | {"no log": ("returned", 60 if is_counted else 30)}
    # Once, or never if the function ended in between: one ending must not raise an alarm twice.
    ends = [report.finished.total() for report in telemetry.reports]
    assert sum(ends) <= 4
    on_the_list = {key for key, item in bench.rows.items.items() if "parked_code" in item}
    assert on_the_list == {"parked#no message"}
