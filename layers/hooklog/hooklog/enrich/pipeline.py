"""The enrichment: a batch of queue messages becomes rows, metrics and a batch response.

::

    records -> parse -> known? -> admit -> fetch -> validate -> enrich -> settle -> store -> report
                 |        |         |        |         |                    |        |
               parked  skipped   waits     retry or  parked              retry or  skipped
             (message) (row is  (for its   parked    (log)               parked    (row is
                     up to date) turn)                                           up to date)

Each step narrows what is left to do. Every delivery ends as exactly one of: acknowledged with a
row, acknowledged as parked, or returned to the queue.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hooklog.catalogue import Catalogue
from hooklog.clock import Clock, TimeLeft
from hooklog.enrich.deliveries import Delivery, deliveries, log_request
from hooklog.enrich.endings import BatchResponse, Endings
from hooklog.enrich.ports import Fetched, LogSource, Queue, ResourceRequest, Telemetry, Wanted
from hooklog.enrich.report import UNKNOWN_TYPE, Report
from hooklog.enrich.retry import Backoff
from hooklog.enrich.seen import Seen
from hooklog.enrich.settling import fax_signal
from hooklog.errors import (
    BY_CODE,
    BehindError,
    HeldBackError,
    HooklogError,
    LogMismatchError,
    MessageError,
    NotAskedError,
    OutageError,
    OutOfTimeError,
    RateLimitedError,
    StoreError,
    StoreThrottledError,
    UnexpectedError,
)
from hooklog.pace import Grant
from hooklog.parsing import read_answer
from hooklog.queue_messages import LogRequest, Origin
from hooklog.records.enrichment import FoundBy, Record, enrich
from hooklog.records.items import DEFAULT_STORAGE, StorageOptions
from hooklog.records.pacing import Brake
from hooklog.records.recording import already_reflects
from hooklog.records.rows import PACE_KEY, Row
from hooklog.records.signals import Signal, announced, strongest
from hooklog.records.store import Stored, Table
from hooklog.records.storing import Finding, store, store_aliases
from hooklog.steps import Step, Trace

#: The most that the clocks of SQS and Lambda are assumed to differ.
CLOCK_SKEW = timedelta(seconds=2)
#: Seconds that fetching leaves for storing and reporting.
STORE_RESERVE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enricher:
    """The enrich function's parts, wired once per execution environment.

    With ``settle_faxes``, the fax resource is fetched where neither log nor callback tells how a
    fax ended.
    """

    source: LogSource
    table: Table
    brake: Brake
    queue: Queue
    telemetry: Telemetry
    catalogue: Catalogue
    clock: Clock
    jitter: Callable[[], float]
    storage: StorageOptions = DEFAULT_STORAGE
    settle_faxes: bool = True
    backoff: Backoff = field(default_factory=Backoff)
    trace: Trace | None = None

    def handle(self, event: object, time_left: TimeLeft) -> BatchResponse:
        """Process one SQS event.

        Args:
            event: as Lambda passes it.
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
    """One log, and all messages of the batch that ask for it."""

    request: LogRequest
    members: list[tuple[Delivery, LogRequest]] = field(default_factory=list)
    #: Whether an alias in the table led to the log.
    by_alias: bool = False

    @property
    def event_at(self) -> datetime:
        """When the latest of the events happened."""
        return max(request.event_at for _, request in self.members)

    @property
    def told(self) -> Signal | None:
        """What the messages tell of the end, if that can be more than the log does."""
        return strongest(self.request.kind, *(announced(request) for _, request in self.members))

    @property
    def is_young(self) -> bool:
        """Whether a callback or a person asks, and not only the comparison of a period."""
        later = {Origin.SWEEP, Origin.BACKFILL}
        return any(request.origin not in later for _, request in self.members)

    def is_known(self, row: Row | None) -> bool:
        """Return whether the row reflects every one of the messages."""
        return all(
            already_reflects(row, request, delivery.sent_at, CLOCK_SKEW)
            for delivery, request in self.members
        )


class _Batch:
    """One batch on its way through the steps."""

    def __init__(self, parts: Enricher, time_left: TimeLeft) -> None:
        self._parts = parts
        self._time_left = time_left
        self._trace = parts.trace
        self._report = Report()
        self._rows: Mapping[str, Row] = {}
        self._endings = Endings(
            self._report,
            parts.clock,
            parts.backoff,
            parts.jitter,
            parts.storage.ttl,
            parts.trace,
        )
        self._seen = Seen()
        self._grant = Grant(requests=0)
        #: Jobs that wait for their turn, and those that an outage may have stopped.
        self._held: list[tuple[str, _Job, HooklogError]] = []
        self._troubled: list[tuple[str, _Job, HooklogError]] = []

    def run(self, batch: list[Delivery]) -> BatchResponse:
        """Take all steps in order."""
        self._report.received = len(batch)
        jobs = self._admit(self._skip_known(self._parse(batch)))
        self._store(self._find(self._enrich(jobs)))
        self._send_back()
        response = self._endings.finish(self._parts.table, self._parts.queue, self._rows)
        self._publish()
        return response

    def _parse(self, batch: list[Delivery]) -> dict[str, _Job]:
        """Read the bodies, and group messages for the same log."""
        jobs: dict[str, _Job] = {}
        for delivery in batch:
            try:
                request = log_request(delivery.body, delivery.sent_at)
            except MessageError as error:
                self._endings.fail(delivery.parking_key, UNKNOWN_TYPE, [delivery], error)
            else:
                job = jobs.setdefault(request.key, _Job(request))
                job.members.append((delivery, request))
                if self._trace is not None:
                    facts = {"origin": request.origin, "status": request.status}
                    self._trace(request.key, Step.DELIVERED, attempt=delivery.attempt, **facts)
        return jobs

    def _skip_known(self, jobs: dict[str, _Job]) -> dict[str, _Job]:
        """Drop logs whose row already reflects their messages; this makes redelivery cheap."""
        if not jobs:
            return {}
        try:
            self._read_rows([*jobs])
            jobs = self._follow_aliases(jobs)
        except StoreError as error:
            for key, job in jobs.items():
                self._fail_job(key, job, error)
            return {}
        known = {key for key, job in jobs.items() if job.is_known(self._rows.get(key))}
        for key in known:
            self._skip(key, jobs[key])
        return {key: job for key, job in jobs.items() if key not in known}

    def _read_rows(self, keys: list[str]) -> None:
        """Read rows and the pace, or without it if DynamoDB leaves something unread.

        Raises:
            StoreError: the rows cannot be read.

        """
        table, unread = self._parts.table, None
        try:
            self._rows = table.read([*keys, PACE_KEY])
        except StoreThrottledError as error:
            # All instances read the pace, so that its row is throttled first.
            self._rows, unread = table.read(keys), error
        self._parts.brake.read(self._rows, unread)

    def _follow_aliases(self, jobs: dict[str, _Job]) -> dict[str, _Job]:
        """Put each job that names an alias under its log's own key, and read the rows there.

        Raises:
            StoreError: those rows cannot be read.

        """
        aliases = {
            key: row.alias_of
            for key, row in self._rows.items()
            if row.alias_of and jobs[key].request.resource_sid
        }
        if unread := set(aliases.values()) - self._rows.keys():
            self._rows = {**self._rows, **self._parts.table.read(sorted(unread))}
        followed: dict[str, _Job] = {}
        for key, job in jobs.items():
            request = job.request
            if target := aliases.get(key):
                request = replace(request, log_id=target.partition("#")[2])
            one = followed.setdefault(request.key, _Job(request, by_alias=bool(target)))
            one.members += job.members
        if self._trace is not None:
            for key, job in followed.items():
                if len(job.members) > 1:
                    self._trace(key, Step.COALESCED, messages=len(job.members))
        return followed

    def _admit(self, jobs: dict[str, _Job]) -> dict[str, _Job]:
        """Keep the jobs whose requests may be sent now, the young first; hold the others back."""
        wanted = sum(self._requests(job) for job in jobs.values())
        self._grant = self._parts.brake.grant(math.ceil(wanted))
        left: float = self._grant.requests
        admitted: dict[str, _Job] = {}
        for key, job in sorted(jobs.items(), key=lambda item: _urgency(item[1]), reverse=True):
            if left > 0:
                admitted[key] = job
            else:
                self._held.append((key, job, HeldBackError()))
            left -= self._requests(job)
        return admitted

    def _requests(self, job: _Job) -> float:
        """Return how many requests a job needs on average: about every fourth may need more."""
        may_be_sid = job.request.resource_sid is not None and not job.by_alias
        may_be_unsettled = self._parts.settle_faxes and job.request.kind.call_ends and not job.told
        return 1.25 if may_be_sid or may_be_unsettled else 1.0

    def _enrich(self, jobs: dict[str, _Job]) -> dict[str, tuple[Record, _Job]]:
        """Fetch, validate and enrich each log as soon as it arrives, and ask how a fax ended."""
        records: dict[str, tuple[Record, _Job]] = {}
        unanswered: dict[str, _Job] = dict(jobs)
        asked_for: set[str] = set()
        unsettled: dict[str, HooklogError] = {}
        wanted: list[Wanted] = [job.request for job in jobs.values()]
        began_at = self._parts.brake.now()
        for asked, answer in self._parts.source.fetch(wanted, self._fetch_time_left, self._grant):
            self._seen.note(asked.key, answer)
            if isinstance(asked, ResourceRequest):
                record, job = records[asked.key]
                try:
                    records[asked.key] = self._settled(record, answer), job
                    del unsettled[asked.key]
                except HooklogError as error:
                    unsettled[asked.key] = error
                continue
            job = unanswered.pop(asked.key)
            found = self._record(job, answer)
            if found is None:
                continue
            record = found
            if twin := records.get(record.key):
                record, job = _merged(twin, (record, job))
            records[record.key] = record, job
            path = self._asks_for(record, job)
            if path is not None and record.key not in asked_for:
                asked_for.add(record.key)
                unsettled[record.key] = OutOfTimeError()
                wanted.append(ResourceRequest(key=record.key, path=path))
        if wanted:
            self._parts.brake.learn(self._seen.experience(began_at, self._parts.source.allowance()))
        for key, job in unanswered.items():
            self._fail_job(key, job, OutOfTimeError())
        for key, problem in unsettled.items():
            self._fail_job(key, records.pop(key)[1], problem)
        return records

    def _record(self, job: _Job, answer: Fetched | HooklogError) -> Record | None:
        """Read a log, or fail its job and return None."""
        key = job.request.key
        try:
            return self._read(job, answer)
        except HooklogError as error:
            self._fail_job(key, job, error)
        # Whatever is wrong with one log must not affect its neighbours.
        except Exception as error:  # noqa: BLE001
            self._parts.telemetry.defect(key, error)
            self._fail_job(key, job, UnexpectedError())
        return None

    def _read(self, job: _Job, answer: Fetched | HooklogError) -> Record:
        if not isinstance(answer, Fetched):
            raise answer
        kind = job.request.kind
        self._report.fetch_ms[kind.name].append(answer.took_ms)
        log = read_answer(answer.body, kind.model.read)
        if answer.found_by == "id" and log.id.lower() != job.request.log_id:
            detail = "The answer carries another id than the one asked for."
            raise LogMismatchError(detail, payload=answer.body)
        record = enrich(
            kind,
            log,
            catalogue=self._parts.catalogue,
            sent_at=job.event_at,
            fetched_at=answer.began_at,
            resolved_by=_resolved_by(job, answer),
        )
        if self._trace is not None:
            found = record.key if record.key != job.request.key else None
            facts = {"status": log.status, "found": found}
            self._trace(job.request.key, Step.FETCHED, ms=round(answer.took_ms), **facts)
        return record

    def _asks_for(self, record: Record, job: _Job) -> str | None:
        """Return the path of the resource that has to tell how a fax ended, if one has to."""
        is_open = self._finding(record, job).is_open(self._rows.get(record.key))
        return record.resource_path if self._parts.settle_faxes and is_open else None

    def _settled(self, record: Record, answer: Fetched | HooklogError) -> Record:
        """Add what the fax resource tells.

        Raises:
            HooklogError: another try may bring a better answer, or a person has to look.

        """
        if isinstance(answer, Fetched):
            self._report.fetch_ms[record.kind.name].append(answer.took_ms)
        signal = fax_signal(record, answer)
        if self._trace is not None:
            self._trace(record.key, Step.SETTLED, status=signal.status if signal else None)
        return replace(record, signal=signal)

    def _find(self, records: dict[str, tuple[Record, _Job]]) -> dict[str, tuple[Record, _Job]]:
        """Read the rows and aliases that are known only now, and drop logs that are known."""
        resolved = [key for key, (record, _) in records.items() if record.resolved_by == "url"]
        # A log that is new has no alias, either.
        aliases = {
            record.alias_key
            for key, (record, _) in records.items()
            if record.alias_key and (key in self._rows or key in resolved)
        }
        unread = [*resolved, *sorted(aliases - self._rows.keys())]
        try:
            self._rows = {**self._rows, **(self._parts.table.read(unread) if unread else {})}
        except StoreError as error:
            for key in resolved:
                self._fail_job(key, records.pop(key)[1], error)
        self._store_aliases(records)
        for key in resolved:
            if key in records and records[key][1].is_known(self._rows.get(key)):
                self._skip(key, records.pop(key)[1])
        return records

    def _finding(self, record: Record, job: _Job) -> Finding:
        """Return a record, and what the fax resource and the messages tell of the end."""
        told = strongest(record.kind, record.signal, job.told)
        return Finding(record=record, told=told, is_last=self._is_last(record))

    def _store(self, records: dict[str, tuple[Record, _Job]]) -> None:
        findings = [self._finding(record, job) for record, job in records.values()]
        table, storage = self._parts.table, self._parts.storage
        results = store(table, findings, self._rows, storage, self._report, self._trace)
        for key, (record, job) in records.items():
            result = results[key]
            if isinstance(result, StoreError):
                self._fail_job(key, job, result)
                continue
            # A row that shows as much or more has settled what this fetch could not.
            is_unsettled = isinstance(result, Stored) and result.write.is_unsettled
            self._expect_end(job, record, is_unsettled=is_unsettled)

    def _store_aliases(self, records: dict[str, tuple[Record, _Job]]) -> None:
        """Write missing aliases; drop and fail the records whose alias cannot be written."""
        found = [record for record, _ in records.values()]
        table, storage = self._parts.table, self._parts.storage
        for key, error in store_aliases(table, found, self._rows, storage).items():
            self._fail_job(key, records.pop(key)[1], error)

    def _is_last(self, record: Record) -> bool:
        """Return whether the log is not fetched again for being behind."""
        tries = self._endings.tries(self._rows.get(record.key), BehindError)
        return tries + 1 >= BehindError.max_attempts

    def _send_back(self) -> None:
        """Send the messages back that wait for their turn, or for the end of an outage."""
        brake = self._parts.brake
        for key, job, error in self._troubled:
            if brake.pace.outage is None:
                self._fail(key, job, error)
            else:
                self._report.errors[error.code] += 1
                self._held.append((key, job, error))
        if count := sum(len(job.members) for _, job, _ in self._held):
            turns = iter(brake.waits(count, is_served=self._grant.requests > 0))
            waited_for = BY_CODE.get(brake.pace.outage or "", RateLimitedError)
            for key, job, met in self._held:
                least = self._least_wait(key, job, met)
                members = [(delivery, max(least, next(turns))) for delivery, _ in job.members]
                error = waited_for() if isinstance(met, HeldBackError) else met
                self._endings.wait(key, job.request.kind.name, members, error, job.told)
        if brake.error is not None:
            self._report.errors[brake.error.code] += 1
        self._report.limit = brake.pace.limit(brake.now())
        self._report.outage = brake.pace.outage

    def _least_wait(self, key: str, job: _Job, met: HooklogError) -> float:
        """Return the seconds that a log waits at least; each 429 of its own slows down others."""
        if not isinstance(met, RateLimitedError):
            return 0.0
        row = self._rows.get(key)
        count = self._endings.count(key, job.request.kind.name, met, row, job.is_known)
        backoff, jitter = self._parts.backoff, self._parts.jitter()
        return backoff.delay(count - 1, jitter=jitter) if count > 1 else 0.0

    def _fetch_time_left(self) -> float:
        return self._time_left() - STORE_RESERVE

    def _publish(self) -> None:
        """Publish the report; an error here undoes nothing."""
        try:
            self._parts.telemetry.emit(self._report)
        # Raised, it would bring the whole batch back only to skip it, and the counts would
        # still be lost.
        except Exception as error:  # noqa: BLE001
            self._parts.telemetry.defect("report", error)

    def _skip(self, key: str, job: _Job) -> None:
        log_type = job.request.kind.name
        self._report.skipped[log_type] += 1
        if self._trace is not None:
            self._trace(key, Step.SKIPPED)
        self._endings.done(key, log_type, [delivery for delivery, _ in job.members])

    def _expect_end(self, job: _Job, record: Record, *, is_unsettled: bool) -> None:
        """Return messages whose log is behind what they announce, or contradicts it."""
        done: list[Delivery] = []
        behind: list[Delivery] = []
        for delivery, request in job.members:
            is_behind = is_unsettled or record.kind.is_behind(record.log.status, request.status)
            (behind if is_behind else done).append(delivery)
        if behind:
            error, row = BehindError(), self._rows.get(record.key)
            self._report.errors[error.code] += 1
            # The row is stored, so there is nothing to park when the tries are used up.
            log_type = record.kind.name
            if not self._endings.retry(record.key, log_type, behind, error, row, job.is_known):
                done += behind
        self._endings.done(record.key, record.kind.name, done)

    def _fail_job(self, key: str, job: _Job, error: HooklogError) -> None:
        """Decide whose trouble it is; an outage shows only in what all requests of a batch met."""
        match error:
            case OutageError():
                self._troubled.append((key, job, error))
            case NotAskedError():
                if not isinstance(error, HeldBackError):
                    self._report.errors[error.code] += 1
                self._held.append((key, job, error))
            case _:
                self._fail(key, job, error)

    def _fail(self, key: str, job: _Job, error: HooklogError) -> None:
        if isinstance(error, UnexpectedError) and error.__cause__ is not None:
            self._parts.telemetry.defect(key, error.__cause__)
        members = [delivery for delivery, _ in job.members]
        log_type = job.request.kind.name
        row = self._rows.get(key)
        self._endings.fail(key, log_type, members, error, job.told, row, job.is_known)


def _urgency(job: _Job) -> tuple[bool, datetime]:
    """Return a job's rank: callbacks before a period that is compared, new events before old."""
    return job.is_young, job.event_at


def _merged(one: tuple[Record, _Job], other: tuple[Record, _Job]) -> tuple[Record, _Job]:
    """Merge two fetches of a log that one message named by its ID and another by its SID."""
    record = max(one[0], other[0], key=lambda found: (found.log.is_terminal, found.fetched_at))
    job = _Job(other[1].request, [*one[1].members, *other[1].members])
    # The other has just arrived, so nobody can have told of its end yet.
    return replace(record, signal=one[0].signal), job


def _resolved_by(job: _Job, answer: Fetched) -> FoundBy | None:
    if job.request.resource_sid is None:
        return None
    return "alias" if job.by_alias and answer.found_by == "id" else answer.found_by
