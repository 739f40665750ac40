"""What the deployed publish function tells of the table's rows, and what it keeps to itself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager

import pytest

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.records.recording import StoreRecord
from hooklog.records.store import Stored, apply
from local.event_tap import EventTap, Received
from local.space import Log
from tests.builders import failed_fax, fax_log, message_log, record
from tests.integration.command_line import CommandLine
from tests.integration.conftest import Deployment, with_variables

pytestmark = pytest.mark.integration

_WITHIN = 60.0


def store(deployment: Deployment, *logs: Log) -> list[str]:
    """Store new logs as the functions do, one after the other; return their keys."""
    table = DynamoTable(deployment.cloud.client("dynamodb"), deployment.stack.table_name)
    keys = []
    for log in logs:
        (result,) = apply(table, [StoreRecord(record(log))], {}).values()
        assert isinstance(result, Stored), result
        keys.append(record(log).key)
    return keys


def receive_until(tap: EventTap, key: str) -> list[Received]:
    """Wait for an event about this row, and return everything that arrived until then."""
    received = tap.receive_until(
        lambda received: any(one.key == key for one in received), within_s=_WITHIN
    )
    assert key in {one.key for one in received}
    return received


def publishing(
    deployment: Deployment, variables: Mapping[str, str]
) -> AbstractContextManager[None]:
    """Run the publish function with other settings until the block ends."""
    name = deployment.stack.publish_function
    assert name is not None
    return with_variables(deployment, [name], variables)


def test_failures_are_told_alone_with_masked_numbers_on_a_bus_of_its_own(
    deployment: Deployment,
) -> None:
    """Nothing of a success or of progress, no number, and nothing on the default bus."""
    bus = deployment.cloud.client("events").create_event_bus(Name="failures")["EventBusArn"]
    tap = EventTap(deployment.cloud, "failures", bus="failures")
    default = EventTap(deployment.cloud, "not-failures")
    # The stream is in order, so what other tests have stored is told by then.
    (last,) = store(deployment, failed_fax(id=str(uuid.uuid4())))
    before = receive_until(default, last)
    settings = {"EVENTS": "Failures", "EVENT_NUMBERS": "masked", "EVENT_BUS": bus}
    with publishing(deployment, settings):
        *_, key = store(
            deployment,
            message_log(id=str(uuid.uuid4())),
            fax_log(id=str(uuid.uuid4()), status="queued"),
            fax_log(id=str(uuid.uuid4())),
            # Its event comes last.
            failed_fax(id=str(uuid.uuid4())),
        )
        received = receive_until(tap, key)
    assert [(one.key, one.detail_type) for one in received] == [(key, "Fax Failed")]
    (told,) = received
    assert (told.event.sender, told.event.recipient) == ("+*********43", "+**********58")
    assert not any(str(failed_fax()[end])[1:] in told.text for end in ("from", "to"))
    assert default.receive() == before


def test_an_erased_row_tells_nothing(deployment: Deployment) -> None:
    """Its failure is told with the number; its erasure is not told, and neither is the number."""
    number = "+12065550987"
    tap = EventTap(deployment.cloud, "erased")
    (erased,) = store(deployment, failed_fax(id=str(uuid.uuid4()), to=number))
    before = receive_until(tap, erased)
    assert number in before[-1].text
    CommandLine(deployment).run("erase", "--number", number, "--yes")
    (other,) = store(deployment, failed_fax(id=str(uuid.uuid4())))
    after = receive_until(tap, other)[len(before) :]
    assert [one.key for one in after] == [other]
    assert number[1:] not in "".join(one.text for one in after)
