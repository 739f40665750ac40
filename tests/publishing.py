"""Rows as the table's stream shows them, and stand-ins for the ports of the publish function."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hooklog.errors import PublishError, QueueUnavailableError
from hooklog.publish.changes import Change, Image, Wanted
from hooklog.publish.publisher import Entry, Publisher, Report, StreamRecord
from hooklog.records.recording import StoreRecord
from hooklog.records.rows import Attribute
from hooklog.steps import Trace
from local.space import Log
from tests.builders import failed_fax, record
from tests.fakes import MemoryTable

AT = datetime(2026, 5, 4, 12, 0, 8, tzinfo=UTC)


def row(log: Log | None = None, **changes: Attribute | None) -> dict[str, Any]:
    """Return the row that the storing functions write for a log, a failed fax by default."""
    table, found = MemoryTable(), record(log or failed_fax())
    write = StoreRecord(found).plan(None)
    assert write is not None
    table.write([write])
    item = table.items[found.key] | {"pk": found.key} | changes
    return {name: value for name, value in item.items() if value is not None}


def change(before: Image | None, after: Image | None, key: str | None = None) -> Change:
    """Return the change of one row."""
    key = key or str((after or before or {})["pk"])
    return Change(key=key, at=AT, before=before, after=after)


def stream_record(
    number: int, read: Callable[[], Change], key: str | None = "fax#1"
) -> StreamRecord:
    """Return a record at a place in the stream."""
    return StreamRecord(sequence_number=str(number), key=key, read=read)


@dataclass
class FakeBus:
    """A bus that takes what it is not told to refuse."""

    #: What goes wrong with an event, by the sequence number of its record.
    errors: dict[str, PublishError] = field(default_factory=dict)
    calls: list[Sequence[Entry]] = field(default_factory=list)
    taken: list[Entry] = field(default_factory=list)

    def put(self, entries: Sequence[Entry]) -> Sequence[PublishError | None]:
        """Take events."""
        self.calls.append(entries)
        results = [self.errors.get(entry.record.sequence_number) for entry in entries]
        self.taken += [
            entry for entry, error in zip(entries, results, strict=True) if error is None
        ]
        return results

    @property
    def told(self) -> list[str]:
        """The sequence numbers of the records that were told, in order."""
        return [entry.record.sequence_number for entry in self.taken]


@dataclass
class FakeUnpublished:
    """The queue of changes that could not be told."""

    is_down: bool = False
    bodies: list[dict[str, object]] = field(default_factory=list)

    def send(self, body: str) -> None:
        """Keep a message."""
        if self.is_down:
            raise QueueUnavailableError
        self.bodies.append(json.loads(body))


@dataclass
class FakePublishTelemetry:
    """What an operator would see."""

    reports: list[Report] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def emit(self, report: Report) -> None:
        """Keep a report."""
        self.reports.append(report)

    def defect(self, key: str, error: BaseException) -> None:
        """Keep where a defect was, and what."""
        self.defects.append(key)
        self.errors.append(error)


@dataclass
class Harness:
    """A publisher with stand-ins."""

    wanted: Wanted = Wanted.ALL
    masked: bool = False
    trace: Trace | None = None
    bus: FakeBus = field(default_factory=FakeBus)
    unpublished: FakeUnpublished = field(default_factory=FakeUnpublished)
    telemetry: FakePublishTelemetry = field(default_factory=FakePublishTelemetry)

    def handle(self, *records: StreamRecord) -> str | None:
        """Handle a batch; return the sequence number from which Lambda delivers again."""
        publisher = Publisher(
            bus=self.bus,
            unpublished=self.unpublished,
            telemetry=self.telemetry,
            wanted=self.wanted,
            masked=self.masked,
            trace=self.trace,
        )
        failures = publisher.handle(records)["batchItemFailures"]
        assert len(failures) <= 1
        return failures[0]["itemIdentifier"] if failures else None
