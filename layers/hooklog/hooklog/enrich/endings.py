"""What happens to messages that a batch could not process: they are returned, or parked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypedDict

from hooklog.clock import Clock
from hooklog.enrich.deliveries import Delivery
from hooklog.enrich.ports import Queue
from hooklog.enrich.report import UNKNOWN_TYPE, Report
from hooklog.enrich.retry import Backoff
from hooklog.errors import FetchError, HooklogError, QueueUnavailableError, StoreError
from hooklog.records.parking import Lift, Park
from hooklog.records.rows import Row
from hooklog.records.signals import Signal
from hooklog.records.store import Table, UpToDate, apply


class ItemFailure(TypedDict):
    """A message to be delivered again, in the form that Lambda documents."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """Lambda's partial batch response; an empty list acknowledges the whole batch."""

    batchItemFailures: list[ItemFailure]


class Endings:
    """Collects the failures of one batch, and carries out their consequences at its end."""

    def __init__(
        self,
        report: Report,
        clock: Clock,
        backoff: Backoff,
        jitter: Callable[[], float],
        ttl: timedelta | None = None,
    ) -> None:
        """Begin a batch; its parkings carry this time."""
        self._ttl = ttl
        self._report = report
        self._began_at = clock()
        self._backoff = backoff
        self._jitter = jitter
        self._parks: list[tuple[Park, Sequence[Delivery]]] = []
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
    ) -> None:
        """Return each message to the queue while it has attempts left, else park it.

        What the messages told of the log's end is kept with the parking.
        """
        self._report.errors[error.code] += 1
        exhausted = self.retry(log_type, members, error)
        if exhausted:
            last = max(exhausted, key=lambda delivery: delivery.attempt)
            park = Park(
                key=key,
                error=error,
                body=last.body,
                attempts=last.attempt,
                at=self._began_at,
                log_type=None if log_type == UNKNOWN_TYPE else log_type,
                told=told,
            )
            self._parks.append((park, exhausted))

    def retry(
        self, log_type: str, members: Sequence[Delivery], error: HooklogError
    ) -> list[Delivery]:
        """Send messages back to the queue; return those whose attempts are used up."""
        left = [one for one in members if one.attempt < error.max_attempts]
        self._return(log_type, left, error.retry_after if isinstance(error, FetchError) else None)
        return [one for one in members if one.attempt >= error.max_attempts]

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
                # However many attempts it had: the dead-letter queue is the last resort.
                self._return(log_type, members, None)
            elif isinstance(result, UpToDate):
                self._report.skipped[log_type] += 1
            else:
                self._report.parked[log_type] += 1
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
                self._return(log_type, [delivery], None)

    def _return(
        self, log_type: str, members: Sequence[Delivery], retry_after: float | None
    ) -> None:
        for delivery in members:
            self._returned.append({"itemIdentifier": delivery.message_id})
            self._waits[delivery.receipt_handle] = self._backoff.delay(
                delivery.attempt, jitter=self._jitter(), retry_after=retry_after
            )
        if members:
            self._report.retried[log_type] += 1
