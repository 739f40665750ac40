"""Faults of the row with the pace, which all instances share."""

from __future__ import annotations

from decimal import Decimal

from hooklog import errors
from hooklog.pace import Pace
from hooklog.records.rows import PACE_KEY
from hooklog.records.store import Conflict
from tests.fakes import Item
from tests.faults.aws import HangUp, Refusal, Silence
from tests.faults.canary import TEXT
from tests.faults.cases.case import FaultCase, Step
from tests.faults.cases.signalwire import DOWN, LIMITED
from tests.faults.endings import Ending, Stored, Waits, retried
from tests.faults.pace_injections import (
    PaceDeleted,
    PaceGarbled,
    PaceOvertaken,
    PaceStored,
    PaceUnread,
    PaceUnwritable,
    at_limit,
    down,
    no_slot,
)
from tests.faults.wire_injections import (
    DepthUnknown,
    KeyUnread,
    PaceStatementRefused,
    PaceWriteFails,
    WireInjection,
)

_LIMIT = at_limit(1000)
_THROTTLED = Refusal("ProvisionedThroughputExceededException")
_DENIED = Refusal("AccessDeniedException")
_BROKEN = Refusal("InternalServerError", status=500)
#: A message without a turn; that is no failure.
_NO_TURN = Waits(code="fetch.rate_limited")


def _untold(error: errors.StoreError, refusal: Refusal, **calls: WireInjection) -> FaultCase:
    """Return a pace that cannot be written: everything is asked at once, as without a limit."""
    return FaultCase(
        step=Step.PACE,
        name=f"writing the pace ends in {error.code}",
        in_memory=PaceUnwritable(error, _LIMIT),
        ends=Stored(),
        hits_all=True,
        counts=error.code,
        over_sockets={"statement": PaceStatementRefused(refusal, _LIMIT)}
        | {f"call {name}".replace("_", " "): call for name, call in calls.items()},
    )


def _harmless(
    name: str, injection: PaceStored | PaceGarbled | PaceDeleted | PaceOvertaken
) -> FaultCase:
    return FaultCase(
        step=Step.PACE,
        name=name,
        in_memory=injection,
        ends=Stored(),
        hits_all=True,
        over_sockets={"as it is": injection},
    )


def _garbled(name: str, item: Item) -> FaultCase:
    return _harmless(f"a pace with {name}", PaceGarbled(item))


def _unlearned(given: FaultCase, ends: Ending) -> FaultCase:
    """Return a pace that is written for the first time, and cannot be."""
    refusal = PaceStatementRefused(_THROTTLED, hits_all=False)
    return FaultCase(
        step=Step.LEARN,
        name=f"{given.name} cannot be told to others",
        in_memory=PaceUnwritable(errors.StoreThrottledError()),
        ends=ends,
        given=given,
        hits_all=True,
        counts="store.throttled",
        over_sockets={"statement": refusal},
    )


PACE = (
    _untold(
        errors.StoreThrottledError(),
        Refusal("ThrottlingError"),
        throttled=PaceWriteFails(_THROTTLED),
    ),
    _untold(
        errors.StoreUnavailableError(),
        Refusal("AccessDenied"),
        denied=PaceWriteFails(_DENIED),
        broken=PaceWriteFails(_BROKEN),
        unanswered=PaceWriteFails(Silence()),
        unanswered_and_done=PaceWriteFails(Silence(carries_out=True)),
        hung_up=PaceWriteFails(HangUp()),
    ),
    _untold(errors.StoreRejectedError(), Refusal("ValidationError")),
    FaultCase(
        step=Step.PACE,
        name="a pace that is left unread",
        in_memory=PaceUnread(),
        ends=Stored(),
        hits_all=True,
        counts="store.throttled",
        over_sockets={"as it is": KeyUnread(PACE_KEY)},
    ),
    FaultCase(
        step=Step.PACE,
        name="a pace that others keep changing",
        in_memory=PaceUnwritable(Conflict(), _LIMIT),
        ends=Waits(code="fetch.rate_limited", counts="store.contended"),
        hits_all=True,
        over_sockets={"statement": PaceStatementRefused(Refusal("ConditionalCheckFailed"), _LIMIT)},
    ),
    _harmless("a pace that another instance has changed", PaceOvertaken()),
    _harmless("a pace that is deleted", PaceDeleted()),
    _garbled("a rate in words", {"rate": TEXT}),
    _garbled("a rate of nothing", {"rate": Decimal(0), "since": Decimal(10**9)}),
    _garbled("a list for a moment", {"rate": Decimal(1), "next_at": [TEXT]}),
    _garbled("a moment beyond all", {"rate": Decimal(1), "next_at": Decimal("1e60")}),
    _garbled("nothing", {}),
    _garbled("something else", {"status": TEXT}),
    _harmless("a limit of an hour ago", PaceStored(lambda now: at_limit(1)(now - 3600))),
    _harmless("a limit of a clock that is ahead", PaceStored(lambda now: at_limit(1)(now + 3600))),
    _harmless(
        "slots of a clock that is ahead",
        PaceStored(lambda now: Pace(rate=1000, ceiling=1000, since=now, next_at=now + 3600)),
    ),
    FaultCase(
        step=Step.PACE,
        name="no free slot",
        in_memory=PaceStored(no_slot),
        ends=_NO_TURN,
        hits_all=True,
        over_sockets={
            "as it is": PaceStored(no_slot),
            "depth denied": DepthUnknown(_DENIED),
            "depth throttled": DepthUnknown(Refusal("RequestThrottled")),
            "depth unanswered": DepthUnknown(Silence()),
            "depth hung up": DepthUnknown(HangUp()),
        },
    ),
    FaultCase(
        step=Step.PACE,
        name="an outage that lasts",
        in_memory=PaceStored(down),
        ends=Waits(code="fetch.upstream", after=(10, 10)),
        hits_all=True,
        over_sockets={"as it is": PaceStored(down)},
    ),
    _unlearned(LIMITED, LIMITED.ends),
    # Each log then meets it as its own failure.
    _unlearned(DOWN, retried("fetch.connection")),
)
