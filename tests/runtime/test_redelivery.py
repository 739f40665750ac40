"""A time-out or crash in mid-batch loses nothing: the batch is redelivered and ends right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.runtime import EmulatedFunction
from tests.runtime.rig import LOGS, Rig
from tests.runtime.slow_table import slow_table

pytestmark = pytest.mark.integration

#: Rows that one write call takes.
A_CALL = 25


@contextmanager
def troubled(rig: Rig, order: str) -> Iterator[EmulatedFunction]:
    """Run the built enrichment function with trouble ahead, see ``trouble.py``."""
    shutil.copy(Path(__file__).with_name("trouble.py"), rig.folder)
    armed = rig.folder / "armed"
    armed.write_text(order)
    with rig.function(handler="trouble.lambda_handler", environment={"TROUBLE": str(armed)}) as one:
        yield one


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
        pytest.param("exit write 2", A_CALL, id="a part is stored"),
        pytest.param("exit answer 1", LOGS, id="all is stored and nothing acknowledged"),
    ],
)
def test_a_crash_in_mid_batch_loses_nothing(rig: Rig, order: str, stored: int) -> None:
    """All messages come back; then every row is right, and no failure was counted twice."""
    rig.hide_for(5)
    truth = rig.send_batch()
    with troubled(rig, order) as function:
        failed_before = fail_to_deliver(rig, function, "Runtime.ExitError")
        assert len(rig.rows()) == stored
        counted_before = rig.counted_failures(function)
        rig.drain(function)
        counted = rig.counted_failures(function)
    assert rig.statuses() == truth
    assert rig.failed() > failed_before or stored == LOGS
    assert counted_before in {0, failed_before}
    # What is stored and not yet counted when the process dies, stays uncounted.
    assert counted - counted_before == rig.failed() - failed_before


@pytest.mark.parametrize(
    ("carries_out", "stored"),
    [
        pytest.param(False, A_CALL, id="the second write is lost"),
        pytest.param(True, 2 * A_CALL, id="only its answer is lost"),
    ],
)
def test_a_time_out_in_mid_batch_loses_nothing(rig: Rig, *, carries_out: bool, stored: int) -> None:
    """DynamoDB falls silent until Lambda ends the invocation; the redelivery finds it well."""
    # The answers of the space end five seconds before the function's time does.
    rig.hide_for(15)
    truth = rig.send_batch()
    with (
        slow_table(rig.deployment.cloud.url) as table,
        rig.function(timeout=12, environment={"AWS_ENDPOINT_URL_DYNAMODB": table.url}) as function,
    ):
        function.invoke({"Records": []})  # The cold start takes none of the batch's time.
        table.fall_silent(at_write=2, carries_out=carries_out)
        failed_before = fail_to_deliver(rig, function, "Sandbox.Timedout")
        assert len(rig.rows()) == stored
        table.recover()
        rig.drain(function)
        counted = rig.counted_failures(function)
    assert rig.statuses() == truth
    assert 0 < failed_before < rig.failed()
    assert counted == rig.failed() - failed_before
