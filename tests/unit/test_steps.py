"""Each function tells what it does with a log, step by step, if somebody wants to know."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from hooklog.clock import iso
from hooklog.errors import (
    EventRefusedError,
    LogInvalidError,
    NotFoundError,
    PublishUnavailableError,
    RateLimitedError,
    StoreUnavailableError,
)
from hooklog.logs import FAX
from hooklog.queue_messages import Origin
from hooklog.steps import Fact, Step
from hooklog.webhook.front_door import FrontDoor
from tests.builders import (
    FAX_ID,
    FAX_SID,
    MESSAGE_ID,
    body,
    delivery,
    failed_fax,
    fax_log,
    message_log,
)
from tests.fakes import NOW, FakeDoorTelemetry, FakeKeys, FakeProducer
from tests.publishing import Harness as PublishHarness
from tests.publishing import change, row, stream_record
from tests.unit.enrich.test_pipeline import Harness
from tests.unit.sweep.harness import Harness as SweepHarness
from tests.unit.sweep.harness import entry
from tests.webhook import BASE, KEY, json_request, message_status

FAX_KEY, SID_KEY, MESSAGE_KEY = f"fax#{FAX_ID}", f"fax#{FAX_SID}", f"message#{MESSAGE_ID}"
type Told = list[tuple[str, Step, dict[str, Fact]]]


@dataclass
class Recorder:
    """Keeps what is told."""

    told: Told = field(default_factory=list)

    def __call__(self, key: str, step: Step, **facts: Fact) -> None:
        """Keep a step, without facts that say nothing."""
        given = {name: value for name, value in facts.items() if value is not None}
        self.told.append((key, step, dict[str, Fact](given)))

    def take(self) -> Told:
        """Return what was told since the last call."""
        told, self.told = self.told, []
        return told


@pytest.fixture
def recorder() -> Recorder:
    """Return one that nothing was told to."""
    return Recorder()


@pytest.fixture
def harness(recorder: Recorder) -> Harness:
    """Return an enricher among fakes, which tells its steps."""
    harness = Harness()
    harness.enricher = replace(harness.enricher, trace=recorder)
    return harness


def delivered(key: str, attempt: int = 1, origin: Origin = Origin.MANUAL) -> Told:
    """Return the step of one delivery."""
    return [(key, Step.DELIVERED, {"attempt": attempt, "origin": origin})]


def test_a_log_is_delivered_fetched_and_written(harness: Harness, recorder: Recorder) -> None:
    """With the version and the outcome of the row; a further message is skipped."""
    harness.answer(message_log())
    message = delivery(body("message", MESSAGE_ID, status="delivered", origin="webhook"))
    harness.run(message)
    facts = {"attempt": 1, "origin": Origin.WEBHOOK, "status": "delivered"}
    assert recorder.take() == [
        (MESSAGE_KEY, Step.DELIVERED, facts),
        (MESSAGE_KEY, Step.FETCHED, {"status": "delivered", "ms": 12}),
        (MESSAGE_KEY, Step.WRITTEN, {"version": 1, "outcome": "succeeded"}),
    ]
    harness.run(message)
    assert recorder.take()[1:] == [(MESSAGE_KEY, Step.SKIPPED, {})]


def test_messages_for_one_log_are_coalesced(harness: Harness, recorder: Recorder) -> None:
    """Each delivery is told, and then how many there are."""
    harness.answer(message_log())
    harness.run(*(delivery(body("message", MESSAGE_ID), message_id=one) for one in "ab"))
    told = recorder.take()
    assert told[:2] == delivered(MESSAGE_KEY) * 2
    assert told[2] == (MESSAGE_KEY, Step.COALESCED, {"messages": 2})


def test_a_log_that_is_found_by_its_sid_has_two_names(harness: Harness, recorder: Recorder) -> None:
    """The step of the fetch leads from one to the other."""
    harness.answer(failed_fax())
    harness.source.answers[SID_KEY] = harness.source.answers[FAX_KEY]
    harness.source.found_by_url = {SID_KEY}
    harness.run(delivery(body("fax", FAX_SID, resource_sid=FAX_SID)))
    told = recorder.take()
    assert told[:1] == delivered(SID_KEY)
    assert told[1][:2] == (SID_KEY, Step.FETCHED)
    assert told[1][2]["found"] == FAX_KEY
    assert told[2][:2] == (FAX_KEY, Step.WRITTEN)


def test_a_fax_resource_is_told(harness: Harness, recorder: Recorder) -> None:
    """With the fax's own status; a resource that was deleted tells none."""
    harness.answer(fax_log())
    harness.run(delivery(body("fax", FAX_ID)))
    assert recorder.take()[2:] == [
        (FAX_KEY, Step.SETTLED, {}),
        (FAX_KEY, Step.WRITTEN, {"version": 1, "outcome": "succeeded"}),
    ]
    harness.table.items.clear()
    harness.source.resources[FAX_SID] = '{"status": "delivered"}'
    harness.run(delivery(body("fax", FAX_ID)))
    assert recorder.take()[2] == (FAX_KEY, Step.SETTLED, {"status": "delivered"})


def test_a_row_that_has_it_already_is_told(harness: Harness, recorder: Recorder) -> None:
    """The log was fetched for nothing."""
    harness.answer(message_log(status="sent"))
    harness.run(delivery(body("message", MESSAGE_ID)))
    recorder.take()
    harness.clock.advance(seconds=-5)
    harness.run(delivery(body("message", MESSAGE_ID)))
    assert recorder.take()[-1] == (MESSAGE_KEY, Step.UP_TO_DATE, {})


def test_a_row_that_another_batch_stored_meanwhile_is_told(
    harness: Harness, recorder: Recorder
) -> None:
    """The log could not be fetched, and is not parked."""
    harness.answer(message_log())
    harness.clock.advance(minutes=1)
    harness.run(delivery(body("message", MESSAGE_ID)))
    stored = harness.table.items.pop(MESSAGE_KEY)
    recorder.take()
    harness.clock.advance(minutes=-1)
    harness.table.meanwhile = lambda: harness.table.items.update({MESSAGE_KEY: stored})
    harness.source.answers[MESSAGE_KEY] = LogInvalidError()
    harness.run(delivery(body("message", MESSAGE_ID)))
    assert recorder.take()[1:] == [(MESSAGE_KEY, Step.UP_TO_DATE, {})]


def test_a_retry_is_told_with_code_try_and_delay(harness: Harness, recorder: Recorder) -> None:
    """Until the last try, which parks."""
    harness.source.answers[FAX_KEY] = NotFoundError()
    harness.run(delivery(body("fax", FAX_ID)))
    facts: dict[str, Fact] = {"code": "fetch.not_found", "tries": 1, "delay": 30}
    assert recorder.take()[-1] == (FAX_KEY, Step.RETRIED, facts)
    harness.last_try(NotFoundError)
    harness.run(delivery(body("fax", FAX_ID), attempt=5))
    facts = {"code": "fetch.not_found", "tries": NotFoundError.max_attempts}
    assert recorder.take()[-1] == (FAX_KEY, Step.PARKED, facts)


def test_a_retry_that_cannot_be_counted_is_told_with_its_longer_delay(
    harness: Harness, recorder: Recorder
) -> None:
    """With the table's error; the deliveries count instead."""
    harness.source.answers[FAX_KEY] = NotFoundError()
    harness.table.write_errors[FAX_KEY] = StoreUnavailableError()
    harness.run(delivery(body("fax", FAX_ID), attempt=3))
    facts: dict[str, Fact] = {"code": "store.unavailable", "delay": 120}
    assert recorder.take()[-1] == (FAX_KEY, Step.RETRIED, facts)


def test_a_message_that_cannot_leave_the_list_is_told_to_come_back(
    harness: Harness, recorder: Recorder
) -> None:
    """Under the name of its log, which is stored."""
    harness.answer(failed_fax())
    harness.table.items["parked#1"] = {"version": 1, "parked_at": iso(NOW), "parked_code": "x"}
    harness.table.write_errors["parked#1"] = StoreUnavailableError()
    harness.run(delivery(body("fax", FAX_ID), parked_as="parked#1"))
    facts: dict[str, Fact] = {"code": "store.unavailable", "delay": 30}
    assert recorder.take()[-1] == (FAX_KEY, Step.RETRIED, facts)


def test_a_message_that_names_no_log_is_parked_under_its_own_name(
    harness: Harness, recorder: Recorder
) -> None:
    """It was delivered for no log."""
    harness.run(delivery("nothing", message_id="1"))
    assert recorder.take() == [("parked#1", Step.PARKED, {"code": "message.malformed", "tries": 1})]


@pytest.mark.parametrize("is_refused", [False, True])
def test_waiting_is_told_with_what_for(
    harness: Harness, recorder: Recorder, *, is_refused: bool
) -> None:
    """It is no try, whether the row can be written or not."""
    harness.source.answers[FAX_KEY] = RateLimitedError()
    if is_refused:
        harness.table.write_errors[FAX_KEY] = StoreUnavailableError()
    harness.run(delivery(body("fax", FAX_ID)))
    ((key, step, facts),) = recorder.take()[1:]
    assert (key, step, facts["code"]) == (FAX_KEY, Step.WAITING, "fetch.rate_limited")
    assert facts["delay"] == min(harness.queue.waits.values())


def test_a_message_that_cannot_be_parked_is_told_to_come_back(
    harness: Harness, recorder: Recorder
) -> None:
    """With the table's error, not the log's."""
    harness.source.answers[FAX_KEY] = LogInvalidError()
    harness.table.write_errors[FAX_KEY] = StoreUnavailableError()
    harness.run(delivery(body("fax", FAX_ID)))
    key, step, facts = recorder.take()[-1]
    assert (key, step, facts["code"]) == (FAX_KEY, Step.RETRIED, "store.unavailable")


@pytest.mark.parametrize(
    ("only_ends", "status", "step"),
    [
        (False, "sent", Step.ACCEPTED),
        (True, "sent", Step.DROPPED),
        (True, "delivered", Step.ACCEPTED),
    ],
)
def test_a_callback_is_told(
    recorder: Recorder,
    only_ends: bool,  # noqa: FBT001 - pytest's parameter
    status: str,
    step: Step,
) -> None:
    """Before its message can be delivered, or once it is known that there is none."""
    door = FrontDoor(
        BASE,
        FakeKeys((KEY,)),
        FakeProducer(),
        FakeDoorTelemetry(),
        only_ends=only_ends,
        trace=recorder,
    )
    door.handle(json_request(message_status(status=status)).event())
    assert recorder.take() == [(MESSAGE_KEY, step, {"status": status})]


def test_a_callback_that_is_refused_is_not_told(recorder: Recorder) -> None:
    """What it names cannot be trusted."""
    door = FrontDoor(
        BASE, FakeKeys(("other",)), FakeProducer(), FakeDoorTelemetry(), trace=recorder
    )
    door.handle(json_request(message_status()).event())
    assert recorder.take() == []


def test_a_sweep_tells_verdicts_and_what_became_of_each_log(recorder: Recorder) -> None:
    """One is stored from the page, one goes on the queue, and one is as its row shows it."""
    harness = SweepHarness()
    stored, present = (f"{number}1111111-2222-4333-8444-555555555555" for number in "12")
    harness.keep(fax_log(id=present, status="busy"))
    harness.lists.pages = {
        "fax": [[entry(), entry(stored, status="busy"), entry(present, status="busy")]]
    }
    walker = replace(
        harness.walker, trace=recorder, store=replace(harness.walker.store, trace=recorder)
    )
    harness.walk(FAX, walker=walker)
    found = {"origin": Origin.SWEEP, "verdict": "missing"}
    assert recorder.take() == [
        (FAX_KEY, Step.COMPARED, found),
        (f"fax#{stored}", Step.COMPARED, found),
        (f"fax#{stored}", Step.WRITTEN, {"version": 1, "outcome": "failed"}),
        (FAX_KEY, Step.QUEUED, {"origin": Origin.SWEEP}),
    ]


def test_what_became_of_a_change_is_told(recorder: Recorder) -> None:
    """Accepted, no news, and set aside because the bus refuses it for good."""
    harness = PublishHarness(trace=recorder)
    failed = row(failed_fax())
    harness.bus.errors["3"] = EventRefusedError("no")
    harness.handle(
        stream_record(1, lambda: change(None, failed), "fax#1"),
        stream_record(2, lambda: change(failed, failed | {"version": 2}), "fax#2"),
        stream_record(3, lambda: change(None, failed), "fax#3"),
    )
    assert sorted(recorder.take(), key=repr) == [
        ("fax#1", Step.PUBLISHED, {"version": 1}),
        ("fax#2", Step.NO_NEWS, {}),
        ("fax#3", Step.SET_ASIDE, {"code": "publish.refused"}),
    ]


def test_a_change_that_is_told_again_later_says_why(recorder: Recorder) -> None:
    """The bus did not take it, or the queue for what is set aside did not."""
    harness = PublishHarness(trace=recorder)
    harness.bus.errors["1"] = PublishUnavailableError("later")
    record = stream_record(1, lambda: change(None, row(failed_fax())), "fax#1")
    harness.handle(record)
    assert recorder.take() == [("fax#1", Step.DELAYED, {"code": "publish.unavailable"})]
    harness.bus.errors["1"] = EventRefusedError("no")
    harness.unpublished.is_down = True
    harness.handle(record)
    assert recorder.take() == [("fax#1", Step.DELAYED, {"code": "queue.unavailable"})]


def test_steps_stand_in_the_order_of_the_way() -> None:
    """By which those of one millisecond are sorted."""
    steps = [*Step]
    for earlier, later in (
        (Step.ACCEPTED, Step.DELIVERED),
        (Step.COMPARED, Step.QUEUED),
        (Step.QUEUED, Step.DELIVERED),
        (Step.DELIVERED, Step.FETCHED),
        (Step.FETCHED, Step.WRITTEN),
        (Step.WRITTEN, Step.PUBLISHED),
    ):
        assert steps.index(earlier) < steps.index(later)
