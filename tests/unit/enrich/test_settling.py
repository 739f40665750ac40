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
from tests.unit.enrich.test_pipeline import FAX, MESSAGE, Harness, harness, sent

__all__ = ["harness"]  # a fixture

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


def run(harness: Harness, text: str | None = None, *, attempt: int = 1) -> list[str]:
    """Process one message a minute later; return the messages that go back."""
    harness.clock.advance(minutes=1)
    return harness.run(sent(text, attempt=attempt, at=harness.clock()))


def answer_fax(harness: Harness, log: Log) -> None:
    """Let SignalWire return a fax log by its ID, and list it by its SID."""
    harness.answer(log)
    harness.source.answers[f"fax#{FAX_SID}"] = json.dumps(log)
    harness.source.found_by_url = {f"fax#{FAX_SID}"}


class Ticking(Clock):
    """A clock that is a second later whenever somebody looks."""

    def __call__(self) -> datetime:
        """Return the time, and go on."""
        self.advance(seconds=1)
        return self.now


# --- who settles it ---------------------------------------------------------------------------


def test_the_resource_settles_a_completed_call(harness: Harness) -> None:
    """One request tells how the fax ended; the row keeps its words."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = resource()
    assert harness.run(sent()) == []
    assert harness.source.asked == [PATH]
    item = harness.table.items[FAX]
    assert (item["status"], item["outcome"], item["final"]) == ("completed", "succeeded", True)
    assert (item["settled_by"], item["fax_status"], item["fax_duration"]) == (
        "fax",
        "delivered",
        41,
    )
    assert not {"unsettled", "drift", "fax_error_code"} & item.keys()
    assert harness.report.fetch_ms == {"fax": [12.5, 12.5]}


@pytest.mark.parametrize("status", ["delivered", "received"])
def test_a_callback_settles_it_without_a_request(harness: Harness, status: str) -> None:
    """A callback that told the fax's own end is enough."""
    answer_fax(harness, COMPLETED)
    assert run(harness, callback(status)) == []
    assert harness.source.asked == []
    item = harness.table.items[FAX]
    assert (item["outcome"], item["settled_by"], item["fax_status"]) == (
        "succeeded",
        "callback",
        status,
    )


def test_a_callback_about_the_call_settles_nothing(harness: Harness) -> None:
    """`completed` is the call's word, whoever says it."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = resource()
    run(harness, body(status="completed"))
    assert harness.table.items[FAX]["settled_by"] == "fax"


@pytest.mark.parametrize(
    "answer", [errors.NotFoundError(), errors.RejectedError(), errors.HistoryLimitError()]
)
def test_where_nobody_can_tell_the_call_decides(
    harness: Harness, answer: errors.HooklogError
) -> None:
    """The resource was deleted, so the row says that only the call is known."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = answer
    assert harness.run(sent()) == []
    item = harness.table.items[FAX]
    assert (item["outcome"], item["settled_by"]) == ("succeeded", "call")
    assert "fax_status" not in item


def test_settling_can_be_switched_off(harness: Harness) -> None:
    """With SettleFaxes=false no resource is fetched, and the row says that the call decided."""
    harness.settle_faxes(on=False)
    harness.answer(COMPLETED)
    harness.run(sent())
    assert harness.source.asked == []
    assert harness.table.items[FAX]["settled_by"] == "call"


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
def test_no_other_log_costs_a_second_request(harness: Harness, log: Log) -> None:
    """A log that ended otherwise, has not ended or names no resource is not asked for again."""
    harness.answer(log)
    harness.run(sent())
    assert harness.source.asked == []


def test_a_fax_costs_at_most_one_more_request(harness: Harness) -> None:
    """Later fetches of the log keep what the resource told, or that it was deleted."""
    for known in ({FAX_SID: resource()}, {}):
        harness.table.items.clear()
        harness.source.asked.clear()
        harness.source.resources = dict(known)
        harness.answer(COMPLETED)
        run(harness)
        settled = {
            name: value
            for name, value in harness.table.items[FAX].items()
            if name.startswith("fax_") or name == "settled_by"
        }
        harness.answer(COMPLETED | {"charge": 0.5})
        run(harness)
        assert harness.table.items[FAX]["version"] == 2
        assert harness.table.items[FAX].items() >= settled.items()
        assert len(harness.source.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [errors.RateLimitedError(), errors.UpstreamError(), errors.FetchTimeoutError(), "[]", "{"],
)
def test_a_resource_that_cannot_be_fetched_returns_the_message(
    harness: Harness, answer: str | errors.HooklogError
) -> None:
    """Nothing is stored as a success before the fax's end is known; the neighbour is stored."""
    harness.answer(COMPLETED, message_log())
    harness.source.resources[FAX_SID] = answer
    assert harness.run(sent(), sent(body("message", MESSAGE_ID), message_id="m2")) == ["m1"]
    item = harness.table.items[FAX]
    assert "outcome" not in item
    assert "tries" in item
    assert harness.table.items[MESSAGE]["outcome"] == "succeeded"


def test_a_resource_that_nobody_answers_for_returns_the_message(harness: Harness) -> None:
    """There was no time left for it."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = None
    assert harness.run(sent()) == ["m1"]
    assert harness.report.errors == {"fetch.out_of_time": 1}


@pytest.mark.parametrize("text", ['{"sid": "x"}', '{"status": null}', '{"status": 5}'])
def test_a_resource_without_a_status_leaves_it_to_the_call(harness: Harness, text: str) -> None:
    """The log is fine, and is stored."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = text
    assert harness.run(sent()) == []
    assert harness.table.items[FAX]["settled_by"] == "call"


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
def test_values_of_a_resource_as_they_come(harness: Harness, changes: Log, expected: Item) -> None:
    """Texts for numbers, nulls and halves of surrogates cost no fax its end."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = json.dumps(json.loads(resource()) | changes)
    harness.run(sent(), seconds_left=60)
    item = harness.table.items[FAX]
    assert item["settled_by"] == "fax"
    assert item.items() >= expected.items()
    assert ("fax_duration" in item) == ("fax_duration" in expected or "outcome" in expected)


# --- what has not ended yet --------------------------------------------------------------------


@pytest.mark.parametrize("status", ["queued", "processing", "sending", "receiving"])
def test_a_resource_under_way_is_asked_again(harness: Harness, status: str) -> None:
    """The call ended before the fax did: no success yet, and the message comes back."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = resource(status)
    assert run(harness) == ["m1"]
    item = harness.table.items[FAX]
    assert (item["outcome"], item["fax_status"], item["unsettled"]) == ("in_progress", status, True)
    assert harness.report.errors == {"fetch.behind": 1}
    harness.source.resources[FAX_SID] = resource()
    assert run(harness) == []
    item = harness.table.items[FAX]
    assert (item["outcome"], item["fax_status"]) == ("succeeded", "delivered")
    assert "unsettled" not in item


def test_a_resource_that_stays_under_way_is_left_to_the_sweep(harness: Harness) -> None:
    """The attempts end, the row stays unsettled, and no success is invented."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = resource("sending")
    assert [run(harness) for _ in range(4)] == [["m1"]] * 3 + [[]]
    item = harness.table.items[FAX]
    assert (item["outcome"], item["unsettled"]) == ("in_progress", True)
    assert not PARKED_ATTRIBUTES & item.keys()


def test_a_resource_with_an_unknown_word_leaves_it_to_the_call(harness: Harness) -> None:
    """Nobody can tell what it means."""
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = resource("asleep")
    assert run(harness) == []
    assert harness.table.items[FAX]["settled_by"] == "call"


# --- contradictions -----------------------------------------------------------------------------


def contradict(harness: Harness, by: str) -> list[str]:
    """Let a callback or the resource report a failure of a fax whose log reports none."""
    if by == "callback":
        answer_fax(harness, COMPLETED)
        return run(harness, callback("failed", "34004"))
    harness.answer(COMPLETED)
    harness.source.resources[FAX_SID] = failed_resource()
    return run(harness)


@pytest.mark.parametrize("by", ["callback", "fax"])
def test_a_contradiction_is_fetched_again_and_the_failure_counts(harness: Harness, by: str) -> None:
    """The failure is stored and counted at once; the drift names what stays a contradiction."""
    errors_counted, drift = 0, 0
    for attempt in range(1, 5):
        assert contradict(harness, by) == (["m1"] if attempt < 4 else [])
        item = harness.table.items[FAX]
        assert (item["status"], item["outcome"], item["fax_error_code"]) == (
            "completed",
            "failed",
            "34004",
        )
        assert item["settled_by"] == by
        assert ("unsettled" in item) == (attempt < 4)
        errors_counted += sum(harness.report.failures.values())
        drift += harness.report.drift["fax"]
    item = harness.table.items[FAX]
    assert item["drift"] == [f"contradiction:{by}"]
    assert (errors_counted, drift) == (1, 1)
    assert item["cause"]
    assert len(harness.source.asked) == (by == "fax")


@pytest.mark.parametrize("by", ["callback", "fax"])
def test_later_fetches_keep_the_evidence(harness: Harness, by: str) -> None:
    """A sweep that fetches the log again changes what the log says, and no more."""
    harness.last_try(errors.BehindError)
    contradict(harness, by)
    before = harness.table.items[FAX]
    harness.answer(COMPLETED | {"charge": 0.75})
    harness.source.resources[FAX_SID] = resource()
    assert run(harness, body(origin="sweep")) == []
    after = harness.table.items[FAX]
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"charge", "charge_gap", "unit_charge", "fetched_at", "version"} | (
        {"resolved_by"} if by == "callback" else set()
    )
    assert (harness.report.failures, harness.report.drift) == ({}, {})


@pytest.mark.parametrize("by", ["callback", "fax"])
def test_a_log_that_names_its_own_error_explains_the_failure(harness: Harness, by: str) -> None:
    """The explanation is the log's then; the evidence stays, and nothing counts twice."""
    harness.last_try(errors.BehindError)
    contradict(harness, by)
    by_signal = harness.table.items[FAX]["explanation"]
    harness.answer(FAILED)
    run(harness)
    item = harness.table.items[FAX]
    assert item["explanation"] != by_signal
    assert (item["error_code"], item["fax_error_code"]) == ("34005", "34004")
    assert "drift" not in item
    assert harness.report.failures == {}


def test_a_late_success_does_not_undo_a_failure(harness: Harness) -> None:
    """A callback that tells a delivery after all changes nothing."""
    harness.last_try(errors.BehindError)
    contradict(harness, "callback")
    before = harness.table.items[FAX]
    assert run(harness, callback("delivered")) == []
    item = harness.table.items[FAX]
    assert (item["outcome"], item["fax_status"]) == ("failed", "failed")
    assert item["drift"] == before["drift"]


def test_a_success_beside_a_failed_log_is_a_contradiction_too(harness: Harness) -> None:
    """The log counts as failed, and the row shows both."""
    answer_fax(harness, FAILED)
    ends = [run(harness, callback("delivered")) for _ in range(4)]
    assert ends == [["m1"]] * 3 + [[]]
    item = harness.table.items[FAX]
    assert (item["outcome"], item["error_code"], item["fax_status"]) == (
        "failed",
        "34005",
        "delivered",
    )
    assert item["drift"] == ["contradiction:callback"]


def test_a_message_reported_undelivered_is_no_plain_success(harness: Harness) -> None:
    """Messages contradict each other, too; there is no resource to ask."""
    harness.answer(message_log())
    text = body("message", MESSAGE_ID, status="undelivered", error_code=30003)
    ends = [run(harness, text) for _ in range(4)]
    assert ends == [["m1"]] * 3 + [[]]
    item = harness.table.items[MESSAGE]
    assert (item["status"], item["outcome"], item["explanation"]) == (
        "delivered",
        "failed",
        "30003",
    )
    assert (item["message_status"], item["message_error_code"]) == ("undelivered", "30003")
    assert item["drift"] == ["contradiction:callback"]
    assert harness.source.asked == []


def test_a_plain_message_keeps_no_word_of_its_callback(harness: Harness) -> None:
    """An item stays small where log and callback agree."""
    harness.answer(message_log())
    run(harness, body("message", MESSAGE_ID, status="delivered"))
    assert not {"settled_by", "message_status"} & harness.table.items[MESSAGE].keys()


def test_a_failure_that_the_log_is_behind_of_counts_at_once(harness: Harness) -> None:
    """A callback reports a failure before the log ends; its code explains it."""
    harness.answer(message_log(status="sent"))
    text = body("message", MESSAGE_ID, status="undelivered", error_code="30003")
    assert run(harness, text) == ["m1"]
    item = harness.table.items[MESSAGE]
    assert (item["outcome"], item["explanation"]) == ("failed", "30003")
    assert "drift" not in item
    assert harness.report.failures == {("message", "30003", "destination"): 1}
    harness.answer(message_log(status="undelivered", error_code="30003"))
    assert run(harness, text) == []
    assert harness.report.failures == {}


def test_a_failure_is_not_known_because_a_later_fetch_showed_none(harness: Harness) -> None:
    """The row was fetched after the callback was sent, and lacks what the callback tells."""
    harness.answer(message_log())
    early = harness.clock()
    run(harness, body("message", MESSAGE_ID, status="sent"))
    text = body("message", MESSAGE_ID, status="undelivered", error_code="30003")
    harness.last_try(errors.BehindError, MESSAGE)
    assert harness.run(sent(text, at=early)) == []
    assert harness.table.items[MESSAGE]["outcome"] == "failed"


def test_a_fetch_that_shows_a_success_undoes_no_failure(harness: Harness) -> None:
    """The log itself reported the failure, and later shows none."""
    harness.answer(FAILED)
    run(harness)
    harness.answer(COMPLETED)
    harness.last_try(errors.BehindError)
    run(harness)
    item = harness.table.items[FAX]
    assert (item["outcome"], item["settled_by"], item["fax_error_code"]) == (
        "failed",
        "log",
        "34005",
    )
    assert item["drift"] == ["contradiction:log"]


def test_a_contradiction_of_the_log_with_itself_is_fetched_again(harness: Harness) -> None:
    """It showed a failure, and then none: the message returns until that stays so."""
    harness.answer(FAILED)
    run(harness)
    harness.answer(COMPLETED)
    assert [run(harness) for _ in range(4)] == [["m1"]] * 3 + [[]]
    item = harness.table.items[FAX]
    assert (item["outcome"], item["drift"]) == ("failed", ["contradiction:log"])
    assert "unsettled" not in item
    assert harness.source.asked == [PATH]


def test_a_failure_outlives_the_parking_of_its_message(harness: Harness) -> None:
    """The log could not be fetched for the callback; the sweep's fetch shows a success."""
    harness.source.answers[MESSAGE] = errors.UpstreamError()
    told = body("message", MESSAGE_ID, status="undelivered", error_code="30003")
    late = body("message", MESSAGE_ID, status="sent")
    messages = [sent(told), sent(late, message_id="m2", attempt=2)]
    harness.answer(FAILED)
    harness.last_try(errors.UpstreamError, MESSAGE)
    assert harness.run(*messages, sent(message_id="good")) == []
    assert "undelivered" not in str(harness.table.items[MESSAGE]["parked_body"])
    harness.answer(message_log())
    harness.last_try(errors.BehindError, MESSAGE)
    run(harness, body("message", MESSAGE_ID, origin="sweep"))
    item = harness.table.items[MESSAGE]
    assert (item["outcome"], item["explanation"]) == ("failed", "30003")
    assert item["drift"] == ["contradiction:callback"]
    assert harness.report.failures == {("message", "30003", "destination"): 1}


def test_a_success_is_unsettled_while_a_reported_failure_is_parked(harness: Harness) -> None:
    """SignalWire no longer serves the log; whoever looks at the row sees both."""
    harness.answer(message_log())
    run(harness, body("message", MESSAGE_ID, status="sent"))
    harness.source.answers[MESSAGE] = errors.HistoryLimitError()
    run(harness, body("message", MESSAGE_ID, status="undelivered", error_code="30003"))
    item = harness.table.items[MESSAGE]
    assert (item["outcome"], item["unsettled"]) == ("succeeded", True)
    assert (item["parked_code"], item["message_error_code"]) == ("fetch.history_limit", "30003")
    harness.answer(message_log())
    run(harness, body("message", MESSAGE_ID, origin="redrive"))
    assert harness.table.items[MESSAGE]["outcome"] == "failed"


@pytest.mark.parametrize("status", ["blocked", None])
def test_a_callback_with_an_unknown_word_and_an_error_reports_a_failure(
    harness: Harness, status: str | None
) -> None:
    """The code says enough."""
    harness.answer(message_log())
    run(harness, body("message", MESSAGE_ID, status=status, error_code="30007"))
    item = harness.table.items[MESSAGE]
    assert (item["outcome"], item["explanation"]) == ("failed", "30007")
    assert item["message_status"] == (status or "")


def test_a_failure_under_an_unknown_status_is_not_undone(harness: Harness) -> None:
    """The log named an error, and then says that all is well."""
    harness.answer(message_log(status="blocked", error_code="30007"))
    run(harness, body("message", MESSAGE_ID))
    harness.answer(message_log())
    run(harness, body("message", MESSAGE_ID))
    assert harness.table.items[MESSAGE]["outcome"] == "failed"


def test_a_code_that_names_no_error_hides_no_other(harness: Harness) -> None:
    """FreeSWITCH's result 0 stands for success; the callback's code is counted."""
    answer_fax(harness, COMPLETED | {"error_code": "0", "error_message": "OK"})
    run(harness, callback("failed", "34004"))
    assert harness.report.failures == {("fax", "34004", "network"): 1}


@pytest.mark.parametrize("first", ["by its ID", "by its SID"])
def test_a_log_that_is_found_twice_keeps_what_its_resource_told(
    harness: Harness, first: str
) -> None:
    """One message names the ID and another the SID; the resource answers in between."""
    answer_fax(harness, COMPLETED)
    harness.source.resources[FAX_SID] = failed_resource()
    by_id, by_sid = sent(), sent(callback("sending"), message_id="m2")
    harness.source.lists_last = True
    harness.source.clock = Ticking()
    messages = [by_id, by_sid] if first == "by its ID" else [by_sid, by_id]
    assert sorted(harness.run(*messages)) == ["m1", "m2"]
    item = harness.table.items[FAX]
    assert (item["outcome"], item["settled_by"]) == ("failed", "fax")
    assert harness.source.asked == [PATH]


def test_a_log_that_is_found_twice_is_asked_for_once(harness: Harness) -> None:
    """Its resource was deleted, which the first request has told."""
    answer_fax(harness, COMPLETED)
    harness.source.lists_last = True
    harness.run(sent(), sent(callback("sending"), message_id="m2"))
    assert harness.source.asked == [PATH]
    assert harness.table.items[FAX]["settled_by"] == "call"


def test_a_later_fetch_of_the_two_decides_whether_to_ask(harness: Harness) -> None:
    """By its ID the fax was still in progress, in the list its call had ended."""
    harness.answer(fax_log(status="in-progress"))
    harness.source.answers[f"fax#{FAX_SID}"] = json.dumps(COMPLETED)
    harness.source.found_by_url = {f"fax#{FAX_SID}"}
    harness.source.lists_last = True
    harness.source.resources[FAX_SID] = resource()
    harness.run(sent(), sent(json.dumps(BY_SID), message_id="m2"))
    assert harness.table.items[FAX]["settled_by"] == "fax"


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
    harness = Harness()
    is_reported, counted = False, 0
    for by, status, told, own, attempt in steps:
        answer_fax(harness, fax_log(status=status))
        if own == "gone":
            harness.source.resources.pop(FAX_SID, None)
        elif own is not None:
            harness.source.resources[FAX_SID] = (
                failed_resource() if own == "failed" else resource(own)
            )
        asked, fetched = len(harness.source.asked), len(harness.source.requested)
        name, _, code = told.partition(" ")
        if by == "sweep":
            run(harness, body(origin="sweep"), attempt=attempt)
        else:
            run(harness, callback(name, code) if name else json.dumps(BY_SID), attempt=attempt)
        counted += sum(harness.report.failures.values())
        is_reported |= by == "callback" and name == "failed"
        is_reported |= status == "failed" and len(harness.source.requested) > fetched
        if len(harness.source.asked) > asked and FAX_SID in harness.source.resources:
            is_reported |= '"failed"' in str(harness.source.resources[FAX_SID])
        item = harness.table.items[f"fax#{FAX_ID}"]
        assert (item["outcome"] == "failed") == is_reported
        assert counted == is_reported
