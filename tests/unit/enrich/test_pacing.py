"""How a batch keeps to the pace that all instances share, and what it does in an outage."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from hooklog import errors
from hooklog.enrich.endings import LONGEST_WAIT
from hooklog.pace import Allowance, Grant, Pace
from hooklog.records.pacing import Brake
from hooklog.records.rows import PACE_KEY, Attribute, pace_values, present
from tests.builders import FAX_ID, FAX_SID, MESSAGE_ID, body, fax_log, message_log
from tests.fakes import NOW
from tests.template import template
from tests.unit.enrich.test_pipeline import Harness, harness, sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hooklog.enrich.deliveries import Delivery

__all__ = ["harness"]  # a fixture

FAX = f"fax#{FAX_ID}"
MESSAGE = f"message#{MESSAGE_ID}"
MOMENT = NOW.timestamp()


def ids(count: int) -> list[str]:
    """Return log IDs."""
    return [f"00000000-0000-4000-8000-{number:012}" for number in range(count)]


def burst(
    harness: Harness, count: int, *, origin: str = "manual", name: str = "m"
) -> list[Delivery]:
    """Return messages about logs that SignalWire has."""
    harness.answer(*(message_log(id=one) for one in ids(count)))
    return [
        sent(body("message", one, origin=origin), message_id=f"{name}{index}")
        for index, one in enumerate(ids(count))
    ]


def set_pace(harness: Harness, pace: Pace) -> None:
    """Store the pace as another instance would."""
    harness.table.items[PACE_KEY] = present(pace_values(pace)) | {"version": 7}


def pace(harness: Harness) -> Pace:
    """Return the pace that is stored."""
    stored = harness.table.read([PACE_KEY])[PACE_KEY].pace
    assert stored is not None
    return stored


def limited(rate: float, **more: float) -> Pace:
    """Return a pace whose limit was met an hour ago."""
    return Pace(
        rate=rate,
        ceiling=rate,
        since=MOMENT,
        limited_at=MOMENT - 3600,
        next_at=more.get("next_at", MOMENT),
    )


def waits(harness: Harness, names: Sequence[str]) -> list[int]:
    """Return the seconds that messages wait."""
    return [harness.queue.waits[f"handle-of-{name}"] for name in names]


# --- no limit ---------------------------------------------------------------------------------


def test_the_pace_is_read_with_the_rows_and_nothing_is_written(harness: Harness) -> None:
    """While no limit is known, it costs one more key of the call that is made anyway."""
    messages = burst(harness, 3)
    assert harness.run(*messages) == []
    assert [PACE_KEY in keys for keys in harness.table.reads] == [True]
    assert PACE_KEY not in harness.table.items
    assert harness.source.grants == [Grant(requests=3)]


# --- a limit ----------------------------------------------------------------------------------


def test_a_429_is_told_to_all_instances(harness: Harness) -> None:
    """The batch writes what it got as the limit, and its refused logs come back soon."""
    messages = burst(harness, 5)
    for one in ids(5)[2:]:
        harness.source.answers[f"message#{one}"] = errors.RateLimitedError()
    assert harness.run(*messages) == ["m2", "m3", "m4"]
    assert pace(harness).limit(MOMENT) == pytest.approx(0.9 * 2 / 0.25)
    assert harness.report.limit == pytest.approx(0.9 * 2 / 0.25)
    assert waits(harness, ["m2", "m3", "m4"]) == [1, 1, 1]
    assert harness.report.errors == {"fetch.rate_limited": 3}
    assert harness.report.retried == {"message": 3}


def test_a_log_that_gets_429s_again_and_again_waits_longer(harness: Harness) -> None:
    """Each of them slows down others; it is never parked for that."""
    harness.source.answers[FAX] = errors.RateLimitedError()
    seen = []
    for _ in range(12):
        harness.answer(message_log())
        harness.table.items.pop(MESSAGE, None)
        assert harness.run(sent(), sent(body("message", MESSAGE_ID), message_id="m2")) == ["m1"]
        seen += waits(harness, ["m1"])
        harness.clock.advance(hours=1)
    assert seen == [1, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    assert harness.table.items[FAX].keys() == {"version", "log_type", "tries"}
    assert harness.table.items[FAX]["log_type"] == "fax"


def test_a_batch_sends_only_what_it_was_granted(harness: Harness) -> None:
    """The rest goes back until the next free slot, and counts as no try."""
    set_pace(harness, limited(10))
    messages = burst(harness, 20)
    back = harness.run(*messages)
    assert len(harness.source.requested) == 10
    assert len(back) == 10
    (granted,) = harness.source.grants
    assert granted.requests == 10
    assert granted.gap == pytest.approx(0.1, abs=0.001)
    assert {*waits(harness, back)} == {1}
    assert harness.report.errors == {}
    assert not [item for item in harness.table.items.values() if "tries" in item]
    assert pace(harness).next_at == pytest.approx(MOMENT + 1, abs=0.01)


@pytest.mark.parametrize("rate", [1, 10])
def test_what_a_batch_cannot_send_has_the_next_slots(harness: Harness, rate: float) -> None:
    """However long the queue is: whoever is served goes on, and the others spread."""
    set_pace(harness, limited(rate))
    harness.queue.messages = (1000, 3)
    back = harness.run(*burst(harness, 20))
    assert len(harness.source.requested) == rate
    assert {*waits(harness, back)} == {1}


def test_a_batch_without_a_slot_asks_for_nothing(harness: Harness) -> None:
    """Its messages are spread over the time that the queue needs."""
    set_pace(harness, limited(10, next_at=MOMENT + 0.9))
    harness.queue.messages = (1000, 3)
    back = harness.run(*burst(harness, 3))
    assert harness.source.requested == []
    assert len(back) == 3
    assert waits(harness, back) == [16, 46, 76]


def test_young_logs_go_first(harness: Harness) -> None:
    """A backfill's messages wait for those of callbacks and people, the old for the new."""
    set_pace(harness, limited(2))
    harness.answer(fax_log(), *(message_log(id=one) for one in ids(4)))
    messages = [
        sent(body("message", one, origin=origin), message_id=one, at=NOW - timedelta(minutes=age))
        for one, origin, age in zip(
            ids(4),
            ["backfill", "webhook", "sweep", "webhook"],
            [1, 3, 1, 2],
            strict=True,
        )
    ]
    first = {ids(4)[1], ids(4)[3]}
    assert {*harness.run(*messages)} == {*ids(4)} - first
    assert harness.source.requested == [f"message#{ids(4)[3]}", f"message#{ids(4)[1]}"]


def test_requests_that_will_follow_are_counted(harness: Harness) -> None:
    """A fax may need its resource, and a SID the list of its day."""
    set_pace(harness, limited(100))
    harness.answer(fax_log())
    by_sid = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    harness.run(sent(), sent(by_sid, message_id="m2"), sent(body("message"), message_id="m3"))
    assert harness.source.grants[0].requests == 1.25 + 1.25 + 1 + 0.5


@pytest.mark.parametrize("settles", [False, True])
def test_a_second_request_is_counted_where_there_may_be_one(
    harness: Harness, *, settles: bool
) -> None:
    """A new SID may need a list, and a known one does not; a completed call may need a resource."""
    harness.settle_faxes(on=settles)
    harness.answer(fax_log())
    harness.source.answers[f"fax#{FAX_SID}"] = json.dumps(fax_log())
    harness.source.found_by_url = {f"fax#{FAX_SID}"}
    by_sid, wanted = json.dumps({"log_type": "fax", "resource_sid": FAX_SID}), []
    for text in (by_sid, by_sid, body()):
        harness.clock.advance(minutes=1)
        harness.run(sent(text, at=harness.clock()))
        wanted.append(harness.source.grants[-1].requests)
    assert wanted == ([2, 2, 2] if settles else [2, 1, 1])


def test_a_fax_whose_end_was_told_needs_one_request(harness: Harness) -> None:
    """Its callback settled it."""
    set_pace(harness, limited(100))
    harness.answer(fax_log())
    harness.run(sent(body(status="delivered", origin="webhook")))
    assert harness.source.grants[0].requests == 1


def test_an_announced_limit_is_kept_before_a_429(harness: Harness) -> None:
    """What is left of the allowance is spread over its time."""
    harness.source.announced = Allowance(remaining=10, seconds=5, whole=100)
    assert harness.run(*burst(harness, 3)) == []
    assert pace(harness).limit(MOMENT) == 2


def test_a_known_limit_needs_no_429(harness: Harness) -> None:
    """The deployment sets it."""
    harness.brake(known=5)
    back = harness.run(*burst(harness, 20))
    assert len(harness.source.requested) == 6
    assert len(back) == 14


# --- an outage --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", errors.family(errors.OutageError))
def test_an_outage_parks_nothing(harness: Harness, kind: type[errors.HooklogError]) -> None:
    """Most requests fail, so it is not these logs' trouble; the messages wait."""
    messages = burst(harness, 3)
    for one in ids(3)[1:]:
        harness.source.answers[f"message#{one}"] = kind()
    assert harness.run(*messages) == ["m1", "m2"]
    assert pace(harness).outage == harness.report.outage == kind.code
    assert waits(harness, ["m1", "m2"]) == [5, 5]
    assert harness.report.errors == {kind.code: 2}
    assert not [item for item in harness.table.items.values() if "tries" in item]


def test_a_log_that_fails_alone_has_its_own_trouble(harness: Harness) -> None:
    """The others are answered, so there is no outage."""
    messages = burst(harness, 3)
    harness.source.answers[f"message#{ids(3)[1]}"] = errors.UpstreamError()
    assert harness.run(*messages) == ["m1"]
    assert PACE_KEY not in harness.table.items
    assert "tries" in harness.table.items[f"message#{ids(3)[1]}"]


def test_as_many_answers_as_failures_are_no_outage(harness: Harness) -> None:
    """Most requests would have to fail."""
    messages = burst(harness, 4)
    for one in ids(4)[:2]:
        harness.source.answers[f"message#{one}"] = errors.UpstreamError()
    assert harness.run(*messages) == ["m0", "m1"]
    assert PACE_KEY not in harness.table.items
    assert harness.report.outage is None


def test_a_log_that_fails_alone_is_an_outage_once_another_one_fails(harness: Harness) -> None:
    """Each may be the only log of its batch."""
    harness.source.answers = dict.fromkeys((FAX, MESSAGE), errors.UpstreamError())
    assert harness.run(sent()) == ["m1"]
    assert pace(harness).outage is None
    assert "tries" in harness.table.items[FAX]
    assert harness.run(sent(body("message", MESSAGE_ID))) == ["m1"]
    assert pace(harness).outage == "fetch.upstream"
    assert MESSAGE not in harness.table.items


@pytest.mark.parametrize(
    "unasked", [errors.HeldBackError, errors.OutOfTimeError, errors.UnexpectedError]
)
def test_what_was_not_answered_does_not_hide_an_outage(
    harness: Harness, unasked: type[errors.HooklogError]
) -> None:
    """A request that was not sent, or that met a defect, says nothing about SignalWire."""
    messages = burst(harness, 4)
    for index, one in enumerate(ids(4)):
        harness.source.answers[f"message#{one}"] = (
            unasked() if index > 1 else errors.UpstreamError()
        )
    harness.run(*messages)
    assert pace(harness).outage == "fetch.upstream"


@pytest.mark.parametrize("code", ["fetch.of_another_release", "store.unavailable"])
def test_an_outage_of_any_name_lets_messages_wait(harness: Harness, code: str) -> None:
    """Whatever another release wrote there, no batch fails for it."""
    set_pace(harness, Pace(outage=code, outage_at=MOMENT - 40, probe_at=MOMENT + 1))
    assert {*harness.run(*burst(harness, 3))} == {"m0", "m1", "m2"}
    assert {*harness.queue.waits.values()} == {10}


def test_while_an_outage_lasts_a_batch_sends_one_request(harness: Harness) -> None:
    """And none until the next probe is due."""
    set_pace(harness, Pace(outage="fetch.upstream", outage_at=MOMENT - 40, probe_at=MOMENT + 1))
    messages = burst(harness, 3)
    assert {*harness.run(*messages)} == {"m0", "m1", "m2"}
    assert harness.source.requested == []
    assert {*harness.queue.waits.values()} == {10}
    harness.clock.advance(seconds=1)
    for one in ids(3):
        harness.source.answers[f"message#{one}"] = errors.UpstreamError()
    harness.run(*messages)
    assert len(harness.source.requested) == 1
    assert pace(harness).probe_at == pytest.approx(MOMENT + 1 + 41 / 4, abs=0.001)
    assert harness.report.errors == {"fetch.upstream": 1}


def test_an_answered_probe_ends_the_outage(harness: Harness) -> None:
    """The next batch sends all of its requests."""
    set_pace(harness, Pace(outage="fetch.upstream", outage_at=MOMENT - 40, probe_at=MOMENT))
    messages = burst(harness, 3)
    back = harness.run(*messages)
    assert len(back) == 2
    assert pace(harness).outage is None
    assert {*waits(harness, back)} == {1}
    assert harness.run(*messages) == []


def test_an_outage_of_nine_days_parks_what_it_kept(harness: Harness) -> None:
    """The queue would drop the messages a day later."""
    set_pace(harness, Pace(outage="fetch.timeout", outage_at=MOMENT - 10**6, probe_at=MOMENT + 1))
    old = sent(message_id="old", at=NOW - LONGEST_WAIT)
    new = sent(body("message", MESSAGE_ID), message_id="new", at=NOW - timedelta(days=8))
    harness.answer(fax_log(), message_log())
    assert harness.run(old, new) == ["new"]
    item = harness.table.items[FAX]
    assert (item["parked_code"], item["parked_attempts"]) == ("fetch.timeout", 1)


def test_a_message_is_not_received_too_often_before_it_is_parked(harness: Harness) -> None:
    """The more often it was in vain, the longer it waits, until it is nine days old."""
    set_pace(harness, limited(1))
    attempt, begun = 1, harness.clock()
    harness.source.answers[FAX] = errors.RateLimitedError()
    while harness.run(sent(at=begun, attempt=attempt)):
        harness.clock.advance(seconds=harness.queue.waits["handle-of-m1"])
        attempt += 1
    assert harness.clock() - begun >= LONGEST_WAIT
    assert (
        attempt < template()["Resources"]["Queue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    )


def test_a_limit_of_nine_days_parks_what_it_kept(harness: Harness) -> None:
    """However long a backlog is, nothing is dropped, nor is what a callback told."""
    set_pace(harness, limited(1, next_at=MOMENT + 0.9))
    text = body(status="failed", error_code="34004", origin="webhook")
    assert harness.run(sent(text, at=NOW - LONGEST_WAIT)) == []
    item = harness.table.items[FAX]
    assert (item["parked_code"], item["log_type"]) == ("fetch.rate_limited", "fax")
    assert (item["fax_status"], item["fax_error_code"]) == ("failed", "34004")
    assert harness.report.parked == {"fax": 1}


# --- the row of the pace ------------------------------------------------------------------------


def test_a_pace_that_cannot_be_written_limits_nothing(harness: Harness) -> None:
    """Hooklog works as without a limit, and says so."""
    set_pace(harness, limited(1))
    harness.table.write_errors[PACE_KEY] = errors.StoreUnavailableError()
    assert harness.run(*burst(harness, 5)) == []
    assert harness.report.errors == {"store.unavailable": 1}


def test_a_pace_that_cannot_be_written_counts_beside_rows_that_cannot(harness: Harness) -> None:
    """The pace, the row and its try are three writes."""
    set_pace(harness, limited(1))
    harness.table.write_errors = dict.fromkeys((PACE_KEY, FAX), errors.StoreUnavailableError())
    harness.answer(fax_log())
    assert harness.run(sent()) == ["m1"]
    assert harness.report.errors == {"store.unavailable": 3}


def test_a_pace_that_is_left_unread_holds_nobody_back(harness: Harness) -> None:
    """The rows are read without it, and the batch asks for everything, as without a limit."""
    set_pace(harness, limited(1))
    harness.table.read_errors = [errors.StoreThrottledError()]
    assert harness.run(*burst(harness, 5)) == []
    assert [PACE_KEY in keys for keys in harness.table.reads] == [True, False]
    assert harness.report.errors == {"store.throttled": 1}


def test_a_garbled_pace_is_replaced(harness: Harness) -> None:
    """As if there were none."""
    harness.table.items[PACE_KEY] = {"version": 3, "rate": "fast"}
    messages = burst(harness, 3)
    for one in ids(3):
        harness.source.answers[f"message#{one}"] = errors.RateLimitedError()
    assert harness.run(*messages) == ["m0", "m1", "m2"]
    assert pace(harness).limit(MOMENT) == 1
    assert harness.table.items[PACE_KEY]["version"] == 4


@pytest.mark.parametrize(
    "changes", [{"rate": "inf"}, {"rate": Decimal("0.001")}, {"next_at": "inf"}], ids=str
)
def test_a_pace_that_cannot_be_is_replaced(harness: Harness, changes: dict[str, Attribute]) -> None:
    """It concerns no batch, and a 429 is written over it."""
    set_pace(harness, limited(1000))
    harness.table.items[PACE_KEY] |= changes
    messages = burst(harness, 5)
    assert harness.run(*messages) == []
    for one in ids(5)[2:]:
        harness.table.items.pop(f"message#{one}")
        harness.source.answers[f"message#{one}"] = errors.RateLimitedError()
    assert harness.run(*messages) == ["m2", "m3", "m4"]
    assert pace(harness).is_possible(MOMENT)
    assert pace(harness).limit(MOMENT) is not None


def test_a_pace_that_others_keep_changing_holds_everything_back(harness: Harness) -> None:
    """That is a storm; the messages come back later."""
    set_pace(harness, limited(10))

    def overtake() -> None:
        row = harness.table.items[PACE_KEY]
        row["version"] = int(str(row["version"])) + 1

    harness.table.meanwhile = overtake
    back = harness.run(*burst(harness, 3))
    assert len(back) == 3
    assert harness.source.requested == []
    assert {*waits(harness, back)} == {1}
    assert harness.report.errors == {"store.contended": 1}


def test_two_instances_share_the_slots(harness: Harness) -> None:
    """The second goes on where the first one ended."""
    set_pace(harness, limited(10))
    brakes = [Brake(harness.table, moment=lambda: MOMENT) for _ in range(2)]
    for brake in brakes:
        brake.read(harness.table.read([PACE_KEY]))
    first, second = (brake.grant(5) for brake in brakes)
    assert (first.requests, first.wait) == (5, 0)
    assert second.requests == 0
    assert pace(harness).next_at == pytest.approx(MOMENT + 0.5, abs=0.001)
