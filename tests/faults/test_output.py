"""Standard output fails below the telemetry, so nothing can be printed."""

from __future__ import annotations

import errno
import io
import sys
import uuid

import pytest
from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from tests.faults.cases.queue import NO_JSON
from tests.faults.cases.signalwire import UPSTREAM
from tests.faults.memory_harness import MemoryHarness
from tests.faults.messages import fax, neighbours
from tests.faults.telemetry import RecordingTelemetry

BROKEN = (
    BrokenPipeError(errno.EPIPE, "Broken pipe"),
    OSError(errno.ENOSPC, "No space left on device"),
    UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range(128)"),
    ValueError("I/O operation on closed file."),
)


class BrokenOutput(io.StringIO):
    """A stream whose writes all fail."""

    def __init__(self, error: Exception) -> None:
        """Raise this error at each write."""
        super().__init__()
        self.error = error
        self.attempts = 0

    def write(self, _: str, /) -> int:
        """Fail."""
        self.attempts += 1
        raise self.error


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
def test_broken_output(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A batch ends as usual without output: logs are stored, and Lambda gets its response."""
    output = BrokenOutput(error)
    logger = Logger(service=f"faults-{uuid.uuid4()}", stream=output)
    telemetry = RecordingTelemetry(EnrichTelemetry(logger, EmbeddedMetrics("Hooklog")))
    harness = MemoryHarness(telemetry)
    good, bad, missing = (fax(name, number) for number, name in enumerate("abc"))
    harness.list_logs([good, *neighbours()])
    for case, message in ((NO_JSON, bad), (UPSTREAM, missing)):
        assert case.in_memory is not None
        case.in_memory.inject(harness, message)
    monkeypatch.setattr(sys, "stdout", output)
    assert harness.run([good, bad, missing]) == {
        "a": ("row", "completed"),
        "b": ("parked", "message.malformed"),
        "c": ("returned", 30),
    }
    assert output.attempts == 2, "the first metric, and the defect that it is"
