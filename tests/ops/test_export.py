"""Records for other programs: complete, typed, safe in a spreadsheet, in constant memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pyarrow import parquet

from hooklog.items import record_attributes
from hooklog.ports import utc_now
from hooklog_ops.exporting import Format, columns, write
from hooklog_ops.records import Item
from tests.builders import failed_fax, failed_message, fax_log, message_log, record
from tests.ops.conftest import Desk
from tests.ops.seeding import KEEPING, log_id, store


def item(number: int = 1, **changes: str) -> Item:
    """Give a failed message's row."""
    log = failed_message(id=log_id(number), **changes)
    return {"pk": f"message#{log_id(number)}", **record_attributes(record(log), KEEPING)}


def exported(*items: Item, kind: Format) -> bytes:
    """Write items as a file's bytes."""
    out = io.BytesIO()
    assert write(items, kind, out) == len(items)
    return out.getvalue()


def test_every_attribute_of_a_log_is_a_column() -> None:
    """Those of both types; keys of indexes say nothing of a log."""
    named = set(columns())
    assert {"id", "from", "to", "charge", "cause", "number_of_pages", "kind", "drift"} <= named
    assert not {"pk", "day", "failed_on", "expires_at", "version"} & named
    assert len(columns()) == len(named)


def test_csv_has_a_row_a_record() -> None:
    """With a heading, and values that read back as they were."""
    (row,) = csv.DictReader(io.StringIO(exported(item(), kind=Format.CSV).decode()))
    assert (row["id"], row["error_code"], row["charge"]) == (log_id(1), "30003", "0.00415")
    assert row["to"] == "+14155550122"


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3"])
def test_a_text_is_no_formula_in_a_spreadsheet(text: str) -> None:
    """A carrier writes the error message, and a spreadsheet would compute it."""
    csv_text = exported(item(error_message=text), kind=Format.CSV).decode()
    (row,) = csv.DictReader(io.StringIO(csv_text))
    assert row["error_message"] == f"'{text}"


def test_json_lines_keep_numbers_as_numbers() -> None:
    """Dollars and milliseconds are no texts."""
    line = json.loads(exported(item(), kind=Format.JSONL))
    assert (line["charge"], line["lag_ms"], line["retry"]) == (0.00415, 7250, True)


def test_parquet_has_types() -> None:
    """Dollars exactly, counts as whole numbers, what a log lacks as null."""
    table = parquet.read_table(io.BytesIO(exported(item(), kind=Format.PARQUET)))
    (row,) = table.to_pylist()
    assert row["charge"] == Decimal("0.00415")
    assert row["number_of_segments"] == 1
    assert row["number_of_pages"] is None


def test_a_period_is_exported_to_a_file(desk: Desk, tmp_path: Path) -> None:
    """Faxes and messages, whatever their outcome."""
    now = utc_now()
    logs = (message_log(), failed_fax(), fax_log(id=log_id(3)), failed_message(id=log_id(4)))
    hour_ago = (now - timedelta(hours=1)).isoformat()
    store(desk, *(log | {"created_at": hour_ago} for log in logs))
    for kind in Format:
        out = tmp_path / f"logs.{kind}"
        result = desk.hooklog("export", "--since", "2h", "--format", kind, "--out", str(out))
        assert result.exit_code == 0, result.output
        assert "4 records written" in result.output
        assert out.stat().st_size > 0
    assert len((tmp_path / "logs.jsonl").read_text().splitlines()) == 4
    printed = desk.hooklog("export", "--since", "2h", "--type", "fax", "--format", "jsonl").stdout
    assert [json.loads(line)["log_type"] for line in printed.splitlines()] == ["fax", "fax"]


def test_parquet_needs_a_file(desk: Desk) -> None:
    """It cannot be read while it is written, so it is not for a pipe."""
    assert desk.hooklog("export", "--since", "1h", "--format", "parquet").exit_code == 2


@pytest.mark.parametrize("kind", list(Format))
def test_memory_stays_flat(kind: Format, tmp_path: Path) -> None:
    """Four times the records take no more memory, beyond what a group of Parquet rows holds."""

    def peak(count: int) -> int:
        def items() -> Iterator[Item]:
            one = item()
            for number in range(count):
                yield {**one, "pk": f"message#{number}"}

        tracemalloc.start()
        with (tmp_path / "out").open("wb") as out:
            assert write(items(), kind, out) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # what is imported and cached once
    assert peak(24_000) < 1.5 * peak(6_000)
