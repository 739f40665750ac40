"""How rows get on the parked list and off it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hooklog.clock import iso
from hooklog.errors import LogInvalidError, NotFoundError
from hooklog.records.parking import PARKED_ATTRIBUTES, Lift, Park, Redrive
from hooklog.records.recording import StoreRecord
from hooklog.records.rows import Row
from hooklog.records.signals import Signal
from tests.builders import FETCHED_AT, body, fax_log, history_of, record

SECOND = timedelta(seconds=1)
KEY = "fax#3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11"


def park(*, later: float = 0, error: Exception | None = None) -> Park:
    """Return a parking the given number of seconds after the builders' fetch."""
    assert error is None or isinstance(error, LogInvalidError)
    return Park(
        key="fax#1",
        error=error or NotFoundError(),
        body=body(),
        attempts=5,
        at=FETCHED_AT + later * SECOND,
        log_type="fax",
    )


def test_parking_keeps_the_message_the_reason_and_the_payload() -> None:
    """A parked row holds all that an operator needs to understand and redrive it."""
    error = LogInvalidError("charge: missing", payload='{"id": "1"}')
    write = park(error=error).plan(None)
    assert write is not None
    assert write.values == {
        "log_type": "fax",
        "parked_code": "log.invalid",
        "parked_detail": "charge: missing",
        "parked_body": body(),
        "parked_payload": '{"id": "1"}',
        "parked_attempts": 5,
        "parked_first_at": iso(FETCHED_AT),
        "parked_at": iso(FETCHED_AT),
    }


def test_parking_again_keeps_the_first_time_and_drops_an_old_payload() -> None:
    """A row parked again keeps its first time; all else is that of the last parking."""
    first = FETCHED_AT - 60 * SECOND
    names = frozenset({"expires_at", "parked_payload", "parked_code"})
    write = park().plan(Row(names=names, version=2, parked_at=first, parked_first_at=first))
    assert write is not None
    assert write.expected_version == 2
    assert write.values["parked_first_at"] == iso(first)
    assert write.values["parked_at"] == iso(FETCHED_AT)
    assert set(write.remove) == {"parked_payload", "expires_at"}


@pytest.mark.parametrize("payload", [None, "new"])
def test_parking_again_sets_or_removes_a_payload_and_never_both(payload: str | None) -> None:
    """DynamoDB refuses an update that names an attribute twice; a parked row never expires."""
    names = frozenset({"expires_at", "parked_payload"})
    write = park(error=LogInvalidError("x", payload=payload)).plan(Row(names=names, version=2))
    assert write is not None
    assert write.key == "fax#1"
    assert write.values.get("parked_payload") == payload
    assert [*write.remove] == ["expires_at", *([] if payload else ["parked_payload"])]


@pytest.mark.parametrize("name", ["fetched_at", "parked_at"])
@pytest.mark.parametrize(("later", "is_parked"), [(-1, False), (0, True)])
def test_only_what_is_later_keeps_a_message_off_the_list(
    name: str, later: int, *, is_parked: bool
) -> None:
    """A fetch or a parking of the same moment does not keep a failure off the list."""
    row = Row(version=3, **{name: FETCHED_AT})  # type: ignore[arg-type]
    assert (park(later=later).plan(row) is not None) == is_parked


# --- what a parked message tells ----------------------------------------------------------------

FAILED = Signal(by="callback", status="failed", error_code="34004")
ARRIVED = Signal(by="callback", status="delivered")
STRONGER = replace(FAILED, by="fax", error_message="The line was cut")
TOLD_FAILED = {"settled_by": "callback", "fax_status": "failed", "fax_error_code": "34004"}
TOLD_ARRIVED = {"settled_by": "callback", "fax_status": "delivered"}
UNSETTLED = {"unsettled": True}


@pytest.mark.parametrize(
    ("told", "row", "added"),
    [
        (FAILED, None, TOLD_FAILED),
        (FAILED, {}, TOLD_FAILED),
        (FAILED, {"outcome": "failed"}, TOLD_FAILED),
        (FAILED, {"outcome": "succeeded"}, TOLD_FAILED | UNSETTLED),
        (FAILED, {"outcome": "succeeded", "signal": ARRIVED}, TOLD_FAILED | UNSETTLED),
        (FAILED, {"outcome": "failed", "signal": FAILED}, {}),
        (FAILED, {"outcome": "failed", "signal": STRONGER}, {}),
        (ARRIVED, {"outcome": "succeeded"}, TOLD_ARRIVED),
        (ARRIVED, {"signal": Signal(by="fax", status="sending")}, TOLD_ARRIVED),
        (None, {"outcome": "succeeded", "signal": ARRIVED}, {}),
    ],
)
def test_a_parking_keeps_what_the_message_tells_of_the_end(
    told: Signal | None, row: dict[str, Any] | None, added: dict[str, object]
) -> None:
    """The row keeps the strongest signal; a success beside a reported failure is unsettled."""
    stored = None if row is None else Row(version=2, **row)
    silent, write = park().plan(stored), replace(park(), told=told).plan(stored)
    assert silent is not None
    assert write is not None
    assert write.values == {**silent.values, **added}


def test_a_message_of_no_known_kind_tells_nothing_of_an_end() -> None:
    """It is parked all the same."""
    bare = replace(park(), log_type=None)
    assert replace(bare, told=FAILED).plan(None) == bare.plan(None)


# --- what takes a row off the list --------------------------------------------------------------


def test_a_lifted_parking_takes_what_the_older_state_had_with_it() -> None:
    """The write that lifts a parking also removes what the log no longer has."""
    names = PARKED_ATTRIBUTES | {"error_code", "explanation", "tries", "alias_of", "unheard"}
    write = StoreRecord(record(fax_log())).plan(parked(names=names))
    assert write is not None
    assert {*write.remove} == names - {"unheard"}
    assert not {*write.remove} & {*write.values}


def test_a_parking_of_the_moment_of_the_success_is_lifted() -> None:
    """Only a later parking stays; one without times leaves none in the history."""
    write = lift().plan(parked(parked_at=FETCHED_AT, parked_first_at=None))
    assert write is not None
    (entry,) = history_of(write.values)
    assert (entry["at"], "first_at" in entry) == (iso(FETCHED_AT), False)


def test_parking_removes_only_what_the_row_has() -> None:
    """DynamoDB documents no REMOVE of an absent attribute for PartiQL."""
    write = park().plan(Row(names=frozenset({"parked_code"}), version=2))
    assert write is not None
    assert list(write.remove) == []


def test_a_log_stored_meanwhile_is_not_parked() -> None:
    """A failure older than a success is not parked."""
    assert park(later=-1).plan(Row(version=3, fetched_at=FETCHED_AT)) is None
    assert park(later=+1).plan(Row(version=3, fetched_at=FETCHED_AT)) is not None


@pytest.mark.parametrize(("parked_later", "lifted"), [(-1, True), (0, True), (1, False)])
def test_a_success_lifts_an_earlier_parking(parked_later: int, *, lifted: bool) -> None:
    """The write that stores a log also takes it off the parked list."""
    parked_at = FETCHED_AT + parked_later * SECOND
    names = frozenset({"parked_code", "parked_at", "parked_body"})
    stored = Row(names=names, version=1, parked_at=parked_at, parked_first_at=parked_at)
    write = StoreRecord(record(fax_log())).plan(stored)
    assert write is not None
    assert set(write.remove) == (names if lifted else set())


def parked(**more: object) -> Row:
    """Return a row that was parked a minute before the builders' fetch."""
    at = FETCHED_AT - 60 * SECOND
    values: dict[str, object] = {
        "names": PARKED_ATTRIBUTES,
        "version": 4,
        "parked_code": "fetch.not_found",
        "parked_attempts": 5,
        "parked_first_at": at - SECOND,
        "parked_at": at,
    }
    return Row(**(values | more))  # type: ignore[arg-type]


def redrive(later: float = 0) -> Redrive:
    """Return the redrive of that row, as seen the given number of seconds later."""
    seen = FETCHED_AT + (later - 60) * SECOND
    return Redrive(key=KEY, parked_at=seen, by="somebody", at=FETCHED_AT - 10 * SECOND)


def test_a_redrive_says_who_and_when_and_stays_on_the_list() -> None:
    """A redrive changes nothing else of the row; only a success takes it off the list."""
    write = redrive().plan(parked())
    assert write is not None
    assert (write.key, write.expected_version) == (KEY, 4)
    assert write.values == {
        "redriven_at": iso(FETCHED_AT - 10 * SECOND),
        "redriven_by": "somebody",
    }
    assert not write.remove


@pytest.mark.parametrize("row", [None, parked(parked_at=None), parked(parked_at=FETCHED_AT)])
def test_a_row_that_changed_since_it_was_seen_is_not_redriven(row: Row | None) -> None:
    """A row with a later success or failure is not redriven."""
    assert redrive().plan(row) is None


def test_a_success_keeps_the_lifted_parking_in_the_history() -> None:
    """Code, attempts, times and the redriving operator stay in the row's history."""
    row = parked(
        redriven_at=FETCHED_AT - 10 * SECOND,
        redriven_by="somebody",
        parked_history=({"code": "log.invalid"},),
    )
    write = StoreRecord(record(fax_log())).plan(row)
    assert write is not None
    assert set(PARKED_ATTRIBUTES) <= set(write.remove)
    assert write.values["parked_history"] == [
        {"code": "log.invalid"},
        {
            "code": "fetch.not_found",
            "attempts": 5,
            "first_at": iso(FETCHED_AT - 61 * SECOND),
            "at": iso(FETCHED_AT - 60 * SECOND),
            "redriven_at": iso(FETCHED_AT - 10 * SECOND),
            "redriven_by": "somebody",
            "lifted_at": iso(FETCHED_AT),
        },
    ]


def test_the_history_is_short() -> None:
    """The history is bounded, so that repeated parking does not outgrow the row."""
    row = parked(parked_history=[{"code": str(number)} for number in range(10)])
    write = StoreRecord(record(fax_log())).plan(row)
    assert write is not None
    assert [entry["code"] for entry in history_of(write.values)] == [
        *map(str, range(1, 10)),
        "fetch.not_found",
    ]


def test_an_ordinary_row_has_no_history() -> None:
    """A row that was never parked has no history attribute."""
    write = StoreRecord(record(fax_log())).plan(Row(version=1))
    assert write is not None
    assert "parked_history" not in write.values


def test_parking_again_keeps_who_redrove_it() -> None:
    """A row parked again shows an operator that a redrive was tried without success."""
    write = park().plan(parked(redriven_at=FETCHED_AT - 10 * SECOND, redriven_by="somebody"))
    assert write is not None
    assert not {"redriven_at", "redriven_by"} & {*write.values, *write.remove}


def lift() -> Lift:
    """Return the lifting of that row's parking; its message ended at a message log."""
    return Lift(key=KEY, into="message#1", at=FETCHED_AT)


def test_a_message_that_ended_elsewhere_leaves_the_list() -> None:
    """The row says where its message ended, and when; body and payload are removed."""
    write = lift().plan(parked())
    assert write is not None
    assert set(PARKED_ATTRIBUTES) <= set(write.remove)
    (entry,) = history_of(write.values)
    assert (entry["into"], entry["lifted_at"]) == ("message#1", iso(FETCHED_AT))


@pytest.mark.parametrize(
    "row", [None, parked(parked_at=None), parked(parked_at=FETCHED_AT + SECOND)]
)
def test_a_later_parking_is_not_lifted(row: Row | None) -> None:
    """Only the parking that was redriven is lifted."""
    assert lift().plan(row) is None
