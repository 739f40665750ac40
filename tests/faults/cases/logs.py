"""Faults of the logs that SignalWire returns."""

from __future__ import annotations

from tests.faults.canary import NUMBER, TEXT
from tests.faults.cases.case import FaultCase, Step
from tests.faults.endings import Ending, Parked, Stored, retried
from tests.faults.injections import CatalogueBroken, LogAnswer
from tests.faults.messages import Text
from tests.faults.texts import ANOTHER_ID, half, log, nested, raw, text, units, without
from tests.faults.wire_injections import LogText

_UNREADABLE = retried("fetch.bad_payload")
_INVALID = Parked("log.invalid")


def _bad(name: str, answer: Text, ends: Ending = _INVALID) -> FaultCase:
    return FaultCase(
        step=Step.VALIDATE,
        name=name,
        in_memory=LogAnswer(answer),
        ends=ends,
        over_sockets={"as it is": LogText(answer)},
    )


LOGS = (
    # An answer that is not a log may come from a proxy, so the log is requested again.
    _bad("half of JSON", half, _UNREADABLE),
    _bad("JSON and more", lambda message: f"{half(message)}{half(message)}", _UNREADABLE),
    _bad("null", text("null"), _UNREADABLE),
    _bad("a list", text(f'["{NUMBER}"]'), _UNREADABLE),
    _bad("deep nesting", text(nested(40_000)), _UNREADABLE),
    _bad("a deep field", raw("colour", nested(1000)), _UNREADABLE),
    _bad("a number of 5,000 digits", raw("colour", f"1{'0' * 5000}"), _UNREADABLE),
    _bad("a byte order mark", lambda message: "\ufeff" + log()(message), _UNREADABLE),
    # An unusable log is parked with the whole answer.
    _bad("an empty object", text("{}")),
    *(_bad(f"no {name}", without(name)) for name in ("id", "status", "created_at")),
    *(_bad(f"{name} is null", log(**{name: None})) for name in ("id", "status", "source")),
    *(_bad(f"{name} is a number", log(**{name: 12025550177})) for name in ("from", "url")),
    _bad("NaN for a charge", log(charge=float("nan"))),
    _bad("Infinity for a charge", log(charge=float("inf"))),
    _bad("a charge beyond all floats", raw("charge", "1e400")),
    _bad("a charge that is a number to call", log(charge=NUMBER.removeprefix("+"))),
    _bad("a charge in words", log(charge=f"{TEXT}, {NUMBER}")),
    _bad("true for a charge", log(charge=True)),
    _bad("pages of 41 digits", units(10**40)),
    _bad("a date that is none", log(created_at=f"on {NUMBER}")),
    _bad("a date of a 13th month", log(created_at="2026-13-04T00:00:00Z")),
    _bad("a date before all dates", log(created_at="0001-01-01T00:00:00+14:00")),
    _bad("a date of 20 digits", log(created_at=10**20)),
    _bad("the id of another log", log(id=ANOTHER_ID), Parked("log.mismatch")),
    _bad("a second id", raw("id", f'"{ANOTHER_ID}"'), Parked("log.mismatch")),
    # Odd values that must not lose a log.
    _bad("a lone surrogate", log(remote_station="\ud800"), Stored()),
    _bad("a lone surrogate in a new field", log(colour="\ud800"), Stored()),
    _bad("no charge", without("charge"), Stored()),
    *(
        _bad(f"{name} is null", log(**{name: None}), Stored())
        for name in ("charge", "charge_details")
    ),
    _bad("an error code that is a number", log(error_code=0), Stored()),
    _bad("a second status", raw("status", '"queued"'), Stored("queued")),
    _bad("a status that nobody knows", log(status="asleep"), Stored("asleep")),
    _bad("an id in capitals", lambda message: log(id=message.log_id.upper())(message), Stored()),
    _bad("NaN in a new field", log(colour=float("nan")), Stored()),
    _bad("a new field of many levels", raw("colour", nested(100)), Stored()),
    _bad("a charge below all floats", raw("charge", "1e-400"), Stored()),
    _bad("a charge of 45 digits", raw("charge", f"0.{'1' * 45}"), Stored()),
    _bad("no pages", units(0), Stored()),
    _bad("fewer than no pages", units(-1), Stored()),
    _bad("a character that ends strings in C", log(colour="\0"), Stored()),
    _bad("a url of another form", log(url=TEXT), Stored()),
    FaultCase(
        step=Step.ENRICH,
        name="a defect of ours",
        in_memory=CatalogueBroken(),
        ends=retried("internal.unexpected", 5),
    ),
)
