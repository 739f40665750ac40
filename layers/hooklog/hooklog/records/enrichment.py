"""Turn a validated log into the record that is stored: a pure function."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from hooklog.catalogue import Catalogue, Explanation
from hooklog.logs import UUID_PATTERN, LogKind
from hooklog.logs.model import MICRO_DOLLAR, SignalWireLog
from hooklog.records.numbers import Party, party

#: How a log was found whose message named only the resource's SID: the SID is also its ID, its
#: ``url`` ends in the SID, or an alias in the table leads to it.
type FoundBy = Literal["id", "url", "alias"]
type Outcome = Literal["succeeded", "failed", "in_progress"]

_SID = re.compile(UUID_PATTERN)
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
        sent_at: when the event happened or was queued.
        fetched_at: when the fetch began; a later fetch saw a later truth.
        resolved_by: how the log was found, if the message named only the resource's SID.
        drift: departures from the specification, as ``what:field``.

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
    sent_at: datetime
    fetched_at: datetime
    drift: tuple[str, ...]
    resolved_by: FoundBy | None = None

    @property
    def key(self) -> str:
        """The table's partition key."""
        return self.kind.key(self.log.id.lower())

    @property
    def alias(self) -> str | None:
        """The SID by which others name the log, in lower case, if that is not the log's ID."""
        sid = (self.resource_sid or "").lower()
        is_other = self.kind.has_sid and sid != self.log.id.lower()
        return sid if is_other and _SID.fullmatch(sid) else None

    @property
    def lag_ms(self) -> int:
        """Milliseconds from the event to the fetch that saw it, never negative."""
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
    sent_at: datetime,
    fetched_at: datetime,
    resolved_by: FoundBy | None = None,
) -> Record:
    """Add to a log what its fields imply; the same arguments give the same record."""
    outcome = _outcome(kind, log)
    resource = _RESOURCE_URL.fullmatch(log.url or "")
    details = sum((detail.charge for detail in log.charge_details or ()), Decimal(0))
    return Record(
        kind=kind,
        log=log,
        outcome=outcome,
        explanation=_explanation(kind, log, catalogue) if outcome == "failed" else None,
        sender=party(log.from_) if log.from_ else None,
        recipient=party(log.to) if log.to else None,
        account_id=resource["account"] if resource else None,
        resource_sid=resource["sid"] if resource else None,
        unit_charge=_unit_charge(log),
        charge_gap=log.charge - details if log.charge is not None else Decimal(0),
        sent_at=sent_at,
        fetched_at=fetched_at,
        drift=tuple(kind.drift(log)),
        resolved_by=resolved_by,
    )


def _unit_charge(log: SignalWireLog) -> Decimal | None:
    if log.charge is None or not log.units:
        return None
    return (log.charge / log.units).quantize(MICRO_DOLLAR)


def _outcome(kind: LogKind, log: SignalWireLog) -> Outcome:
    """Return how it ended; a fax's ``completed`` is the end of the call and proves no success.

    An undocumented status counts as failed if the log names an error, and otherwise as progress:
    it is not final then, and any later fetch may replace it.
    """
    if log.status in log.failed:
        return "failed"
    if log.has_error and (log.is_terminal or log.status not in kind.progress):
        return "failed"
    return "succeeded" if log.is_terminal else "in_progress"


def _explanation(kind: LogKind, log: SignalWireLog, catalogue: Catalogue) -> Explanation:
    by_code = catalogue.by_code(log.error_code) if log.error_code else None
    by_text = catalogue.by_text(log.error_message or "") if kind.texts_tell_more else None
    if found := by_text or by_code:
        return found
    if log.has_error:
        return catalogue.unknown
    return catalogue.by_status(kind.name, log.status) or catalogue.unknown
