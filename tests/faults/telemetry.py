"""The real telemetry, whose output is searched for canaries, and a record of its reports."""

from __future__ import annotations

from collections.abc import Callable

from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.enrich.report import Report
from tests.fakes import FakeTelemetry
from tests.faults import canary


class RecordingTelemetry(FakeTelemetry):
    """Keeps reports and defects, and prints them as the real telemetry does."""

    def __init__(self, printing: EnrichTelemetry) -> None:
        """Print with this."""
        super().__init__()
        self._printing = printing
        #: Called before each report.
        self.record_call: Callable[[str], None] = lambda _: None

    def emit(self, report: Report) -> None:
        """Keep a report and print it."""
        self.record_call("report")
        super().emit(report)
        self._printing.emit(report)

    def defect(self, key: str, error: BaseException) -> None:
        """Keep a defect and print it."""
        super().defect(key, error)
        canary.keep(key)
        self._printing.defect(key, error)
