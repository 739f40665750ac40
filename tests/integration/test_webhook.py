"""From SignalWire's callback over HTTP to a row, through the deployed webhook function."""

from __future__ import annotations

import base64
import http.client
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.stack import messages_left, rows
from tests.builders import fax_log, message_log
from tests.integration.conftest import Deployment, drain
from tests.webhook import (
    SHA1,
    Request,
    fax_status,
    form_request,
    get_request,
    json_request,
    message_status,
    sms_status,
)

pytestmark = pytest.mark.integration

#: The attributes that a further fetch of an unchanged log changes.
COUNTERS = {"version", "fetched_at", "sent_at", "lag_ms"}


def call(deployment: Deployment, request: Request) -> int:
    """Send the request to the Function URL, which the local cloud recognizes by the host."""
    cloud = urlsplit(deployment.cloud.url)
    assert cloud.hostname is not None
    body = request.body or ""
    connection = http.client.HTTPConnection(cloud.hostname, cloud.port, timeout=20)
    connection.request(
        request.method,
        f"{request.path}?{request.query}" if request.query else request.path,
        base64.b64decode(body) if request.is_base64 else body.encode(),
        request.headers | {"Host": urlsplit(deployment.stack.webhook_endpoint).netloc},
    )
    response = connection.getresponse()
    assert response.read() == b""
    connection.close()
    return response.status


def row(deployment: Deployment, key: str) -> dict[str, Any] | None:
    """Wait for an empty queue, and return the row of a log."""
    drain(deployment)
    found = {found["pk"]: found for found in rows(deployment.cloud, deployment.stack)}
    return found.get(key)


def new_message(deployment: Deployment) -> str:
    """Put a new message into the space, and return its ID."""
    log_id = str(uuid.uuid4())
    deployment.space.put_log("message", message_log(id=log_id))
    return log_id


def test_a_message_callback_becomes_a_row(deployment: Deployment) -> None:
    """It is signed as JSON."""
    log_id = new_message(deployment)
    status = call(deployment, json_request(message_status(id=log_id, status="delivered")))
    assert status == 204
    found = row(deployment, f"message#{log_id}")
    assert found is not None
    assert found["status"] == "delivered"


def test_a_form_callback_becomes_a_row(deployment: Deployment) -> None:
    """It is signed as a form, which AWS encodes in base64, and has a query of the user's."""
    log_id = new_message(deployment)
    request = form_request(sms_status(MessageSid=log_id), query="tenant=7")
    assert call(deployment, request) == 204
    assert row(deployment, f"message#{log_id}") is not None


def test_a_get_callback_becomes_a_row(deployment: Deployment) -> None:
    """It is signed with its query, which contains the form."""
    log_id = new_message(deployment)
    request = get_request({"MessageSid": log_id, "MessageStatus": "delivered", "To": "+1"})
    assert call(deployment, request) == 204
    assert row(deployment, f"message#{log_id}") is not None


def test_a_fax_callback_becomes_a_row(deployment: Deployment) -> None:
    """The fax's SID leads to its log, which has another ID."""
    log_id, sid = str(uuid.uuid4()), str(uuid.uuid4())
    url = str(fax_log()["url"]).rpartition("/")[0]
    deployment.space.put_log("fax", fax_log(id=log_id, url=f"{url}/{sid}"))
    assert call(deployment, form_request(fax_status(FaxSid=sid, FaxStatus="delivered"))) == 204
    assert row(deployment, f"fax#{log_id}") is not None


@pytest.mark.parametrize("headers", [{}, {SHA1: "0" * 40}, {"x-forwarded-host": "x"}])
def test_an_unsigned_callback_gets_403(deployment: Deployment, headers: dict[str, str]) -> None:
    """It enqueues nothing, so its log is not stored."""
    log_id = new_message(deployment)
    request = json_request(message_status(id=log_id))
    request.headers = {"content-type": "application/json"} | headers
    assert call(deployment, request) == 403
    assert messages_left(deployment.cloud, deployment.stack.queue_url) == 0
    assert row(deployment, f"message#{log_id}") is None


def test_a_replay_changes_nothing_but_counters(deployment: Deployment) -> None:
    """The same signed callback, sent again, leaves the row unchanged."""
    log_id = new_message(deployment)
    request = json_request(message_status(id=log_id, status="delivered"))
    assert call(deployment, request) == 204
    before = row(deployment, f"message#{log_id}")
    assert before is not None
    assert [call(deployment, request) for _ in range(3)] == [204] * 3
    after = row(deployment, f"message#{log_id}")
    assert after is not None
    assert {k: v for k, v in after.items() if k not in COUNTERS} == {
        k: v for k, v in before.items() if k not in COUNTERS
    }
