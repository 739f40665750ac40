"""How a fax itself ended, and what counts when signals contradict each other."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog import errors
from hooklog.records.parking import PARKED_ATTRIBUTES
from local.space import Json, Log
from tests.builders import (
    FAX_ID,
    FAX_SID,
    MESSAGE_ID,
    PROJECT_ID,
    body,
    fax_log,
    message_log,
)
from tests.fakes import Clock, Item
from tests.unit.enrich.test_pipeline import FAX, MESSAGE, Bench, bench, sent

__all__ = ["bench"]  # a fixture

#: A log that tells only that the call ended.
COMPLETED = fax_log()
#: The same log, once it shows the failure.
FAILED = fax_log(error_code="34005", error_message="Disconnected after permitted retries")
PATH = f"/api/laml/2010-04-01/Accounts/{PROJECT_ID}/Faxes/{FAX_SID}"
BY_SID: dict[str, Json] = {"log_type": "fax", "resource_sid": FAX_SID, "origin": "webhook"}


def resource(status: str = "delivered", **changes: Json) -> str:
    """Return the text of a fax resource that ended like this."""
    fields = {"status": status, "error_code": None, "error_message": None, "duration": 41}
    return json.dumps(fields | {"num_pages": "3"} | changes)


def failed_resource() -> str:
    """Return the text of a fax resource that tells a failure."""
    return resource("failed", error_code="34004", error_message="The call dropped prematurely")


def callback(status: str, code: str | None = None) -> str:
    """Return a queue message of a callback that names the fax's SID."""
    return json.dumps(BY_SID | {"status": status} | ({"error_code": code} if code else {}))


def run(bench: Bench, text: str | None = None, *, attempt: int = 1) -> list[str]:
    """Process one message a minute later; return the messages that go back."""
    bench.clock.advance(minutes=1)
    return bench.run(sent(text, attempt=attempt, at=bench.clock()))


def answer_fax(bench: Bench, log: Log) -> None:
    """Let SignalWire return a fax log by its ID, and list it by its SID."""
    bench.answer(log)
    bench.source.answers[f"fax#{FAX_SID}"] = json.dumps(log)
    bench.source.found_by_url = {f"fax#{FAX_SID}"}


class Ticking(Clock):
    """A clock that is a second later whenever somebody looks."""

    def __call__(self) -> datetime:
        """Return the time, and go on."""
        self.advance(seconds=1)
        return self.now


# --- who settles it ---------------------------------------------------------------------------


def test_the_resource_settles_a_completed_call(bench: Bench) -> None:
    """One request tells how the fax ended; the row keeps its words."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = resource()
    assert bench.run(sent()) == []
    assert bench.source.asked == [PATH]
    item = bench.table.items[FAX]
    assert (item["status"], item["outcome"], item["final"]) == ("completed", "succeeded", True)
    assert (item["settled_by"], item["fax_status"], item["fax_duration"]) == (
        "fax",
        "delivered",
        41,
    )
    assert not {"unsettled", "drift", "fax_error_code"} & item.keys()
    assert bench.report.fetch_ms == {"fax": [12.5, 12.5]}


@pytest.mark.parametrize("status", ["delivered", "received"])
def test_a_callback_settles_it_without_a_request(bench: Bench, status: str) -> None:
    """A callback that told the fax's own end is enough."""
    answer_fax(bench, COMPLETED)
    assert run(bench, callback(status)) == []
    assert bench.source.asked == []
    item = bench.table.items[FAX]
    assert (item["outcome"], item["settled_by"], item["fax_status"]) == (
        "succeeded",
        "callback",
        status,
    )


def test_a_callback_about_the_call_settles_nothing(bench: Bench) -> None:
    """`completed` is the call's word, whoever says it."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = resource()
    run(bench, body(status="completed"))
    assert bench.table.items[FAX]["settled_by"] == "fax"


@pytest.mark.parametrize(
    "answer", [errors.NotFoundError(), errors.RejectedError(), errors.HistoryLimitError()]
)
def test_where_nobody_can_tell_the_call_decides(bench: Bench, answer: errors.HooklogError) -> None:
    """The resource was deleted, so the row says that only the call is known."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = answer
    assert bench.run(sent()) == []
    item = bench.table.items[FAX]
    assert (item["outcome"], item["settled_by"]) == ("succeeded", "call")
    assert "fax_status" not in item


def test_settling_can_be_switched_off(bench: Bench) -> None:
    """With SettleFaxes=false no resource is fetched, and the row says that the call decided."""
    bench.settle_faxes(on=False)
    bench.answer(COMPLETED)
    bench.run(sent())
    assert bench.source.asked == []
    assert bench.table.items[FAX]["settled_by"] == "call"


@pytest.mark.parametrize(
    "log",
    [
        fax_log(status="in-progress"),
        fax_log(status="delivered"),
        fax_log(status="busy"),
        FAILED,
        fax_log(url="https://example.signalwire.com/api/laml/2010-04-01/Accounts/..%2F/Faxes/x"),
        fax_log(url=f"https://example.signalwire.com/faxes/{FAX_SID}"),
    ],
)
def test_no_other_log_costs_a_second_request(bench: Bench, log: Log) -> None:
    """A log that ended otherwise, has not ended or names no resource is not asked for again."""
    bench.answer(log)
    bench.run(sent())
    assert bench.source.asked == []


def test_a_fax_costs_at_most_one_more_request(bench: Bench) -> None:
    """Later fetches of the log keep what the resource told, or that it was deleted."""
    for known in ({FAX_SID: resource()}, {}):
        bench.table.items.clear()
        bench.source.asked.clear()
        bench.source.resources = dict(known)
        bench.answer(COMPLETED)
        run(bench)
        settled = {
            name: value
            for name, value in bench.table.items[FAX].items()
            if name.startswith("fax_") or name == "settled_by"
        }
        bench.answer(COMPLETED | {"charge": 0.5})
        run(bench)
        assert bench.table.items[FAX]["version"] == 2
        assert bench.table.items[FAX].items() >= settled.items()
        assert len(bench.source.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [errors.RateLimitedError(), errors.UpstreamError(), errors.FetchTimeoutError(), "[]", "{"],
)
def test_a_resource_that_cannot_be_fetched_returns_the_message(
    bench: Bench, answer: str | errors.HooklogError
) -> None:
    """Nothing is stored as a success before the fax's end is known; the neighbour is stored."""
    bench.answer(COMPLETED, message_log())
    bench.source.resources[FAX_SID] = answer
    assert bench.run(sent(), sent(body("message", MESSAGE_ID), message_id="m2")) == ["m1"]
    item = bench.table.items[FAX]
    assert "outcome" not in item
    assert "tries" in item
    assert bench.table.items[MESSAGE]["outcome"] == "succeeded"


def test_a_resource_that_nobody_answers_for_returns_the_message(bench: Bench) -> None:
    """There was no time left for it."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = None
    assert bench.run(sent()) == ["m1"]
    assert bench.report.errors == {"fetch.out_of_time": 1}


@pytest.mark.parametrize("text", ['{"sid": "x"}', '{"status": null}', '{"status": 5}'])
def test_a_resource_without_a_status_leaves_it_to_the_call(bench: Bench, text: str) -> None:
    """The log is fine, and is stored."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = text
    assert bench.run(sent()) == []
    assert bench.table.items[FAX]["settled_by"] == "call"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"duration": "41"}, {"fax_duration": 41}),
        ({"duration": None}, {}),
        ({"duration": "a while"}, {}),
        ({"error_message": 5}, {"fax_duration": 41, "outcome": "succeeded"}),
        ({"error_code": 0, "error_message": "OK"}, {"fax_error_code": "0", "fax_duration": 41}),
        ({"error_message": "\ud83d"}, {"fax_error_message": "\ufffd", "outcome": "failed"}),
    ],
)
def test_values_of_a_resource_as_they_come(bench: Bench, changes: Log, expected: Item) -> None:
    """Texts for numbers, nulls and halves of surrogates cost no fax its end."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = json.dumps(json.loads(resource()) | changes)
    bench.run(sent(), seconds_left=60)
    item = bench.table.items[FAX]
    assert item["settled_by"] == "fax"
    assert item.items() >= expected.items()
    assert ("fax_duration" in item) == ("fax_duration" in expected or "outcome" in expected)


# --- what has not ended yet --------------------------------------------------------------------


@pytest.mark.parametrize("status", ["queued", "processing", "sending", "receiving"])
def test_a_resource_under_way_is_asked_again(bench: Bench, status: str) -> None:
    """The call ended before the fax did: no success yet, and the message comes back."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = resource(status)
    assert run(bench) == ["m1"]
    item = bench.table.items[FAX]
    assert (item["outcome"], item["fax_status"], item["unsettled"]) == ("in_progress", status, True)
    assert bench.report.errors == {"fetch.behind": 1}
    bench.source.resources[FAX_SID] = resource()
    assert run(bench) == []
    item = bench.table.items[FAX]
    assert (item["outcome"], item["fax_status"]) == ("succeeded", "delivered")
    assert "unsettled" not in item


def test_a_resource_that_stays_under_way_is_left_to_the_sweep(bench: Bench) -> None:
    """The attempts end, the row stays unsettled, and no success is invented."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = resource("sending")
    assert [run(bench) for _ in range(4)] == [["m1"]] * 3 + [[]]
    item = bench.table.items[FAX]
    assert (item["outcome"], item["unsettled"]) == ("in_progress", True)
    assert not PARKED_ATTRIBUTES & item.keys()


def test_a_resource_with_an_unknown_word_leaves_it_to_the_call(bench: Bench) -> None:
    """Nobody can tell what it means."""
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = resource("asleep")
    assert run(bench) == []
    assert bench.table.items[FAX]["settled_by"] == "call"


# --- contradictions -----------------------------------------------------------------------------


def contradict(bench: Bench, by: str) -> list[str]:
    """Let a callback or the resource report a failure of a fax whose log reports none."""
    if by == "callback":
        answer_fax(bench, COMPLETED)
        return run(bench, callback("failed", "34004"))
    bench.answer(COMPLETED)
    bench.source.resources[FAX_SID] = failed_resource()
    return run(bench)


@pytest.mark.parametrize("by", ["callback", "fax"])
def test_a_contradiction_is_fetched_again_and_the_failure_counts(bench: Bench, by: str) -> None:
    """The failure is stored and counted at once; the drift names what stays a contradiction."""
    errors_counted, drift = 0, 0
    for attempt in range(1, 5):
        assert contradict(bench, by) == (["m1"] if attempt < 4 else [])
        item = bench.table.items[FAX]
        assert (item["status"], item["outcome"], item["fax_error_code"]) == (
            "completed",
            "failed",
            "34004",
        )
        assert item["settled_by"] == by
        assert ("unsettled" in item) == (attempt < 4)
        errors_counted += sum(bench.report.failures.values())
        drift += bench.report.drift["fax"]
    item = bench.table.items[FAX]
    assert item["drift"] == [f"contradiction:{by}"]
    assert (errors_counted, drift) == (1, 1)
    assert item["cause"]
    assert len(bench.source.asked) == (by == "fax")


@pytest.mark.parametrize("by", ["callback", "fax"])
def test_later_fetches_keep_the_evidence(bench: Bench, by: str) -> None:
    """A sweep that fetches the log again changes what the log says, and no more."""
    bench.last_try(errors.BehindError)
    contradict(bench, by)
    before = bench.table.items[FAX]
    bench.answer(COMPLETED | {"charge": 0.75})
    bench.source.resources[FAX_SID] = resource()
    assert run(bench, body(origin="sweep")) == []
    after = bench.table.items[FAX]
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"charge", "charge_gap", "unit_charge", "fetched_at", "version"} | (
        {"resolved_by"} if by == "callback" else set()
    )
    assert (bench.report.failures, bench.report.drift) == ({}, {})


@pytest.mark.parametrize("by", ["callback", "fax"])
def test_a_log_that_names_its_own_error_explains_the_failure(bench: Bench, by: str) -> None:
    """The explanation is the log's then; the evidence stays, and nothing counts twice."""
    bench.last_try(errors.BehindError)
    contradict(bench, by)
    by_signal = bench.table.items[FAX]["explanation"]
    bench.answer(FAILED)
    run(bench)
    item = bench.table.items[FAX]
    assert item["explanation"] != by_signal
    assert (item["error_code"], item["fax_error_code"]) == ("34005", "34004")
    assert "drift" not in item
    assert bench.report.failures == {}


def test_a_late_success_does_not_undo_a_failure(bench: Bench) -> None:
    """A callback that tells a delivery after all changes nothing."""
    bench.last_try(errors.BehindError)
    contradict(bench, "callback")
    before = bench.table.items[FAX]
    assert run(bench, callback("delivered")) == []
    item = bench.table.items[FAX]
    assert (item["outcome"], item["fax_status"]) == ("failed", "failed")
    assert item["drift"] == before["drift"]


def test_a_success_beside_a_failed_log_is_a_contradiction_too(bench: Bench) -> None:
    """The log counts as failed, and the row shows both."""
    answer_fax(bench, FAILED)
    ends = [run(bench, callback("delivered")) for _ in range(4)]
    assert ends == [["m1"]] * 3 + [[]]
    item = bench.table.items[FAX]
    assert (item["outcome"], item["error_code"], item["fax_status"]) == (
        "failed",
        "34005",
        "delivered",
    )
    assert item["drift"] == ["contradiction:callback"]


def test_a_message_reported_undelivered_is_no_plain_success(bench: Bench) -> None:
    """Messages contradict each other, too; there is no resource to ask."""
    bench.answer(message_log())
    text = body("message", MESSAGE_ID, status="undelivered", error_code=30003)
    ends = [run(bench, text) for _ in range(4)]
    assert ends == [["m1"]] * 3 + [[]]
    item = bench.table.items[MESSAGE]
    assert (item["status"], item["outcome"], item["explanation"]) == (
        "delivered",
        "failed",
        "30003",
    )
    assert (item["message_status"], item["message_error_code"]) == ("undelivered", "30003")
    assert item["drift"] == ["contradiction:callback"]
    assert bench.source.asked == []


def test_a_plain_message_keeps_no_word_of_its_callback(bench: Bench) -> None:
    """An item stays small where log and callback agree."""
    bench.answer(message_log())
    run(bench, body("message", MESSAGE_ID, status="delivered"))
    assert not {"settled_by", "message_status"} & bench.table.items[MESSAGE].keys()


def test_a_failure_that_the_log_is_behind_of_counts_at_once(bench: Bench) -> None:
    """A callback reports a failure before the log ends; its code explains it."""
    bench.answer(message_log(status="sent"))
    text = body("message", MESSAGE_ID, status="undelivered", error_code="30003")
    assert run(bench, text) == ["m1"]
    item = bench.table.items[MESSAGE]
    assert (item["outcome"], item["explanation"]) == ("failed", "30003")
    assert "drift" not in item
    assert bench.report.failures == {("message", "30003", "destination"): 1}
    bench.answer(message_log(status="undelivered", error_code="30003"))
    assert run(bench, text) == []
    assert bench.report.failures == {}


def test_a_failure_is_not_known_because_a_later_fetch_showed_none(bench: Bench) -> None:
    """The row was fetched after the callback was sent, and lacks what the callback tells."""
    bench.answer(message_log())
    early = bench.clock()
    run(bench, body("message", MESSAGE_ID, status="sent"))
    text = body("message", MESSAGE_ID, status="undelivered", error_code="30003")
    bench.last_try(errors.BehindError, MESSAGE)
    assert bench.run(sent(text, at=early)) == []
    assert bench.table.items[MESSAGE]["outcome"] == "failed"


def test_a_fetch_that_shows_a_success_undoes_no_failure(bench: Bench) -> None:
    """The log itself reported the failure, and later shows none."""
    bench.answer(FAILED)
    run(bench)
    bench.answer(COMPLETED)
    bench.last_try(errors.BehindError)
    run(bench)
    item = bench.table.items[FAX]
    assert (item["outcome"], item["settled_by"], item["fax_error_code"]) == (
        "failed",
        "log",
        "34005",
    )
    assert item["drift"] == ["contradiction:log"]


def test_a_contradiction_of_the_log_with_itself_is_fetched_again(bench: Bench) -> None:
    """It showed a failure, and then none: the message returns until that stays so."""
    bench.answer(FAILED)
    run(bench)
    bench.answer(COMPLETED)
    assert [run(bench) for _ in range(4)] == [["m1"]] * 3 + [[]]
    item = bench.table.items[FAX]
    assert (item["outcome"], item["drift"]) == ("failed", ["contradiction:log"])
    assert "unsettled" not in item
    assert bench.source.asked == [PATH]


def test_a_failure_outlives_the_parking_of_its_message(bench: Bench) -> None:
    """The log could not be fetched for the callback; the sweep's fetch shows a success."""
    bench.source.answers[MESSAGE] = errors.UpstreamError()
    told = body("message", MESSAGE_ID, status="undelivered", error_code="30003")
    late = body("message", MESSAGE_ID, status="sent")
    messages = [sent(told), sent(late, message_id="m2", attempt=2)]
    bench.answer(FAILED)
    bench.last_try(errors.UpstreamError, MESSAGE)
    assert bench.run(*messages, sent(message_id="good")) == []
    assert "undelivered" not in str(bench.table.items[MESSAGE]["parked_body"])
    bench.answer(message_log())
    bench.last_try(errors.BehindError, MESSAGE)
    run(bench, body("message", MESSAGE_ID, origin="sweep"))
    item = bench.table.items[MESSAGE]
    assert (item["outcome"], item["explanation"]) == ("failed", "30003")
    assert item["drift"] == ["contradiction:callback"]
    assert bench.report.failures == {("message", "30003", "destination"): 1}


def test_a_success_is_unsettled_while_a_reported_failure_is_parked(bench: Bench) -> None:
    """SignalWire no longer serves the log; whoever looks at the row sees both."""
    bench.answer(message_log())
    run(bench, body("message", MESSAGE_ID, status="sent"))
    bench.source.answers[MESSAGE] = errors.HistoryLimitError()
    run(bench, body("message", MESSAGE_ID, status="undelivered", error_code="30003"))
    item = bench.table.items[MESSAGE]
    assert (item["outcome"], item["unsettled"]) == ("succeeded", True)
    assert (item["parked_code"], item["message_error_code"]) == ("fetch.history_limit", "30003")
    bench.answer(message_log())
    run(bench, body("message", MESSAGE_ID, origin="redrive"))
    assert bench.table.items[MESSAGE]["outcome"] == "failed"


@pytest.mark.parametrize("status", ["blocked", None])
def test_a_callback_with_an_unknown_word_and_an_error_reports_a_failure(
    bench: Bench, status: str | None
) -> None:
    """The code says enough."""
    bench.answer(message_log())
    run(bench, body("message", MESSAGE_ID, status=status, error_code="30007"))
    item = bench.table.items[MESSAGE]
    assert (item["outcome"], item["explanation"]) == ("failed", "30007")
    assert item["message_status"] == (status or "")


def test_a_failure_under_an_unknown_status_is_not_undone(bench: Bench) -> None:
    """The log named an error, and then says that all is well."""
    bench.answer(message_log(status="blocked", error_code="30007"))
    run(bench, body("message", MESSAGE_ID))
    bench.answer(message_log())
    run(bench, body("message", MESSAGE_ID))
    assert bench.table.items[MESSAGE]["outcome"] == "failed"


def test_a_code_that_names_no_error_hides_no_other(bench: Bench) -> None:
    """FreeSWITCH's result 0 stands for success; the callback's code is counted."""
    answer_fax(bench, COMPLETED | {"error_code": "0", "error_message": "OK"})
    run(bench, callback("failed", "34004"))
    assert bench.report.failures == {("fax", "34004", "network"): 1}


@pytest.mark.parametrize("first", ["by its ID", "by its SID"])
def test_a_log_that_is_found_twice_keeps_what_its_resource_told(bench: Bench, first: str) -> None:
    """One message names the ID and another the SID; the resource answers in between."""
    answer_fax(bench, COMPLETED)
    bench.source.resources[FAX_SID] = failed_resource()
    by_id, by_sid = sent(), sent(callback("sending"), message_id="m2")
    bench.source.lists_last = True
    bench.source.clock = Ticking()
    messages = [by_id, by_sid] if first == "by its ID" else [by_sid, by_id]
    assert sorted(bench.run(*messages)) == ["m1", "m2"]
    item = bench.table.items[FAX]
    assert (item["outcome"], item["settled_by"]) == ("failed", "fax")
    assert bench.source.asked == [PATH]


def test_a_log_that_is_found_twice_is_asked_for_once(bench: Bench) -> None:
    """Its resource was deleted, which the first request has told."""
    answer_fax(bench, COMPLETED)
    bench.source.lists_last = True
    bench.run(sent(), sent(callback("sending"), message_id="m2"))
    assert bench.source.asked == [PATH]
    assert bench.table.items[FAX]["settled_by"] == "call"


def test_a_later_fetch_of_the_two_decides_whether_to_ask(bench: Bench) -> None:
    """By its ID the fax was still in progress, in the list its call had ended."""
    bench.answer(fax_log(status="in-progress"))
    bench.source.answers[f"fax#{FAX_SID}"] = json.dumps(COMPLETED)
    bench.source.found_by_url = {f"fax#{FAX_SID}"}
    bench.source.lists_last = True
    bench.source.resources[FAX_SID] = resource()
    bench.run(sent(), sent(json.dumps(BY_SID), message_id="m2"))
    assert bench.table.items[FAX]["settled_by"] == "fax"


# --- any order ----------------------------------------------------------------------------------

_STEPS = st.tuples(
    st.sampled_from(["callback", "sweep"]),
    st.sampled_from(["queued", "in-progress", "completed", "failed"]),
    st.sampled_from(["", "sending", "delivered", "failed", "failed 34004"]),
    st.sampled_from([None, "sending", "delivered", "failed", "gone"]),
    st.integers(1, 4),
)


@given(st.lists(_STEPS, min_size=1, max_size=8))
def test_no_order_turns_a_reported_failure_into_a_success(
    steps: list[tuple[str, str, str, str | None, int]],
) -> None:
    """Whatever fetches, callbacks, sweeps and resources tell, a failure stays and counts once."""
    bench = Bench()
    is_reported, counted = False, 0
    for by, status, told, own, attempt in steps:
        answer_fax(bench, fax_log(status=status))
        if own == "gone":
            bench.source.resources.pop(FAX_SID, None)
        elif own is not None:
            bench.source.resources[FAX_SID] = (
                failed_resource() if own == "failed" else resource(own)
            )
        asked, fetched = len(bench.source.asked), len(bench.source.requested)
        name, _, code = told.partition(" ")
        if by == "sweep":
            run(bench, body(origin="sweep"), attempt=attempt)
        else:
            run(bench, callback(name, code) if name else json.dumps(BY_SID), attempt=attempt)
        counted += sum(bench.report.failures.values())
        is_reported |= by == "callback" and name == "failed"
        is_reported |= status == "failed" and len(bench.source.requested) > fetched
        if len(bench.source.asked) > asked and FAX_SID in bench.source.resources:
            is_reported |= '"failed"' in str(bench.source.resources[FAX_SID])
        item = bench.table.items[f"fax#{FAX_ID}"]
        assert (item["outcome"] == "failed") == is_reported
        assert counted == is_reported
