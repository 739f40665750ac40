"""Which fetched log replaces which stored one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hooklog.queue_messages import LogRequest, Origin
from hooklog.records.enrichment import Record
from hooklog.records.items import PLAIN, Keeping, iso, optional_attributes, record_attributes
from hooklog.records.parking import PARKED_ATTRIBUTES, history
from hooklog.records.rows import Row, Write


def contains(row: Row | None, request: LogRequest, sent_at: datetime, skew: timedelta) -> bool:
    """Whether a stored row already shows what this message tells.

    It does if it is not behind the status that the message announces, and was fetched after the
    message was sent, by more than the clocks may differ; or if the message is an old story. Of a
    log that was erased nobody wants to know anything, so it is not even fetched.
    """
    if row is not None and row.erased_at is not None:
        return True
    if row is None or row.fetched_at is None or row.status is None:
        return False
    if request.kind.is_behind(row.status, request.status):
        return False
    return row.fetched_at >= sent_at + skew or _is_old_story(row, request)


def _is_old_story(row: Row, request: LogRequest) -> bool:
    """Whether a callback, late or replayed, tells of a log's way that has ended since.

    A callback tells no more than a status. Of a log that has ended, one of progress is past, and
    one of the same kind of end is known. What else may change then, such as the charge, no
    callback announces; the sweep compares it.
    """
    status, model = request.status, request.kind.model
    if request.origin is not Origin.WEBHOOK or not row.final or status not in request.kind.progress:
        return False
    return status not in model.terminal or (status in model.failed) == (row.outcome == "failed")


def supersedes(record: Record, row: Row) -> bool:
    """Whether a fetched log replaces the stored one. The one subtle condition.

    A fetch that began later saw a later truth, with one exception: SignalWire's API may lag,
    and show a log in progress again after it showed its end. An end is never unseen::

                             the fetched log is
                             in progress            final
        stored: in progress  if it is later         always
        stored: final        never                  if it is later

    That is the order of the pairs (final, fetched_at). Because the order is total, the
    greatest pair wins whatever the order of arrival: late, repeated or reordered
    deliveries all end in the same row. A row that was erased is not replaced by anything.
    """
    if row.erased_at is not None:
        return False
    if row.fetched_at is None:
        return True
    return (record.log.is_terminal, record.fetched_at) > (row.final, row.fetched_at)


@dataclass(frozen=True, slots=True)
class StoreRecord:
    """Store an explained log, and lift a parking that it outlived."""

    record: Record
    keeping: Keeping = PLAIN

    @property
    def key(self) -> str:
        """The log's partition key."""
        return self.record.key

    def plan(self, row: Row | None) -> Write | None:
        """Insert, update, or leave a row that is already further."""
        record = self.record
        if row is not None and not supersedes(record, row):
            return None
        values = record_attributes(record, self.keeping)
        failed_before = row is not None and row.first_failed_at is not None
        counts_failure = record.outcome == "failed" and not failed_before
        if counts_failure:
            values["first_failed_at"] = iso(record.fetched_at)
        counts_end = record.log.is_terminal and not (row is not None and row.final)
        if row is None:
            return Write(
                key=self.key,
                expected_version=None,
                values=values,
                counts_failure=counts_failure,
                counts_end=counts_end,
            )
        outdated = [name for name in optional_attributes(record.kind) if name not in values]
        if row.parked_at is not None and row.parked_at <= record.fetched_at:
            outdated += PARKED_ATTRIBUTES
            values["parked_history"] = history(row, lifted_at=record.fetched_at)
        return Write(
            key=self.key,
            expected_version=row.version,
            values=values,
            remove=outdated,
            counts_failure=counts_failure,
            counts_end=counts_end,
        )
