"""Faults of the fax resource, which tells how a fax itself ended."""

from __future__ import annotations

import json

from hooklog import errors
from local.space import Fault, FaultKind
from tests.faults.canary import NUMBER, TEXT
from tests.faults.endings import Ending, Returned, Stored, limited, retried
from tests.faults.table.row import Row, Step
from tests.faults.texts import nested
from tests.faults.troubles import Tells
from tests.faults.wires import ALWAYS, OverWire, Resource

_BEHIND = Returned(code="fetch.behind", after=(15, 30), deliveries=4, then=Stored())


def _row(name: str, answer: str | errors.HooklogError, ends: Ending, wire: Fault) -> Row:
    wires: dict[str, OverWire] = {"": Resource(wire)}
    # A fax that has not ended is stored, and its message returns as for a log that is behind.
    step = Step.CONFIRM if ends is _BEHIND else Step.SETTLE
    return Row(step=step, name=name, trouble=Tells(answer), ends=ends, wires=wires)


def _says(name: str, text: str, ends: Ending) -> Row:
    return _row(name, text, ends, Fault(FaultKind.ANSWER, ALWAYS, text=text))


def _resource(**fields: object) -> str:
    return json.dumps({"from": NUMBER, "to": NUMBER, "status": "delivered"} | fields)


SETTLING = (
    _row(
        "a server error",
        errors.UpstreamError(),
        retried("fetch.upstream"),
        Fault(FaultKind.SERVER_ERROR, ALWAYS, status=500),
    ),
    _row(
        "403",
        errors.ForbiddenError(),
        retried("fetch.forbidden"),
        Fault(FaultKind.FORBIDDEN, ALWAYS),
    ),
    _row(
        "429",
        errors.RateLimitedError(),
        limited(),
        Fault(FaultKind.RATE_LIMITED, ALWAYS),
    ),
    _row(
        "a broken connection",
        errors.FetchConnectionError(),
        retried("fetch.connection"),
        Fault(FaultKind.DROPPED, ALWAYS),
    ),
    # It was deleted, or does not exist any more for us; the log remains.
    _row("404", errors.NotFoundError(), Stored(), Fault(FaultKind.NOT_FOUND, ALWAYS)),
    _row(
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
