"""The sends of the simulated space as they are planned, and the mischief done to their callbacks.

Nothing here goes over the wire.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from local.space import LOG_TYPES, SEND_KINDS, LogType, Mischief, Send, simulate_sends
from local.space.mischief import Delivery, Move
from local.space.model import instant
from tests.contract import schemas
from tests.contract.conftest import NOW
from tests.contract.test_space_matches_openapi import MISSING, deviations

COUNT = 400
SENDS = simulate_sends(7, COUNT, NOW)
#: Where the logs of sends leave the specification on purpose.
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
    """Tell whether the last callback tells of a failure."""
    bad = {"failed", "undelivered", "busy", "no-answer", "canceled"}
    return send.callbacks[-1].status in bad


def deliveries(send: Send, mischief: Mischief, step_s: float = 0.0) -> list[Delivery]:
    """Give the deliveries of a send under some mischief."""
    timeline = mischief.timeline(send, step_s)
    return [item for item in timeline if isinstance(item, Delivery)]


def test_a_plan_can_be_had_again() -> None:
    """The same seed and time give the same plan, another seed gives another."""
    assert simulate_sends(7, COUNT, NOW) == SENDS
    assert {send.log_id for send in SENDS}.isdisjoint(
        send.log_id for send in simulate_sends(8, COUNT, NOW)
    )


def test_kinds_take_turns_and_some_fail() -> None:
    """Each kind has its share, each log an id of its own, and about the stated share fails."""
    assert [send.kind for send in SENDS[:4]] == [*SEND_KINDS, SEND_KINDS[0]]
    assert len({send.log_id for send in SENDS}) == len({send.sid for send in SENDS}) == COUNT
    assert 0.2 < sum(map(has_failed, SENDS)) / COUNT < 0.3
    for failing in (0, 1):
        sends = simulate_sends(7, 60, NOW, failing=failing, kinds=("fax", "sms"))
        assert {has_failed(send) for send in sends} == {bool(failing)}
        assert {send.kind for send in sends} == {"fax", "sms"}


def test_sends_are_over_by_now() -> None:
    """One send starts each second, and even the last one's last callback is of the past."""
    created = [instant(str(send.final["created_at"])) for send in SENDS]
    assert {later - earlier for earlier, later in pairwise(created)} == {timedelta(seconds=1)}
    stamps = [
        instant(str(callback.fields["timestamp"]))
        for send in SENDS
        if send.kind == "message"
        for callback in send.callbacks
    ]
    assert max(stamps) < NOW


@pytest.mark.parametrize("log_type", LOG_TYPES)
def test_each_step_of_a_log_validates(log_type: LogType) -> None:
    """A log fits the specification at each of its statuses, but for the oddities listed here."""
    validator = schemas.validator(log_type, schemas.GET_ONE[log_type])
    logs = [step.log for send in SENDS if send.log_type == log_type for step in send.steps]
    found = {each for log in logs for each in deviations(validator.iter_errors(log))}
    assert found == ODDITIES[log_type]


def test_what_became_of_it_is_known_at_the_end_only() -> None:
    """Before its last status a log has no error, no pages and no charge; its id and time stay."""
    for send in SENDS:
        first = send.steps[0].log
        for step in send.steps[:-1]:
            assert step.log["charge"] == 0
            assert not step.log.get("number_of_pages")
            assert (step.log["error_code"], step.log["error_message"]) == (None, None)
        assert send.final["id"] == first["id"] == send.log_id
        assert send.final["created_at"] == first["created_at"]


def test_statuses_change_and_end() -> None:
    """Callbacks use their documented words, none twice, and each word occurs somewhere."""
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
    """Some callbacks say failed while the log says completed and names the error."""
    odd = [s for s in SENDS if s.final["status"] == "completed" and has_failed(s)]
    assert {s.final["error_code"] for s in odd} == {"34004"}
    assert all(s.callbacks[-1].fields["ErrorMessage"] == s.final["error_message"] for s in odd)


def test_fax_ids_can_be_sids() -> None:
    """A fax log has an id that is not its FaxSid, or the FaxSid; all else stays the same."""
    for own, same in zip(SENDS, simulate_sends(7, COUNT, NOW, fax_id_is_sid=True), strict=True):
        assert own.callbacks == same.callbacks
        assert own.final | {"id": same.log_id} == same.final
        assert same.log_id == same.sid == own.sid
        assert (own.log_id == own.sid) == (own.kind != "fax")
        if own.kind == "fax":
            assert str(own.final["url"]).endswith(f"/Faxes/{own.sid}")


def test_a_plan_that_cannot_be_is_refused() -> None:
    """A naive time, a negative count, no kinds and an impossible share are refused."""
    with pytest.raises(ValueError, match="aware"):
        simulate_sends(7, 1, datetime(2026, 8, 1))  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="negative"):
        simulate_sends(7, -1, NOW)
    with pytest.raises(ValueError, match="kind"):
        simulate_sends(7, 1, NOW, kinds=())
    with pytest.raises(ValueError, match="failing"):
        simulate_sends(7, 1, NOW, failing=1.1)
    assert simulate_sends(7, 0, NOW) == ()


def test_without_mischief_each_callback_follows_its_status() -> None:
    """Status and callback alternate, at the pace that is asked for."""
    for send in SENDS:
        timeline = Mischief().timeline(send, 0.5)
        expected: list[Move | Delivery] = []
        for index, step in enumerate(send.steps):
            expected.append(Move(index / 2, send.log_type, step.log))
            if step.callback is not None:
                expected.append(Delivery(index / 2, step.callback, again=False))
        assert list(timeline) == expected


MUCH = Mischief(drop=0.2, repeat=0.3, reorder=True, delay_s=(0.1, 0.5), seed=1)


def test_mischief_can_be_had_again() -> None:
    """The same seed does the same mischief to a send, whatever other sends there are."""
    again = Mischief(drop=0.2, repeat=0.3, reorder=True, delay_s=(0.1, 0.5), seed=1)
    assert [MUCH.timeline(send) for send in SENDS] == [again.timeline(send) for send in SENDS]
    other = Mischief(drop=0.2, repeat=0.3, reorder=True, delay_s=(0.1, 0.5), seed=2)
    assert [MUCH.timeline(send) for send in SENDS] != [other.timeline(send) for send in SENDS]


def test_mischief_has_the_stated_shares() -> None:
    """About so many callbacks are dropped, and of the others about so many repeated once."""
    planned = sum(len(send.callbacks) for send in SENDS)
    copies = Counter(
        (send.sid, delivery.callback.status)
        for send in SENDS
        for delivery in deliveries(send, MUCH)
    )
    assert 0.17 < 1 - len(copies) / planned < 0.23
    assert 0.26 < sum(count == 2 for count in copies.values()) / len(copies) < 0.34
    assert max(copies.values()) == 2
    assert deliveries(SENDS[0], Mischief(drop=1)) == []
    everything = deliveries(SENDS[0], Mischief(repeat=1))
    assert len(everything) == 2 * len(SENDS[0].callbacks)


@pytest.mark.parametrize("step_s", [0.0, 0.2])
def test_mischief_never_touches_what_happened(step_s: float) -> None:
    """Each status comes about in its order and time, and no callback before its status."""
    for send in SENDS:
        timeline = MUCH.timeline(send, step_s)
        moves = [item for item in timeline if isinstance(item, Move)]
        assert [move.log for move in moves] == [step.log for step in send.steps]
        assert [move.at_s for move in moves] == [index * step_s for index in range(len(moves))]
        moments = [item.at_s for item in timeline]
        assert moments == sorted(moments)
        for index, step in enumerate(send.steps):
            move = timeline.index(Move(index * step_s, send.log_type, step.log))
            for place, item in enumerate(timeline):
                if isinstance(item, Delivery) and item.callback is step.callback:
                    assert place > move
                    assert item.at_s >= index * step_s + MUCH.delay_s[0]


def test_reordering_is_only_done_when_asked_for() -> None:
    """Without it late and repeated callbacks come in order, with it many sends are mixed up."""
    orderly = Mischief(drop=0.2, repeat=0.3, delay_s=(0, 0.5), seed=1)
    mixed = 0
    for send in SENDS:
        order = [callback.status for callback in send.callbacks]
        places = [order.index(item.callback.status) for item in deliveries(send, orderly)]
        assert places == sorted(places)
        places = [order.index(item.callback.status) for item in deliveries(send, MUCH)]
        mixed += places != sorted(places)
    assert mixed > COUNT / 3
    at_once = Mischief(reorder=True)
    assert any(
        [item.callback for item in deliveries(send, at_once)] != list(send.callbacks)
        for send in SENDS
    )


def test_delays_are_within_their_bounds() -> None:
    """Each callback is as late as it may be, and not all are equally late."""
    late = [item.at_s for send in SENDS for item in deliveries(send, Mischief(delay_s=(0.1, 0.5)))]
    assert 0.1 <= min(late) < 0.15
    assert 0.45 < max(late) <= 0.5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("drop", 1.1),
        ("repeat", -0.1),
        ("delay_s", (0.5, 0.1)),
        ("delay_s", (-1, 0)),
        ("delay_s", (0, float("inf"))),
    ],
)
def test_mischief_that_cannot_be_done_is_refused(field: str, value: float) -> None:
    """A value that does not fit is refused by a sentence that names its field."""
    with pytest.raises(ValueError, match=field):
        Mischief(**{field: value})  # type: ignore[arg-type]  # mistakes are what is tested
