"""Every line that the functions can print, collected by making them print it."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry import sweep as sweep_telemetry
from hooklog.adapters.telemetry.emf import EmbeddedMetrics, log_defect
from hooklog.adapters.telemetry.webhook import WebhookTelemetry
from hooklog.logs import KINDS
from hooklog.sweep.comparison import Verdict
from hooklog.sweep.walk import Checkpoint, WalkResult
from hooklog_ops.emitted import emit_everything
from tests.fakes import NOW

if TYPE_CHECKING:
    import pytest

NAMESPACE = "Hooklog"
#: A metric's name, and its dimensions with their values.
type Metric = tuple[str, tuple[tuple[str, str], ...]]


def everything(capsys: pytest.CaptureFixture[str]) -> set[Metric]:
    """Make each function emit every metric that it can, and return the metrics."""
    return metrics_of(everything_printed(capsys))


def everything_printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Make each function emit every metric that it can, and return all lines, also log lines."""
    metrics, logger = EmbeddedMetrics(NAMESPACE), Logger(service=f"test-{uuid.uuid4()}")
    capsys.readouterr()
    emit_everything(logger, metrics)
    for kind in KINDS.values():
        found = Counter(dict.fromkeys(Verdict, 1))
        walk = WalkResult(kind=kind, goal=NOW, checkpoint=Checkpoint(NOW, NOW), found=found)
        sweep_telemetry.log(logger, "sweep", walk, "")
    WebhookTelemetry(logger, metrics).closed("There is no key.")
    try:
        int("no number")
    except ValueError as error:
        log_defect(logger, "fax#1", error)
    return capsys.readouterr().out.splitlines()


def metrics_of(lines: list[str]) -> set[Metric]:
    """Return the metrics of lines in the embedded metric format, ignoring other lines."""
    emitted = [json.loads(line) for line in lines if line.startswith('{"_aws"')]
    return {
        (metric["Name"], tuple(sorted((name, line[name]) for name in dimensions)))
        for line in emitted
        for directive in line["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }
