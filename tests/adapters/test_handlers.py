"""The handlers of the enrich and the sweep function, around parts with fakes behind them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import pytest
from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.errors import ForbiddenError, HistoryLimitError
from hooklog.logs import KINDS
from hooklog.sweep.tiers import Sweeper
from hooklog.sweep.walk import PAGE_TIME
from tests.adapters.functions import load
from tests.unit.sweep.harness import Harness, entry
from tests.unit.sweep.test_tiers import TIERS, FakeCheckpoints

BACKFILL = {"from": "2026-01-01", "to": "2026-02-01", "log_type": "fax"}


@dataclass
class Context:
    """Lambda's context of an invocation."""

    seconds_left: float = 900

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until the timeout."""
        return round(1000 * self.seconds_left)


@pytest.fixture
def harness() -> Harness:
    """Return a walker with fakes around it."""
    return Harness()


@pytest.fixture
def sweep(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the sweep function with that walker."""
    module = load("sweep", monkeypatch)
    sweeper = Sweeper(
        walker=harness.walker, checkpoints=FakeCheckpoints(), tiers=TIERS, clock=harness.clock
    )
    logger = Logger(service=f"test-{uuid.uuid4()}")
    parts = module._Parts(sweeper, logger, EmbeddedMetrics("Hooklog"))
    monkeypatch.setattr(module, "parts", lambda: parts)
    return module


def test_the_enrich_function_tells_the_time_left_in_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lambda counts milliseconds."""
    module = load("enrich", monkeypatch)

    class Enricher:
        def handle(self, event: object, time_left: Callable[[], float]) -> tuple[object, float]:
            return event, time_left()

    monkeypatch.setattr(module, "enricher", Enricher)
    assert module.lambda_handler({"Records": []}, Context(0.5)) == ({"Records": []}, 0.5)


@pytest.mark.parametrize("event", [{}, BACKFILL], ids=["sweep", "backfill"])
def test_the_sweep_function_begins_nothing_that_it_cannot_end(
    sweep: ModuleType, harness: Harness, event: dict[str, object]
) -> None:
    """A page takes longer than the time that is left."""
    assert sweep.lambda_handler(event, Context(PAGE_TIME))["complete"] is False
    assert harness.lists.asked == []


def test_what_other_tiers_found_is_told_before_an_error_is_raised(
    sweep: ModuleType,
    harness: Harness,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first tier of faxes fails, and the invocation in the end."""
    harness.lists.errors = [ForbiddenError()]
    harness.lists.pages = {"message": [[entry()]]}
    with pytest.raises(ForbiddenError):
        sweep.lambda_handler({}, Context())
    assert len(caplog.records) == len(TIERS) * len(KINDS)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["log_type"] for line in lines if line.get("MissingLogs")] == ["message"]


def test_a_backfill_that_fails_fails_its_invocation(sweep: ModuleType, harness: Harness) -> None:
    """Whoever waits for the answer sees the error."""
    harness.lists.errors = [ForbiddenError()]
    with pytest.raises(ForbiddenError):
        sweep.lambda_handler(BACKFILL, Context())


def test_the_end_of_the_history_is_an_answer(sweep: ModuleType, harness: Harness) -> None:
    """To an operator, who asked too far back; nothing has failed."""
    harness.lists.errors = [HistoryLimitError()]
    assert "stopped" in sweep.lambda_handler(BACKFILL, Context())
