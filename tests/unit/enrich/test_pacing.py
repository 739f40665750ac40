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
from tests.unit.enrich.test_pipeline import Bench, bench, sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hooklog.enrich.deliveries import Delivery

__all__ = ["bench"]  # a fixture

FAX = f"fax#{FAX_ID}"
MESSAGE = f"message#{MESSAGE_ID}"
MOMENT = NOW.timestamp()


def ids(count: int) -> list[str]:
    """Return log IDs."""
    return [f"00000000-0000-4000-8000-{number:012}" for number in range(count)]


def burst(bench: Bench, count: int, *, origin: str = "manual", name: str = "m") -> list[Delivery]:
    """Return messages about logs that SignalWire has."""
    bench.answer(*(message_log(id=one) for one in ids(count)))
    return [
        sent(body("message", one, origin=origin), message_id=f"{name}{index}")
        for index, one in enumerate(ids(count))
    ]


def set_pace(bench: Bench, pace: Pace) -> None:
    """Store the pace as another instance would."""
    bench.table.items[PACE_KEY] = present(pace_values(pace)) | {"version": 7}


def pace(bench: Bench) -> Pace:
    """Return the pace that is stored."""
    stored = bench.table.read([PACE_KEY])[PACE_KEY].pace
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


def waits(bench: Bench, names: Sequence[str]) -> list[int]:
    """Return the seconds that messages wait."""
    return [bench.queue.waits[f"handle-of-{name}"] for name in names]


# --- no limit ---------------------------------------------------------------------------------


def test_the_pace_is_read_with_the_rows_and_nothing_is_written(bench: Bench) -> None:
    """While no limit is known, it costs one more key of the call that is made anyway."""
    messages = burst(bench, 3)
    assert bench.run(*messages) == []
    assert [PACE_KEY in keys for keys in bench.table.reads] == [True]
    assert PACE_KEY not in bench.table.items
    assert bench.source.grants == [Grant(requests=3)]


# --- a limit ----------------------------------------------------------------------------------


def test_a_429_is_told_to_all_instances(bench: Bench) -> None:
    """The batch writes what it got as the limit, and its refused logs come back soon."""
    messages = burst(bench, 5)
    for one in ids(5)[2:]:
        bench.source.answers[f"message#{one}"] = errors.RateLimitedError()
    assert bench.run(*messages) == ["m2", "m3", "m4"]
    assert pace(bench).limit(MOMENT) == pytest.approx(0.9 * 2 / 0.25)
    assert bench.report.limit == pytest.approx(0.9 * 2 / 0.25)
    assert waits(bench, ["m2", "m3", "m4"]) == [1, 1, 1]
    assert bench.report.errors == {"fetch.rate_limited": 3}
    assert bench.report.retried == {"message": 3}


def test_a_log_that_gets_429s_again_and_again_waits_longer(bench: Bench) -> None:
    """Each of them slows down others; it is never parked for that."""
    bench.source.answers[FAX] = errors.RateLimitedError()
    seen = []
    for _ in range(12):
        bench.answer(message_log())
        bench.table.items.pop(MESSAGE, None)
        assert bench.run(sent(), sent(body("message", MESSAGE_ID), message_id="m2")) == ["m1"]
        seen += waits(bench, ["m1"])
        bench.clock.advance(hours=1)
    assert seen == [1, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    assert bench.table.items[FAX].keys() == {"version", "log_type", "tries"}
    assert bench.table.items[FAX]["log_type"] == "fax"


def test_a_batch_sends_only_what_it_was_granted(bench: Bench) -> None:
    """The rest goes back until the next free slot, and counts as no try."""
    set_pace(bench, limited(10))
    messages = burst(bench, 20)
    back = bench.run(*messages)
    assert len(bench.source.requested) == 10
    assert len(back) == 10
    (granted,) = bench.source.grants
    assert granted.requests == 10
    assert granted.gap == pytest.approx(0.1, abs=0.001)
    assert {*waits(bench, back)} == {1}
    assert bench.report.errors == {}
    assert not [item for item in bench.table.items.values() if "tries" in item]
    assert pace(bench).next_at == pytest.approx(MOMENT + 1, abs=0.01)


@pytest.mark.parametrize("rate", [1, 10])
def test_what_a_batch_cannot_send_has_the_next_slots(bench: Bench, rate: float) -> None:
    """However long the queue is: whoever is served goes on, and the others spread."""
    set_pace(bench, limited(rate))
    bench.queue.messages = (1000, 3)
    back = bench.run(*burst(bench, 20))
    assert len(bench.source.requested) == rate
    assert {*waits(bench, back)} == {1}


def test_a_batch_without_a_slot_asks_for_nothing(bench: Bench) -> None:
    """Its messages are spread over the time that the queue needs."""
    set_pace(bench, limited(10, next_at=MOMENT + 0.9))
    bench.queue.messages = (1000, 3)
    back = bench.run(*burst(bench, 3))
    assert bench.source.requested == []
    assert len(back) == 3
    assert waits(bench, back) == [16, 46, 76]


def test_young_logs_go_first(bench: Bench) -> None:
    """A backfill's messages wait for those of callbacks and people, the old for the new."""
    set_pace(bench, limited(2))
    bench.answer(fax_log(), *(message_log(id=one) for one in ids(4)))
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
    assert {*bench.run(*messages)} == {*ids(4)} - first
    assert bench.source.requested == [f"message#{ids(4)[3]}", f"message#{ids(4)[1]}"]


def test_requests_that_will_follow_are_counted(bench: Bench) -> None:
    """A fax may need its resource, and a SID the list of its day."""
    set_pace(bench, limited(100))
    bench.answer(fax_log())
    by_sid = json.dumps({"log_type": "fax", "resource_sid": FAX_SID})
    bench.run(sent(), sent(by_sid, message_id="m2"), sent(body("message"), message_id="m3"))
    assert bench.source.grants[0].requests == 1.25 + 1.25 + 1 + 0.5


@pytest.mark.parametrize("settles", [False, True])
def test_a_second_request_is_counted_where_there_may_be_one(bench: Bench, *, settles: bool) -> None:
    """A new SID may need a list, and a known one does not; a completed call may need a resource."""
    bench.settle_faxes(on=settles)
    bench.answer(fax_log())
    bench.source.answers[f"fax#{FAX_SID}"] = json.dumps(fax_log())
    bench.source.found_by_url = {f"fax#{FAX_SID}"}
    by_sid, wanted = json.dumps({"log_type": "fax", "resource_sid": FAX_SID}), []
    for text in (by_sid, by_sid, body()):
        bench.clock.advance(minutes=1)
        bench.run(sent(text, at=bench.clock()))
        wanted.append(bench.source.grants[-1].requests)
    assert wanted == ([2, 2, 2] if settles else [2, 1, 1])


def test_a_fax_whose_end_was_told_needs_one_request(bench: Bench) -> None:
    """Its callback settled it."""
    set_pace(bench, limited(100))
    bench.answer(fax_log())
    bench.run(sent(body(status="delivered", origin="webhook")))
    assert bench.source.grants[0].requests == 1


def test_an_announced_limit_is_kept_before_a_429(bench: Bench) -> None:
    """What is left of the allowance is spread over its time."""
    bench.source.announced = Allowance(remaining=10, seconds=5, whole=100)
    assert bench.run(*burst(bench, 3)) == []
    assert pace(bench).limit(MOMENT) == 2


def test_a_known_limit_needs_no_429(bench: Bench) -> None:
    """The deployment sets it."""
    bench.brake(known=5)
    back = bench.run(*burst(bench, 20))
    assert len(bench.source.requested) == 6
    assert len(back) == 14


# --- an outage --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", errors.family(errors.OutageError))
def test_an_outage_parks_nothing(bench: Bench, kind: type[errors.HooklogError]) -> None:
    """Most requests fail, so it is not these logs' trouble; the messages wait."""
    messages = burst(bench, 3)
    for one in ids(3)[1:]:
        bench.source.answers[f"message#{one}"] = kind()
    assert bench.run(*messages) == ["m1", "m2"]
    assert pace(bench).outage == bench.report.outage == kind.code
    assert waits(bench, ["m1", "m2"]) == [5, 5]
    assert bench.report.errors == {kind.code: 2}
    assert not [item for item in bench.table.items.values() if "tries" in item]


def test_a_log_that_fails_alone_has_its_own_trouble(bench: Bench) -> None:
    """The others are answered, so there is no outage."""
    messages = burst(bench, 3)
    bench.source.answers[f"message#{ids(3)[1]}"] = errors.UpstreamError()
    assert bench.run(*messages) == ["m1"]
    assert PACE_KEY not in bench.table.items
    assert "tries" in bench.table.items[f"message#{ids(3)[1]}"]


def test_as_many_answers_as_failures_are_no_outage(bench: Bench) -> None:
    """Most requests would have to fail."""
    messages = burst(bench, 4)
    for one in ids(4)[:2]:
        bench.source.answers[f"message#{one}"] = errors.UpstreamError()
    assert bench.run(*messages) == ["m0", "m1"]
    assert PACE_KEY not in bench.table.items
    assert bench.report.outage is None


def test_a_log_that_fails_alone_is_an_outage_once_another_one_fails(bench: Bench) -> None:
    """Each may be the only log of its batch."""
    bench.source.answers = dict.fromkeys((FAX, MESSAGE), errors.UpstreamError())
    assert bench.run(sent()) == ["m1"]
    assert pace(bench).outage is None
    assert "tries" in bench.table.items[FAX]
    assert bench.run(sent(body("message", MESSAGE_ID))) == ["m1"]
    assert pace(bench).outage == "fetch.upstream"
    assert MESSAGE not in bench.table.items


@pytest.mark.parametrize(
    "unasked", [errors.HeldBackError, errors.OutOfTimeError, errors.UnexpectedError]
)
def test_what_was_not_answered_does_not_hide_an_outage(
    bench: Bench, unasked: type[errors.HooklogError]
) -> None:
    """A request that was not sent, or that met a defect, says nothing about SignalWire."""
    messages = burst(bench, 4)
    for index, one in enumerate(ids(4)):
        bench.source.answers[f"message#{one}"] = unasked() if index > 1 else errors.UpstreamError()
    bench.run(*messages)
    assert pace(bench).outage == "fetch.upstream"


@pytest.mark.parametrize("code", ["fetch.of_another_release", "store.unavailable"])
def test_an_outage_of_any_name_lets_messages_wait(bench: Bench, code: str) -> None:
    """Whatever another release wrote there, no batch fails for it."""
    set_pace(bench, Pace(outage=code, outage_at=MOMENT - 40, probe_at=MOMENT + 1))
    assert {*bench.run(*burst(bench, 3))} == {"m0", "m1", "m2"}
    assert {*bench.queue.waits.values()} == {10}


def test_while_an_outage_lasts_a_batch_sends_one_request(bench: Bench) -> None:
    """And none until the next probe is due."""
    set_pace(bench, Pace(outage="fetch.upstream", outage_at=MOMENT - 40, probe_at=MOMENT + 1))
    messages = burst(bench, 3)
    assert {*bench.run(*messages)} == {"m0", "m1", "m2"}
    assert bench.source.requested == []
    assert {*bench.queue.waits.values()} == {10}
    bench.clock.advance(seconds=1)
    for one in ids(3):
        bench.source.answers[f"message#{one}"] = errors.UpstreamError()
    bench.run(*messages)
    assert len(bench.source.requested) == 1
    assert pace(bench).probe_at == pytest.approx(MOMENT + 1 + 41 / 4, abs=0.001)
    assert bench.report.errors == {"fetch.upstream": 1}


def test_an_answered_probe_ends_the_outage(bench: Bench) -> None:
    """The next batch sends all of its requests."""
    set_pace(bench, Pace(outage="fetch.upstream", outage_at=MOMENT - 40, probe_at=MOMENT))
    messages = burst(bench, 3)
    back = bench.run(*messages)
    assert len(back) == 2
    assert pace(bench).outage is None
    assert {*waits(bench, back)} == {1}
    assert bench.run(*messages) == []


def test_an_outage_of_nine_days_parks_what_it_kept(bench: Bench) -> None:
    """The queue would drop the messages a day later."""
    set_pace(bench, Pace(outage="fetch.timeout", outage_at=MOMENT - 10**6, probe_at=MOMENT + 1))
    old = sent(message_id="old", at=NOW - LONGEST_WAIT)
    new = sent(body("message", MESSAGE_ID), message_id="new", at=NOW - timedelta(days=8))
    bench.answer(fax_log(), message_log())
    assert bench.run(old, new) == ["new"]
    item = bench.table.items[FAX]
    assert (item["parked_code"], item["parked_attempts"]) == ("fetch.timeout", 1)


def test_a_message_is_not_received_too_often_before_it_is_parked(bench: Bench) -> None:
    """The more often it was in vain, the longer it waits, until it is nine days old."""
    set_pace(bench, limited(1))
    attempt, begun = 1, bench.clock()
    bench.source.answers[FAX] = errors.RateLimitedError()
    while bench.run(sent(at=begun, attempt=attempt)):
        bench.clock.advance(seconds=bench.queue.waits["handle-of-m1"])
        attempt += 1
    assert bench.clock() - begun >= LONGEST_WAIT
    assert (
        attempt < template()["Resources"]["Queue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    )


def test_a_limit_of_nine_days_parks_what_it_kept(bench: Bench) -> None:
    """However long a backlog is, nothing is dropped, nor is what a callback told."""
    set_pace(bench, limited(1, next_at=MOMENT + 0.9))
    text = body(status="failed", error_code="34004", origin="webhook")
    assert bench.run(sent(text, at=NOW - LONGEST_WAIT)) == []
    item = bench.table.items[FAX]
    assert (item["parked_code"], item["log_type"]) == ("fetch.rate_limited", "fax")
    assert (item["fax_status"], item["fax_error_code"]) == ("failed", "34004")
    assert bench.report.parked == {"fax": 1}


# --- the row of the pace ------------------------------------------------------------------------


def test_a_pace_that_cannot_be_written_limits_nothing(bench: Bench) -> None:
    """Hooklog works as without a limit, and says so."""
    set_pace(bench, limited(1))
    bench.table.write_errors[PACE_KEY] = errors.StoreUnavailableError()
    assert bench.run(*burst(bench, 5)) == []
    assert bench.report.errors == {"store.unavailable": 1}


def test_a_pace_that_cannot_be_written_counts_beside_rows_that_cannot(bench: Bench) -> None:
    """The pace, the row and its try are three writes."""
    set_pace(bench, limited(1))
    bench.table.write_errors = dict.fromkeys((PACE_KEY, FAX), errors.StoreUnavailableError())
    bench.answer(fax_log())
    assert bench.run(sent()) == ["m1"]
    assert bench.report.errors == {"store.unavailable": 3}


def test_a_pace_that_is_left_unread_holds_nobody_back(bench: Bench) -> None:
    """The rows are read without it, and the batch asks for everything, as without a limit."""
    set_pace(bench, limited(1))
    bench.table.read_errors = [errors.StoreThrottledError()]
    assert bench.run(*burst(bench, 5)) == []
    assert [PACE_KEY in keys for keys in bench.table.reads] == [True, False]
    assert bench.report.errors == {"store.throttled": 1}


def test_a_garbled_pace_is_replaced(bench: Bench) -> None:
    """As if there were none."""
    bench.table.items[PACE_KEY] = {"version": 3, "rate": "fast"}
    messages = burst(bench, 3)
    for one in ids(3):
        bench.source.answers[f"message#{one}"] = errors.RateLimitedError()
    assert bench.run(*messages) == ["m0", "m1", "m2"]
    assert pace(bench).limit(MOMENT) == 1
    assert bench.table.items[PACE_KEY]["version"] == 4


@pytest.mark.parametrize(
    "changes", [{"rate": "inf"}, {"rate": Decimal("0.001")}, {"next_at": "inf"}], ids=str
)
def test_a_pace_that_cannot_be_is_replaced(bench: Bench, changes: dict[str, Attribute]) -> None:
    """It concerns no batch, and a 429 is written over it."""
    set_pace(bench, limited(1000))
    bench.table.items[PACE_KEY] |= changes
    messages = burst(bench, 5)
    assert bench.run(*messages) == []
    for one in ids(5)[2:]:
        bench.table.items.pop(f"message#{one}")
        bench.source.answers[f"message#{one}"] = errors.RateLimitedError()
    assert bench.run(*messages) == ["m2", "m3", "m4"]
    assert pace(bench).is_possible(MOMENT)
    assert pace(bench).limit(MOMENT) is not None


def test_a_pace_that_others_keep_changing_holds_everything_back(bench: Bench) -> None:
    """That is a storm; the messages come back later."""
    set_pace(bench, limited(10))

    def overtake() -> None:
        row = bench.table.items[PACE_KEY]
        row["version"] = int(str(row["version"])) + 1

    bench.table.meanwhile = overtake
    back = bench.run(*burst(bench, 3))
    assert len(back) == 3
    assert bench.source.requested == []
    assert {*waits(bench, back)} == {1}
    assert bench.report.errors == {"store.contended": 1}


def test_two_instances_share_the_slots(bench: Bench) -> None:
    """The second goes on where the first one ended."""
    set_pace(bench, limited(10))
    brakes = [Brake(bench.table, moment=lambda: MOMENT) for _ in range(2)]
    for brake in brakes:
        brake.read(bench.table.read([PACE_KEY]))
    first, second = (brake.grant(5) for brake in brakes)
    assert (first.requests, first.wait) == (5, 0)
    assert second.requests == 0
    assert pace(bench).next_at == pytest.approx(MOMENT + 0.5, abs=0.001)
