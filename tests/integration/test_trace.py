"""The way of one log through the deployed functions, as `hooklog trace` tells it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from hooklog.clock import iso
from local.space import Fault, FaultKind, Log
from local.stack import log_lines, send
from tests.builders import body, failed_fax, message_log
from tests.integration.command_line import CommandLine
from tests.integration.conftest import Deployment, drain, with_variables
from tests.integration.test_webhook import call
from tests.privacy import leaks
from tests.webhook import json_request, message_status

pytestmark = pytest.mark.integration

#: Seconds, far more than the table's stream needs.
_WITHIN = 60.0
#: Alone in its minute, so that a backfill of it compares nothing else.
LONG_AGO = "2025-03-04T05:06:30Z"
PERIOD = ("--from", "2025-03-04T05:06", "--to", "2025-03-04T05:07")


@pytest.fixture(scope="module")
def functions(deployment: Deployment) -> list[str]:
    """Name the functions of the stack."""
    pages = deployment.cloud.client("lambda").get_paginator("list_functions").paginate()
    return [one["FunctionName"] for page in pages for one in page["Functions"]]


@pytest.fixture
def _at_debug(deployment: Deployment, functions: list[str]) -> Iterator[None]:
    """Let the functions tell each step."""
    with with_variables(deployment, functions, {"LOG_LEVEL": "DEBUG"}):
        yield


@pytest.fixture(scope="module")
def hooklog(deployment: Deployment) -> CommandLine:
    """Return the operator's command line."""
    return CommandLine(deployment)


def new_message(deployment: Deployment, **changes: Any) -> str:  # noqa: ANN401 - JSON
    """Put a new message into the space, and return its ID."""
    now = iso(datetime.now(UTC))
    log: Log = message_log(**({"id": str(uuid.uuid4()), "created_at": now} | changes))
    deployment.space.put_log("message", log)
    return str(log["id"])


def told(way: dict[str, Any]) -> list[str]:
    """Return the functions' steps in the order in which they are told, with what they say."""
    return [
        f"{one['source']} {one['step']}: {one['more']}" for one in way["entries"] if one["step"]
    ]


def trace_until(
    hooklog: CommandLine, log_type: str, log_id: str, is_there: Callable[[list[str]], bool]
) -> dict[str, Any]:
    """Trace a log until its steps are there; the stream brings the event a little later."""
    deadline = time.monotonic() + _WITHIN
    while True:
        way: dict[str, Any] = hooklog.json("trace", log_type, log_id)
        if is_there(told(way)) or time.monotonic() > deadline:
            return way
        time.sleep(0.5)


def has(step: str) -> Callable[[list[str]], bool]:
    """Return whether a step is told."""
    return lambda steps: any(one.startswith(step) for one in steps)


@pytest.mark.usefixtures("_at_debug")
def test_a_callback_is_followed_to_its_event(deployment: Deployment, hooklog: CommandLine) -> None:
    """Through a try that failed, and to the callback that told nothing new."""
    log_id = new_message(deployment)
    deployment.space.add_fault(Fault(FaultKind.NOT_FOUND, log_id=log_id))
    callback = message_status(id=log_id, status="delivered", error_code=None, error_message=None)
    request = json_request(callback)
    assert call(deployment, request) == 204
    drain(deployment)
    trace_until(hooklog, "message", log_id, has("publish published"))
    assert call(deployment, request) == 204
    drain(deployment)
    way = trace_until(hooklog, "message", log_id, has("enrich skipped"))
    steps = told(way)
    # These depend on the clock and on chance.
    fetched = steps[4].split(", ")
    assert fetched[0] == "enrich fetched: status delivered"
    assert fetched[1].endswith(" ms")
    assert steps[:4] + steps[5:] == [
        "webhook accepted: status delivered",
        "enrich delivered: by webhook, delivery 1, status delivered",
        "enrich retried: fetch.not_found, try 1, back in 1 s",
        "enrich delivered: by webhook, delivery 2, status delivered",
        "enrich written: version 2, succeeded",
        "publish published: version 2",
        "webhook accepted: status delivered",
        "enrich delivered: by webhook, delivery 1, status delivered",
        "enrich skipped: ",
    ]
    of_row = [one["what"] for one in way["entries"] if one["source"] == "row"]
    assert of_row == ["Event that led to the fetch", "Message created", "Fetched and stored"]
    shown = hooklog.run("trace", "message", log_id)
    places = [
        shown.index(step)
        for step in ("Callback accepted", "Sent back to the queue", "Row written", "Event accepted")
    ]
    assert places == sorted(places)
    assert "What this cannot know:" in shown


@pytest.mark.usefixtures("_at_debug")
def test_a_parked_fax_is_followed_by_either_name(
    deployment: Deployment, hooklog: CommandLine
) -> None:
    """It is stored, and then parked because SignalWire answered with another log."""
    sid, account = str(uuid.uuid4()), str(failed_fax()["url"]).rpartition("/")[0]
    fax = failed_fax(id=str(uuid.uuid4()), url=f"{account}/{sid}")
    deployment.space.put_log("fax", fax)
    for fault in (None, Fault(FaultKind.WRONG_ID, log_id=str(fax["id"]))):
        if fault:
            deployment.space.add_fault(fault)
        send(deployment.cloud, deployment.stack, [body("fax", str(fax["id"]))])
        drain(deployment)
    way = trace_until(hooklog, "fax", sid, has("enrich parked"))
    assert way["key"] == f"fax#{fax['id']}"
    steps = [step.partition(":")[0] for step in told(way)]
    assert [step for step in steps if step.startswith("enrich")] == [
        *("enrich delivered", "enrich fetched", "enrich written"),
        *("enrich delivered", "enrich parked"),
    ]
    assert "enrich parked: log.mismatch, try 1" in told(way)
    assert "Parked" in [one["what"] for one in way["entries"] if one["source"] == "row"]


@pytest.mark.usefixtures("_at_debug")
def test_a_log_that_a_backfill_found_is_followed(
    deployment: Deployment, hooklog: CommandLine
) -> None:
    """No message was needed."""
    log_id = new_message(deployment, created_at=LONG_AGO)
    hooklog.run("backfill", *PERIOD, "--type", "message", "--yes")
    way = trace_until(hooklog, "message", log_id, has("publish published"))
    assert told(way) == [
        "sweep compared: by backfill, missing",
        "sweep written: version 1, succeeded",
        "publish published: version 1",
    ]


def test_at_info_no_step_is_told(deployment: Deployment, hooklog: CommandLine) -> None:
    """The command says so, and tells what the row has."""
    log_id = new_message(deployment)
    send(deployment.cloud, deployment.stack, [body("message", log_id)])
    drain(deployment)
    way = hooklog.json("trace", "message", log_id)
    assert told(way) == []
    assert way["entries"]
    assert any("enrich (INFO)" in gap for gap in way["unknown"])
    assert not any(log_id in line for line in log_lines(deployment.cloud, deployment.stack))


def test_an_unknown_log_is_an_error(hooklog: CommandLine) -> None:
    """It says what to do."""
    result = hooklog.result("trace", "message", str(uuid.uuid4()))
    assert result.exit_code == 1
    assert "--since searches further back" in str(result.exception)


@pytest.mark.usefixtures("_at_debug")
def test_steps_have_nothing_personal(deployment: Deployment) -> None:
    """At DEBUG, neither hooklog nor a library prints a number, a text or a secret."""
    lines = log_lines(deployment.cloud, deployment.stack)
    steps = [line for line in lines if '"message":"step"' in line]
    if not steps:
        pytest.skip("no test before this one let the functions tell steps")
    assert leaks("\n".join(lines)) == []
    assert all(json.loads(line)["level"] == "DEBUG" for line in steps)
    assert not [line for line in lines if '"level":"DEBUG"' in line and line not in steps]
