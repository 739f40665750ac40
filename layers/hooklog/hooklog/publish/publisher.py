"""A batch of the table's changes becomes events, in the order of the changes.

::

    records -> read -> is it news? -> event -> bus, ten per call -> report
                 |                      |       |
              set aside             set aside   ├ refused for good: set aside
                                                └ any other failure: Lambda delivers again from here

Each piece of news is accepted by the bus, set aside on a queue of its own, or delivered again. What
is set aside names the row, and not what it says: a redrive tells the row as it is then. An event
can arrive twice: after a crash, and where its neighbour in the batch has failed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Protocol, TypedDict

from hooklog.errors import (
    EventRefusedError,
    HooklogError,
    PublishError,
    QueueUnavailableError,
    UnexpectedError,
)
from hooklog.publish.changes import Change, Wanted, is_news
from hooklog.publish.events import event_of
from hooklog.steps import Fact, Step, Trace

#: EventBridge's limit for one call.
MAX_EVENTS = 10


class ItemFailure(TypedDict):
    """The record from which Lambda is to deliver again."""

    itemIdentifier: str


class StreamResponse(TypedDict):
    """Lambda's partial batch response; the failures have at most one member."""

    batchItemFailures: list[ItemFailure]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRecord:
    """One record of the stream, as Lambda passes it.

    Attributes:
        sequence_number: its position.
        key: of the row, if it can be read.
        read: returns what the record says; it raises whatever is wrong with the record.

    """

    sequence_number: str
    key: str | None
    read: Callable[[], Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event on its way to the bus.

    Attributes:
        record: that it came from.
        log_type: that it tells of.
        version: of the row, that it tells.
        detail_type: of the event.
        detail: JSON text.
        at: when the row was written.

    """

    record: StreamRecord
    log_type: str
    version: int
    detail_type: str
    detail: str
    at: datetime


#: Errors that no further try mends, by the sequence number of the record.
type Refused = dict[str, HooklogError]


class Bus(Protocol):
    """Where events go."""

    def put(self, entries: Sequence[Entry]) -> Sequence[PublishError | None]:
        """Send up to ten events, and return for each what went wrong with it.

        An EventRefusedError means that the bus would refuse the same event again.
        """


class Unpublished(Protocol):
    """The queue of changes that could not be told."""

    def send(self, body: str) -> None:
        """Put one message on the queue.

        Raises:
            QueueUnavailableError: it is not on the queue.

        """


@dataclass(slots=True)
class Report:
    """What became of one batch.

    Attributes:
        published: events that the bus accepted, by log type.
        errors: what went wrong, by code.

    """

    published: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


class Telemetry(Protocol):
    """Where an operator looks."""

    def emit(self, report: Report) -> None:
        """Publish what became of one batch."""

    def defect(self, key: str, error: BaseException) -> None:
        """Report where a bug is, without any value that may be personal data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """The publish function's parts, wired once per execution environment.

    With ``masked``, events show of numbers only their last two digits.
    """

    bus: Bus
    unpublished: Unpublished
    telemetry: Telemetry
    wanted: Wanted
    masked: bool = False
    trace: Trace | None = None

    def handle(self, records: Sequence[StreamRecord]) -> StreamResponse:
        """Tell what the records changed, and return from where to deliver again."""
        report = Report()
        entries, refused = self._read(records)
        failed = self._send(entries, refused, report)
        failed = self._set_aside(records, refused, failed, report) or failed
        self.telemetry.emit(report)
        if failed is None:
            return {"batchItemFailures": []}
        return {"batchItemFailures": [{"itemIdentifier": failed.sequence_number}]}

    def _read(self, records: Sequence[StreamRecord]) -> tuple[list[Entry], Refused]:
        """Return the events of the records, and the records that have none for a defect."""
        entries: list[Entry] = []
        refused: Refused = {}
        for record in records:
            try:
                entry = self._entry(record)
            # Whatever is wrong with a record, those behind it are told.
            except Exception as error:  # noqa: BLE001
                self.telemetry.defect(record.key or "unknown", error)
                refused[record.sequence_number] = UnexpectedError()
            else:
                entries += [entry] if entry is not None else []
        return entries, refused

    def _entry(self, record: StreamRecord) -> Entry | None:
        change = record.read()
        if not is_news(change, self.wanted):
            self._tell(record, Step.NO_NEWS)
            return None
        event = event_of(change, masked=self.masked)
        return Entry(
            record=record,
            log_type=event.log_type,
            version=event.version,
            detail_type=event.detail_type,
            detail=event.model_dump_json(by_alias=True),
            at=change.at,
        )

    def _send(
        self, entries: Sequence[Entry], refused: Refused, report: Report
    ) -> StreamRecord | None:
        """Send the events in order; return the record of the first that has to be sent again."""
        for chunk in batched(entries, MAX_EVENTS, strict=False):
            failed: StreamRecord | None = None
            for entry, error in zip(chunk, self.bus.put(chunk), strict=True):
                match error:
                    case None:
                        report.published[entry.log_type] += 1
                        self._tell(entry.record, Step.PUBLISHED, version=entry.version)
                    case EventRefusedError():
                        refused[entry.record.sequence_number] = error
                    case _:
                        report.errors[error.code] += 1
                        self._tell(entry.record, Step.DELAYED, code=error.code)
                        failed = failed or entry.record
            if failed is not None:
                return failed
        return None

    def _set_aside(
        self,
        records: Sequence[StreamRecord],
        refused: Refused,
        failed: StreamRecord | None,
        report: Report,
    ) -> StreamRecord | None:
        """Put what names the rows on the queue of its own; return the first that is not there.

        What lies behind a failure is delivered again, and may be told then.
        """
        for record in records:
            if record is failed:
                return None
            error = refused.get(record.sequence_number)
            if error is None:
                continue
            report.errors[error.code] += 1
            body = {
                "key": record.key,
                "sequence_number": record.sequence_number,
                "code": error.code,
                "detail": error.detail,
            }
            try:
                self.unpublished.send(json.dumps(body))
            except QueueUnavailableError as unavailable:
                report.errors[unavailable.code] += 1
                self._tell(record, Step.DELAYED, code=unavailable.code)
                return record
            self._tell(record, Step.SET_ASIDE, code=error.code)
        return None

    def _tell(self, record: StreamRecord, step: Step, **facts: Fact) -> None:
        if self.trace is not None and record.key is not None:
            self.trace(record.key, step, **facts)
