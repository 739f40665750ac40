"""The demo's closing lines: where every log ended, and what the sweep recovered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hooklog.sweep.comparison import ENQUEUED, Verdict
from hooklog_ops.formatting import counted
from local.demo.summary import is_record
from local.space import SendReport
from local.stack import Item


def told(report: SendReport) -> str:
    """Describe the delivery of the callbacks in one sentence, without a full stop."""
    return (
        f"{counted(report.callbacks, 'callback')}: {report.dropped} dropped on purpose, "
        f"{report.repeated} repeated, {report.accepted} of {report.sent} accepted"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The logs that a sweep found, counted by verdict over all kinds."""

    verdicts: Mapping[str, int]

    @classmethod
    def of(cls, by_type: Mapping[str, Mapping[str, int]]) -> Found:
        """Add up the answer of the sweep function."""
        total: Counter[str] = Counter()
        for verdicts in by_type.values():
            total.update(verdicts)
        return cls(verdicts=total)

    def __str__(self) -> str:
        """Count what it put on the queue, including zeros, and what was up to date."""
        enqueued = ", ".join(
            f"{self.verdicts.get(verdict, 0)} {verdict}"
            for verdict in Verdict
            if verdict in ENQUEUED
        )
        return f"{enqueued}, {self.verdicts.get(Verdict.PRESENT, 0)} up to date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounting:
    """Where every log and every message of a run ended.

    Attributes:
        report: of the callbacks.
        found: by the sweep.
        logs: in the space.
        true: logs whose row has the status that the space has.
        unusable: messages on the queue that lead to no log.
        parked: messages in the table that wait for an operator.
        left: messages in the queue.
        dead: messages in the dead-letter queue.

    """

    report: SendReport
    found: Found
    logs: int
    true: int
    unusable: int
    parked: int
    left: int
    dead: int

    @classmethod
    def of(
        cls,
        truth: Mapping[str, str],
        items: Iterable[Item],
        *,
        report: SendReport,
        found: Found,
        unusable: int,
        left: int,
        dead: int,
    ) -> Accounting:
        """Count a run.

        Args:
            truth: the status of each log in the space, by the key of its row.
            items: of the table.
            report: of the callbacks.
            found: by the sweep.
            unusable: messages on the queue that lead to no log.
            left: messages in the queue.
            dead: messages in the dead-letter queue.

        """
        rows = {item["pk"]: item for item in items if is_record(item) or "parked_code" in item}
        return cls(
            report=report,
            found=found,
            logs=len(truth),
            true=sum(
                key in rows and rows[key].get("status") == status for key, status in truth.items()
            ),
            unusable=unusable,
            parked=sum(not is_record(item) for item in rows.values()),
            left=left,
            dead=dead,
        )

    @property
    def lost(self) -> int:
        """Logs without a true row and unusable messages that are not parked; 0 is correct."""
        return self.logs - self.true + max(0, self.unusable - self.parked)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is lost, and the front door accepted every callback."""
        return self.lost == 0 and self.report.accepted == self.report.sent

    def __str__(self) -> str:
        """Describe the run in three sentences, one per line."""
        return (
            f"{told(self.report)}.\n"
            f"The sweep found {self.found}.\n"
            f"{self.true} of {counted(self.logs, 'log')} stored with the status that SignalWire "
            f"has, {counted(self.parked, 'message')} parked, {self.left} left in the queue, "
            f"{self.dead} in the dead-letter queue, {self.lost} lost."
        )
