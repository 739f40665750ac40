"""The functions' log lines become metrics that the console reads."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.clock import utc_now
from hooklog_ops.console.metrics import Metrics, Span
from local.metric_data import put
from tests.console.conftest import Site


def test_printed_metrics_are_read_again(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Name, dimensions, values and time are those of the line; other lines are ignored."""
    namespace = f"Hooklog-{uuid.uuid4()}"
    EmbeddedMetrics(namespace).emit(
        {"log_type": "fax"},
        counts={"LogsFinished": 3, "FailedLogs": 1},
        milliseconds={"EndToEndLag": [100.0, 300.0, 200.0]},
    )
    lines = capsys.readouterr().out.splitlines()
    put(site.cloudwatch, ["a line", '{"message": "batch"}', *lines])
    now = utc_now() + timedelta(seconds=1)
    *earlier, last = Metrics(site.cloudwatch, lambda: namespace).read(Span.days(now, 2))
    assert (last.finished, last.failed, last.succeeded, last.lag_ms) == (3, 1, 2, 200.0)
    assert [(step.finished, step.lag_ms) for step in earlier] == [(0, None)]
