"""What happens to messages that a batch could not process: they are returned, or parked."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TypedDict

from hooklog.clock import Clock
from hooklog.enrich.deliveries import Delivery
from hooklog.enrich.ports import Queue
from hooklog.enrich.report import UNKNOWN_TYPE, Report
from hooklog.enrich.retry import Backoff
from hooklog.errors import FetchError, HooklogError, QueueUnavailableError, StoreError
from hooklog.records.parking import Lift, Park
from hooklog.records.patience import Try, tries_so_far
from hooklog.records.rows import Row
from hooklog.records.signals import Signal
from hooklog.records.store import Table, UpToDate, apply
from hooklog.steps import Fact, Step, Trace


class ItemFailure(TypedDict):
    """A message to be delivered again, in the form that Lambda documents."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """Lambda's partial batch response; an empty list acknowledges the whole batch."""

    batchItemFailures: list[ItemFailure]


#: Whether a row reflects the messages of a log.
type IsKnown = Callable[[Row | None], bool]

#: A message is parked at this age, a day before the queue would drop it, whatever it waits for.
LONGEST_WAIT = timedelta(days=9)
#: By how much waits grow at least from one delivery to the next. With it a message reaches that age
#: before the queue gives it up for being received too often, however short its waits would be.
_GROWTH = 1.06
#: Later deliveries wait as long as SQS allows.
_STEEPEST = 200


def _never(_: Row | None) -> bool:
    """Tell that no row reflects a message that names no log."""
    return False


class Endings:
    """Collects the failures of one batch, and carries out their consequences at its end."""

    def __init__(
        self,
        report: Report,
        clock: Clock,
        backoff: Backoff,
        jitter: Callable[[], float],
        ttl: timedelta | None = None,
        trace: Trace | None = None,
    ) -> None:
        """Begin a batch; its parkings carry this time."""
        self._ttl = ttl
        self._trace = trace
        self._report = report
        self._began_at = clock()
        self._backoff = backoff
        self._jitter = jitter
        self._parks: list[tuple[Park, Sequence[Delivery]]] = []
        self._tries: dict[str, Try] = {}
        #: Messages that go back for a failure of their log, by its key.
        self._retried: defaultdict[str, list[Delivery]] = defaultdict(list)
        self._redriven: list[tuple[Lift, str, Delivery]] = []
        self._waits: dict[str, int] = {}
        self._returned: list[ItemFailure] = []

    def fail(
        self,
        key: str,
        log_type: str,
        members: Sequence[Delivery],
        error: HooklogError,
        told: Signal | None = None,
        row: Row | None = None,
        is_known: IsKnown = _never,
    ) -> None:
        """Return the messages of a log to the queue while it may be tried again, else park them.

        What the messages told of the log's end is kept with the parking.

        Args:
            key: of the log's row, or of the row in which to park a message that names no log.
            log_type: of the log.
            members: messages.
            error: that the log met.
            told: what the messages tell of the end.
            row: of that key, as it was read.
            is_known: tells whether a row reflects the messages.

        """
        self._report.errors[error.code] += 1
        if not self.retry(key, log_type, members, error, row, is_known):
            self._park_later(key, log_type, members, error, told, tries=self.tries(row, error) + 1)

    def tries(self, row: Row | None, error: HooklogError | type[HooklogError]) -> int:
        """Return how often a log met an error before this batch."""
        return tries_so_far(row, error.code, self._began_at)

    def retry(
        self,
        key: str,
        log_type: str,
        members: Sequence[Delivery],
        error: HooklogError,
        row: Row | None,
        is_known: IsKnown,
    ) -> bool:
        """Send the messages of a log back to the queue while it has tries and time left."""
        is_last = self.tries(row, error) + 1 >= error.max_attempts
        if is_last or any(map(self._is_late, members)):
            return False
        count = self.count(key, log_type, error, row, is_known)
        self._retried[key] += members
        retry_after = error.retry_after if isinstance(error, FetchError) else None
        for delivery in members:
            wait = self._backoff.delay(count, jitter=self._jitter(), retry_after=retry_after)
            self._return(delivery, wait)
        self._report.retried[log_type] += 1
        self._tell(key, Step.RETRIED, members, code=error.code, tries=count)
        return True

    def wait(
        self,
        key: str,
        log_type: str,
        members: Sequence[tuple[Delivery, float]],
        error: HooklogError,
        told: Signal | None = None,
    ) -> None:
        """Send messages back that wait for their turn, or for the end of an outage.

        That is no failure of their log; a message is parked only before the queue would drop it.

        Args:
            key: of the log's row.
            log_type: of the log.
            members: messages, each with the seconds that it waits.
            error: that they wait for.
            told: what the messages tell of the log's end.

        """
        late = [delivery for delivery, _ in members if self._is_late(delivery)]
        if late:
            self._park_later(key, log_type, late, error, told, tries=late[0].attempt)
        waiting = [member for member in members if member[0] not in late]
        retry_after = error.retry_after if isinstance(error, FetchError) else None
        for delivery, turn in waiting:
            seconds = max(turn, math.floor(_GROWTH ** min(delivery.attempt, _STEEPEST)))
            wait = self._backoff.at_least(seconds, jitter=self._jitter(), retry_after=retry_after)
            self._return(delivery, wait)
        if waiting:
            self._report.retried[log_type] += 1
            self._tell(key, Step.WAITING, (delivery for delivery, _ in waiting), code=error.code)

    def count(
        self,
        key: str,
        log_type: str,
        error: HooklogError,
        row: Row | None,
        is_known: IsKnown,
    ) -> int:
        """Count an error of a log, and return how often it met that, this time included."""
        count = self.tries(row, error) + 1
        self._tries[key] = Try(
            key=key,
            code=error.code,
            count=count,
            at=self._began_at,
            log_type=log_type,
            ttl=self._ttl,
            is_known=is_known,
        )
        return count

    def _park_later(
        self,
        key: str,
        log_type: str,
        members: Sequence[Delivery],
        error: HooklogError,
        told: Signal | None,
        *,
        tries: int,
    ) -> None:
        park = Park(
            key=key,
            error=error,
            body=max(members, key=lambda delivery: delivery.attempt).body,
            attempts=tries,
            at=self._began_at,
            log_type=None if log_type == UNKNOWN_TYPE else log_type,
            told=told,
        )
        self._parks.append((park, members))

    def done(self, key: str, log_type: str, members: Sequence[Delivery]) -> None:
        """Acknowledge messages that the row of this key reflects; redriven ones leave the list."""
        self._redriven += [
            (
                Lift(key=delivery.parked_as, into=key, at=self._began_at, ttl=self._ttl),
                log_type,
                delivery,
            )
            for delivery in members
            if delivery.parked_as
        ]

    def finish(self, table: Table, queue: Queue, rows: Mapping[str, Row]) -> BatchResponse:
        """Park, set the waits, and return the response; what cannot be parked is returned, too."""
        self._park(table, rows)
        self._count_tries(table, rows)
        self._lift(table)
        if self._waits and (unset := queue.delay(self._waits)):
            self._report.errors[QueueUnavailableError.code] += unset
        return {"batchItemFailures": self._returned}

    def _park(self, table: Table, rows: Mapping[str, Row]) -> None:
        results = apply(table, [park for park, _ in self._parks], rows)
        for park, members in self._parks:
            result, log_type = results[park.key], park.log_type or UNKNOWN_TYPE
            if isinstance(result, StoreError):
                self._report.errors[result.code] += 1
                # However many tries it had: the dead-letter queue is the last resort.
                self._return_all(park.key, log_type, members, result)
            elif isinstance(result, UpToDate):
                self._report.skipped[log_type] += 1
                if self._trace is not None:
                    self._trace(park.key, Step.UP_TO_DATE)
            else:
                self._report.parked[log_type] += 1
                if self._trace is not None:
                    code = park.error.code
                    self._trace(park.key, Step.PARKED, code=code, tries=park.attempts)
                elsewhere = [one for one in members if one.parked_as != park.key]
                self.done(park.key, log_type, elsewhere)

    def _lift(self, table: Table) -> None:
        """Take the rows of redriven messages off the list; a message whose row fails is retried."""
        lifts = {lift.key: lift for lift, _, _ in self._redriven}
        if not lifts:
            return
        try:
            results = apply(table, list(lifts.values()), table.read(list(lifts)))
        except StoreError as error:
            results = dict.fromkeys(lifts, error)
        for lift, log_type, delivery in self._redriven:
            result = results[lift.key]
            if isinstance(result, StoreError):
                self._report.errors[result.code] += 1
                self._return_all(lift.into, log_type, [delivery], result)

    def _count_tries(self, table: Table, rows: Mapping[str, Row]) -> None:
        """Count this batch's failures, apart from those of logs that were parked.

        One that is not counted gives its log one more try. Should that go on, SQS's count of the
        deliveries makes the waits grow instead.
        """
        parked = {park.key for park, _ in self._parks}
        tries = [one for key, one in self._tries.items() if key not in parked]
        for key, result in apply(table, tries, rows).items():
            if not isinstance(result, StoreError):
                continue
            self._report.errors[result.code] += 1
            retried = self._retried[key]
            for delivery in retried:
                wait = self._backoff.delay(delivery.attempt, jitter=self._jitter())
                handle = delivery.receipt_handle
                self._waits[handle] = max(wait, self._waits[handle])
            # The others wait for their turn, which was told.
            if retried:
                self._tell(key, Step.RETRIED, retried, code=result.code)

    def _is_late(self, delivery: Delivery) -> bool:
        return delivery.sent_at <= self._began_at - LONGEST_WAIT

    def _return(self, delivery: Delivery, wait: int) -> None:
        self._returned.append({"itemIdentifier": delivery.message_id})
        self._waits[delivery.receipt_handle] = wait

    def _return_all(
        self, key: str, log_type: str, members: Sequence[Delivery], error: StoreError
    ) -> None:
        """Return messages that could not be parked or lifted."""
        for delivery in members:
            # A late one must reach the dead-letter queue before its time is up.
            count = 1 if self._is_late(delivery) else delivery.attempt
            self._return(delivery, self._backoff.delay(count, jitter=self._jitter()))
        self._report.retried[log_type] += 1
        self._tell(key, Step.RETRIED, members, code=error.code)

    def _tell(self, key: str, step: Step, members: Iterable[Delivery], **facts: Fact) -> None:
        """Tell that messages go back, and in how many seconds the first of them returns."""
        if self._trace is not None:
            waits = (self._waits[delivery.receipt_handle] for delivery in members)
            self._trace(key, step, delay=min(waits), **facts)
