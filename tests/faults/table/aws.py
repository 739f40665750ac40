"""Faults of DynamoDB, SQS and standard output."""

from __future__ import annotations

from dataclasses import replace

from hooklog import errors
from hooklog.records.store import Conflict
from tests.faults.aws import HangUp, Refusal, Silence
from tests.faults.endings import (
    Ending,
    Known,
    Parked,
    Returned,
    Stored,
    never_parked,
    retried,
    uncounted,
)
from tests.faults.fakes import Purpose
from tests.faults.table.queue import NO_JSON
from tests.faults.table.row import Row, Step
from tests.faults.table.signalwire import UPSTREAM
from tests.faults.troubles import (
    Ahead,
    Behind,
    Erased,
    LiftUnreadable,
    Overtaken,
    Refused,
    Trouble,
    Unreadable,
    UnreadableBySid,
    Unreported,
    Unset,
)
from tests.faults.wires import Announced, Call, OverWire, Poison, Statement, Unread
from tests.faults.wires import Unset as UnsetOverWire

_READ, _WRITE = "BatchGetItem", "BatchExecuteStatement"
_HIDE = "ChangeMessageVisibilityBatch"
_DENIED = Refusal("AccessDeniedException")
_BROKEN = Refusal("InternalServerError", status=500)
_THROTTLED = Refusal("ProvisionedThroughputExceededException")
_TOO_LARGE = Refusal("ValidationError", "Item size has exceeded the maximum allowed size")
_INVALID = Refusal("ValidationError")

_THROTTLING = errors.StoreThrottledError()
_UNAVAILABLE = errors.StoreUnavailableError()


def _every(operation: str, **faults: Refusal | Silence | HangUp) -> dict[str, OverWire]:
    """Return faults of a whole call, which the neighbours share."""
    return {
        f"call {name}".replace("_", " "): Call(operation, fault, hits_all=True)
        for name, fault in faults.items()
    }


def _statement(purpose: Purpose, *refusals: Refusal) -> dict[str, OverWire]:
    return {f"statement {one.code}": Statement(purpose, one) for one in refusals}


READING = (
    Row(
        step=Step.KNOWN,
        name="a read that is throttled",
        trouble=Unreadable(_THROTTLING),
        ends=uncounted("store.throttled"),
        hits_all=True,
        wires={
            **_every(_READ, throttled=_THROTTLED, limited=Refusal("RequestLimitExceeded")),
            "keys left unread": Unread(),
        },
    ),
    Row(
        step=Step.KNOWN,
        name="a read that fails",
        trouble=Unreadable(_UNAVAILABLE),
        ends=uncounted("store.unavailable"),
        hits_all=True,
        wires=_every(
            _READ,
            denied=_DENIED,
            broken=_BROKEN,
            without_table=Refusal("ResourceNotFoundException"),
            unanswered=Silence(),
            hung_up=HangUp(),
        ),
    ),
    Row(
        step=Step.KNOWN,
        name="a row that shows as much",
        trouble=Ahead(),
        ends=Known("stored before"),
    ),
    Row(
        step=Step.KNOWN,
        name="a row that was erased",
        trouble=Erased(),
        ends=Known("erased"),
    ),
)


def _write(
    name: str, error: errors.StoreError | Conflict, ends: Ending, wires: dict[str, OverWire]
) -> Row:
    trouble = Refused(Purpose.LOG, error)
    return Row(step=Step.STORE, name=name, trouble=trouble, ends=ends, wires=wires)


STORING = (
    _write(
        "a write that is throttled",
        _THROTTLING,
        retried("store.throttled"),
        {
            **_statement(Purpose.LOG, Refusal("ThrottlingError"), _THROTTLED),
            **_every(_WRITE, throttled=_THROTTLED),
        },
    ),
    _write(
        "a write that fails",
        _UNAVAILABLE,
        retried("store.unavailable"),
        {
            **_statement(Purpose.LOG, Refusal("InternalServerError"), Refusal("AccessDenied")),
            **_every(
                _WRITE,
                denied=_DENIED,
                broken=_BROKEN,
                unanswered=Silence(),
                unanswered_and_done=Silence(carries_out=True),
                hung_up=HangUp(),
            ),
        },
    ),
    _write(
        "a row that others keep changing",
        Conflict(),
        retried("store.contended"),
        _statement(Purpose.LOG, Refusal("ConditionalCheckFailed"), Refusal("DuplicateItem")),
    ),
    _write(
        "a row beyond 400 KB",
        errors.StoreTooLargeError(),
        Parked("store.too_large"),
        _statement(Purpose.LOG, _TOO_LARGE),
    ),
    _write(
        "a row that DynamoDB refuses",
        errors.StoreRejectedError(),
        Parked("store.rejected"),
        _statement(Purpose.LOG, _INVALID),
    ),
    Row(
        step=Step.STORE,
        name="a second read that fails",
        trouble=UnreadableBySid(_UNAVAILABLE),
        ends=uncounted("store.unavailable"),
        wires={"call denied": Poison(_DENIED, by_sid=True)},
    ),
    Row(
        step=Step.STORE,
        name="a later look that somebody stored meanwhile",
        trouble=Overtaken(),
        ends=Known("stored meanwhile"),
    ),
    Row(
        step=Step.CONFIRM,
        name="a log behind its callback",
        trouble=Behind(),
        ends=Returned(code="fetch.behind", deliveries=4, then=Stored("queued")),
        wires={"as it is": Announced()},
    ),
)


def _park(error: errors.StoreError, *refusals: Refusal) -> Row:
    return Row(
        step=Step.PARK,
        name=f"parking ends in {error.code}",
        trouble=Refused(Purpose.PARKING, error),
        ends=never_parked(error.code),
        given=NO_JSON,
        wires=_statement(Purpose.PARKING, *refusals),
    )


def _lift(name: str, trouble: Trouble, code: str, **wires: OverWire) -> Row:
    ends = never_parked(code)
    return Row(step=Step.LIFT, name=name, trouble=trouble, ends=ends, wires=wires)


def _count(error: errors.StoreError | Conflict, code: str, *refusals: Refusal) -> Row:
    return Row(
        step=Step.COUNT,
        name=f"counting a try ends in {code}",
        trouble=Refused(Purpose.TRY, error),
        ends=uncounted("fetch.upstream"),
        given=UPSTREAM,
        counts=code,
        wires=_statement(Purpose.TRY, *refusals),
    )


AFTERWARDS = (
    _count(_THROTTLING, "store.throttled", Refusal("ThrottlingError"), _THROTTLED),
    _count(_UNAVAILABLE, "store.unavailable", Refusal("InternalServerError")),
    _count(Conflict(), "store.contended", Refusal("ConditionalCheckFailed")),
    _park(_THROTTLING, _THROTTLED),
    _park(_UNAVAILABLE, Refusal("InternalServerError")),
    _park(errors.StoreTooLargeError(), _TOO_LARGE),
    _park(errors.StoreRejectedError(), _INVALID),
    _lift(
        "lifting is throttled",
        Refused(Purpose.LIFT, _THROTTLING),
        "store.throttled",
        statement=Statement(Purpose.LIFT, Refusal("ThrottlingError")),
    ),
    _lift(
        "the parked row cannot be read",
        LiftUnreadable(_THROTTLING),
        "store.throttled",
        call=Poison(_THROTTLED, lifting=True),
    ),
    Row(
        step=Step.WAIT,
        name="a wait that is not set",
        trouble=Unset(),
        ends=replace(retried("fetch.upstream"), code="queue.unavailable", after=None),
        given=UPSTREAM,
        wires={
            "entry refused": UnsetOverWire(),
            "call denied": Call(_HIDE, Refusal("AccessDenied")),
            "call throttled": Call(_HIDE, Refusal("RequestThrottled")),
            "call broken": Call(_HIDE, Refusal("InternalError", status=500)),
            "call unanswered": Call(_HIDE, Silence()),
            "call hung up": Call(_HIDE, HangUp()),
        },
    ),
    Row(
        step=Step.REPORT,
        name="a report that cannot be printed",
        trouble=Unreported(BrokenPipeError()),
        ends=Stored(),
    ),
)
