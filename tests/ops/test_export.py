"""Records for other programs: complete, typed, safe in a spreadsheet, in constant memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from boto3.dynamodb.types import TypeSerializer
from pyarrow import parquet

from hooklog.clock import utc_now
from hooklog.records.items import record_attributes
from hooklog_ops.exporting import Format, columns, write
from hooklog_ops.problems import IndexMissingError
from hooklog_ops.records import Item, Period, Records
from tests.builders import failed_fax, failed_message, fax_log, message_log, record
from tests.fakes import NOW
from tests.ops.conftest import Desk
from tests.ops.seeding import KEEPING, log_id, store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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


def test_json_tells_of_the_file(desk: Desk, tmp_path: Path) -> None:
    """Records themselves go to the file; without one there is nothing to tell of."""
    out = str(tmp_path / "logs.csv")
    assert desk.json("export", "--since", "1h", "--out", out) == {"records": 0, "file": out}
    assert desk.hooklog("export", "--since", "1h", "--json").exit_code == 2


def test_what_goes_wrong_leaves_the_file_as_it_was(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table without the index has nothing to export."""
    out = tmp_path / "logs.csv"
    out.write_text("of yesterday")

    def lacks(*_: object, **__: object) -> None:
        raise IndexMissingError("The table has no index days.")

    monkeypatch.setattr("hooklog_ops.records.Records.of_day", lacks)
    result = desk.hooklog("export", "--since", "1h", "--out", str(out))
    assert isinstance(result.exception, IndexMissingError)
    assert out.read_text() == "of yesterday"


def test_parquet_needs_a_file(desk: Desk) -> None:
    """It cannot be read while it is written, so it is not for a pipe."""
    assert desk.hooklog("export", "--since", "1h", "--format", "parquet").exit_code == 2


class ManyRecords:
    """A table with an index whose day holds as many records as one likes, page by page."""

    def __init__(self, count: int) -> None:
        """Hold so many records."""
        serialize = TypeSerializer().serialize
        self.count = count
        self.item = {name: serialize(value) for name, value in item().items()}

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's parameters
        """Give the keys of a page, and where the next begins."""
        start = int(asked["ExclusiveStartKey"]["pk"]["S"]) if "ExclusiveStartKey" in asked else 0
        end = min(start + asked["Limit"], self.count)
        more = {"LastEvaluatedKey": {"pk": {"S": str(end)}}} if end < self.count else {}
        return {"Items": [{"pk": {"S": f"message#{n}"}} for n in range(start, end)], **more}

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Give the rows of these keys."""
        ((table, wanted),) = asked["RequestItems"].items()
        rows = [{**self.item, **key} for key in wanted["Keys"]]
        return {"Responses": {table: rows}, "UnprocessedKeys": {}}


@pytest.mark.parametrize("kind", list(Format))
def test_memory_stays_flat(kind: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the pages of the index to the file, four times the records take no more memory."""
    # A group of Parquet rows is held until it is written; here both sizes fill several.
    monkeypatch.setattr("hooklog_ops.exporting._GROUP", 200)
    day = Period(
        since=NOW - timedelta(hours=1), until=NOW + timedelta(hours=1), log_types=["message"]
    )

    def peak(count: int) -> int:
        records = Records(cast("DynamoDBClient", ManyRecords(count)), "table")
        tracemalloc.start()
        with (tmp_path / "out").open("wb") as out:
            assert write(records.of_period(day), kind, out) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # what is imported and cached once
    assert peak(4_000) < 1.2 * peak(1_000)
