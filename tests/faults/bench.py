"""An enricher between faults, in whatever world, and what became of each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from hooklog.catalogue import CATALOGUE_FILE, Catalogue, Explanation
from hooklog.enrich.pipeline import Enricher
from hooklog.enrich.ports import LogSource, Queue
from hooklog.enrich.report import Report
from hooklog.records.store import Table
from tests.builders import sqs_event
from tests.fakes import Clock, MemoryTable
from tests.faults import canary
from tests.faults.endings import Seen, account
from tests.faults.messages import Message
from tests.faults.telemetry import KeptTelemetry

#: Seconds; the queue's own visibility timeout.
QUEUES_WAIT = 420


class Moments:
    """The moments in which a batch meets the world, and what happens in one of them."""

    def __init__(self) -> None:
        """Let nothing happen."""
        self.passed: list[str] = []
        self.happens: dict[int, Callable[[], None]] = {}

    def meet(self, what: str) -> None:
        """Come to the next moment."""
        self.passed.append(what)
        self.happens.get(len(self.passed) - 1, lambda: None)()


class SwitchableCatalogue(Catalogue):
    """The catalogue; while it is broken, every look fails."""

    is_broken = False

    def by_code(self, code: str) -> Explanation | None:
        """Look a code up."""
        return super().by_code(code) if not self.is_broken else self._fail()

    def by_text(self, text: str) -> Explanation | None:
        """Look a text up."""
        return super().by_text(text) if not self.is_broken else self._fail()

    def by_status(self, log_type: str, status: str) -> Explanation | None:
        """Look a status up."""
        return super().by_status(log_type, status) if not self.is_broken else self._fail()

    def _fail(self) -> NoReturn:
        raise LookupError(canary.TEXT)


class Bench:
    """What the worlds have in common."""

    #: The rows, wherever they really lie.
    rows: MemoryTable
    enricher: Enricher

    def __init__(self, telemetry: KeptTelemetry, jitter: float) -> None:
        """Begin with all well.

        Args:
            telemetry: shared by the benches of a test.
            jitter: 0 for the shortest waits, 1 for the longest.

        """
        self.clock = Clock()
        self.moments = Moments()
        self.telemetry = telemetry
        self.telemetry.error = None
        self.telemetry.meet = self.moments.meet
        self.jitter = jitter
        self.seconds_left = 60.0
        self.waits: dict[str, int] = {}
        self.catalogue = SwitchableCatalogue(CATALOGUE_FILE)

    def wire(self, source: LogSource, table: Table, queue: Queue) -> None:
        """Make the enricher of these parts."""
        self.enricher = Enricher(
            source=source,
            table=table,
            queue=queue,
            telemetry=self.telemetry,
            catalogue=self.catalogue,
            clock=self.clock,
            jitter=lambda: self.jitter,
        )

    @property
    def report(self) -> Report:
        """What was reported of the last batch."""
        return self.telemetry.reports[-1]

    def run(self, messages: Sequence[Message]) -> dict[str, Seen]:
        """Deliver messages in one batch; return how each ended."""
        before = dict(self.rows.items)
        self.waits.clear()
        event = sqs_event(*(message.delivery() for message in messages))
        response = self.enricher.handle(event, lambda: self.seconds_left)
        canary.said(*(item.get("parked_detail", "") for item in self.rows.items.values()))
        assert self.report.received == len(messages)
        return account(messages, response, before, self.rows.items, self.waits)

    def returned(self, messages: Sequence[Message], seen: Mapping[str, Seen]) -> list[Message]:
        """Let the longest wait pass, and return the returned messages for their next delivery."""
        self.clock.advance(seconds=max([QUEUES_WAIT, *self.waits.values()]))
        return [message.again() for message in messages if seen[message.name][0] == "returned"]
