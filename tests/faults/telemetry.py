"""The real telemetry, whose output is searched for canaries, and a record of its calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.enrich.report import Report
from tests.faults import canary


@dataclass
class KeptTelemetry:
    """Prints reports and defects, and keeps the reports."""

    printing: EnrichTelemetry
    reports: list[Report] = field(default_factory=list)
    #: Raised instead of printing a report.
    error: Exception | None = None
    #: Called before each report.
    meet: Callable[[str], None] = lambda _: None

    def emit(self, report: Report) -> None:
        """Print a report."""
        self.meet("report")
        self.reports.append(report)
        if self.error is not None:
            raise self.error
        self.printing.emit(report)

    def defect(self, key: str, error: BaseException) -> None:
        """Print a defect."""
        canary.said(key)
        self.printing.defect(key, error)
