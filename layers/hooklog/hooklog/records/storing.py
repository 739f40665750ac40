"""Store fetched logs and count them, whether each was fetched by itself or read from a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hooklog.errors import StoreError
from hooklog.records.counts import Counts
from hooklog.records.enrichment import Record, weigh
from hooklog.records.items import StorageOptions
from hooklog.records.recording import StoreAlias, StoreRecord
from hooklog.records.rows import Row
from hooklog.records.signals import Signal, strongest
from hooklog.records.store import Stored, StoreResult, Table, UpToDate, apply
from hooklog.steps import Step, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fetched log, and what is told of its end.

    Attributes:
        record: of the log.
        told: by the fax resource and by messages, if they tell more than the log.
        is_last: whether the log is not fetched again for contradicting what is told.

    """

    record: Record
    told: Signal | None = None
    is_last: bool = True

    def change(self, options: StorageOptions) -> StoreRecord:
        """Return the change of the log's row."""
        return StoreRecord(self.record, options, told=self.told, is_last=self.is_last)

    def kept_or_told(self, row: Row | None) -> Signal | None:
        """Return the strongest of what the row keeps and what is told."""
        kept = row.kept_signal(self.record.kind) if row is not None else None
        return strongest(self.record.kind, kept, self.told)

    def is_open(self, row: Row | None) -> bool:
        """Return whether only the end of the call is known, so that the resource has to tell."""
        if not self.record.is_call_end:
            return False
        is_known = row is not None and row.settled_by == "call" and not row.unsettled
        return not is_known and self.kept_or_told(row) is None


def store_aliases(
    table: Table, records: Iterable[Record], rows: Mapping[str, Row], options: StorageOptions
) -> dict[str, StoreError]:
    """Write missing aliases; return the errors by the keys of the logs whose alias is not written.

    Args:
        table: where to write.
        records: whose rows are to be written next.
        rows: as last read, by key; those of the aliases included, where there may be any.
        options: of the deployment.

    """
    aliases = [StoreAlias(record, options) for record in records if record.alias_key]
    results = apply(table, list({alias.key: alias for alias in aliases}.values()), rows)
    return {
        alias.record.key: error
        for alias in aliases
        if isinstance(error := results[alias.key], StoreError)
    }


def store(
    table: Table,
    findings: Iterable[Finding],
    rows: Mapping[str, Row],
    options: StorageOptions,
    counts: Counts,
    trace: Trace | None = None,
) -> dict[str, StoreResult]:
    """Write the rows of logs, and count what is new; return the results by key.

    Args:
        table: where to write.
        findings: at most one per log.
        rows: as last read, by key.
        options: of the deployment.
        counts: where to count.
        trace: where to tell what became of each.

    """
    found = {one.record.key: one for one in findings}
    results = apply(table, [one.change(options) for one in found.values()], rows)
    for key, one in found.items():
        log_type = one.record.kind.name
        match results[key]:
            case StoreError():
                pass
            case Stored(write, before):
                counts.count_stored(one.record)
                if write.counts_drift:
                    counts.drift[log_type] += 1
                if write.counts_end:
                    counts.finished[log_type] += 1
                if write.counts_failure:
                    counts.count_failure(weigh(one.record, one.kept_or_told(before)))
            case _:
                counts.skipped[log_type] += 1
        if trace is not None:
            _tell(trace, key, results[key])
    return results


def _tell(trace: Trace, key: str, result: StoreResult) -> None:
    """Tell what became of a log; of an error, whoever sends its message back tells."""
    match result:
        case Stored(write=write):
            outcome = str(write.values.get("outcome"))
            trace(key, Step.WRITTEN, version=write.version, outcome=outcome)
        case UpToDate():
            trace(key, Step.UP_TO_DATE)
        case _:
            pass
