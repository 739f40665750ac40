"""Store what a page of a list shows, without a message and without a request for each log.

::

    page ─▶ validate ─▶ enrich ─▶ how did the fax end? ─▶ alias ─▶ row
              │           │          │ a page of fax resources  │     │ contradicts what is known
              └───────────┴──────────┴──────────────────────────┴─────┴──▶ on the queue

A list's entry has the schema of a single log, so the enrich function's own steps store it. What
they cannot do with a page alone goes on the queue, and that function asks for the log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from hooklog.catalogue import Catalogue
from hooklog.errors import FetchError, HeldBackError, HooklogError
from hooklog.logs import LogKind
from hooklog.logs.listing import Page, RawLog
from hooklog.logs.model import FaxResource
from hooklog.records.counts import Counts
from hooklog.records.enrichment import Record, enrich
from hooklog.records.items import DEFAULT_STORAGE, StorageOptions
from hooklog.records.rows import Row
from hooklog.records.signals import Signal, resource_signal
from hooklog.records.store import Stored, Table, UpToDate
from hooklog.records.storing import Finding, store, store_aliases
from hooklog.steps import Trace

#: Seconds that a page of fax resources may take, and how many there are at most for a page of logs.
RESOURCE_TIME = 10.0
MOST_RESOURCE_PAGES = 3
#: A fax waits before its call begins, and a call rings before its fax begins.
_CREATED_BEFORE, _CREATED_AFTER = timedelta(minutes=10), timedelta(minutes=1)
#: The lists go from new to old, and a page of resources is larger than one of logs. So resources of
#: that many times the page's period are asked for with them.
_AHEAD = 4


class Resources(Protocol):
    """Where lists of fax resources come from."""

    def resources(
        self, path: str, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Fetch one page of the resources created in a period, within ``time_left`` seconds.

        Raises:
            FetchError: there is no usable answer.

        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStore:
    """Stores the logs of a page; :class:`hooklog.enrich.pipeline.Enricher` describes the parts."""

    resources: Resources
    table: Table
    catalogue: Catalogue
    storage: StorageOptions = DEFAULT_STORAGE
    settle_faxes: bool = True
    trace: Trace | None = None
    #: The fax resources that were listed last, by SID; they often suffice for the next pages, too.
    listed: dict[str, RawLog] = field(default_factory=dict, init=False)

    def forget(self) -> None:
        """Forget the fax resources that were listed; they may have changed since."""
        self.listed.clear()

    def store(
        self,
        kind: LogKind,
        entries: Mapping[str, RawLog],
        fetched_at: datetime,
        rows: Mapping[str, Row],
        counts: Counts,
    ) -> list[str]:
        """Store what entries show, as far as they suffice.

        Args:
            kind: of log.
            entries: of the page, by log ID.
            fetched_at: when the request for the page began.
            rows: of the logs, by key.
            counts: where to count what is stored.

        Returns:
            The IDs of the other logs.

        Raises:
            HeldBackError: a page of fax resources gets no turn in time; nothing is stored yet.
            StoreError: the rows of the aliases cannot be read.

        """
        records = [
            record
            for entry in entries.values()
            if (record := self._record(kind, entry, fetched_at)) is not None
        ]
        try:
            stored = self._store(self._settled(kind, records, rows), rows, counts)
        except HooklogError:
            raise
        # One odd log must not stop the sweep for ever. The enrich function meets it alone, and
        # reports it.
        except Exception:  # noqa: BLE001
            stored = set()
        return [log_id for log_id in entries if kind.key(log_id) not in stored]

    def _record(self, kind: LogKind, entry: RawLog, fetched_at: datetime) -> Record | None:
        try:
            log = kind.model.read(entry)
            return enrich(kind, log, catalogue=self.catalogue, sent_at=None, fetched_at=fetched_at)
        # Whatever is wrong with one log must not affect its neighbours. The enrich function meets
        # the same, and reports it.
        except Exception:  # noqa: BLE001
            return None

    def _settled(
        self, kind: LogKind, records: Sequence[Record], rows: Mapping[str, Row]
    ) -> list[Finding]:
        """Add how the faxes ended whose log tells only the end of the call; drop those unknown."""
        findings: list[Finding] = []
        unsettled: defaultdict[str, dict[str, Record]] = defaultdict(dict)
        for record in records:
            finding = Finding(record=record, is_last=False)
            path = record.resource_path
            if self.settle_faxes and path is not None and finding.is_open(rows.get(record.key)):
                folder, _, sid = path.lower().rpartition("/")
                unsettled[path[: len(folder)]][sid] = record
            else:
                findings.append(finding)
        for folder, by_sid in unsettled.items():
            for sid, signal in self._signals(kind, folder, by_sid).items():
                record = by_sid[sid]
                findings.append(Finding(record=record, told=signal, is_last=False))
        return findings

    def _signals(
        self, kind: LogKind, folder: str, by_sid: Mapping[str, Record]
    ) -> dict[str, Signal]:
        """Return what the lists of fax resources tell of these logs, by SID."""
        self._list(folder, by_sid)
        told = {sid: _signal(kind, self.listed[sid]) for sid in by_sid.keys() & self.listed.keys()}
        return {sid: signal for sid, signal in told.items() if signal is not None}

    def _list(self, folder: str, by_sid: Mapping[str, Record]) -> None:
        """Fetch pages of fax resources until these are listed."""
        known = {sid: self.listed[sid] for sid in by_sid if sid in self.listed}
        missing = by_sid.keys() - known.keys()
        if not missing:
            return
        created = [by_sid[sid].log.created_at for sid in missing]
        first, last = min(created), max(created)
        try:
            start, end = first - _CREATED_BEFORE - (last - first) * _AHEAD, last + _CREATED_AFTER
        except OverflowError:
            # A time at the end of all times is none at which a fax was created.
            return
        self.listed.clear()
        self.listed.update(known)
        following = None
        for _ in range(MOST_RESOURCE_PAGES):
            try:
                page = self.resources.resources(folder, start, end, following, RESOURCE_TIME)
            except HeldBackError:
                raise
            except FetchError:
                # The enrich function asks for each of them, and reports what it meets.
                return
            self.listed.update((str(entry.get("sid")).lower(), entry) for entry in page.entries)
            following = page.next
            if following is None or missing <= self.listed.keys():
                return

    def _store(
        self, findings: Sequence[Finding], rows: Mapping[str, Row], counts: Counts
    ) -> set[str]:
        """Store aliases and rows; return the keys of the logs of which nothing is left to do."""
        agreed = [one for one in findings if self._agrees(one, rows.get(one.record.key))]
        records = {one.record.key: one.record for one in agreed}
        # A log that is new has no alias, either.
        aliases = {one.alias_key for key, one in records.items() if one.alias_key and key in rows}
        known = self.table.read(sorted(aliases)) if aliases else {}
        failed = store_aliases(self.table, records.values(), known, self.storage)
        left = [one for one in agreed if one.record.key not in failed]
        results = store(self.table, left, rows, self.storage, counts, self.trace)
        return {
            key
            for key, result in results.items()
            if isinstance(result, UpToDate)
            or (isinstance(result, Stored) and not result.write.is_unsettled)
        }

    def _agrees(self, finding: Finding, row: Row | None) -> bool:
        """Return whether an entry is as far as the row, and contradicts nothing that is known.

        Otherwise the list may lag behind a single log; and the enrich function fetches a log that
        contradicts itself a few times before it takes sides.
        """
        record = finding.record
        if row is not None and record.kind.is_behind(record.log.status, row.status):
            return False
        return not finding.change(self.storage).weighed(row).is_unsettled


def _signal(kind: LogKind, entry: RawLog) -> Signal | None:
    """Read an entry of a list of fax resources; None if it cannot tell how the fax ended."""
    try:
        return resource_signal(kind, FaxResource.read(entry))
    except ValueError:
        return None
