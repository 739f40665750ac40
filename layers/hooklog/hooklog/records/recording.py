"""Decide whether a fetched log replaces the stored row, and what to write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hooklog.clock import iso
from hooklog.logs.model import names_error
from hooklog.queue_messages import LogRequest, Origin
from hooklog.records.enrichment import Record, weigh
from hooklog.records.items import (
    DEFAULT_STORAGE,
    StorageOptions,
    expires_at,
    failure_attributes,
    row_attributes,
)
from hooklog.records.parking import PARKED_ATTRIBUTES, history
from hooklog.records.rows import Attribute, Row, Write, present
from hooklog.records.signals import CONTRADICTION, Signal, announced, signal_values, strongest


def already_reflects(
    row: Row | None, request: LogRequest, sent_at: datetime, skew: timedelta
) -> bool:
    """Return whether a stored row already shows what this message announces.

    It does if it is not behind the status that the message announces, does not lack an end that
    the message tells, and was fetched after the message was sent, by more than the clocks may
    differ, or if the callback is obsolete. An erased log is never fetched again.

    Args:
        row: of the log.
        request: the message.
        sent_at: when the message was put on the queue.
        skew: the most that the clocks of SQS and Lambda differ.

    """
    if row is not None and row.erased_at is not None:
        return True
    if row is None or row.fetched_at is None or row.status is None or row.unsettled:
        return False
    if request.kind.is_behind(row.status, request.status) or _tells_more(request, row):
        return False
    return row.fetched_at >= sent_at + skew or _is_obsolete(row, request)


def _tells_more(request: LogRequest, row: Row) -> bool:
    """Return whether a message tells a failure, or an end of which only the call is known."""
    signal = announced(request)
    if signal is None:
        return False
    if not signal.is_failure(request.kind):
        return row.settled_by == "call"
    says_why = names_error(row.error_code, row.error_message) or (
        row.signal is not None and row.signal.names_error
    )
    return row.outcome != "failed" or (signal.names_error and not says_why)


def _is_obsolete(row: Row, request: LogRequest) -> bool:
    """Return whether a late or replayed callback tells of a log that has ended since.

    A callback tells no more than a status. Once a log has ended, a status of progress is past, and
    a status of the same kind of end is known. No callback announces what else may change then, such
    as the charge; the sweep compares it.
    """
    status, model = request.status, request.kind.model
    if request.origin is not Origin.WEBHOOK or not row.final or status not in request.kind.progress:
        return False
    return status not in model.terminal or (status in model.failed) == (row.outcome == "failed")


def supersedes(record: Record, row: Row) -> bool:
    """Return whether a fetched log replaces the stored one. This is the one subtle condition.

    A fetch that began later saw a later truth, with one exception: SignalWire's API may lag,
    and show a log in progress again after it showed its end. An end is never taken back::

                             the fetched log is
                             in progress            final
        stored: in progress  if it is later         always
        stored: final        never                  if it is later

    That is the order of the pairs (final, fetched_at). Because the order is total, the
    greatest pair wins whatever the order of arrival: late, repeated or reordered
    deliveries all end in the same row. Nothing replaces a row that was erased.
    """
    if row.erased_at is not None:
        return False
    if row.fetched_at is None:
        return True
    return (record.log.is_terminal, record.fetched_at) > (row.final, row.fetched_at)


@dataclass(frozen=True, slots=True)
class StoreAlias:
    """Make a log known under its resource's SID, where that is not its ID.

    A fax's callbacks and the answer to sending it name only the SID. The alias is written before
    the log's row, so that no such row lacks it; an alias without a row only saves the search for
    the log. It expires with the row, so where rows expire each fetch renews it.
    """

    record: Record
    options: StorageOptions = DEFAULT_STORAGE

    @property
    def key(self) -> str:
        """The partition key under the SID."""
        return self.record.alias_key or ""

    def plan(self, row: Row | None) -> Write | None:
        """Insert or renew the alias; a message may be parked in the same row.

        A stored log, or one that was erased, keeps its row.
        """
        if row is not None and (row.fetched_at is not None or row.erased_at is not None):
            return None
        values: dict[str, Attribute] = {"alias_of": self.record.key}
        if self.options.ttl is not None and (row is None or row.parked_at is None):
            values["expires_at"] = expires_at(self.record.fetched_at, self.options.ttl)
        if row is None:
            return Write(key=self.key, expected_version=None, values=values)
        outdated = {"expires_at", "tries"} - values.keys() & row.names
        if row.alias_of == self.record.key and not outdated and "expires_at" not in values:
            return None
        return Write(
            key=self.key, expected_version=row.version, values=values, remove=sorted(outdated)
        )


@dataclass(frozen=True, slots=True)
class StoreRecord:
    """Store an explained log, and lift a parking that it outlived.

    The row keeps the strongest signal of all that told of the end. One that is new to the row is
    added even to a row that shows a later fetch.

    Attributes:
        record: as this fetch shows it.
        options: how to store.
        told: what messages and the fax resource tell of the end.
        is_last: whether the log is not fetched again for a contradiction.

    """

    record: Record
    options: StorageOptions = DEFAULT_STORAGE
    told: Signal | None = None
    is_last: bool = True

    @property
    def key(self) -> str:
        """The log's partition key."""
        return self.record.key

    def plan(self, row: Row | None) -> Write | None:
        """Insert or update; leave a row that shows something later."""
        record = self.weighed(row)
        if row is not None and not supersedes(record, row):
            return self._added_signal(row)
        attributes = row_attributes(record, self.options)
        values = present(attributes)
        failed_before = row is not None and row.first_failed_at is not None
        counts_failure = record.outcome == "failed" and not failed_before
        if counts_failure:
            values["first_failed_at"] = iso(record.fetched_at)
        outdated = {"alias_of", "tries", *attributes} - values.keys()
        if row is not None and row.parked_at is not None and row.parked_at <= record.fetched_at:
            outdated |= PARKED_ATTRIBUTES
            values["parked_history"] = history(row, lifted_at=record.fetched_at)
        return Write(
            key=self.key,
            expected_version=row.version if row is not None else None,
            values=values,
            remove=sorted(outdated & row.names) if row is not None else (),
            counts_failure=counts_failure,
            counts_end=record.log.is_terminal and not (row is not None and row.final),
            counts_drift=not {*record.drift} <= {*(row.drift if row is not None else ())},
            is_unsettled=record.is_unsettled,
        )

    def weighed(self, row: Row | None) -> Record:
        """Return the record beside all that was told of the end.

        A fetch that shows a success does not undo the failure that an earlier one showed.
        """
        record, kind, told = self.record, self.record.kind, self.told
        if row is not None:
            earlier = row.own_failure(kind) if record.own_failure is None else None
            told = strongest(kind, told, row.kept_signal(kind), earlier)
        if told is None:
            return record
        is_last = self.is_last or (row is not None and row.has_contradiction)
        return weigh(record, told, is_last=is_last)

    def _added_signal(self, row: Row) -> Write | None:
        """Add what this fetch and its messages tell of the end to a row with a later fetch."""
        record, kind = self.record, self.record.kind
        stored, kept = row.own_failure(kind), row.kept_signal(kind)
        # The failure that this fetch shows is a signal to the row, unless that shows one, too.
        own = record.own_failure if record.log.is_terminal and stored is None else None
        signal = strongest(kind, kept, self.told, own)
        if row.erased_at is not None or signal in {None, kept} or not signal.tells_end(kind):
            return None
        has_failed = stored is not None or signal.is_failure(kind)
        contradicts = row.final and signal.is_failure(kind) != (stored is not None)
        is_last = self.is_last or row.has_contradiction
        drift = {name for name in row.drift if not name.startswith(CONTRADICTION)}
        drift |= {signal.contradiction} if contradicts and is_last else set()
        ended = "succeeded" if row.final else "in_progress"
        attributes: dict[str, Attribute | None] = {
            **signal_values(kind.name, signal),
            "outcome": "failed" if has_failed else ended,
            "drift": list[Attribute](sorted(drift)) or None,
            "unsettled": (contradicts and not is_last) or None,
        }
        says_why = stored is not None and (stored.names_error or not signal.names_error)
        if has_failed and not says_why:
            attributes |= failure_attributes(weigh(record, signal))
        counts_failure = has_failed and row.first_failed_at is None
        if counts_failure:
            attributes["first_failed_at"] = iso(record.fetched_at)
        values = present(attributes)
        return Write(
            key=self.key,
            expected_version=row.version,
            values=values,
            remove=sorted((attributes.keys() - values.keys()) & row.names),
            counts_failure=counts_failure,
            counts_drift=not drift <= {*row.drift},
            is_unsettled=contradicts and not is_last,
        )
