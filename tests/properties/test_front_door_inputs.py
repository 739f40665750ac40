"""Every request to the front door gets a documented answer; only signed ones are queued."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings

from hooklog.enrich.deliveries import log_request
from hooklog.queue_messages import Origin
from hooklog.webhook.front_door import FrontDoor
from tests.fakes import FakeDoorTelemetry, FakeKeys, FakeProducer
from tests.properties.front_door_requests import events, possible_signatures
from tests.properties.profiles import examples
from tests.webhook import ALIAS, BASE, KEY, SHA1, SHA256, Request

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STATUS = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
_NAMES = {"log_type", "log_id", "resource_sid", "status", "error_code", "occurred_at", "origin"}


@settings(examples(20), suppress_health_check=list(HealthCheck))
@given(events())
def test_no_request_gets_in_unsigned_or_breaks_anything(event: object) -> None:
    """Only a signed request that names a log gets 204; all others are refused without errors."""
    queue, telemetry = FakeProducer(), FakeDoorTelemetry()
    answer = FrontDoor(BASE, FakeKeys((KEY,)), queue, telemetry).handle(event)

    assert telemetry.defects == [], "a defect"
    assert answer.keys() == {"statusCode"}
    if answer["statusCode"] != 204:
        assert answer["statusCode"] in {400, 403, 413}
        assert queue.bodies == [], "what was refused is on the queue"
        return
    assert is_signed(event), "an unsigned request was let in"
    (body,) = queue.bodies
    check_message(body)


def check_message(body: str) -> None:
    """Check that a message has only allowed fields, in the form that the enrich function reads."""
    says: dict[str, str] = json.loads(body)
    assert says.keys() <= _NAMES
    assert len({"log_id", "resource_sid"} & says.keys()) == 1
    assert _UUID.fullmatch(says.get("log_id") or says["resource_sid"])
    assert _STATUS.fullmatch(says.get("status", "sent"))
    request = log_request(body, datetime(2026, 5, 4, tzinfo=UTC))
    assert (request.kind.name, request.origin) == (says["log_type"], Origin.WEBHOOK)


def is_signed(event: object) -> bool:
    """Return whether a header holds a signature that the key's holder may have made."""
    assert isinstance(event, dict)
    headers = {name.lower(): value for name, value in event["headers"].items()}
    claimed = {headers.get(name) for name in (SHA1, SHA256, ALIAS)}
    request = Request(
        method=event["requestContext"]["http"]["method"],
        path=event["rawPath"],
        query=event["rawQueryString"],
        body=_text(event),
    )
    return not claimed.isdisjoint(possible_signatures(request, KEY))


def _text(event: Mapping[str, Any]) -> str:
    body = event.get("body") or ""
    return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
