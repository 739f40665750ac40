"""Several messages about one log meet one fault, and each message has its own ending."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooklog import errors
from hooklog.clock import iso
from hooklog.enrich.endings import LONGEST_WAIT
from hooklog.records.rows import Attribute
from tests.faults.injections import ask_by_sid
from tests.faults.memory_harness import MemoryHarness
from tests.faults.messages import Message, fax, neighbours, text_message
from tests.faults.telemetry import RecordingTelemetry
from tests.write_purpose import Purpose


@pytest.fixture
def harness(telemetry: RecordingTelemetry) -> MemoryHarness:
    """Return a harness without faults."""
    return MemoryHarness(telemetry)


def of_one_log() -> tuple[Message, Message]:
    """Return a message at its first delivery and one that was delivered often."""
    return fax("new"), replace(fax("old"), attempt=errors.PATIENT)


def met(harness: MemoryHarness, message: Message, error: errors.HooklogError, times: int) -> None:
    """Let the row of a message's log say how often it met an error."""
    tries: dict[str, Attribute] = {error.code: {"count": times, "at": iso(harness.clock())}}
    harness.table.items[message.key] = {"version": 1, "tries": tries}


def test_good_and_bad_message(harness: MemoryHarness) -> None:
    """The unreadable message is parked alone, and the log of the other one is stored."""
    good, bad = fax("good"), fax("bad")
    harness.list_logs([good])
    bad.body = good.body[:-5]
    assert harness.run([good, bad]) == {
        "good": ("row", "completed"),
        "bad": ("parked", "message.malformed"),
    }
    assert harness.report.enriched == {"fax": 1}


@pytest.mark.parametrize(
    "error", [errors.UpstreamError(), errors.BadPayloadError(), errors.StoreThrottledError()]
)
@pytest.mark.parametrize(("times", "ending"), [(8, ("returned", 3600)), (9, ("parked", None))])
def test_old_and_new_message(
    harness: MemoryHarness, error: errors.HooklogError, times: int, ending: tuple[str, int | None]
) -> None:
    """Both share the tries of their log, however often each was delivered, and end the same."""
    new, old = of_one_log()
    others = neighbours()
    harness.list_logs([new, *others])
    met(harness, new, error, times)
    if isinstance(error, errors.StoreError):
        harness.table.refused[Purpose.LOG, new.key] = error
    else:
        harness.source.answers[new.key] = error
    seen = harness.run([new, old, *others])
    assert {seen["new"], seen["old"]} == {(ending[0], ending[1] or error.code)}
    assert all(seen[other.name][0] == "row" for other in others)


def test_unreadable_row(harness: MemoryHarness) -> None:
    """Each message waits for as long as it was delivered often, because no try can be counted."""
    new, old = of_one_log()
    harness.table.down = errors.StoreUnavailableError()
    harness.table.items[new.key] = {"version": 1}
    assert harness.run([new, old]) == {"new": ("returned", 30), "old": ("returned", 3600)}


def test_neither_stored_nor_parked(harness: MemoryHarness) -> None:
    """Both messages return to the queue if their log cannot be parked."""
    new, old = of_one_log()
    others = neighbours()
    harness.list_logs(others)
    error = errors.UpstreamError()
    met(harness, new, error, errors.PATIENT - 1)
    harness.source.answers[new.key] = error
    harness.table.refused[Purpose.PARKING, new.key] = errors.StoreThrottledError()
    seen = harness.run([new, old, *others])
    assert (seen["new"], seen["old"]) == (("returned", 30), ("returned", 3600))


def test_old_messages_of_logs_that_wait(harness: MemoryHarness) -> None:
    """Only the one that is nine days old is parked; the other goes on waiting."""
    new, old = fax("new"), replace(fax("old"), sent_at=harness.clock() - LONGEST_WAIT)
    others = neighbours()
    harness.list_logs(others)
    harness.source.answers[new.key] = errors.RateLimitedError()
    seen = harness.run([new, old, *others])
    assert (seen["new"], seen["old"]) == (("returned", 1), ("parked", "fetch.rate_limited"))


def test_log_that_fails_in_batches_of_its_own(harness: MemoryHarness) -> None:
    """It is parked as often as any other, and makes no outage."""
    message = fax("alone")
    harness.source.answers[message.key] = errors.UpstreamError()
    for _ in range(errors.PATIENT - 1):
        assert harness.run([message])["alone"][0] == "returned"
        (message,) = harness.returned([message], {"alone": ("returned", None)})
    assert harness.run([message]) == {"alone": ("parked", "fetch.upstream")}
    assert harness.report.outage is None


def test_logs_that_fail_in_batches_of_their_own(harness: MemoryHarness) -> None:
    """The second one makes an outage, for whose end it waits."""
    one, other = fax("one"), text_message("other")
    for message in (one, other):
        harness.source.answers[message.key] = errors.UpstreamError()
    assert harness.run([one]) == {"one": ("returned", 30)}
    assert harness.run([other]) == {"other": ("returned", 5)}
    assert harness.report.outage == "fetch.upstream"


def test_log_asked_for_by_its_id_and_by_its_sid(harness: MemoryHarness) -> None:
    """One write serves both messages, and both return to the queue if it is refused."""
    by_id, by_sid = fax("by id"), fax("by sid")
    harness.list_logs([by_id])
    ask_by_sid(by_sid)
    harness.table.refused[Purpose.LOG, by_id.key] = errors.StoreThrottledError()
    assert harness.run([by_id, by_sid]) == {"by id": ("returned", 30), "by sid": ("returned", 30)}
    harness.recover([by_id])
    assert set(harness.run([by_id.again(), by_sid.again()]).values()) == {("row", "completed")}
    assert harness.report.enriched == {"fax": 1}
