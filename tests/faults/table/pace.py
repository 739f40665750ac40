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
from tests.faults.endings import Ending, Stored, Waits, retried
from tests.faults.paces import (
    PaceIs,
    PaceIsLost,
    PaceMoves,
    PaceRefused,
    PaceSays,
    PaceUnread,
    at_limit,
    down,
    no_slot,
)
from tests.faults.table.row import Row, Step
from tests.faults.table.signalwire import DOWN, LIMITED
from tests.faults.wires import NoDepth, OverWire, PaceStatement, PaceWrite, Unread

_LIMIT = at_limit(1000)
_THROTTLED = Refusal("ProvisionedThroughputExceededException")
_DENIED = Refusal("AccessDeniedException")
_BROKEN = Refusal("InternalServerError", status=500)
#: A message without a turn; that is no failure.
_NO_TURN = Waits(code="fetch.rate_limited")


def _untold(error: errors.StoreError, refusal: Refusal, **calls: OverWire) -> Row:
    """Return a pace that cannot be written: everything is asked at once, as without a limit."""
    return Row(
        step=Step.PACE,
        name=f"writing the pace ends in {error.code}",
        trouble=PaceRefused(error, _LIMIT),
        ends=Stored(),
        hits_all=True,
        counts=error.code,
        wires={"statement": PaceStatement(refusal, _LIMIT)}
        | {f"call {name}".replace("_", " "): wire for name, wire in calls.items()},
    )


def _harmless(name: str, trouble: PaceIs | PaceSays | PaceIsLost | PaceMoves) -> Row:
    return Row(
        step=Step.PACE,
        name=name,
        trouble=trouble,
        ends=Stored(),
        hits_all=True,
        wires={"as it is": trouble},
    )


def _garbled(name: str, item: Item) -> Row:
    return _harmless(f"a pace with {name}", PaceSays(item))


def _unlearned(given: Row, ends: Ending) -> Row:
    """Return a pace that is written for the first time, and cannot be."""
    refusal = PaceStatement(_THROTTLED, hits_all=False)
    return Row(
        step=Step.LEARN,
        name=f"{given.name} cannot be told to others",
        trouble=PaceRefused(errors.StoreThrottledError()),
        ends=ends,
        given=given,
        hits_all=True,
        counts="store.throttled",
        wires={"statement": refusal},
    )


PACE = (
    _untold(
        errors.StoreThrottledError(),
        Refusal("ThrottlingError"),
        throttled=PaceWrite(_THROTTLED),
    ),
    _untold(
        errors.StoreUnavailableError(),
        Refusal("AccessDenied"),
        denied=PaceWrite(_DENIED),
        broken=PaceWrite(_BROKEN),
        unanswered=PaceWrite(Silence()),
        unanswered_and_done=PaceWrite(Silence(carries_out=True)),
        hung_up=PaceWrite(HangUp()),
    ),
    _untold(errors.StoreRejectedError(), Refusal("ValidationError")),
    Row(
        step=Step.PACE,
        name="a pace that is left unread",
        trouble=PaceUnread(),
        ends=Stored(),
        hits_all=True,
        counts="store.throttled",
        wires={"as it is": Unread(PACE_KEY)},
    ),
    Row(
        step=Step.PACE,
        name="a pace that others keep changing",
        trouble=PaceRefused(Conflict(), _LIMIT),
        ends=Waits(code="fetch.rate_limited", counts="store.contended"),
        hits_all=True,
        wires={"statement": PaceStatement(Refusal("ConditionalCheckFailed"), _LIMIT)},
    ),
    _harmless("a pace that another instance has changed", PaceMoves()),
    _harmless("a pace that is deleted", PaceIsLost()),
    _garbled("a rate in words", {"rate": TEXT}),
    _garbled("a rate of nothing", {"rate": Decimal(0), "since": Decimal(10**9)}),
    _garbled("a list for a moment", {"rate": Decimal(1), "next_at": [TEXT]}),
    _garbled("a moment beyond all", {"rate": Decimal(1), "next_at": Decimal("1e60")}),
    _garbled("nothing", {}),
    _garbled("something else", {"status": TEXT}),
    _harmless("a limit of an hour ago", PaceIs(lambda now: at_limit(1)(now - 3600))),
    _harmless("a limit of a clock that is ahead", PaceIs(lambda now: at_limit(1)(now + 3600))),
    _harmless(
        "slots of a clock that is ahead",
        PaceIs(lambda now: Pace(rate=1000, ceiling=1000, since=now, next_at=now + 3600)),
    ),
    Row(
        step=Step.PACE,
        name="no free slot",
        trouble=PaceIs(no_slot),
        ends=_NO_TURN,
        hits_all=True,
        wires={
            "as it is": PaceIs(no_slot),
            "depth denied": NoDepth(_DENIED),
            "depth throttled": NoDepth(Refusal("RequestThrottled")),
            "depth unanswered": NoDepth(Silence()),
            "depth hung up": NoDepth(HangUp()),
        },
    ),
    Row(
        step=Step.PACE,
        name="an outage that lasts",
        trouble=PaceIs(down),
        ends=Waits(code="fetch.upstream", after=(10, 10)),
        hits_all=True,
        wires={"as it is": PaceIs(down)},
    ),
    _unlearned(LIMITED, LIMITED.ends),
    # It is the trouble of each log then.
    _unlearned(DOWN, retried("fetch.connection")),
)
