"""The plan of the simulated space's sends, and the faults in the delivery of their callbacks.

These tests send nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from local.space import SEND_KINDS, Callback, DeliveryFaults, LogType, Send, simulate_sends
from local.space.delivery_faults import Delivery, StatusChange
from local.space.model import instant
from tests.contract import schemas
from tests.contract.conftest import NOW
from tests.contract.test_space_matches_openapi import MISSING, deviations

COUNT = 400
SENDS = simulate_sends(7, COUNT, NOW)
CONTRADICTING = simulate_sends(7, COUNT, NOW, contradict=0.5)
#: Deliberate deviations of the sends' logs from the specification.
ODDITIES: dict[LogType, set[tuple[str, str]]] = {
    "fax": {("remote_station", MISSING)},
    "message": {("kind", "whatsapp"), ("status", "read")},
}
WORDS = {
    "message": {"queued", "initiated", "sent", "delivered", "undelivered", "failed", "read"},
    "sms": {"queued", "sending", "sent", "delivered", "undelivered", "failed"},
    "fax": {
        *("queued", "processing", "sending", "delivered", "received"),
        *("no-answer", "busy", "failed", "canceled"),
    },
}


def has_failed(send: Send) -> bool:
    """Return whether the last callback reports a failure."""
    failures = {"failed", "undelivered", "busy", "no-answer", "canceled"}
    return send.callbacks[-1].status in failures


def has_error(callback: Callback) -> bool:
    """Return whether a callback reports an error."""
    names = ("ErrorCode", "ErrorMessage", "error_code", "error_message")
    return any(callback.fields.get(name) is not None for name in names)


def deliveries(send: Send, faults: DeliveryFaults) -> list[Delivery]:
    """Return the deliveries of a send with these faults."""
    return [item for item in faults.timeline(send) if isinstance(item, Delivery)]


def test_a_plan_is_reproducible() -> None:
    """The same seed and time make the same plan, another seed makes another."""
    assert simulate_sends(7, COUNT, NOW) == SENDS
    assert {send.log_id for send in SENDS}.isdisjoint(
        send.log_id for send in simulate_sends(8, COUNT, NOW)
    )


def test_kinds_alternate_and_some_fail() -> None:
    """Each kind has its share, each log an ID of its own, and about the given share fails."""
    assert [send.kind for send in SENDS[:4]] == [*SEND_KINDS, SEND_KINDS[0]]
    assert len({send.log_id for send in SENDS}) == len({send.sid for send in SENDS}) == COUNT
    assert 0.2 < sum(map(has_failed, SENDS)) / COUNT < 0.3
    for failing in (0, 1):
        sends = simulate_sends(7, 60, NOW, failing=failing, kinds=("fax", "sms"))
        assert {has_failed(send) for send in sends} == {bool(failing)}
        assert {send.kind for send in sends} == {"fax", "sms"}


def test_sends_are_over_by_now() -> None:
    """One send starts per second, and even the last callback is in the past."""
    created = [instant(str(send.final["created_at"])) for send in SENDS]
    assert {later - earlier for earlier, later in pairwise(created)} == {timedelta(seconds=1)}
    stamps = [
        instant(str(callback.fields["timestamp"]))
        for send in SENDS
        if send.kind == "message"
        for callback in send.callbacks
    ]
    assert max(stamps) < NOW


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_each_step_of_a_log_validates(log_type: LogType) -> None:
    """A log conforms to the specification at each status, except for the listed oddities."""
    validator = schemas.validator(log_type, schemas.GET_ONE[log_type])
    logs = [step.log for send in SENDS if send.log_type == log_type for step in send.steps]
    found = {each for log in logs for each in deviations(validator.iter_errors(log))}
    assert found == ODDITIES[log_type]


def test_only_the_last_status_has_a_result() -> None:
    """Before it a log has no error, pages or charge; its ID and time never change."""
    for send in SENDS:
        first = send.steps[0].log
        for step in send.steps[:-1]:
            assert step.log["charge"] == 0
            assert not step.log.get("number_of_pages")
            assert (step.log["error_code"], step.log["error_message"]) == (None, None)
        assert send.final["id"] == first["id"] == send.log_id
        assert send.final["created_at"] == first["created_at"]


def test_statuses_change_and_end() -> None:
    """Callbacks use each of their documented words, and a send none of them twice."""
    seen: dict[str, set[str]] = {kind: set() for kind in SEND_KINDS}
    for send in SENDS:
        for statuses in (
            [callback.status for callback in send.callbacks],
            [step.log["status"] for step in send.steps],
        ):
            assert len(set(statuses)) == len(statuses) > 0
        assert send.steps[-1].callback is send.callbacks[-1]
        seen[send.kind] |= {callback.status for callback in send.callbacks}
    assert seen == WORDS


def test_a_completed_call_can_be_a_failed_fax() -> None:
    """Some callbacks say failed while the log says completed and has an error."""
    odd = [s for s in SENDS if s.final["status"] == "completed" and has_failed(s)]
    assert {s.final["error_code"] for s in odd} == {"34004"}
    assert all(s.callbacks[-1].fields["ErrorMessage"] == s.final["error_message"] for s in odd)


def test_a_share_of_the_sends_contradicts() -> None:
    """About the given share of each kind does, and the given share of the others fails."""
    for kind in SEND_KINDS:
        sends = [send for send in CONTRADICTING if send.kind == kind]
        contradicting = [send for send in sends if send.contradicts]
        assert 0.4 < len(contradicting) / len(sends) < 0.6
        others = [send for send in sends if not send.contradicts]
        assert 0.15 < sum(map(has_failed, others)) / len(others) < 0.35
    assert not any(send.contradicts for send in SENDS)
    everything = simulate_sends(7, 60, NOW, contradict=1, failing=1)
    assert all(send.contradicts for send in everything)


def test_a_contradicting_log_ends_well() -> None:
    """Its last callback reports a failure with an error, which the log never has."""
    words, errors = set(), set()
    for send in CONTRADICTING:
        said = send.callbacks[-1].fields
        if send.contradicts:
            for step in send.steps:
                assert (step.log["error_code"], step.log["error_message"]) == (None, None)
            code = said.get("ErrorCode") or said.get("error_code")
            words.add((send.kind, send.final["status"], send.callbacks[-1].status, code))
            errors.add(said.get("ErrorMessage") or said.get("error_message"))
            assert not any(has_error(callback) for callback in send.callbacks[:-1])
    assert words == {
        ("fax", "completed", "failed", "34004"),
        ("sms", "delivered", "undelivered", "30003"),
        ("message", "delivered", "undelivered", "unreachable_destination_handset"),
    }
    assert None in errors  # The callback of a LaML message has no text.
    assert len(errors) > 5


def test_only_a_fax_resource_contradicts_its_log() -> None:
    """At the end of a contradicting fax it says what the callback says; else it is derived."""
    seen = set()
    for send in CONTRADICTING:
        *before, last = send.steps
        assert all(step.resource is None for step in before)
        assert (last.resource is not None) == (send.contradicts and send.kind == "fax")
        if last.resource is not None:
            said = send.callbacks[-1].fields
            assert last.resource == {
                "status": said["FaxStatus"],
                "error_code": said["ErrorCode"],
                "error_message": said["ErrorMessage"],
            }
            seen.add(send.final["direction"])
    assert "inbound" in seen
    assert len(seen) > 1


def test_failures_are_reported_with_their_errors() -> None:
    """The last callback of any send has its log's error, or the contradicting one."""
    for send in SENDS:
        said, code = send.callbacks[-1].fields, send.final["error_code"]
        if send.kind == "message":
            assert said["error_code"] == code
            assert said["error_message"] == send.final["error_message"]
        else:
            assert said.get("ErrorCode") == code
        if send.kind == "fax":
            assert said.get("ErrorMessage") == send.final["error_message"]


@pytest.mark.parametrize("contradict", [0.0, 0.5])
def test_fax_ids_can_be_sids(contradict: float) -> None:
    """A fax log has an ID of its own or the FaxSid; everything else is the same."""
    sends, same_ids = (
        simulate_sends(7, COUNT, NOW, contradict=contradict, fax_id_is_sid=is_sid)
        for is_sid in (False, True)
    )
    for own, same in zip(sends, same_ids, strict=True):
        assert own.callbacks == same.callbacks
        assert own.steps[-1].resource == same.steps[-1].resource
        assert own.final | {"id": same.log_id} == same.final
        assert same.log_id == same.sid == own.sid
        assert (own.log_id == own.sid) == (own.kind != "fax")
        if own.kind == "fax":
            assert str(own.final["url"]).endswith(f"/Faxes/{own.sid}")


def test_without_faults_each_callback_follows_its_status() -> None:
    """Status and callback alternate, every `step_s` seconds."""
    for send in SENDS:
        timeline = DeliveryFaults().timeline(send, 0.5)
        expected: list[StatusChange | Delivery] = []
        for index, step in enumerate(send.steps):
            expected.append(StatusChange(index / 2, send.log_type, step.log))
            if step.callback is not None:
                expected.append(Delivery(index / 2, step.callback, is_repeat=False))
        assert list(timeline) == expected


FAULTS = DeliveryFaults(drop=0.2, repeat=0.3, reorder=True, delay_s=(0.1, 0.5), seed=1)


def test_faults_are_reproducible() -> None:
    """The same seed plans the same faults for a send, whatever other sends there are."""
    again = DeliveryFaults(drop=0.2, repeat=0.3, reorder=True, delay_s=(0.1, 0.5), seed=1)
    assert [FAULTS.timeline(send) for send in SENDS] == [again.timeline(send) for send in SENDS]
    other = DeliveryFaults(drop=0.2, repeat=0.3, reorder=True, delay_s=(0.1, 0.5), seed=2)
    assert [FAULTS.timeline(send) for send in SENDS] != [other.timeline(send) for send in SENDS]


def test_faults_have_the_given_shares() -> None:
    """About the given share is dropped, and about the given share of the others repeated once."""
    planned = sum(len(send.callbacks) for send in SENDS)
    copies = Counter(
        (send.sid, delivery.callback.status)
        for send in SENDS
        for delivery in deliveries(send, FAULTS)
    )
    assert 0.17 < 1 - len(copies) / planned < 0.23
    assert 0.26 < sum(count == 2 for count in copies.values()) / len(copies) < 0.34
    assert max(copies.values()) == 2
    assert deliveries(SENDS[0], DeliveryFaults(drop=1)) == []
    everything = deliveries(SENDS[0], DeliveryFaults(repeat=1))
    assert len(everything) == 2 * len(SENDS[0].callbacks)


@pytest.mark.parametrize(("silent", "least", "most"), [(0, 0, 0), (0.5, 0.3, 0.7), (1, 1, 1)])
def test_only_contradicting_faxes_fall_silent(silent: float, least: float, most: float) -> None:
    """About the given share of them loses its last callback; nothing else changes."""
    usual = DeliveryFaults(repeat=0.3, reorder=True, seed=1)
    faults = replace(usual, silent=silent)
    silenced = []
    for send in CONTRADICTING:
        last = send.callbacks[-1]
        kept = [item for item in deliveries(send, faults) if item.callback is last]
        contradicts = send.contradicts and send.kind == "fax"
        if contradicts:
            silenced.append(not kept)
        assert kept or contradicts
        rest = [item.callback for item in deliveries(send, faults) if item.callback is not last]
        assert set(map(id, rest)) == set(map(id, send.callbacks[:-1]))
        changes = [item for item in faults.timeline(send) if isinstance(item, StatusChange)]
        assert [change.resource for change in changes] == [step.resource for step in send.steps]
    assert least <= sum(silenced) / len(silenced) <= most


@pytest.mark.parametrize("step_s", [0.0, 0.2])
def test_faults_never_change_the_statuses(step_s: float) -> None:
    """Each status is reached in order and on time, and no callback precedes its status."""
    for send in SENDS:
        timeline = FAULTS.timeline(send, step_s)
        changes = [item for item in timeline if isinstance(item, StatusChange)]
        assert [change.log for change in changes] == [step.log for step in send.steps]
        assert [change.at_s for change in changes] == [
            index * step_s for index in range(len(changes))
        ]
        moments = [item.at_s for item in timeline]
        assert moments == sorted(moments)
        for index, step in enumerate(send.steps):
            change = timeline.index(StatusChange(index * step_s, send.log_type, step.log))
            for place, item in enumerate(timeline):
                if isinstance(item, Delivery) and item.callback is step.callback:
                    assert place > change
                    assert item.at_s >= index * step_s + FAULTS.delay_s[0]


def test_callbacks_are_reordered_only_on_request() -> None:
    """Without it late and repeated callbacks keep their order; with it many sends lose it."""
    orderly = DeliveryFaults(drop=0.2, repeat=0.3, delay_s=(0, 0.5), seed=1)
    mixed = 0
    for send in SENDS:
        order = [callback.status for callback in send.callbacks]
        places = [order.index(item.callback.status) for item in deliveries(send, orderly)]
        assert places == sorted(places)
        places = [order.index(item.callback.status) for item in deliveries(send, FAULTS)]
        mixed += places != sorted(places)
    assert mixed > COUNT / 3
    at_once = DeliveryFaults(reorder=True)
    assert any(
        [item.callback for item in deliveries(send, at_once)] != list(send.callbacks)
        for send in SENDS
    )


def test_delays_are_within_their_bounds() -> None:
    """Each delay is within its bounds, and the delays differ."""
    late = [
        item.at_s for send in SENDS for item in deliveries(send, DeliveryFaults(delay_s=(0.1, 0.5)))
    ]
    assert 0.1 <= min(late) < 0.15
    assert 0.45 < max(late) <= 0.5
