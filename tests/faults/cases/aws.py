"""Faults of DynamoDB, SQS and standard output."""

from __future__ import annotations

from dataclasses import replace

from hooklog import errors
from hooklog.records.store import Conflict
from tests.faults.aws import HangUp, Refusal, Silence
from tests.faults.cases.case import FaultCase, Step
from tests.faults.cases.queue import NO_JSON
from tests.faults.cases.signalwire import UPSTREAM
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
from tests.faults.injections import (
    Injection,
    LogBehindCallback,
    ParkedRowUnreadable,
    ReportFails,
    RowErased,
    RowOvertaken,
    RowUpToDate,
    SecondReadFails,
    TableUnreadable,
    WaitNotSet,
    WriteFails,
)
from tests.faults.wire_injections import (
    AwsCallFails,
    KeyRefused,
    KeyUnread,
    StatementRefused,
    WaitEntryRefused,
    WireInjection,
)
from tests.write_purpose import Purpose

_READ, _WRITE = "BatchGetItem", "BatchExecuteStatement"
_HIDE = "ChangeMessageVisibilityBatch"
_DENIED = Refusal("AccessDeniedException")
_BROKEN = Refusal("InternalServerError", status=500)
_THROTTLED = Refusal("ProvisionedThroughputExceededException")
_TOO_LARGE = Refusal("ValidationError", "Item size has exceeded the maximum allowed size")
_INVALID = Refusal("ValidationError")

_THROTTLING = errors.StoreThrottledError()
_UNAVAILABLE = errors.StoreUnavailableError()


def _every(operation: str, **faults: Refusal | Silence | HangUp) -> dict[str, WireInjection]:
    """Return faults of a whole call, which the neighbours share."""
    return {
        f"call {name}".replace("_", " "): AwsCallFails(operation, fault, hits_all=True)
        for name, fault in faults.items()
    }


def _statement(purpose: Purpose, *refusals: Refusal) -> dict[str, WireInjection]:
    return {f"statement {one.code}": StatementRefused(purpose, one) for one in refusals}


READING = (
    FaultCase(
        step=Step.KNOWN,
        name="a read that is throttled",
        in_memory=TableUnreadable(_THROTTLING),
        ends=uncounted("store.throttled"),
        hits_all=True,
        over_sockets={
            **_every(_READ, throttled=_THROTTLED, limited=Refusal("RequestLimitExceeded")),
            "keys left unread": KeyUnread(),
        },
    ),
    FaultCase(
        step=Step.KNOWN,
        name="a read that fails",
        in_memory=TableUnreadable(_UNAVAILABLE),
        ends=uncounted("store.unavailable"),
        hits_all=True,
        over_sockets=_every(
            _READ,
            denied=_DENIED,
            broken=_BROKEN,
            without_table=Refusal("ResourceNotFoundException"),
            unanswered=Silence(),
            hung_up=HangUp(),
        ),
    ),
    FaultCase(
        step=Step.KNOWN,
        name="a row that shows as much",
        in_memory=RowUpToDate(),
        ends=Known("stored before"),
    ),
    FaultCase(
        step=Step.KNOWN,
        name="a row that was erased",
        in_memory=RowErased(),
        ends=Known("erased"),
    ),
)


def _write(
    name: str,
    error: errors.StoreError | Conflict,
    ends: Ending,
    forms: dict[str, WireInjection],
) -> FaultCase:
    fault = WriteFails(Purpose.LOG, error)
    return FaultCase(step=Step.STORE, name=name, in_memory=fault, ends=ends, over_sockets=forms)


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
    FaultCase(
        step=Step.STORE,
        name="a second read that fails",
        in_memory=SecondReadFails(_UNAVAILABLE),
        ends=uncounted("store.unavailable"),
        over_sockets={"call denied": KeyRefused(_DENIED, by_sid=True)},
    ),
    FaultCase(
        step=Step.STORE,
        name="a later look that somebody stored meanwhile",
        in_memory=RowOvertaken(),
        ends=Known("stored meanwhile"),
    ),
    FaultCase(
        step=Step.CONFIRM,
        name="a log behind its callback",
        in_memory=LogBehindCallback(),
        ends=Returned(code="fetch.behind", deliveries=4, then=Stored("queued")),
        over_sockets={"as it is": LogBehindCallback()},
    ),
)


def _park(error: errors.StoreError, *refusals: Refusal) -> FaultCase:
    return FaultCase(
        step=Step.PARK,
        name=f"parking ends in {error.code}",
        in_memory=WriteFails(Purpose.PARKING, error),
        ends=never_parked(error.code),
        given=NO_JSON,
        over_sockets=_statement(Purpose.PARKING, *refusals),
    )


def _lift(name: str, fault: Injection, code: str, **forms: WireInjection) -> FaultCase:
    ends = never_parked(code)
    return FaultCase(step=Step.LIFT, name=name, in_memory=fault, ends=ends, over_sockets=forms)


def _count(error: errors.StoreError | Conflict, code: str, *refusals: Refusal) -> FaultCase:
    return FaultCase(
        step=Step.COUNT,
        name=f"counting a try ends in {code}",
        in_memory=WriteFails(Purpose.TRY, error),
        ends=uncounted("fetch.upstream"),
        given=UPSTREAM,
        counts=code,
        over_sockets=_statement(Purpose.TRY, *refusals),
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
        WriteFails(Purpose.LIFT, _THROTTLING),
        "store.throttled",
        statement=StatementRefused(Purpose.LIFT, Refusal("ThrottlingError")),
    ),
    _lift(
        "the parked row cannot be read",
        ParkedRowUnreadable(_THROTTLING),
        "store.throttled",
        call=KeyRefused(_THROTTLED, lifting=True),
    ),
    FaultCase(
        step=Step.WAIT,
        name="a wait that is not set",
        in_memory=WaitNotSet(),
        ends=replace(retried("fetch.upstream"), code="queue.unavailable", after=None),
        given=UPSTREAM,
        over_sockets={
            "entry refused": WaitEntryRefused(),
            "call denied": AwsCallFails(_HIDE, Refusal("AccessDenied")),
            "call throttled": AwsCallFails(_HIDE, Refusal("RequestThrottled")),
            "call broken": AwsCallFails(_HIDE, Refusal("InternalError", status=500)),
            "call unanswered": AwsCallFails(_HIDE, Silence()),
            "call hung up": AwsCallFails(_HIDE, HangUp()),
        },
    ),
    FaultCase(
        step=Step.REPORT,
        name="a report that cannot be printed",
        in_memory=ReportFails(BrokenPipeError()),
        ends=Stored(),
    ),
)
