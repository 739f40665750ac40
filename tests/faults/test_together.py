"""Several messages about one log meet one fault, and each message has its own ending."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooklog import errors
from hooklog.clock import iso
from hooklog.enrich.endings import LONGEST_WAIT
from hooklog.records.rows import Attribute
from tests.faults.fakes import Fakes, Purpose
from tests.faults.messages import Message, fax, neighbours, text_message
from tests.faults.telemetry import KeptTelemetry
from tests.faults.troubles import ask_by_sid


@pytest.fixture
def bench(telemetry: KeptTelemetry) -> Fakes:
    """Return a bench without faults."""
    return Fakes(telemetry)


def of_one_log() -> tuple[Message, Message]:
    """Return a message at its first delivery and one that was delivered often."""
    return fax("new"), replace(fax("old"), attempt=errors.PATIENT)


def met(bench: Fakes, message: Message, error: errors.HooklogError, times: int) -> None:
    """Let the row of a message's log say how often it met an error."""
    tries: dict[str, Attribute] = {error.code: {"count": times, "at": iso(bench.clock())}}
    bench.table.items[message.key] = {"version": 1, "tries": tries}


def test_good_and_bad_message(bench: Fakes) -> None:
    """The unreadable message is parked alone, and the log of the other one is stored."""
    good, bad = fax("good"), fax("bad")
    bench.list_logs([good])
    bad.body = good.body[:-5]
    assert bench.run([good, bad]) == {
        "good": ("row", "completed"),
        "bad": ("parked", "message.malformed"),
    }
    assert bench.report.enriched == {"fax": 1}


@pytest.mark.parametrize(
    "error", [errors.UpstreamError(), errors.BadPayloadError(), errors.StoreThrottledError()]
)
@pytest.mark.parametrize(("times", "ending"), [(8, ("returned", 3600)), (9, ("parked", None))])
def test_old_and_new_message(
    bench: Fakes, error: errors.HooklogError, times: int, ending: tuple[str, int | None]
) -> None:
    """Both share the tries of their log, however often each was delivered, and end the same."""
    new, old = of_one_log()
    others = neighbours()
    bench.list_logs([new, *others])
    met(bench, new, error, times)
    if isinstance(error, errors.StoreError):
        bench.table.refused[Purpose.LOG, new.key] = error
    else:
        bench.source.answers[new.key] = error
    seen = bench.run([new, old, *others])
    assert {seen["new"], seen["old"]} == {(ending[0], ending[1] or error.code)}
    assert all(seen[other.name][0] == "row" for other in others)


def test_unreadable_row(bench: Fakes) -> None:
    """Each message waits for as long as it was delivered often, because no try can be counted."""
    new, old = of_one_log()
    bench.table.down = errors.StoreUnavailableError()
    bench.table.items[new.key] = {"version": 1}
    assert bench.run([new, old]) == {"new": ("returned", 30), "old": ("returned", 3600)}


def test_neither_stored_nor_parked(bench: Fakes) -> None:
    """Both messages return to the queue if their log cannot be parked."""
    new, old = of_one_log()
    others = neighbours()
    bench.list_logs(others)
    error = errors.UpstreamError()
    met(bench, new, error, errors.PATIENT - 1)
    bench.source.answers[new.key] = error
    bench.table.refused[Purpose.PARKING, new.key] = errors.StoreThrottledError()
    seen = bench.run([new, old, *others])
    assert (seen["new"], seen["old"]) == (("returned", 30), ("returned", 3600))


def test_old_messages_of_logs_that_wait(bench: Fakes) -> None:
    """Only the one that is nine days old is parked; the other goes on waiting."""
    new, old = fax("new"), replace(fax("old"), sent_at=bench.clock() - LONGEST_WAIT)
    others = neighbours()
    bench.list_logs(others)
    bench.source.answers[new.key] = errors.RateLimitedError()
    seen = bench.run([new, old, *others])
    assert (seen["new"], seen["old"]) == (("returned", 1), ("parked", "fetch.rate_limited"))


def test_log_that_fails_in_batches_of_its_own(bench: Fakes) -> None:
    """It is parked as often as any other, and makes no outage."""
    message = fax("alone")
    bench.source.answers[message.key] = errors.UpstreamError()
    for _ in range(errors.PATIENT - 1):
        assert bench.run([message])["alone"][0] == "returned"
        (message,) = bench.returned([message], {"alone": ("returned", None)})
    assert bench.run([message]) == {"alone": ("parked", "fetch.upstream")}
    assert bench.report.outage is None


def test_logs_that_fail_in_batches_of_their_own(bench: Fakes) -> None:
    """The second one makes an outage, for whose end it waits."""
    one, other = fax("one"), text_message("other")
    for message in (one, other):
        bench.source.answers[message.key] = errors.UpstreamError()
    assert bench.run([one]) == {"one": ("returned", 30)}
    assert bench.run([other]) == {"other": ("returned", 5)}
    assert bench.report.outage == "fetch.upstream"


def test_log_asked_for_by_its_id_and_by_its_sid(bench: Fakes) -> None:
    """One write serves both messages, and both return to the queue if it is refused."""
    by_id, by_sid = fax("by id"), fax("by sid")
    bench.list_logs([by_id])
    ask_by_sid(by_sid)
    bench.table.refused[Purpose.LOG, by_id.key] = errors.StoreThrottledError()
    assert bench.run([by_id, by_sid]) == {"by id": ("returned", 30), "by sid": ("returned", 30)}
    bench.recover([by_id])
    assert set(bench.run([by_id.again(), by_sid.again()]).values()) == {("row", "completed")}
    assert bench.report.enriched == {"fax": 1}
