"""Turn a validated log into the record that is stored: a pure function."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from hooklog.catalogue import Catalogue, Explanation
from hooklog.logs import LogKind, is_uuid
from hooklog.logs.model import MICRO_DOLLAR, SignalWireLog, names_error
from hooklog.records.numbers import Party, party
from hooklog.records.signals import Signal, Source, failure_of

#: How a log was found whose message named only the resource's SID: the SID is also its ID, its
#: ``url`` ends in the SID, or an alias in the table leads to it.
type FoundBy = Literal["id", "url", "alias"]
type Outcome = Literal["succeeded", "failed", "in_progress"]

#: ``url`` of a LaML resource, as SignalWire's API documents it.
_RESOURCE_URL = re.compile(
    r"https?://[^/]+/api/laml/2010-04-01/Accounts/(?P<account>[^/]+)/[A-Za-z]+/(?P<sid>[^/?#]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An explained log, ready to be stored.

    Attributes:
        kind: of log.
        log: as validated.
        outcome: what became of the fax or message.
        explanation: of a failure; None for all else.
        sender: what ``from`` is, if the log has one.
        recipient: what ``to`` is, if the log has one.
        account_id: project that owns the resource, from ``url``.
        resource_sid: LaML SID of the fax or message, from ``url``.
        unit_charge: dollars per page or segment, rounded to six places.
        charge_gap: dollars; the charge less the sum of its details, zero when they agree.
        sent_at: when the event happened or was queued; None if no event led to the fetch.
        fetched_at: when the fetch began; a later fetch saw a later truth.
        resolved_by: how the log was found, if the message named only the resource's SID.
        catalogue: that explains a failure.
        drift: departures from the specification, as ``what:field``.
        signal: what others tell of the end, if anybody does.
        is_unsettled: whether log and signal do not agree yet; then the log is fetched again.

    """

    kind: LogKind
    log: SignalWireLog
    outcome: Outcome
    explanation: Explanation | None
    sender: Party | None
    recipient: Party | None
    account_id: str | None
    resource_sid: str | None
    unit_charge: Decimal | None
    charge_gap: Decimal
    sent_at: datetime | None
    fetched_at: datetime
    catalogue: Catalogue = field(repr=False)
    drift: tuple[str, ...]
    resolved_by: FoundBy | None = None
    signal: Signal | None = None
    is_unsettled: bool = False

    @property
    def key(self) -> str:
        """The table's partition key."""
        return self.kind.key(self.log.id.lower())

    @property
    def alias_key(self) -> str | None:
        """The key under the SID by which others name the log, if that is not the log's ID."""
        return self.kind.alias_key(self.log.id, self.resource_sid or "")

    @property
    def resource_path(self) -> str | None:
        """The path of the resource that tells how a fax ended, if the log names it."""
        account_id, sid = self.account_id or "", self.resource_sid or ""
        if not self.kind.resource_path or not (is_uuid(account_id) and is_uuid(sid)):
            return None
        return self.kind.resource_path.format(account_id=account_id, sid=sid)

    @property
    def is_call_end(self) -> bool:
        """Whether the log tells only that the call ended, and leaves open how the fax did."""
        return self.log.status in self.kind.call_ends and self.own_failure is None

    @property
    def own_failure(self) -> Signal | None:
        """The failure that the log itself reports, if it does."""
        return _own_failure(self.kind, self.log)

    @property
    def settled_by(self) -> Source | Literal["call"] | None:
        """Who told of the end beside the log; the call decides where nobody did."""
        if self.signal is not None:
            return self.signal.by
        return "call" if self.is_call_end else None

    @property
    def error_code(self) -> str | None:
        """The code of the log's error, or else of the signal's."""
        if self.signal is not None and not names_error(self.log.error_code, None):
            return self.signal.error_code or self.log.error_code
        return self.log.error_code

    @property
    def lag_ms(self) -> int | None:
        """Milliseconds from the event to the fetch that saw it, never negative."""
        if self.sent_at is None:
            return None
        return max(0, round((self.fetched_at - self.sent_at).total_seconds() * 1000))

    @property
    def other_number(self) -> str | None:
        """The number at the other end: an inbound log's sender, any other's recipient."""
        is_inbound = (self.log.direction or "").startswith("inbound")
        return (self.log.from_ if is_inbound else self.log.to) or None

    @property
    def unknown_fields(self) -> str | None:
        """Fields that the specification lacks, as compact JSON."""
        fields = self.log.unknown_fields
        return json.dumps(fields, separators=(",", ":")) if fields else None


def enrich(
    kind: LogKind,
    log: SignalWireLog,
    *,
    catalogue: Catalogue,
    sent_at: datetime | None,
    fetched_at: datetime,
    resolved_by: FoundBy | None = None,
) -> Record:
    """Add to a log what its fields imply; the same arguments give the same record."""
    outcome = _outcome(kind, log, None)
    resource = _RESOURCE_URL.fullmatch(log.url or "")
    details = sum(detail.charge for detail in log.charge_details or ())
    return Record(
        kind=kind,
        log=log,
        outcome=outcome,
        explanation=_explanation(kind, log, None, catalogue) if outcome == "failed" else None,
        sender=party(log.from_) if log.from_ else None,
        recipient=party(log.to) if log.to else None,
        account_id=resource["account"] if resource else None,
        resource_sid=resource["sid"] if resource else None,
        unit_charge=_unit_charge(log),
        charge_gap=log.charge - details if log.charge is not None else Decimal(0),
        sent_at=sent_at,
        fetched_at=fetched_at,
        catalogue=catalogue,
        drift=tuple(kind.drift(log)),
        resolved_by=resolved_by,
    )


def weigh(record: Record, signal: Signal | None, *, is_last: bool = False) -> Record:
    """Return the record as the signal shows it beside the log.

    They contradict each other if one reports a failure and the other a success. The failure
    counts; the log is fetched again a few times, and then the drift names the contradiction.

    Args:
        record: of the log, as :func:`enrich` returns it.
        signal: the strongest.
        is_last: whether the log is not fetched again for the contradiction.

    """
    kind, log = record.kind, record.log
    if signal is not None and signal.by == "log" and record.own_failure is not None:
        # What an earlier fetch showed adds nothing to a failure that this one shows.
        signal = None
    drift, is_unsettled = record.drift, False
    if signal is not None and log.is_terminal:
        if not signal.tells_end(kind):
            is_unsettled = record.is_call_end
        elif signal.is_failure(kind) != (record.own_failure is not None):
            is_unsettled = not is_last
            drift += (signal.contradiction,) if is_last else ()
    outcome = _outcome(kind, log, signal)
    return replace(
        record,
        signal=signal,
        outcome=outcome,
        explanation=_explanation(kind, log, signal, record.catalogue)
        if outcome == "failed"
        else None,
        drift=tuple(sorted(drift)),
        is_unsettled=is_unsettled,
    )


def _unit_charge(log: SignalWireLog) -> Decimal | None:
    if log.charge is None or not log.units:
        return None
    return (log.charge / log.units).quantize(MICRO_DOLLAR)


def _own_failure(kind: LogKind, log: SignalWireLog) -> Signal | None:
    code, message = log.error_code, log.error_message
    return failure_of(kind, log.status, code, message, is_end=log.is_terminal)


def _outcome(kind: LogKind, log: SignalWireLog, signal: Signal | None) -> Outcome:
    """Return how it ended; a failure counts, whoever reports it.

    An undocumented status counts as failed if the log names an error, and otherwise as progress:
    it is not final then, and any later fetch may replace it.
    """
    if _own_failure(kind, log) or (signal is not None and signal.is_failure(kind)):
        return "failed"
    if not log.is_terminal:
        return "in_progress"
    is_open = log.status in kind.call_ends and signal is not None and not signal.tells_end(kind)
    return "in_progress" if is_open else "succeeded"


def _explanation(
    kind: LogKind, log: SignalWireLog, signal: Signal | None, catalogue: Catalogue
) -> Explanation:
    """Explain a failure by the log's own error, or else by the signal's; a status tells least."""
    status, code, message = log.status, log.error_code, log.error_message
    if signal is not None and signal.is_failure(kind) and not log.has_error:
        code, message = signal.error_code, signal.error_message
        status = log.status if log.status in log.failed else signal.status
    by_text = catalogue.by_text(message or "") if kind.texts_tell_more else None
    if found := by_text or (catalogue.by_code(code) if code else None):
        return found
    if names_error(code, message):
        return catalogue.unknown
    return catalogue.by_status(kind.name, status) or catalogue.unknown
