"""What the demo's closing lines say: where every log ended, and what the sweep made up for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local.space import SendReport
from local.summary import Item, count, is_record

#: What the sweep puts on the queue, the most wanted first.
_ENQUEUED = ("missing", "stale", "unfinished")


def told(report: SendReport) -> str:
    """Say what became of the callbacks."""
    return (
        f"{count(report.callbacks, 'callback')}: {report.dropped} dropped on purpose, "
        f"{report.repeated} repeated, {report.accepted} of {report.sent} accepted"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a sweep found, by verdict, all types of logs together."""

    verdicts: Mapping[str, int]

    @classmethod
    def of(cls, by_type: Mapping[str, Mapping[str, int]]) -> Found:
        """Add up what the sweep function answers."""
        total: Counter[str] = Counter()
        for verdicts in by_type.values():
            total.update(verdicts)
        return cls(verdicts=total)

    def __str__(self) -> str:
        """Say what it put on the queue, zeros included, and what was as it should be."""
        verdicts = ", ".join(f"{self.verdicts.get(name, 0)} {name}" for name in _ENQUEUED)
        return f"{verdicts}, {self.verdicts.get('present', 0)} up to date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounting:
    """Where every log and every message of a run ended.

    Attributes:
        report: what became of the callbacks.
        found: by the sweep.
        logs: the space has.
        true: logs whose row has the status that the space has.
        unusable: messages on the queue that lead to no log.
        parked: messages that wait for a person, in the table.
        left: messages still in the queue.
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
            items: the table's.
            report: of the callbacks.
            found: by the sweep.
            unusable: messages put on the queue that lead to no log.
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
        """Logs without a true row, and messages parked nowhere; all but zero is a defect."""
        return self.logs - self.true + max(0, self.unusable - self.parked)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is lost, and the front door took every callback that came."""
        return self.lost == 0 and self.report.accepted == self.report.sent

    def __str__(self) -> str:
        """Say it in three sentences, one a line."""
        return (
            f"{told(self.report)}.\n"
            f"The sweep found {self.found}.\n"
            f"{self.true} of {count(self.logs, 'log')} stored with the status that SignalWire has, "
            f"{count(self.parked, 'message')} parked, {self.left} left in the queue, "
            f"{self.dead} in the dead-letter queue, {self.lost} lost."
        )
