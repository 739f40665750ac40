"""What the harnesses share: an enricher, its clock and telemetry, and the delivery of messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from hooklog.catalogue import CATALOGUE_FILE, Catalogue, Explanation
from hooklog.enrich.pipeline import Enricher
from hooklog.enrich.ports import LogSource, Queue
from hooklog.enrich.report import Report
from hooklog.records.pacing import Brake
from hooklog.records.store import Table
from tests.builders import sqs_event
from tests.fakes import Clock, MemoryTable
from tests.faults import canary
from tests.faults.endings import Seen, account
from tests.faults.messages import Message
from tests.faults.telemetry import RecordingTelemetry
from tests.limits import VISIBILITY_TIMEOUT

#: Batches in which everything ends when no fault is left: a probe, what waited for it, and one for
#: a limit that was met.
_ROUNDS = 3


class PortCalls:
    """The calls that a batch makes to its ports, in order."""

    def __init__(self) -> None:
        """Start without calls."""
        self.recorded: list[str] = []
        #: Run at a call, by its index.
        self.actions: dict[int, Callable[[], None]] = {}

    def record(self, call: str) -> None:
        """Record the next call and run its action, if it has one."""
        self.recorded.append(call)
        self.actions.get(len(self.recorded) - 1, lambda: None)()


class SwitchableCatalogue(Catalogue):
    """A catalogue whose lookups all fail while it is broken."""

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


class Harness(ABC):
    """An enricher without faults, the rows that it writes, and a clock."""

    #: The rows, in memory in both harnesses.
    rows: MemoryTable
    enricher: Enricher

    def __init__(self, telemetry: RecordingTelemetry, jitter: float) -> None:
        """Start without faults.

        Args:
            telemetry: shared by the harnesses of a test.
            jitter: 0 for the shortest waits, 1 for the longest.

        """
        self.clock = Clock()
        self.port_calls = PortCalls()
        self.telemetry = telemetry
        self.telemetry.error = None
        self.telemetry.record_call = self.port_calls.record
        self.jitter = jitter
        self.seconds_left = 60.0
        self.waits: dict[str, int] = {}
        self.catalogue = SwitchableCatalogue(CATALOGUE_FILE)

    def wire(
        self,
        source: LogSource,
        table: Table,
        queue: Queue,
        depth: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        """Create the enricher from these parts."""
        self.enricher = Enricher(
            source=source,
            table=table,
            brake=Brake(table, moment=self.clock.moment, depth=depth),
            queue=queue,
            telemetry=self.telemetry,
            catalogue=self.catalogue,
            clock=self.clock,
            jitter=lambda: self.jitter,
        )

    @abstractmethod
    def list_logs(self, messages: Sequence[Message]) -> None:
        """Add the messages' logs to SignalWire."""

    @property
    def report(self) -> Report:
        """The report of the last batch."""
        return self.telemetry.reports[-1]

    def run(self, messages: Sequence[Message]) -> dict[str, Seen]:
        """Deliver messages in one batch; return how each ended."""
        before = dict(self.rows.items)
        self.waits.clear()
        event = sqs_event(*(message.delivery() for message in messages))
        response = self.enricher.handle(event, lambda: self.seconds_left)
        canary.keep(*(str(item.get("parked_detail", "")) for item in self.rows.items.values()))
        assert self.report.received == len(messages)
        return account(messages, response, before, self.rows.items, self.waits)

    def forget(self, messages: Sequence[Message]) -> None:
        """Delete the rows of messages, so that they are new again."""
        for message in messages:
            self.rows.items.pop(message.key, None)

    def drain(self, messages: Sequence[Message]) -> set[str]:
        """Deliver messages until none returns, a few times at most; return how they ended."""
        ends: set[str] = set()
        for _ in range(_ROUNDS):
            seen = self.run(messages)
            messages = self.returned(messages, seen)
            ends |= {how for how, _ in seen.values()}
            if not messages:
                return ends - {"returned"}
        return ends

    def returned(self, messages: Sequence[Message], seen: Mapping[str, Seen]) -> list[Message]:
        """Let the longest wait pass, and return the returned messages for their next delivery."""
        hidden = VISIBILITY_TIMEOUT.total_seconds()
        self.clock.advance(seconds=max([hidden, *self.waits.values()]))
        return [message.again() for message in messages if seen[message.name][0] == "returned"]
