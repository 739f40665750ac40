"""An enricher whose ports are fakes in memory; each fake fails where the test says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from hooklog.clock import TimeLeft
from hooklog.enrich.ports import Fetched, ResourceRequest, Wanted
from hooklog.errors import HooklogError, OutOfTimeError, StoreError
from hooklog.pace import Grant
from hooklog.records.rows import Row, Write
from hooklog.records.store import Conflict
from tests.fakes import Clock, FakeSource, Item, MemoryTable
from tests.faults import canary
from tests.faults.harness import Harness, PortCalls
from tests.faults.messages import Message
from tests.faults.telemetry import RecordingTelemetry
from tests.write_purpose import Purpose


class FaultyTable(MemoryTable):
    """A table that fails for single keys."""

    def __init__(self, port_calls: PortCalls) -> None:
        """Start empty and without faults."""
        super().__init__()
        self._port_calls = port_calls
        #: Raised by every read.
        self.down: StoreError | None = None
        #: Raised by every read that asks for the key.
        self.unreadable: dict[str, StoreError] = {}
        #: Returned for such a write, which is not made.
        self.refused: dict[tuple[Purpose, str], StoreError | Conflict] = {}
        #: Items that another writer stores first.
        self.overtaken: dict[str, Item] = {}

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Row]:
        """Read rows, or raise if any key is unreadable."""
        self._port_calls.record("read")
        if self.down is not None:
            raise self.down.with_traceback(None)
        for key in keys:
            if key in self.unreadable:
                raise self.unreadable[key].with_traceback(None)
        return super().read(keys, consistent=consistent)

    def write(self, writes: Sequence[Write]) -> dict[str, Conflict | StoreError | None]:
        """Write each row on its own."""
        self._port_calls.record("write")
        for write in writes:
            if write.key in self.overtaken:
                self.items[write.key] = self.overtaken.pop(write.key)
        refused = {
            write.key: self.refused[Purpose.of(write), write.key]
            for write in writes
            if (Purpose.of(write), write.key) in self.refused
        }
        return refused | super().write([write for write in writes if write.key not in refused])


class FaultySource(FakeSource):
    """A source that runs out of time as the real one."""

    def __init__(self, clock: Clock, port_calls: PortCalls) -> None:
        """Start without answers."""
        super().__init__(clock)
        self._port_calls = port_calls
        #: The answer to every request, if there is one.
        self.down: HooklogError | None = None

    def fetch(
        self, wanted: Sequence[Wanted], time_left: TimeLeft, grant: Grant
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        """Answer requests while time is left."""
        self._port_calls.record("fetch")
        for one, answer in self._fetch(wanted, time_left, grant):
            self._port_calls.record("resource" if isinstance(one, ResourceRequest) else "answer")
            if isinstance(answer, HooklogError):
                # The same error may have been raised in earlier batches.
                canary.keep_error(answer.with_traceback(None))
            yield one, answer if time_left() > 0 else OutOfTimeError()

    def _fetch(
        self, wanted: Sequence[Wanted], time_left: TimeLeft, grant: Grant
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        down = self.down
        if down is None:
            return super().fetch(wanted, time_left, grant)
        return ((one, down) for one in wanted)


class FaultyQueue:
    """A queue that refuses to delay single messages."""

    def __init__(self, waits: dict[str, int], port_calls: PortCalls) -> None:
        """Keep the waits in this dictionary."""
        self._waits = waits
        self._port_calls = port_calls
        self.refused: set[str] = set()

    def delay(self, waits: Mapping[str, int]) -> int:
        """Set the waits that are not refused; return the number of the refused."""
        self._port_calls.record("delay")
        taken = {handle: wait for handle, wait in waits.items() if handle not in self.refused}
        self._waits.update(taken)
        return len(waits) - len(taken)


class MemoryHarness(Harness):
    """An enricher with fakes for all ports."""

    def __init__(self, telemetry: RecordingTelemetry, jitter: float = 1.0) -> None:
        """Wire the enricher."""
        super().__init__(telemetry, jitter)
        self.rows = self.table = FaultyTable(self.port_calls)
        self.source = FaultySource(self.clock, self.port_calls)
        self.queue = FaultyQueue(self.waits, self.port_calls)
        self.wire(self.source, self.table, self.queue)

    def list_logs(self, messages: Sequence[Message]) -> None:
        """Add the messages' logs to SignalWire, by ID and by SID."""
        for message in messages:
            self.source.answers[message.key] = json.dumps(message.log)
            self.source.answers[message.key_by_sid] = json.dumps(message.log)
            self.source.found_by_url.add(message.key_by_sid)

    def recover(self, messages: Sequence[Message]) -> None:
        """Remove all faults and add these messages' logs to SignalWire."""
        self.table.down = None
        self.table.unreadable.clear()
        self.table.refused.clear()
        self.table.meanwhile = lambda: None
        self.source.down = None
        self.queue.refused.clear()
        self.catalogue.is_broken = False
        self.telemetry.error = None
        self.source.resources.clear()
        self.list_logs(messages)
