"""A batch of the stream: what is told, set aside, and delivered again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hooklog.errors import EventRefusedError, PublishUnavailableError
from hooklog.publish.changes import Change, Wanted
from hooklog.publish.publisher import StreamRecord
from tests.builders import failed_fax, failed_message, fax_log
from tests.publishing import AT, Harness, change, row, stream_record

FAILED = row(failed_fax())


def failing(number: int) -> StreamRecord:
    """Return the record of a fax that failed."""
    item = FAILED | {"pk": f"fax#{number}"}
    return stream_record(number, lambda: change(None, item), f"fax#{number}")


def poison(number: int) -> StreamRecord:
    """Return a record that cannot be read."""

    def read() -> Change:
        raise TypeError("+12025550143 is not an attribute")

    return stream_record(number, read, f"fax#{number}")


def test_a_change_is_told_when_it_happened() -> None:
    """The event has the kind of log, its JSON, and the time of the write."""
    harness = Harness()
    assert harness.handle(failing(1)) is None
    (entry,) = harness.bus.taken
    assert (entry.log_type, entry.detail_type, entry.at) == ("fax", "Fax Failed", AT)
    assert json.loads(entry.detail)["log_id"] == "1"
    assert harness.telemetry.reports[0].published == {"fax": 1}


def test_what_is_no_news_costs_no_call() -> None:
    """Neither for an empty batch nor for a repeated fetch is the bus called."""
    harness = Harness(wanted=Wanted.FAILURES)
    again = FAILED | {"version": 2}
    records = [
        stream_record(1, lambda: change(FAILED, again)),
        stream_record(2, lambda: change(None, row(fax_log()))),
    ]
    assert harness.handle(*records) is None
    assert harness.handle() is None
    assert harness.bus.calls == []


def test_a_hundred_changes_cost_ten_calls() -> None:
    """Each call takes ten events, in the order of the stream."""
    harness = Harness()
    assert harness.handle(*map(failing, range(100))) is None
    assert [len(call) for call in harness.bus.calls] == [10] * 10
    assert harness.bus.told == [str(number) for number in range(100)]


def test_numbers_are_masked_on_demand() -> None:
    """The publisher passes the choice on."""
    harness = Harness(masked=True)
    harness.handle(failing(1))
    assert json.loads(harness.bus.taken[0].detail)["from"] == "+*********43"


def test_delivery_resumes_at_the_first_event_that_was_not_taken() -> None:
    """What follows its call is not sent yet, so that it is not sent twice."""
    harness = Harness()
    harness.bus.errors = {"14": PublishUnavailableError(), "12": PublishUnavailableError()}
    assert harness.handle(*map(failing, range(30))) == "12"
    assert len(harness.bus.calls) == 2
    assert harness.telemetry.reports[0].errors == {"publish.unavailable": 2}
    assert harness.telemetry.reports[0].published == {"fax": 18}


def test_an_answer_that_leaves_an_event_out_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows what became of which event, so the batch is delivered again."""
    harness = Harness()
    monkeypatch.setattr(harness.bus, "put", lambda _: [None])
    with pytest.raises(ValueError, match="shorter"):
        harness.handle(failing(1), failing(2))


def test_a_refused_event_is_set_aside() -> None:
    """Its row's key goes on the queue, nothing that the row says; all others are told."""
    harness = Harness()
    harness.bus.errors = {"3": EventRefusedError("EventBridge refuses the event (X).")}
    assert harness.handle(*map(failing, range(12))) is None
    assert harness.unpublished.bodies == [
        {
            "key": "fax#3",
            "sequence_number": "3",
            "code": "publish.refused",
            "detail": "EventBridge refuses the event (X).",
        }
    ]
    assert len(harness.bus.taken) == 11
    assert harness.telemetry.reports[0].errors == {"publish.refused": 1}


def test_a_poisoned_record_is_set_aside() -> None:
    """The defect is reported without the exception's text, and the records behind it are told."""
    harness = Harness()
    assert harness.handle(failing(1), poison(2), failing(3)) is None
    assert harness.bus.told == ["1", "3"]
    (body,) = harness.unpublished.bodies
    assert (body["key"], body["code"]) == ("fax#2", "internal.unexpected")
    assert "2025550143" not in json.dumps(body)
    assert harness.telemetry.defects == ["fax#2"]
    assert list(map(type, harness.telemetry.errors)) == [TypeError]


def test_poisoned_records_are_counted() -> None:
    """Each counts by its code, and one without a key is reported as well."""
    harness = Harness()
    nameless = stream_record(3, poison(3).read, key=None)
    assert harness.handle(poison(1), poison(2), nameless) is None
    assert harness.telemetry.defects == ["fax#1", "fax#2", "unknown"]
    assert harness.telemetry.reports[0].errors == {"internal.unexpected": 3}


def test_a_poisoned_row_is_set_aside() -> None:
    """So is a row with an outcome that lacks what an event needs."""
    harness = Harness()
    broken: dict[str, Any] = {"pk": "fax#2", "version": 1, "outcome": "failed"}
    assert harness.handle(stream_record(2, lambda: change(None, broken), "fax#2")) is None
    assert [body["key"] for body in harness.unpublished.bodies] == ["fax#2"]


@pytest.mark.parametrize("bad", [poison(5), failing(5)])
def test_what_cannot_be_set_aside_is_delivered_again(bad: StreamRecord) -> None:
    """Without its queue, neither a poisoned record nor a refused event is passed over."""
    harness = Harness()
    harness.unpublished.is_down = True
    harness.bus.errors = {"5": EventRefusedError()}
    assert harness.handle(failing(4), bad, failing(6)) == "5"
    assert harness.bus.told[0] == "4"
    assert harness.telemetry.reports[0].errors["queue.unavailable"] == 1


def test_what_is_delivered_again_is_not_set_aside_yet() -> None:
    """Behind a failure, what is poisoned or refused waits; each try would repeat it."""
    harness = Harness()
    harness.bus.errors = {"2": PublishUnavailableError(), "3": EventRefusedError()}
    assert harness.handle(poison(1), failing(2), failing(3), poison(4)) == "2"
    assert [body["key"] for body in harness.unpublished.bodies] == ["fax#1"]
    assert harness.telemetry.reports[0].errors == {
        "internal.unexpected": 1,
        "publish.unavailable": 1,
    }


def test_an_earlier_failure_wins() -> None:
    """Delivery resumes at the earliest of several failures of different kinds."""
    harness = Harness()
    harness.unpublished.is_down = True
    harness.bus.errors = {"2": PublishUnavailableError()}
    assert harness.handle(failing(1), failing(2), poison(3)) == "2"
    harness.bus.errors = {"2": EventRefusedError(), "3": PublishUnavailableError()}
    assert harness.handle(failing(1), failing(2), failing(3)) == "2"


def test_kinds_are_counted_apart() -> None:
    """The report has the events of each kind of log."""
    harness = Harness()
    message: dict[str, Any] = row(failed_message())
    harness.handle(failing(1), stream_record(2, lambda: change(None, message)), failing(3))
    assert harness.telemetry.reports[0].published == {"fax": 2, "message": 1}
