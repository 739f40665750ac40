"""What is counted when fetched logs are stored."""

from __future__ import annotations

from hooklog.errors import NotFoundError
from hooklog.records.counts import Counts
from hooklog.records.items import DEFAULT_STORAGE
from hooklog.records.parking import Park
from hooklog.records.signals import Signal
from hooklog.records.store import apply
from hooklog.records.storing import Finding, store
from tests.builders import FETCHED_AT, body, fax_log, record
from tests.fakes import MemoryTable


def test_a_failure_counts_as_the_row_says_it() -> None:
    """Also if another invocation has parked the log meanwhile, with a callback of its failure."""
    table, counts, finding = MemoryTable(), Counts(), Finding(record=record(fax_log()))
    key = finding.record.key
    told = Signal(by="callback", status="failed", error_code="34004")

    def park() -> None:
        table.meanwhile = lambda: None
        parked = Park(
            key=key,
            error=NotFoundError(),
            body=body(),
            attempts=1,
            at=FETCHED_AT,
            log_type="fax",
            told=told,
        )
        apply(table, [parked], {})

    table.meanwhile = park
    store(table, [finding], {}, DEFAULT_STORAGE, counts)
    item = table.items[key]
    assert item["outcome"] == "failed"
    assert counts.failures == {("fax", "34004", item["category"]): 1}
