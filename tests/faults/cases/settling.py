"""Faults of the fax resource, which tells how a fax itself ended."""

from __future__ import annotations

import json

from hooklog import errors
from local.space import Fault, FaultKind
from tests.faults.canary import NUMBER, TEXT
from tests.faults.cases.case import FaultCase, Step
from tests.faults.endings import Ending, Returned, Stored, limited, retried
from tests.faults.injections import ResourceAnswer
from tests.faults.texts import nested
from tests.faults.wire_injections import ALWAYS, ResourceFault

_BEHIND = Returned(code="fetch.behind", after=(15, 30), deliveries=4, then=Stored())


def _case(name: str, answer: str | errors.HooklogError, ends: Ending, fault: Fault) -> FaultCase:
    # A fax that has not ended is stored, and its message returns as for a log that is behind.
    step = Step.CONFIRM if ends is _BEHIND else Step.SETTLE
    return FaultCase(
        step=step,
        name=name,
        in_memory=ResourceAnswer(answer),
        ends=ends,
        over_sockets={"": ResourceFault(fault)},
    )


def _says(name: str, text: str, ends: Ending) -> FaultCase:
    return _case(name, text, ends, Fault(FaultKind.ANSWER, ALWAYS, text=text))


def _resource(**fields: object) -> str:
    return json.dumps({"from": NUMBER, "to": NUMBER, "status": "delivered"} | fields)


SETTLING = (
    _case(
        "a server error",
        errors.UpstreamError(),
        retried("fetch.upstream"),
        Fault(FaultKind.SERVER_ERROR, ALWAYS, status=500),
    ),
    _case(
        "403",
        errors.ForbiddenError(),
        retried("fetch.forbidden"),
        Fault(FaultKind.FORBIDDEN, ALWAYS),
    ),
    _case(
        "429",
        errors.RateLimitedError(),
        limited(),
        Fault(FaultKind.RATE_LIMITED, ALWAYS),
    ),
    _case(
        "a broken connection",
        errors.FetchConnectionError(),
        retried("fetch.connection"),
        Fault(FaultKind.DROPPED, ALWAYS),
    ),
    # It was deleted, or does not exist any more for us; the log remains.
    _case("404", errors.NotFoundError(), Stored(), Fault(FaultKind.NOT_FOUND, ALWAYS)),
    _case(
        "400",
        errors.RejectedError(),
        Stored(),
        Fault(FaultKind.ANSWER, ALWAYS, status=400, text="{}"),
    ),
    _says("no JSON", TEXT, retried("fetch.bad_payload")),
    _says("a list", f'["{NUMBER}"]', retried("fetch.bad_payload")),
    _says("deep nesting", nested(40_000), retried("fetch.bad_payload")),
    _says(
        "a deep error",
        f'{{"status":"failed","error_message":{nested(1000)}}}',
        retried("fetch.bad_payload"),
    ),
    _says("no status", json.dumps({"from": NUMBER}), Stored()),
    _says("a duration in words", _resource(duration=TEXT), Stored()),
    _says("a status that nobody knows", _resource(status="asleep"), Stored()),
    _says("a lone surrogate", _resource(status="sending", error_message="\\ud800"), _BEHIND),
    _says("a fax under way", _resource(status="sending"), _BEHIND),
)
