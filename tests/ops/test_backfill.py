"""`hooklog backfill`: it counts, asks and sends. The sweep itself has tests of its own."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.config import Config

from hooklog.logs import KINDS
from hooklog_ops.commands import backfill
from tests.ops.conftest import Desk
from tests.template import properties

_PERIOD = ("--from", "2026-05-01", "--to", "2026-05-04")


class Sweep:
    """Stands in for the sweep function; each walk finds the same, in two steps."""

    def __init__(self) -> None:
        """Find logs of every verdict."""
        self.events: list[dict[str, Any]] = []
        self.found = {"missing": 2, "stale": 1, "unfinished": 1, "present": 5, "parked": 1}
        self.error: str | None = None
        self.config: Any = None

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Answer as Lambda does; the first answer of a walk names the next event."""
        assert FunctionName == "sweep"
        event = json.loads(Payload)
        self.events.append(event)
        if self.error:
            return self._answer({"errorMessage": self.error}, FunctionError="Unhandled")
        summary: dict[str, Any] = {"found": {event["log_type"]: self.found}}
        if "page" not in event:
            summary["next_event"] = {**event, "page": "next"}
        return self._answer(summary)

    @staticmethod
    def _answer(summary: dict[str, Any], **more: str) -> dict[str, Any]:
        return {"Payload": io.BytesIO(json.dumps(summary).encode()), **more}


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Deploy the sweep function's stand-in."""
    sweep = Sweep()

    class Deployed:
        functions = sweep

        def with_config(self, config: Config) -> Deployed:
            sweep.config = config
            return self

        def output(self, _name: str) -> str:
            return "sweep"

    monkeypatch.setattr(backfill, "deployment", lambda *_: Deployed())
    return sweep


def test_a_dry_run_counts_what_would_be_sent(desk: Desk, sweep: Sweep) -> None:
    """Missing, stale and unfinished logs of all steps and kinds; every walk is a dry one."""
    answer = desk.json("backfill", *_PERIOD, "--dry-run")
    assert answer["would_enqueue"] == len(KINDS) * 2 * (2 + 1 + 1)
    assert answer["found"]["fax"]["present"] == 2 * 5
    assert all(event["dry_run"] for event in sweep.events)
    shown = desk.hooklog("backfill", *_PERIOD, "--type", "fax", "--dry-run").output
    assert "fax logs: 4 missing, 2 stale, 2 unfinished" in shown
    assert "8 logs would be put on the queue." in shown


def test_the_call_lasts_as_long_as_the_function_may(desk: Desk, sweep: Sweep) -> None:
    """The function is not invoked twice, and the silent connection stays open."""
    desk.json("backfill", *_PERIOD, "--dry-run")
    assert sweep.config.read_timeout > properties("SweepFunction")["Timeout"]
    # botocore completes the dictionary once a client was made with it.
    assert sweep.config.retries["total_max_attempts"] == 1
    assert sweep.config.tcp_keepalive


def test_a_backfill_without_a_terminal_needs_yes(desk: Desk, sweep: Sweep) -> None:
    """Without it the command only counts."""
    result = desk.hooklog("backfill", *_PERIOD)
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert all(event["dry_run"] for event in sweep.events)


def test_the_period_is_walked_again_to_be_sent(desk: Desk, sweep: Sweep) -> None:
    """Step by step, at the given rate; the number sent is what that walk found."""
    chosen = (*_PERIOD, "--type", "message", "--rate", "7")
    assert desk.json("backfill", *chosen, "--yes")["enqueued"] == 8
    assert [(one["dry_run"], "page" in one) for one in sweep.events] == [
        (True, False),
        (True, True),
        (False, False),
        (False, True),
    ]
    assert {one["messages_per_second"] for one in sweep.events} == {7}
    assert {(one["from"], one["to"]) for one in sweep.events} == {
        ("2026-05-01T00:00:00.000Z", "2026-05-04T00:00:00.000Z")
    }


def test_nothing_to_send_needs_no_question(desk: Desk, sweep: Sweep) -> None:
    """The command says so and ends."""
    sweep.found = {"present": 5}
    assert "0 logs would be put on the queue." in desk.hooklog("backfill", *_PERIOD).output


def test_a_function_that_fails_is_one_sentence(desk: Desk, sweep: Sweep) -> None:
    """The error has the function's own words."""
    sweep.error = "settings.invalid"
    result = desk.hooklog("backfill", *_PERIOD, "--dry-run")
    assert str(result.exception) == "The sweep function failed: settings.invalid"
