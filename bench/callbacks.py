"""What the webhook function uses for a callback once it is warm."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from bench.logs import log_id
from bench.measured import Callbacks, Spread
from bench.processes import Invocation, Stub, Subject
from bench.stub_aws import SIGNING_KEY
from bench.subjects import SECRET
from bench.workloads import NO_LATENCY
from local.space.signatures import sign_body, sign_form

type Event = Mapping[str, Any]

_URL: Final = "https://hooks.example.com"
#: Environment variables of a function that puts all callbacks on the queue.
VARIABLES: Final = {**SECRET, "WEBHOOK_URL": _URL}
#: The same for one that drops those that tell no end.
ONLY_ENDS: Final = {**VARIABLES, "CALLBACK_STATUSES": "Final"}
ACCEPTED: Final = {"statusCode": 204}
#: Callbacks per round, half of messages and half of faxes.
_SIZE: Final = 100


def of_message(number: int, status: str) -> Event:
    """Return a Function URL's event with the signed callback of a Relay message."""
    body = json.dumps({"id": log_id(number), "status": status, "to": "+12025550143"})
    headers = sign_body(SIGNING_KEY, f"{_URL}/message", body.encode())
    return _post("/message", "application/json", headers, body)


def of_fax(number: int, status: str) -> Event:
    """Return a Function URL's event with the signed callback of a LaML fax."""
    form = [("FaxSid", log_id(number)), ("FaxStatus", status), ("To", "+12025550143")]
    headers = sign_form(SIGNING_KEY, f"{_URL}/fax", form)
    return _post("/fax", "application/x-www-form-urlencoded", headers, urlencode(form))


def measure(stub: Stub, subject: Subject, *, is_queued: bool, rounds: int) -> Callbacks:
    """Measure rounds of callbacks.

    Args:
        stub: that the subject uses.
        subject: the webhook function; it is warm after one round more, which is not measured.
        is_queued: whether the callbacks tell an end, so that they go on the queue in any case.
        rounds: number of measured rounds.

    Raises:
        RuntimeError: a callback was refused, or not as many as expected are on the queue.

    """
    messages, faxes = ("delivered", "delivered") if is_queued else ("queued", "processing")
    events = [
        of_message(number, messages) if number % 2 else of_fax(number, faxes)
        for number in range(_SIZE)
    ]
    expected = {"SendMessage": _SIZE} if is_queued else {}
    _, *measured = [_round(stub, subject, events, expected) for _ in range(rounds + 1)]
    return Callbacks(
        is_queued=is_queued,
        size=_SIZE,
        rounds=rounds,
        cpu_ms=Spread.of(sum(one.cpu_ms for one in used) / _SIZE for used in measured),
        wall_ms=Spread.of(sum(one.wall_ms for one in used) / _SIZE for used in measured),
        log_bytes=sum(len(one.printed) for one in measured[-1]),
        calls=expected,
        peak_mb=measured[-1][-1].peak_kib / 1024,
    )


def _round(
    stub: Stub, subject: Subject, events: Sequence[Event], expected: Mapping[str, int]
) -> list[Invocation]:
    stub.reset(NO_LATENCY)
    used = [subject.invoke(event) for event in events]
    calls = stub.reset(NO_LATENCY).calls
    if any(one.response != ACCEPTED for one in used):
        raise RuntimeError("A callback was not accepted.")
    # The secret is read in the first round, and again five minutes later.
    calls.pop("GetSecretValue", None)
    if calls != expected:
        raise RuntimeError(f"The function called {calls} instead of {expected}.")
    return used


def _post(path: str, content_type: str, signature: Mapping[str, str], body: str) -> Event:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": content_type, **signature},
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": False,
    }
