"""Every message ends as a row, a parked item or a message still in the queue."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog import errors
from hooklog.catalogue import CATALOGUE, Catalogue
from hooklog.clock import iso
from hooklog.enrich.deliveries import Delivery
from hooklog.enrich.endings import LONGEST_WAIT, BatchResponse
from hooklog.enrich.pipeline import Enricher
from hooklog.enrich.report import Report
from hooklog.records.items import StorageOptions
from hooklog.records.pacing import Brake
from hooklog.records.parking import PARKED_ATTRIBUTES
from hooklog.records.recording import StoreRecord
from hooklog.records.rows import Attribute
from local.space import Log
from tests.builders import (
    FAX_ID,
    FAX_SID,
    MESSAGE_ID,
    body,
    delivery,
    failed_fax,
    failed_message,
    fax_log,
    history_of,
    message_log,
    record,
    sqs_event,
    without,
)
from tests.fakes import NOW, Clock, FakeQueue, FakeSource, FakeTelemetry, Item, MemoryTable

FAX = f"fax#{FAX_ID}"
MESSAGE = f"message#{MESSAGE_ID}"
#: The messages were sent this long before the batch begins.
WAITED = timedelta(seconds=10)


class Harness:
    """An enricher among fakes."""

    def __init__(self) -> None:
        """Wire the enricher to its fakes."""
        self.clock = Clock()
        self.table = MemoryTable()
        self.source = FakeSource(self.clock)
        self.queue = FakeQueue()
        self.telemetry = FakeTelemetry()
        self.enricher = Enricher(
            source=self.source,
            table=self.table,
            brake=Brake(self.table, moment=self.clock.moment, depth=self.queue.depth),
            queue=self.queue,
            telemetry=self.telemetry,
            catalogue=CATALOGUE,
            clock=self.clock,
            jitter=lambda: 1.0,
        )

    def answer(self, *logs: Log) -> None:
        """Let SignalWire answer with these logs."""
        for log in logs:
            kind = "message" if "number_of_segments" in log else "fax"
            self.source.answers[f"{kind}#{log['id']}"] = json.dumps(log)

    def brake(self, *, known: float | None = None) -> None:
        """Wire another brake, which knows the limit."""
        brake = Brake(self.table, moment=self.clock.moment, depth=self.queue.depth, known=known)
        self.enricher = replace(self.enricher, brake=brake)

    def last_try(self, error: type[errors.HooklogError], key: str = FAX) -> None:
        """Let a log have met an error so often that the next time is the last."""
        row = self.table.items.setdefault(key, {"version": 1})
        count: dict[str, Attribute] = {"count": error.max_attempts - 1, "at": iso(self.clock())}
        row["tries"] = {error.code: count}

    def settle_faxes(self, *, on: bool) -> None:
        """Fetch fax resources, or do not."""
        self.enricher = replace(self.enricher, settle_faxes=on)

    def run(self, *deliveries: Delivery, seconds_left: float = 60) -> list[str]:
        """Process a batch; return the messages that go back to the queue."""
        response: BatchResponse = self.enricher.handle(sqs_event(*deliveries), lambda: seconds_left)
        return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]

    @property
    def report(self) -> Report:
        """The report of the last batch."""
        return self.telemetry.reports[-1]


@pytest.fixture
def harness() -> Harness:
    """Return a fresh enricher among fakes."""
    return Harness()


def sent(
    text: str | None = None,
    *,
    message_id: str = "m1",
    attempt: int = 1,
    at: datetime = NOW - WAITED,
) -> Delivery:
    """Return a delivery that was sent shortly before the batch begins."""
    return delivery(text, message_id=message_id, attempt=attempt, sent_at=at)


# --- what succeeds ------------------------------------------------------------------------


def test_a_new_log_becomes_a_row(harness: Harness) -> None:
    """The message is acknowledged, the row holds the explained log."""
    harness.answer(failed_fax())
    assert harness.run(sent()) == []
    item = harness.table.items[FAX]
    assert item["outcome"] == "failed"
    assert item["error_code"] == "34004"
    assert item["category"] == "network"
    assert item["fetched_at"] == iso(NOW)
    assert item["lag_ms"] == 10_000
    assert harness.report.enriched == {"fax": 1}
    assert harness.report.failures == {("fax", "34004", "network"): 1}


def test_an_empty_batch_does_nothing(harness: Harness) -> None:
    """An event without records makes no call and no report, and returns an empty response."""
    assert harness.enricher.handle({"Records": []}, lambda: 60) == {"batchItemFailures": []}
    assert harness.table.reads == []
    assert harness.telemetry.reports == []


def test_an_event_that_is_not_from_sqs_is_refused(harness: Harness) -> None:
    """A wrongly wired function raises instead of acknowledging events that it cannot process."""
    with pytest.raises(errors.EventError, match="not an SQS event"):
        harness.enricher.handle({"version": "2.0", "rawPath": "/"}, lambda: 60)


def test_messages_of_one_log_cost_one_fetch_and_one_write(harness: Harness) -> None:
    """Messages of one log are coalesced, and each is acknowledged."""
    harness.answer(message_log())
    messages = [
        sent(body("message", MESSAGE_ID, status=status), message_id=status)
        for status in ("queued", "sent", "delivered")
    ]
    assert harness.run(*messages) == []
    assert harness.source.requested == [MESSAGE]
    assert len(harness.table.writes) == 1
    assert harness.report.enriched == {"message": 1}


def test_a_redelivery_costs_one_read(harness: Harness) -> None:
    """A row that was fetched after the message was sent already reflects it."""
    harness.answer(fax_log())
    harness.run(sent())
    reads, writes = len(harness.table.reads), len(harness.table.writes)
    assert harness.run(sent(attempt=2)) == []
    assert harness.source.requested == [FAX]
    assert (len(harness.table.reads), len(harness.table.writes)) == (reads + 1, writes)
    assert harness.report.skipped == {"fax": 1}


def test_a_newer_event_fetches_a_known_log_again(harness: Harness) -> None:
    """One message newer than the row is enough for another fetch."""
    harness.answer(fax_log(status="in-progress"))
    harness.run(sent())
    harness.clock.advance(minutes=1)
    harness.answer(fax_log())
    assert harness.run(sent(), sent(message_id="m2", at=harness.clock())) == []
    assert harness.table.items[FAX]["status"] == "completed"
    assert harness.table.items[FAX]["version"] == 2


def test_a_stale_answer_is_acknowledged_and_not_written(harness: Harness) -> None:
    """A stale answer loses to a later one stored between the read and the write."""
    later = StoreRecord(record(fax_log(), fetched_at=NOW + WAITED)).plan(None)
    assert later is not None
    harness.table.meanwhile = lambda: harness.table.items.setdefault(  # type: ignore[assignment]
        FAX, {**later.values, "version": 9}
    )
    harness.answer(fax_log(status="queued"))
    assert harness.run(sent()) == []
    assert harness.table.items[FAX]["version"] == 9
    assert harness.report.skipped == {"fax": 1}
    assert harness.report.enriched == {}


def test_a_failure_counts_once_however_often_it_is_stored(harness: Harness) -> None:
    """The metric counts failed logs, not the callbacks that report them."""
    harness.answer(failed_message())
    counted = []
    for minute in range(3):
        harness.clock.now = NOW + timedelta(minutes=minute)
        harness.run(sent(body("message", MESSAGE_ID), at=harness.clock() - WAITED))
        counted.append(dict(harness.report.failures))
    assert counted == [{("message", "30003", "destination"): 1}, {}, {}]


def test_an_end_counts_once_however_often_it_is_stored(harness: Harness) -> None:
    """Neither progress nor another fetch of the same end counts as an end."""
    counted = []
    for minute, status in enumerate(("sent", "delivered", "delivered")):
        harness.answer(message_log(status=status))
        harness.clock.now = NOW + timedelta(minutes=minute)
        harness.run(sent(body("message", MESSAGE_ID), at=harness.clock() - WAITED))
        counted.append((dict(harness.report.enriched), dict(harness.report.finished)))
    assert counted == [({"message": 1}, {}), ({"message": 1}, {"message": 1}), ({"message": 1}, {})]


def test_drift_is_stored_and_counted(harness: Harness) -> None:
    """A log with an unknown value, an unknown field or a missing nullable field is still stored."""
    log = without(fax_log(quality="ultra", colour="red"), "remote_station")
    harness.answer(log)
    assert harness.run(sent()) == []
    assert harness.table.items[FAX]["drift"] == [
        "field:colour",
        "missing:remote_station",
        "value:quality",
    ]
    assert harness.table.items[FAX]["unknown_fields"] == '{"colour":"red"}'
    assert harness.report.drift == {"fax": 1}


# --- what is parked at once -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not JSON", "message.malformed"),
        ("[]", "message.malformed"),
        (json.dumps({"log_type": "fax"}), "message.malformed"),
        (body(log_id="not-a-uuid"), "message.malformed"),
        (body("telegram"), "message.unsupported_type"),
    ],
)
def test_a_bad_message_is_parked_and_acknowledged(harness: Harness, text: str, code: str) -> None:
    """A retry cannot help, so the unchanged body is parked for an operator."""
    harness.answer(fax_log())
    assert harness.run(sent(text), sent(message_id="good")) == []
    item = harness.table.items["parked#m1"]
    assert (item["parked_code"], item["parked_body"]) == (code, text)
    assert item["parked_attempts"] == 1
    assert "log_type" not in item
    assert harness.report.parked == {"unknown": 1}
    assert harness.report.errors == {code: 1}
    assert harness.table.items[FAX]["outcome"] == "succeeded"


@pytest.mark.parametrize(
    ("log", "code"),
    [
        (without(fax_log(), "status"), "log.invalid"),
        (fax_log(charge="a lot"), "log.invalid"),
        (fax_log(created_at="yesterday"), "log.invalid"),
        (fax_log(id=MESSAGE_ID), "log.mismatch"),
    ],
)
def test_a_bad_log_is_parked_with_its_payload(harness: Harness, log: Log, code: str) -> None:
    """The payload is kept, so that nothing is lost if the schema changed."""
    harness.source.answers[FAX] = json.dumps(log)
    harness.answer(message_log())
    assert harness.run(sent(), sent(body("message", MESSAGE_ID), message_id="good")) == []
    item = harness.table.items[FAX]
    assert item["parked_code"] == code
    assert item["parked_payload"] == json.dumps(log)
    assert ("another id" in str(item["parked_detail"])) == (code == "log.mismatch")
    assert item["log_type"] == "fax"
    assert "outcome" not in item
    assert harness.table.items[MESSAGE]["outcome"] == "succeeded"


def test_the_detail_of_a_bad_log_names_fields_and_no_values(harness: Harness) -> None:
    """The detail names fields only; numbers and texts stay in the payload."""
    harness.answer(fax_log(charge="+12025550143"))
    harness.run(sent())
    detail = str(harness.table.items[FAX]["parked_detail"])
    assert "charge" in detail
    assert "2025550143" not in detail


def test_a_failure_older_than_a_stored_success_is_acknowledged(harness: Harness) -> None:
    """A failure is not parked if another invocation stored the log meanwhile."""
    later = StoreRecord(record(fax_log(), fetched_at=NOW + WAITED)).plan(None)
    assert later is not None
    harness.table.meanwhile = lambda: harness.table.items.setdefault(  # type: ignore[assignment]
        FAX, {**later.values, "version": 9}
    )
    harness.source.answers[FAX] = errors.HistoryLimitError()
    assert harness.run(sent()) == []
    assert harness.table.items[FAX]["version"] == 9
    assert harness.report.parked == {}
    assert harness.report.skipped == {"fax": 1}


def test_a_log_older_than_the_history_is_parked(harness: Harness) -> None:
    """SignalWire never serves a log beyond its history again, so it is parked at once."""
    harness.source.answers[FAX] = errors.HistoryLimitError()
    assert harness.run(sent()) == []
    assert harness.table.items[FAX]["parked_code"] == "fetch.history_limit"


def test_a_parked_message_that_comes_again_keeps_one_item(harness: Harness) -> None:
    """SQS may deliver twice; the second delivery updates the parked item."""
    harness.run(sent("not JSON"))
    harness.clock.advance(seconds=30)
    assert harness.run(sent("not JSON", attempt=2)) == []
    item = harness.table.items["parked#m1"]
    assert item["parked_attempts"] == 1
    assert item["parked_first_at"] == iso(NOW)
    assert item["parked_at"] == iso(NOW + timedelta(seconds=30))


# --- what is retried ------------------------------------------------------------------------

#: A log's own trouble.
RETRYABLE = (
    errors.NotFoundError,
    errors.UnauthorizedError,
    errors.ForbiddenError,
    errors.UpstreamError,
    errors.FetchTimeoutError,
    errors.FetchConnectionError,
    errors.BadPayloadError,
)


@pytest.mark.parametrize("kind", RETRYABLE)
def test_a_retryable_failure_returns_the_message_and_delays_it(
    harness: Harness, kind: type[errors.HooklogError]
) -> None:
    """A retryable failure returns its message with a backoff; its neighbour is stored."""
    harness.source.answers[FAX] = kind()
    harness.answer(message_log())
    good = sent(body("message", MESSAGE_ID), message_id="good")
    assert harness.run(sent(), good) == ["m1"]
    assert harness.queue.waits == {"handle-of-m1": 30}
    assert harness.table.items[FAX] == {
        "version": 1,
        "log_type": "fax",
        "tries": {kind.code: {"count": 1, "at": iso(NOW)}},
    }
    assert harness.table.items[MESSAGE]["outcome"] == "succeeded"
    assert harness.report.retried == {"fax": 1}
    assert harness.report.errors == {kind.code: 1}


@pytest.mark.parametrize("kind", RETRYABLE)
def test_tries_are_bounded(harness: Harness, kind: type[errors.HooklogError]) -> None:
    """The last try parks the message with its error, while others of its batch succeed."""
    harness.source.answers[FAX] = kind()
    ends = []
    for number in range(1, kind.max_attempts + 1):
        harness.table.items.pop(MESSAGE, None)
        harness.answer(message_log())
        good = sent(body("message", MESSAGE_ID), message_id="good")
        ends.append(harness.run(sent(attempt=number), good))
        harness.clock.advance(minutes=10)
    assert ends == [["m1"]] * (kind.max_attempts - 1) + [[]]
    item = harness.table.items[FAX]
    assert item["parked_code"] == kind.code
    assert item["parked_attempts"] == kind.max_attempts
    assert "tries" not in item
    assert harness.report.parked == {"fax": 1}


def test_what_one_trouble_used_up_is_not_missing_from_another(harness: Harness) -> None:
    """A log that could not be read for a while has all its tries for not being found."""
    harness.last_try(errors.BadPayloadError)
    harness.source.answers[FAX] = errors.NotFoundError()
    assert harness.run(sent(attempt=10)) == ["m1"]
    tries = harness.table.items[FAX]["tries"]
    assert isinstance(tries, dict)
    assert {code: one["count"] for code, one in tries.items()} == {
        "fetch.bad_payload": 9,
        "fetch.not_found": 1,
    }
    harness.source.answers[FAX] = errors.BadPayloadError()
    assert harness.run(sent(attempt=11)) == []


def test_tries_of_another_day_are_forgotten(harness: Harness) -> None:
    """A failure of today has nothing to do with those of yesterday."""
    harness.last_try(errors.NotFoundError)
    harness.clock.advance(days=1)
    harness.source.answers[FAX] = errors.NotFoundError()
    assert harness.run(sent(at=harness.clock())) == ["m1"]


def test_a_success_forgets_the_tries(harness: Harness) -> None:
    """A stored log begins anew."""
    harness.last_try(errors.NotFoundError)
    harness.answer(fax_log())
    assert harness.run(sent()) == []
    assert "tries" not in harness.table.items[FAX]


def test_a_try_that_cannot_be_counted_costs_one_more(harness: Harness) -> None:
    """The message comes back all the same."""
    harness.source.answers[FAX] = errors.NotFoundError()
    harness.table.write_errors[FAX] = errors.StoreThrottledError()
    assert harness.run(sent()) == ["m1"]
    assert harness.report.errors == {"fetch.not_found": 1, "store.throttled": 1}


def test_waits_grow_although_no_try_can_be_counted(harness: Harness) -> None:
    """While a row takes no write, the deliveries count, or all would be used up in an hour."""
    harness.source.answers = dict.fromkeys((FAX, MESSAGE), errors.NotFoundError())
    harness.table.write_errors[FAX] = errors.StoreThrottledError()
    neighbour = sent(body("message", MESSAGE_ID), message_id="m2")
    waits = []
    for attempt in (1, 2, 8, 199):
        harness.run(neighbour, sent(attempt=attempt))
        waits.append(harness.queue.waits["handle-of-m1"])
    assert waits == [30, 60, 3600, 3600]


def test_a_try_that_cannot_be_counted_shortens_no_wait(harness: Harness) -> None:
    """A new message about a log that was tried before waits as long as the log has to."""
    harness.source.answers[FAX] = errors.NotFoundError()
    tried: dict[str, Attribute] = {"count": 2, "at": iso(NOW)}
    harness.table.items[FAX] = {"version": 1, "tries": {"fetch.not_found": tried}}
    harness.table.write_errors[FAX] = errors.StoreThrottledError()
    harness.run(sent(attempt=1))
    assert harness.queue.waits == {"handle-of-m1": 120}


def test_a_try_is_counted_on_the_row_as_it_stands(harness: Harness) -> None:
    """A batch that could not read the row does not reset its count."""
    harness.last_try(errors.StoreThrottledError)
    harness.table.read_errors = [errors.StoreThrottledError(), errors.StoreThrottledError()]
    assert harness.run(sent()) == ["m1"]
    assert harness.table.items[FAX]["tries"] == {
        "store.throttled": {"count": errors.PATIENT, "at": iso(NOW)}
    }


def test_a_message_of_nine_days_is_tried_for_the_last_time(harness: Harness) -> None:
    """The queue would drop it during its retries."""
    harness.source.answers[FAX] = errors.UpstreamError()
    harness.answer(message_log())
    good = sent(body("message", MESSAGE_ID), message_id="good")
    assert harness.run(sent(at=NOW - LONGEST_WAIT), good) == []
    assert harness.table.items[FAX]["parked_code"] == "fetch.upstream"


def test_what_cannot_be_parked_reaches_the_dead_letter_queue_in_time(harness: Harness) -> None:
    """A message of nine days comes back soon each time, and not a day later."""
    harness.table.write_errors[FAX] = errors.StoreUnavailableError()
    harness.source.answers[FAX] = errors.NotFoundError()
    assert harness.run(sent(at=NOW - LONGEST_WAIT, attempt=60)) == ["m1"]
    assert harness.queue.waits == {"handle-of-m1": 30}


def test_tries_expire_with_the_deployments_rows(harness: Harness) -> None:
    """A row that has nothing else does not stay for good."""
    harness.enricher = replace(harness.enricher, storage=StorageOptions(ttl=timedelta(days=1)))
    harness.source.answers[FAX] = errors.NotFoundError()
    harness.run(sent())
    assert harness.table.items[FAX]["expires_at"] == (NOW + timedelta(days=1)).timestamp()


def test_an_erased_log_counts_no_tries(harness: Harness) -> None:
    """Nothing is written to it any more."""
    erased: dict[str, Attribute] = {"version": 1, "erased_at": iso(NOW)}
    harness.table.meanwhile = lambda: harness.table.items.setdefault(FAX, erased)  # type: ignore[assignment]
    harness.source.answers[FAX] = errors.NotFoundError()
    assert harness.run(sent()) == ["m1"]
    assert harness.table.items[FAX] == erased


def test_a_log_that_another_batch_stored_meanwhile_counts_no_tries(harness: Harness) -> None:
    """Its row reflects the message, which is skipped when it comes back, and would keep them."""
    harness.answer(fax_log())
    harness.clock.advance(minutes=1)
    harness.run(sent())
    stored = harness.table.items.pop(FAX)
    harness.table.meanwhile = lambda: harness.table.items.setdefault(FAX, stored)  # type: ignore[assignment]
    harness.source.answers[FAX] = errors.UpstreamError()
    harness.answer(message_log())
    good = sent(body("message", MESSAGE_ID), message_id="good")
    assert harness.run(sent(), good) == ["m1"]
    assert harness.table.items[FAX] == stored


def test_a_success_after_parking_lifts_it(harness: Harness) -> None:
    """One write turns the row into a record and takes it off the parked list."""
    harness.source.answers[FAX] = errors.NotFoundError()
    harness.last_try(errors.NotFoundError)
    harness.run(sent())
    harness.clock.advance(minutes=1)
    harness.answer(fax_log())
    assert harness.run(sent(message_id="m2", at=harness.clock())) == []
    item = harness.table.items[FAX]
    assert item["outcome"] == "succeeded"
    assert not set(PARKED_ATTRIBUTES) & set(item)


@pytest.mark.parametrize("kind", [errors.RateLimitedError, errors.UpstreamError])
def test_the_servers_wish_to_wait_is_obeyed(
    harness: Harness, kind: type[errors.FetchError]
) -> None:
    """Retry-After raises the delay, whether the server limits the rate or fails."""
    harness.source.answers[FAX] = kind(retry_after=300)
    harness.run(sent())
    assert harness.queue.waits["handle-of-m1"] >= 300


def test_a_delay_that_cannot_be_set_is_counted(harness: Harness) -> None:
    """A message whose delay cannot be set still comes back, later than planned."""
    harness.queue.unset = 1
    harness.source.answers[FAX] = errors.UpstreamError()
    assert harness.run(sent()) == ["m1"]
    assert harness.report.errors["queue.unavailable"] == 1


def test_a_log_behind_its_callback_is_stored_and_fetched_again(harness: Harness) -> None:
    """When the API lags, the row stores its answer and the message comes back."""
    harness.answer(message_log(status="sent"))
    text = body("message", MESSAGE_ID, status="delivered")
    assert harness.run(sent(text)) == ["m1"]
    assert harness.table.items[MESSAGE]["status"] == "sent"
    assert harness.report.errors == {"fetch.behind": 1}

    harness.clock.advance(seconds=30)
    harness.answer(message_log())
    assert harness.run(sent(text, attempt=2)) == []
    assert harness.table.items[MESSAGE]["status"] == "delivered"


def test_a_log_that_stays_behind_is_acknowledged_with_its_row(harness: Harness) -> None:
    """After a few tries the row stands as it is, and nothing is parked."""
    harness.answer(message_log(status="sent"))
    harness.last_try(errors.BehindError, MESSAGE)
    assert harness.run(sent(body("message", MESSAGE_ID, status="delivered"))) == []
    assert not [name for name in harness.table.items[MESSAGE] if name.startswith("parked_")]


def test_only_the_message_that_announced_more_comes_back(harness: Harness) -> None:
    """Messages whose status the log has reached are acknowledged."""
    harness.answer(message_log(status="sent"))
    messages = [
        sent(body("message", MESSAGE_ID, status=status), message_id=status)
        for status in ("sent", "delivered")
    ]
    assert harness.run(*messages) == ["delivered"]


def test_without_an_answer_the_log_is_out_of_time(harness: Harness) -> None:
    """A message without an answer from the source returns to the queue."""
    assert harness.run(sent()) == ["m1"]
    assert harness.report.errors == {"fetch.out_of_time": 1}


def test_a_log_that_is_out_of_time_for_nine_days_is_parked(harness: Harness) -> None:
    """In its own row, before the queue would drop its message."""
    assert harness.run(sent(at=NOW - LONGEST_WAIT)) == []
    assert harness.table.items[FAX]["parked_code"] == "fetch.out_of_time"


def test_time_for_storing_is_kept_back_from_fetching(harness: Harness) -> None:
    """Fetching leaves enough time to store its results within the same invocation."""
    harness.answer(fax_log())
    harness.run(sent(), seconds_left=20)
    assert harness.source.time_left == [15]


# --- when the table or hooklog itself fails ---------------------------------------------------


def test_an_unreadable_table_returns_the_whole_batch(harness: Harness) -> None:
    """Without the rows nothing is fetched; bad messages are still parked."""
    harness.table.read_errors = [errors.StoreUnavailableError()]
    returned = harness.run(sent(), sent("not JSON", message_id="bad"))
    assert returned == ["m1"]
    assert harness.source.requested == []
    assert "parked#bad" in harness.table.items


def test_a_refused_write_returns_that_message_alone(harness: Harness) -> None:
    """A refused write returns its own message; the neighbour is stored and acknowledged."""
    harness.table.write_errors[FAX] = errors.StoreThrottledError()
    harness.answer(fax_log(), message_log())
    good = sent(body("message", MESSAGE_ID), message_id="good")
    assert harness.run(sent(), good) == ["m1"]
    assert MESSAGE in harness.table.items
    assert (harness.report.enriched, harness.report.skipped) == ({"message": 1}, {})


def test_a_refused_write_does_not_hide_that_a_neighbour_is_behind(harness: Harness) -> None:
    """The neighbour is stored, and its message comes back for the end that it announced."""
    harness.table.write_errors[FAX] = errors.StoreThrottledError()
    harness.answer(fax_log(), message_log(status="sent"))
    behind = sent(body("message", MESSAGE_ID, status="delivered"), message_id="behind")
    assert {*harness.run(sent(), behind)} == {"m1", "behind"}
    assert harness.table.items[MESSAGE]["status"] == "sent"


def test_what_cannot_even_be_parked_goes_back_to_the_queue(harness: Harness) -> None:
    """A message that cannot be parked returns later and later, up to the dead-letter queue."""
    harness.table.write_errors["parked#m1"] = errors.StoreTooLargeError()
    assert harness.run(sent("not JSON", attempt=3)) == ["m1"]
    assert harness.queue.waits == {"handle-of-m1": 120}
    assert harness.report.retried == {"unknown": 1}
    assert set(harness.report.errors) == {"message.malformed", "store.too_large"}


def test_a_defect_costs_one_log_and_is_reported(harness: Harness) -> None:
    """A bug that one log triggers leaves the others alone and is retried a few times."""
    broken = Catalogue(Path("absent.json"))
    object.__setattr__(harness.enricher, "catalogue", broken)
    harness.answer(failed_fax(), message_log())
    good = sent(body("message", MESSAGE_ID), message_id="good")
    assert harness.run(sent(), good) == ["m1"]
    assert MESSAGE in harness.table.items
    ((key, error),) = harness.telemetry.defects
    assert key == FAX
    assert isinstance(error, FileNotFoundError)
    assert harness.report.errors == {"internal.unexpected": 1}


def test_a_defect_in_fetching_is_reported_with_its_cause(harness: Harness) -> None:
    """The report shows the original exception, not its wrapper."""
    unexpected = errors.UnexpectedError()
    unexpected.__cause__ = KeyError("x")
    harness.source.answers[FAX] = unexpected
    assert harness.run(sent()) == ["m1"]
    assert harness.telemetry.defects == [(FAX, unexpected.__cause__)]


def test_a_report_that_cannot_be_published_undoes_nothing(harness: Harness) -> None:
    """The row is stored and the message acknowledged; the defect is reported."""
    harness.telemetry.error = ValueError("no such metric")
    harness.answer(fax_log())
    assert harness.run(sent()) == []
    assert harness.table.items[FAX]["outcome"] == "succeeded"
    assert harness.telemetry.defects == [("report", harness.telemetry.error)]


# --- no log lost ------------------------------------------------------------------------------

RESULTS: list[str | errors.HooklogError | None] = [
    json.dumps(fax_log()),
    json.dumps(failed_fax()),
    json.dumps(fax_log(status="queued")),
    json.dumps(without(fax_log(), "charge")),
    "<html>",
    "[]",
    None,
    errors.NotFoundError(),
    errors.RateLimitedError(retry_after=1),
    errors.HistoryLimitError(),
    errors.StoreThrottledError(),
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([body(), body(status="delivered"), body("telegram"), "{}", "x"]),
            st.integers(1, 14),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(RESULTS),
    st.sampled_from([None, errors.StoreThrottledError(), errors.StoreRejectedError()]),
    st.booleans(),
)
def test_no_message_is_lost(
    messages: list[tuple[str, int]],
    result: str | errors.HooklogError | None,
    write_error: errors.StoreError | None,
    unreadable: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    """Every acknowledged message leaves a row; all others return to the queue."""
    harness = Harness()
    if result is not None:
        harness.source.answers[FAX] = result
    if write_error is not None:
        harness.table.write_errors[FAX] = write_error
    if unreadable:
        harness.table.read_errors = [errors.StoreUnavailableError()]
    batch = [
        sent(text, message_id=f"m{index}", attempt=attempt)
        for index, (text, attempt) in enumerate(messages)
    ]
    returned = harness.run(*batch)

    assert set(returned) <= {one.message_id for one in batch}
    assert len(returned) == len(set(returned))
    for one in batch:
        has_log_id = one.body in {body(), body(status="delivered")}
        key = FAX if has_log_id else f"parked#{one.message_id}"
        assert one.message_id in returned or key in harness.table.items
        assert (one.message_id in returned) == (one.receipt_handle in harness.queue.waits)


# --- batches of several logs ------------------------------------------------------------------

MANY = [f"11111111-2222-4333-8444-{number:012}" for number in range(3)]
MANY_FAXES = [f"fax#{log_id}" for log_id in MANY]


def messages(**more: str) -> list[Delivery]:
    """Return a message for each of several faxes."""
    return [sent(body(log_id=log_id, **more), message_id=log_id) for log_id in MANY]


def redriven() -> list[Delivery]:
    """Return the same messages, each parked in a row of its own before."""
    return [replace(one, parked_as=f"parked#{one.message_id}") for one in messages()]


def test_each_stored_log_of_a_batch_counts(harness: Harness) -> None:
    """Rows, ends, failures, drift and durations count per log, and so does what is known."""
    harness.answer(*(failed_fax(id=log_id, colour="red") for log_id in MANY))
    assert harness.run(*messages()) == []
    report, each = harness.report, {"fax": 3}
    assert report.received == 3
    assert report.enriched == report.finished == report.drift == each
    assert report.failures == {("fax", "34004", "network"): 3}
    assert report.fetch_ms == {"fax": [12.5] * 3}
    assert harness.run(*messages()) == []
    assert harness.report.skipped == each


def test_each_log_that_lost_to_a_later_fetch_counts(harness: Harness) -> None:
    """Whether it was fetched or could not be fetched for the last time, it is skipped."""
    for answers in ([fax_log(id=log_id, status="queued") for log_id in MANY], []):
        harness.table.items.clear()
        harness.source.answers = dict.fromkeys(MANY_FAXES, errors.NotFoundError())
        harness.answer(*answers)
        for key in MANY_FAXES:
            harness.last_try(errors.NotFoundError, key)
        later: Item = {"version": 9, "status": "completed", "final": True}
        later["fetched_at"] = iso(NOW + WAITED)
        harness.table.meanwhile = lambda row=later: harness.table.items.update(  # type: ignore[misc]
            {key: dict(row) for key in MANY_FAXES}
        )
        assert harness.run(*messages()) == []
        assert harness.report.skipped == {"fax": 3}


@pytest.mark.parametrize("is_refused", [False, True])
@pytest.mark.parametrize("is_last", [False, True])
def test_each_failed_log_of_a_batch_counts(
    harness: Harness, *, is_last: bool, is_refused: bool
) -> None:
    """Errors, retries and parkings count per log, and so do the writes that fail in turn."""
    harness.source.answers = dict.fromkeys(MANY_FAXES, errors.NotFoundError())
    if is_last:
        for key in MANY_FAXES:
            harness.last_try(errors.NotFoundError, key)
    if is_refused:
        harness.table.write_errors = dict.fromkeys(MANY_FAXES, errors.StoreThrottledError())
    is_parked = is_last and not is_refused
    assert harness.run(*messages()) == ([] if is_parked else MANY)
    assert harness.report.errors == {"fetch.not_found": 3} | (
        {"store.throttled": 3} if is_refused else {}
    )
    assert harness.report.parked == ({"fax": 3} if is_parked else {})
    assert harness.report.retried == ({} if is_parked else {"fax": 3})


def test_each_log_behind_its_message_counts(harness: Harness) -> None:
    """A log whose message announced its end is fetched again."""
    harness.answer(*(fax_log(id=log_id, status="in-progress") for log_id in MANY))
    assert harness.run(*messages(status="delivered", origin="webhook")) == MANY
    assert harness.report.errors == {errors.BehindError.code: 3}
    assert harness.report.retried == {"fax": 3}


def test_each_log_of_an_outage_counts(harness: Harness) -> None:
    """Each request that an outage met is an error of its own."""
    harness.source.answers = dict.fromkeys(MANY_FAXES, errors.UpstreamError())
    assert harness.run(*messages()) == MANY
    assert harness.report.errors == {"fetch.upstream": 3}
    assert harness.report.retried == {"fax": 3}


@pytest.mark.parametrize("ending", ["stored", "known", "parked"])
def test_each_parking_that_ends_elsewhere_is_lifted_or_tried_again(
    harness: Harness, ending: str
) -> None:
    """A message whose row cannot be lifted comes back; the row then says where the log is."""
    harness.answer(*(fax_log(id=log_id) for log_id in MANY))
    if ending == "known":
        harness.run(*messages())
    if ending == "parked":
        harness.source.answers = dict.fromkeys(MANY_FAXES, errors.NotFoundError())
        for key in MANY_FAXES:
            harness.last_try(errors.NotFoundError, key)
    lists = [one.parked_as or "" for one in redriven()]
    for key in lists:
        harness.table.items[key] = {"version": 1, "parked_at": iso(NOW), "parked_code": "x"}
    harness.table.write_errors = dict.fromkeys(lists, errors.StoreThrottledError())
    assert sorted(harness.run(*redriven())) == MANY
    assert harness.report.errors["store.throttled"] == 3
    assert harness.report.retried == {"fax": 3}
    harness.table.write_errors.clear()
    if ending == "parked":
        for key in MANY_FAXES:
            harness.last_try(errors.NotFoundError, key)
    assert harness.run(*redriven()) == []
    into = [history_of(harness.table.items[key])[-1]["into"] for key in lists]
    assert into == MANY_FAXES


@pytest.mark.parametrize("is_last", [False, True])
def test_a_redriven_neighbour_of_a_message_that_is_behind_leaves_the_list(
    harness: Harness, *, is_last: bool
) -> None:
    """The log is stored, so that a message that announced nothing has ended."""
    harness.answer(fax_log(status="in-progress"))
    harness.table.items["parked#1"] = {"version": 1, "parked_at": iso(NOW), "parked_code": "x"}
    if is_last:
        harness.last_try(errors.BehindError)
    ended = sent(body(status="delivered", origin="webhook"), message_id="behind")
    other = replace(sent(message_id="other"), parked_as="parked#1")
    assert harness.run(ended, other) == ([] if is_last else ["behind"])
    assert "parked_at" not in harness.table.items["parked#1"]


@pytest.mark.parametrize("is_last", [False, True])
def test_a_redriven_message_that_is_behind_leaves_the_list_once_it_is_done(
    harness: Harness, *, is_last: bool
) -> None:
    """While it comes back it stays there; after the last try the row stands as it is."""
    harness.answer(fax_log(status="in-progress"))
    harness.table.items["parked#1"] = {"version": 1, "parked_at": iso(NOW), "parked_code": "x"}
    if is_last:
        harness.last_try(errors.BehindError)
    message = replace(sent(body(status="delivered", origin="webhook")), parked_as="parked#1")
    assert harness.run(message) == ([] if is_last else ["m1"])
    assert ("parked_at" in harness.table.items["parked#1"]) == (not is_last)


def test_a_defects_log_is_parked_under_its_own_key(harness: Harness) -> None:
    """A defect has no key of its own."""
    harness.enricher = replace(harness.enricher, catalogue=Catalogue(Path("absent.json")))
    harness.answer(failed_fax())
    harness.last_try(errors.UnexpectedError)
    assert harness.run(sent()) == []
    assert harness.table.items[FAX]["parked_code"] == errors.UnexpectedError.code
    assert harness.report.parked == {"fax": 1}


def test_a_log_found_by_its_sid_is_parked_under_its_own_key(harness: Harness) -> None:
    """A late message whose log's row cannot be read is parked in that row."""
    by_sid = f"fax#{FAX_SID}"
    harness.source.answers[by_sid] = json.dumps(fax_log())
    harness.source.found_by_url.add(by_sid)
    harness.table.read_errors = [None, errors.StoreThrottledError()]
    text = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    assert harness.run(sent(text, at=NOW - LONGEST_WAIT)) == []
    assert harness.table.items[FAX]["parked_code"] == errors.StoreThrottledError.code


def test_the_deployments_options_reach_the_row(harness: Harness) -> None:
    """Rows have the keys of deployed indexes, and rows and aliases expire."""
    options = StorageOptions(index_days=True, index_numbers=True, ttl=timedelta(days=30))
    harness.enricher = replace(harness.enricher, storage=options)
    harness.answer(fax_log())
    harness.run(sent())
    alias = f"fax#{FAX_SID}"
    assert {"day", "number", "expires_at"} <= harness.table.items[FAX].keys()
    assert {"alias_of", "expires_at"} <= harness.table.items[alias].keys()
