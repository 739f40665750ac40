"""The demo's closing lines: where every log ended, and what the sweep recovered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hooklog.sweep.comparison import WANTED, Verdict
from hooklog_ops.formatting import counted
from local.demo.summary import is_record
from local.event_tap import Received, repeated, untold
from local.space import SendReport
from local.stack import Item


def delivered(report: SendReport) -> str:
    """Describe the delivery of the callbacks, without a full stop."""
    return (
        f"{counted(report.callbacks, 'callback')}: {report.dropped} dropped on purpose, "
        f"{report.repeated} repeated, {report.accepted} of {report.sent} accepted"
    )


def found(by_type: Mapping[str, Mapping[str, int]]) -> str:
    """Describe the answer of the sweep function, without a full stop, summed over all kinds."""
    total: Counter[str] = Counter()
    for verdicts in by_type.values():
        total.update(verdicts)
    wanted = ", ".join(f"{total[verdict]} {verdict}" for verdict in Verdict if verdict in WANTED)
    return f"The sweep found {wanted}, {total[Verdict.PRESENT]} up to date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounting:
    """Where every log and every message of a run ended.

    Attributes:
        truth: the status of each log in the space, by the key of its row.
        items: of the table.
        events: that arrived.
        report: of the callbacks.
        sweep: the answer of the sweep function.
        unusable: messages on the queue that lead to no log.
        left: messages in the queue.
        dead: messages in the dead-letter queue.

    """

    truth: Mapping[str, str]
    items: Sequence[Item]
    events: Sequence[Received]
    report: SendReport
    sweep: Mapping[str, Mapping[str, int]]
    unusable: int
    left: int
    dead: int

    @property
    def true(self) -> int:
        """Logs whose row has the status that the space has."""
        statuses = {item["pk"]: item.get("status") for item in self.items}
        return sum(statuses.get(key) == status for key, status in self.truth.items())

    @property
    def parked(self) -> int:
        """Messages in the table that wait for an operator."""
        return sum("parked_code" in item and not is_record(item) for item in self.items)

    @property
    def lost(self) -> int:
        """Logs without a true row and unusable messages that are not parked; 0 is correct."""
        return len(self.truth) - self.true + max(0, self.unusable - self.parked)

    @property
    def untold(self) -> int:
        """Records about which the last event says something else, or nothing; 0 is correct."""
        return len(untold(self.items, self.events))

    @property
    def is_sound(self) -> bool:
        """Whether nothing is lost, all is told, and the front door accepted every callback."""
        return self.lost == self.untold == 0 and self.report.accepted == self.report.sent

    def __str__(self) -> str:
        """Describe the run in four sentences, one per line."""
        records = sum(map(is_record, self.items))
        return (
            f"{delivered(self.report)}.\n"
            f"{found(self.sweep)}.\n"
            f"{self.true} of {counted(len(self.truth), 'log')} stored with the status that "
            f"SignalWire has, {counted(self.parked, 'message')} parked, {self.left} left in the "
            f"queue, {self.dead} in the dead-letter queue, {self.lost} lost.\n"
            f"{counted(len(self.events), 'event')}, {repeated(self.events)} of them repeated; the "
            f"last one tells what the record says for {records - self.untold} of "
            f"{counted(records, 'log')}."
        )
