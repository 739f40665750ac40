"""A timeout or crash in mid-batch loses nothing: the batch is redelivered and then stored."""

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

#: The calls that write the aliases of the faxes, before any row.
ALIAS_CALLS = 2
#: Possible numbers of rows after one call, with at most 25 writes, and after more calls.
FIRST_CALL = range(1, 26)
FURTHER_CALLS = range(26, LOGS + 1)


@contextmanager
def crashing(rig: Rig, order: str, **environment: str) -> Iterator[EmulatedFunction]:
    """Run the built enrich function with a planned crash, see ``crash.py``."""
    shutil.copy(Path(__file__).with_name("crash.py"), rig.folder)
    plan = rig.folder / "plan"
    plan.write_text(order)
    with rig.function(
        handler="crash.lambda_handler", environment={"CRASH": str(plan), **environment}
    ) as function:
        yield function


def fail_to_deliver(rig: Rig, function: EmulatedFunction, kind: str) -> int:
    """Deliver a batch that ends in this error; returns the number of failed rows."""
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
        pytest.param("exit fetch 20", 0, id="exit while logs are fetched"),
        pytest.param("memory fetch 20", 0, id="out of memory while logs are fetched"),
        pytest.param("exit write 1", 0, id="all fetched, nothing stored"),
        pytest.param("exit answer 1", LOGS, id="all stored, nothing acknowledged"),
    ],
)
def test_a_crash_in_mid_batch_loses_nothing(rig: Rig, order: str, stored: int) -> None:
    """All messages are redelivered; then every row is right, and each failure counted once."""
    rig.hide_for(5)
    truth = rig.send_batch()
    with crashing(rig, order) as function:
        fail_to_deliver(rig, function, "Runtime.ExitError")
        assert len(rig.rows()) == stored
        rig.drain(function)
        assert rig.counted_failures(function) == rig.failed() > 0
    assert rig.statuses() == truth


def test_a_crash_between_two_writes_loses_nothing(rig: Rig) -> None:
    """Failures that the crashed invocation stored stay uncounted: its metrics were lost."""
    rig.hide_for(5)
    truth = rig.send_batch()
    with (
        slow_table(rig.deployment.cloud.url) as table,
        crashing(
            rig, f"exit written {ALIAS_CALLS + 1}", AWS_ENDPOINT_URL_DYNAMODB=table.url
        ) as function,
    ):
        table.stop_answering(at_write=ALIAS_CALLS + 2, carries_out=False)
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
def test_a_timeout_in_mid_batch_loses_nothing(
    rig: Rig, *, carries_out: bool, stored: range
) -> None:
    """DynamoDB does not answer until Lambda ends the invocation; the redelivery succeeds."""
    # The function stops fetching five seconds before its timeout.
    rig.hide_for(20)
    truth = rig.send_batch()
    with (
        slow_table(rig.deployment.cloud.url) as table,
        rig.function(timeout=15, environment={"AWS_ENDPOINT_URL_DYNAMODB": table.url}) as function,
    ):
        function.invoke({"Records": []})  # The cold start must not use the batch's time.
        table.stop_answering(at_write=ALIAS_CALLS + 2, carries_out=carries_out)
        failed_before = fail_to_deliver(rig, function, "Sandbox.Timedout")
        assert len(rig.rows()) in stored
    with rig.function() as another:
        rig.drain(another)
        assert rig.counted_failures(another) == rig.failed() - failed_before
    assert rig.statuses() == truth
