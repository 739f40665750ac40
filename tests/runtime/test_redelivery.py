"""A time-out or crash in mid-batch loses nothing: the batch is redelivered and ends right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.runtime.emulator import EmulatedFunction
from tests.runtime.rig import LOGS, Rig
from tests.runtime.slow_table import slow_table

pytestmark = pytest.mark.integration

#: How many rows there can be after one call, of at most 25 writes, and after more.
FIRST_CALL = range(1, 26)
FURTHER_CALLS = range(26, LOGS + 1)


@contextmanager
def troubled(rig: Rig, order: str, **environment: str) -> Iterator[EmulatedFunction]:
    """Run the built enrichment function with trouble ahead, see ``trouble.py``."""
    shutil.copy(Path(__file__).with_name("trouble.py"), rig.folder)
    armed = rig.folder / "armed"
    armed.write_text(order)
    with rig.function(
        handler="trouble.lambda_handler", environment={"TROUBLE": str(armed), **environment}
    ) as function:
        yield function


def fail_to_deliver(rig: Rig, function: EmulatedFunction, kind: str) -> int:
    """Deliver a batch that ends in this error; give how many failures its rows tell of."""
    outcome = rig.source(function).deliver()
    assert outcome is not None
    assert outcome.error is not None
    assert outcome.error.kind == kind
    assert len(outcome.received) == LOGS
    assert rig.queued() == LOGS
    return rig.failed()


@pytest.mark.parametrize(
    ("order", "stored"),
    [
        pytest.param("exit fetch 20", 0, id="it exits while logs are fetched"),
        pytest.param("memory fetch 20", 0, id="memory runs out while logs are fetched"),
        pytest.param("exit write 1", 0, id="all is fetched and nothing stored"),
        pytest.param("exit answer 1", LOGS, id="all is stored and nothing acknowledged"),
    ],
)
def test_a_crash_in_mid_batch_loses_nothing(rig: Rig, order: str, stored: int) -> None:
    """All messages come back; then every row is right, and each failure was counted once."""
    rig.hide_for(5)
    truth = rig.send_batch()
    with troubled(rig, order) as function:
        fail_to_deliver(rig, function, "Runtime.ExitError")
        assert len(rig.rows()) == stored
        rig.drain(function)
        assert rig.counted_failures(function) == rig.failed() > 0
    assert rig.statuses() == truth


def test_a_crash_between_two_writes_loses_nothing(rig: Rig) -> None:
    """What the crashed invocation had stored is not counted again: its metrics were lost."""
    rig.hide_for(5)
    truth = rig.send_batch()
    with (
        slow_table(rig.deployment.cloud.url) as table,
        troubled(rig, "exit written 1", AWS_ENDPOINT_URL_DYNAMODB=table.url) as function,
    ):
        table.fall_silent(at_write=2, carries_out=False)
        failed_before = fail_to_deliver(rig, function, "Runtime.ExitError")
        assert len(rig.rows()) in FIRST_CALL
        table.recover()
        rig.drain(function)
        assert rig.counted_failures(function) == rig.failed() - failed_before
    assert rig.statuses() == truth


@pytest.mark.parametrize(
    ("carries_out", "stored"),
    [
        pytest.param(False, FIRST_CALL, id="further writes are lost"),
        pytest.param(True, FURTHER_CALLS, id="only their answers are lost"),
    ],
)
def test_a_time_out_in_mid_batch_loses_nothing(
    rig: Rig, *, carries_out: bool, stored: range
) -> None:
    """DynamoDB falls silent until Lambda ends the invocation; the redelivery finds it well."""
    # The answers of the space end five seconds before the function's time does.
    rig.hide_for(20)
    truth = rig.send_batch()
    with (
        slow_table(rig.deployment.cloud.url) as table,
        rig.function(timeout=15, environment={"AWS_ENDPOINT_URL_DYNAMODB": table.url}) as function,
    ):
        function.invoke({"Records": []})  # The cold start takes none of the batch's time.
        table.fall_silent(at_write=2, carries_out=carries_out)
        failed_before = fail_to_deliver(rig, function, "Sandbox.Timedout")
        assert len(rig.rows()) in stored
    with rig.function() as another:
        rig.drain(another)
        assert rig.counted_failures(another) == rig.failed() - failed_before
    assert rig.statuses() == truth
