"""Several messages about one log meet one fault, and each message has its own ending."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooklog import errors
from tests.faults.fakes import Fakes, Purpose
from tests.faults.messages import Message, fax, neighbours
from tests.faults.telemetry import KeptTelemetry
from tests.faults.troubles import ask_by_sid


@pytest.fixture
def bench(telemetry: KeptTelemetry) -> Fakes:
    """Return a bench without faults."""
    return Fakes(telemetry)


def of_one_log() -> tuple[Message, Message]:
    """Return a message at its first delivery and one at its last."""
    return fax("new"), replace(fax("old"), attempt=errors.PATIENT)


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


@pytest.mark.parametrize("trouble", ["unreadable row", "no answer", "odd answer", "refused write"])
def test_old_and_new_message(bench: Fakes, trouble: str) -> None:
    """Whatever the fault, the old message is parked and the new one returned."""
    new, old = of_one_log()
    others = neighbours()
    bench.list_logs([new, *others])
    if trouble == "unreadable row":
        bench.table.down = errors.StoreUnavailableError()
        others = []
    elif trouble == "no answer":
        bench.source.answers[new.key] = errors.UpstreamError()
    elif trouble == "odd answer":
        bench.source.answers[new.key] = "<html>"
    else:
        bench.table.refused[Purpose.LOG, new.key] = errors.StoreThrottledError()
    seen = bench.run([new, old, *others])
    assert seen["new"] == ("returned", 30)
    assert seen["old"][0] == "parked"
    assert all(seen[other.name][0] == "row" for other in others)


def test_neither_stored_nor_parked(bench: Fakes) -> None:
    """Both messages return to the queue if the old one cannot be parked."""
    new, old = of_one_log()
    bench.source.answers[new.key] = errors.UpstreamError()
    bench.table.refused[Purpose.PARKING, new.key] = errors.StoreThrottledError()
    seen = bench.run([new, old])
    assert seen == {"new": ("returned", 30), "old": ("returned", 3600)}


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
