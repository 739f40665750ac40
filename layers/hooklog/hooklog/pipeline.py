"""The main job: a batch of queue messages becomes rows, metrics and a batch response.

::

    records -> parse -> coalesce -> known? -> fetch -> validate -> enrich -> store -> report
                 |                    |         |          |                   |
               parked              skipped    retry or   parked             skipped
            (bad message)         (already    parked    (bad log)         (row is further)
                                   newer)

Each step narrows what is left to do; whatever leaves on the way leaves with a result, and
every delivery ends as exactly one of: acknowledged with a row, acknowledged as parked, or
returned to the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

from aws_lambda_powertools.utilities.parser import ValidationError, parse

from hooklog.catalogue import Catalogue
from hooklog.enrichment import Record, enrich
from hooklog.errors import (
    BadPayloadError,
    BehindError,
    HooklogError,
    LogInvalidError,
    LogMismatchError,
    MessageError,
    OutOfTimeError,
    QueueUnavailableError,
    RateLimitedError,
    StoreError,
    UnexpectedError,
)
from hooklog.ports import Clock, Fetched, LogSource, Queue, Table, Telemetry, TimeLeft
from hooklog.queue_messages import Delivery, LogRequest, deliveries, describe, log_request
from hooklog.report import UNKNOWN_TYPE, Report
from hooklog.retry import Backoff
from hooklog.rows import Park, Row, StoreRecord, contains
from hooklog.store import Stale, Stored, apply

#: SQS and Lambda tell the time by different clocks.
CLOCK_SKEW = timedelta(seconds=2)
#: Seconds kept back from fetching, for storing and reporting what was fetched.
STORE_RESERVE = 5.0


class ItemFailure(TypedDict):
    """A message that is not done with, in the form that Lambda documents."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """Lambda's partial batch response; an empty list acknowledges the whole batch."""

    batchItemFailures: list[ItemFailure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enricher:
    """The enrichment function's parts, wired once per execution environment."""

    source: LogSource
    table: Table
    queue: Queue
    telemetry: Telemetry
    catalogue: Callable[[], Catalogue]
    clock: Clock
    jitter: Callable[[], float]
    ttl: timedelta | None = None
    backoff: Backoff = field(default_factory=Backoff)

    def handle(self, event: object, time_left: TimeLeft) -> BatchResponse:
        """Process one SQS event.

        Args:
            event: as Lambda hands it over.
            time_left: seconds until Lambda ends this invocation.

        Raises:
            EventError: this is not an SQS event; nothing was done.

        """
        batch = deliveries(event)
        if not batch:
            return {"batchItemFailures": []}
        return _Batch(self, time_left).run(batch)


@dataclass(slots=True)
class _Job:
    """One log, and every message of the batch that asks for it."""

    request: LogRequest
    members: list[tuple[Delivery, LogRequest]] = field(default_factory=list)

    @property
    def event_at(self) -> datetime:
        """When the latest of the events happened."""
        return max(request.occurred_at or delivery.sent_at for delivery, request in self.members)

    def is_known(self, row: Row | None) -> bool:
        """Whether the row shows what every one of the messages tells."""
        return all(
            contains(row, request, delivery.sent_at, CLOCK_SKEW)
            for delivery, request in self.members
        )


class _Batch:
    """The way of one batch, and what is known of it so far."""

    def __init__(self, parts: Enricher, time_left: TimeLeft) -> None:
        self._parts = parts
        self._time_left = time_left
        self._began_at = parts.clock()
        self._report = Report()
        self._rows: Mapping[str, Row] = {}
        self._parks: list[tuple[Park, list[Delivery]]] = []
        self._waits: dict[str, int] = {}
        self._returned: list[ItemFailure] = []

    def run(self, batch: list[Delivery]) -> BatchResponse:
        """Take all steps in their order."""
        self._report.received = len(batch)
        jobs = self._skip_known(self._parse(batch))
        self._store(jobs, self._enrich(jobs))
        self._park()
        if self._waits and (unset := self._parts.queue.delay(self._waits)):
            self._report.errors[QueueUnavailableError.code] += unset
        self._parts.telemetry.emit(self._report)
        return {"batchItemFailures": self._returned}

    def _parse(self, batch: list[Delivery]) -> dict[str, _Job]:
        """Read the bodies, and put messages for the same log together."""
        jobs: dict[str, _Job] = {}
        for delivery in batch:
            try:
                request = log_request(delivery.body)
            except MessageError as error:
                self._fail(f"parked#{delivery.message_id}", UNKNOWN_TYPE, [delivery], error)
            else:
                job = jobs.setdefault(request.key, _Job(request))
                job.members.append((delivery, request))
        return jobs

    def _skip_known(self, jobs: dict[str, _Job]) -> dict[str, _Job]:
        """Drop the logs whose stored row is already new enough: this is the idempotency."""
        if not jobs:
            return {}
        try:
            self._rows = self._parts.table.read(list(jobs))
        except StoreError as error:
            for key, job in jobs.items():
                self._fail_job(key, job, error)
            return {}
        known = {key for key, job in jobs.items() if job.is_known(self._rows.get(key))}
        for key in known:
            self._report.skipped[jobs[key].request.kind.name] += 1
        return {key: job for key, job in jobs.items() if key not in known}

    def _enrich(self, jobs: dict[str, _Job]) -> list[Record]:
        """Fetch, validate and enrich; while one log is worked on, others are under way."""
        records = []
        unanswered = dict(jobs)
        answers = self._parts.source.fetch(
            [job.request for job in jobs.values()], lambda: self._time_left() - STORE_RESERVE
        )
        for request, answer in answers:
            job = unanswered.pop(request.key)
            if not isinstance(answer, Fetched):
                if isinstance(answer, UnexpectedError):
                    self._parts.telemetry.defect(request.key, answer.__cause__ or answer)
                self._fail_job(request.key, job, answer)
                continue
            self._report.fetch_ms[request.kind.name].append(answer.took_ms)
            try:
                records.append(self._record(job, answer))
            except HooklogError as error:
                self._fail_job(request.key, job, error)
            # One log must never cost its neighbours anything, whatever is wrong with it.
            except Exception as error:  # noqa: BLE001
                self._parts.telemetry.defect(request.key, error)
                self._fail_job(request.key, job, UnexpectedError())
        for key, job in unanswered.items():
            self._fail_job(key, job, OutOfTimeError())
        return records

    def _record(self, job: _Job, answer: Fetched) -> Record:
        kind = job.request.kind
        try:
            # The parser reads JSON text too; its annotation does not say so.
            log = parse(event=answer.body, model=kind.model)  # type: ignore[call-overload]
        except ValidationError as error:
            if not error.errors()[0]["loc"]:
                raise BadPayloadError("The answer is not a JSON object.") from None
            detail = f"The log is invalid: {describe(error)}."
            raise LogInvalidError(detail, payload=answer.body) from None
        if log.id.lower() != job.request.log_id:
            detail = "The answer carries another id than the one asked for."
            raise LogMismatchError(detail, payload=answer.body)
        return enrich(
            kind,
            log,
            catalogue=self._parts.catalogue,
            sent_at=job.event_at,
            fetched_at=answer.began_at,
        )

    def _store(self, jobs: dict[str, _Job], records: list[Record]) -> None:
        changes = [StoreRecord(record, self._parts.ttl) for record in records]
        results = apply(self._parts.table, changes, self._rows)
        for record in records:
            job, result = jobs[record.key], results[record.key]
            if isinstance(result, StoreError):
                self._fail_job(record.key, job, result)
                continue
            if isinstance(result, Stored):
                self._report.count_stored(record)
                if result.counts_failure:
                    self._report.count_failure(record, self._parts.catalogue())
            else:
                self._report.skipped[record.kind.name] += 1
            self._expect_announced(job, record)

    def _expect_announced(self, job: _Job, record: Record) -> None:
        """Fetch again later what is not yet where its callback said it was."""
        behind = [
            delivery
            for delivery, request in job.members
            if record.kind.is_behind(record.log.status, request.status)
        ]
        if not behind:
            return
        # The row is stored, so when the attempts are used up there is nothing to park.
        error = BehindError()
        self._report.errors[error.code] += 1
        self._retry(record.kind.name, [d for d in behind if d.attempt < error.max_attempts], error)

    def _park(self) -> None:
        """Write what cannot be processed to the table; what even that refuses, is returned."""
        results = apply(self._parts.table, [park for park, _ in self._parks], self._rows)
        for park, members in self._parks:
            result, log_type = results[park.key], park.log_type or UNKNOWN_TYPE
            if isinstance(result, StoreError):
                self._report.errors[result.code] += 1
                self._retry(log_type, members, result)
            elif isinstance(result, Stale):
                self._report.skipped[log_type] += 1
            else:
                self._report.parked[log_type] += 1

    def _fail_job(self, key: str, job: _Job, error: HooklogError) -> None:
        self._fail(key, job.request.kind.name, [delivery for delivery, _ in job.members], error)

    def _fail(self, key: str, log_type: str, members: list[Delivery], error: HooklogError) -> None:
        """Return each message to the queue while it has attempts left, else park it."""
        self._report.errors[error.code] += 1
        self._retry(log_type, [d for d in members if d.attempt < error.max_attempts], error)
        exhausted = [d for d in members if d.attempt >= error.max_attempts]
        if exhausted:
            last = max(exhausted, key=lambda delivery: delivery.attempt)
            park = Park(
                key=key,
                error=error,
                body=last.body,
                attempts=last.attempt,
                at=self._began_at,
                log_type=None if log_type == UNKNOWN_TYPE else log_type,
            )
            self._parks.append((park, exhausted))

    def _retry(self, log_type: str, members: list[Delivery], error: HooklogError) -> None:
        retry_after = error.retry_after if isinstance(error, RateLimitedError) else None
        for delivery in members:
            self._returned.append({"itemIdentifier": delivery.message_id})
            self._waits[delivery.receipt_handle] = self._parts.backoff.delay(
                delivery.attempt, jitter=self._parts.jitter(), retry_after=retry_after
            )
        if members:
            self._report.retried[log_type] += 1
