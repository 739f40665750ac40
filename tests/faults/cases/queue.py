"""Faults of messages."""

from __future__ import annotations

from tests.faults.canary import NUMBER, TEXT, TOKEN
from tests.faults.cases.case import FaultCase, Step
from tests.faults.endings import Parked, Stored
from tests.faults.injections import MessageBody
from tests.faults.messages import Text
from tests.faults.texts import ANOTHER_ID, body, enveloped, nested, text, twice_in_body

_MALFORMED = Parked("message.malformed")
_UNKNOWN = Parked("message.unsupported_type")


def _bad(name: str, said: Text, ends: Parked | Stored = _MALFORMED) -> FaultCase:
    return FaultCase(step=Step.PARSE, name=name, in_memory=MessageBody(said), ends=ends)


NO_JSON = _bad("no JSON", text(f"{NUMBER} {TEXT} {TOKEN}"))

MESSAGES = (
    NO_JSON,
    _bad("empty", text("")),
    _bad("half of JSON", lambda message: message.body[:-5]),
    _bad("deep nesting", text(nested(100_000))),
    _bad("a number of 5,000 digits", text(f'{{"log_id": 1{"0" * 5000}}}')),
    _bad("no object", text(f'["{NUMBER}"]')),
    _bad("an empty object", text("{}")),
    _bad("an id that is none", body(log_id=NUMBER)),
    _bad("an id that leads elsewhere", body(log_id=f"../../{NUMBER}")),
    _bad("an id of another type", body(log_id=12025550177)),
    _bad("NaN for an id", body(log_id=float("nan"))),
    _bad("a type of another type", body(log_type=[TEXT])),
    _bad("an unknown origin", body(origin=TEXT)),
    _bad("a date that is none", body(occurred_at=f"on {NUMBER}")),
    _bad("a date without a zone", body(occurred_at="2026-05-04T12:00:00")),
    _bad("three envelopes", lambda message: enveloped(enveloped(enveloped(message.body)))),
    _bad("no JSON in an envelope", text(enveloped(TEXT))),
    _bad("an unknown kind of log", body(log_type=TEXT), _UNKNOWN),
    _bad("a lone surrogate for a kind of log", body(log_type="\ud800"), _UNKNOWN),
    # Odd values that must not lose a log.
    _bad("a field twice", twice_in_body("log_id", ANOTHER_ID), Stored()),
    _bad("a date long past", body(occurred_at="0001-01-01T00:00:00Z"), Stored()),
    _bad("a date far ahead", body(occurred_at="9999-12-31T23:59:59Z"), Stored()),
    _bad("a status that nobody knows", body(status=TEXT), Stored()),
    _bad("a lone surrogate for a status", body(status="\ud800"), Stored()),
    _bad("two envelopes", lambda message: enveloped(enveloped(message.body)), Stored()),
)
