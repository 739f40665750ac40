"""The built functions under Lambda's runtime interface emulator."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import cast

import pytest

from local.cloud import ROOT
from local.event_tap import EventTap
from local.space import OFFICIAL_FAX_ID, Fault, FaultKind
from tests.builders import body
from tests.runtime.emulator import InvocationError
from tests.runtime.rig import Rig
from tests.webhook import json_request, message_status

pytestmark = pytest.mark.integration


def test_a_cold_start_is_followed_by_warm_calls(rig: Rig) -> None:
    """One process serves one batch after another."""
    logs = list(rig.deployment.space.ids()["fax"])[:3]
    with rig.function() as function:
        processes = set()
        for log_id in logs:
            rig.send([body("fax", log_id)])
            rig.drain(function)
            processes.add(function.runtime_process)
    assert set(rig.rows()) == {f"fax#{log_id}" for log_id in logs}
    assert len(processes) == 1
    assert sum("Init Duration" in line for line in function.output) == 1


def test_only_what_was_built_is_imported(rig: Rig) -> None:
    """The runtime has no packages of its own, so the layers contain every dependency."""
    packages = ROOT / ".tools/runtime/lib/python3.13/site-packages"
    assert not (packages / "boto3").exists()
    with rig.function() as function:
        assert function.invoke({"Records": []}) == {"batchItemFailures": []}


def test_the_answer_names_only_the_messages_to_redeliver(rig: Rig) -> None:
    """In a batch with faults of every kind, they are those that a retry can help."""
    faxes, messages = (list(rig.deployment.space.ids()[kind]) for kind in ("fax", "message"))
    rig.deployment.space.add_fault(Fault(FaultKind.DROPPED, times=2, log_id=faxes[1]))
    rig.deployment.space.add_fault(Fault(FaultKind.SERVER_ERROR, log_id=messages[1]))
    returned = rig.send(
        [
            body("fax", faxes[1]),
            body("fax", faxes[1], origin="sweep"),
            body("message", messages[1]),
            body("message", str(uuid.uuid4())),
        ]
    )
    done = rig.send(
        [
            body("fax", faxes[0]),
            body("fax", faxes[0], origin="sweep"),
            body("message", messages[0]),
            "not JSON",
            body("telegram"),
        ]
    )
    with rig.function() as function:
        outcome = rig.source(function).deliver()
        assert outcome is not None
        assert outcome.error is None
        assert outcome.received == {*returned, *done}
        assert outcome.returned == set(returned)
        assert rig.queued() == len(returned)
        rig.drain(function)
    parked = {row["parked_code"] for row in rig.rows().values() if "parked_code" in row}
    assert parked == {"fetch.not_found", "message.malformed", "message.unsupported_type"}
    stored = {key for key, row in rig.rows().items() if "status" in row}
    assert stored == {
        f"{kind}#{one}" for kind, ids in (("fax", faxes), ("message", messages)) for one in ids[:2]
    }


def test_a_slow_space_does_not_make_the_function_time_out(rig: Rig) -> None:
    """Logs that SignalWire does not return in time are redelivered; all others are stored."""
    slow = list(rig.deployment.space.ids()["message"])[:3]
    for log_id in slow:
        rig.deployment.space.add_fault(Fault(FaultKind.SLOW, delay_s=60, log_id=log_id))
    rig.hide_for(60)
    truth = rig.send_batch()
    late = {f"message#{log_id}" for log_id in slow}
    # Its read timeout is longer than its own timeout.
    with rig.function(timeout=14, environment={"FETCH_READ_TIMEOUT": "60"}) as function:
        function.invoke({"Records": []})
        outcome = rig.source(function).deliver()
        assert outcome is not None
        assert outcome.error is None
        assert len(outcome.returned) == rig.queued() == len(slow)
        assert rig.rows().keys() == truth.keys() - late
        rig.drain(function)
    assert rig.statuses() == truth


def test_a_function_that_cannot_start_loses_nothing(rig: Rig) -> None:
    """A missing setting is one sentence; once it is set, the batch is processed."""
    rig.hide_for(2)
    rig.send([body("fax", next(iter(rig.deployment.space.ids()["fax"])))])
    with rig.function(environment={"SIGNALWIRE_SPACE": ""}) as function:
        with pytest.raises(InvocationError, match="SIGNALWIRE_SPACE is malformed") as raised:
            function.invoke({"Records": []})
        assert raised.value.kind == "SettingsError"
        outcome = rig.source(function).deliver()
    assert outcome is not None
    assert outcome.error is not None
    assert rig.queued() == 1
    with rig.function() as function:
        rig.drain(function)
    assert len(rig.rows()) == 1


def test_a_callback_becomes_a_message_on_the_queue(rig: Rig) -> None:
    """A callback that is signed with a key of the secret is accepted, an unsigned one refused."""
    log_id = next(iter(rig.deployment.space.ids()["message"]))
    request = json_request(message_status(id=log_id))
    # Here a cold start is part of the call, and is slow on a busy machine.
    with rig.function("WebhookFunction", timeout=60) as function:
        answer = function.invoke(request.event())
        request.headers = {"content-type": "application/json"}
        refused = function.invoke(request.event())
    assert isinstance(answer, dict)
    assert isinstance(refused, dict)
    assert (answer["statusCode"], refused["statusCode"]) == (204, 403)
    assert rig.queued() == 1


def test_a_change_of_the_table_becomes_an_event(rig: Rig) -> None:
    """The sample of `events/` is told on the deployed bus."""
    tap = EventTap(rig.deployment.cloud, "emulated")
    change = json.loads((ROOT / "events/stream.json").read_text(encoding="utf-8"))
    with rig.function("PublishFunction") as function:
        assert function.invoke(change) == {"batchItemFailures": []}
    (told,) = tap.receive()
    assert (told.detail_type, told.key) == ("Fax Failed", f"fax#{OFFICIAL_FAX_ID}")


def test_a_sweep_stores_what_the_table_lacks(rig: Rig) -> None:
    """It stores its first period from the lists, and enqueues what needs more than a list."""
    with rig.function("SweepFunction") as function:
        summary = function.invoke({})
    assert isinstance(summary, dict)
    assert summary["complete"] is True
    assert summary["stored"] == sum("status" in row for row in rig.rows().values()) > 0
    assert summary["enqueued"] == rig.queued()
    with rig.function() as function:
        rig.drain(function)
    found = cast("Mapping[str, Mapping[str, int]]", summary["found"]).values()
    missing = sum(counts.get("missing", 0) for counts in found)
    assert sum("status" in row for row in rig.rows().values()) == missing
