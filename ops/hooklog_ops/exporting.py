"""Records as CSV, JSON lines or Parquet, written as they are read, in constant memory."""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Context, Decimal
from enum import StrEnum
from itertools import batched
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from hooklog.logs import KINDS
from hooklog.records.items import attribute_names
from hooklog_ops.errors import ExtraMissingError
from hooklog_ops.formatting import as_json, is_visible
from hooklog_ops.records import Item

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows of one group of a Parquet file, which stays in memory until it is full.
_GROUP = 5_000
_WHOLE: Final = frozenset({"lag_ms", *(kind.model.counted for kind in KINDS.values())})
_DOLLARS: Final = frozenset({"charge", "unit_charge", "charge_gap"})
_TRUTHS: Final = frozenset({"final", "retry"})
#: Dollars in a Parquet file: digits in all, and those behind the point. A charge is rounded to six
#: places and has nine before the point at most when it is stored.
_PRECISION, _SCALE = 38, 18
_EXACT: Final = Context(prec=_PRECISION)
#: Where a program that takes another character for the separator lets a cell begin.
_CELLS = re.compile(r"([;\t\r\n]+)")


class Format(StrEnum):
    """How records can be written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def columns() -> list[str]:
    """Return the columns of a table of records: every attribute of a log of any kind."""
    first = ["id", "log_type", "outcome", "created_at", "fetched_at", "lag_ms"]
    rest = {name for kind in KINDS.values() for name in attribute_names(kind)}
    return [*first, *sorted(rest - {*first, "charge_details"})]


def write(items: Iterable[Item], form: Format, out: IO[bytes]) -> int:
    """Write records as they come; return their number.

    Raises:
        ExtraMissingError: Parquet needs a library that is not installed.

    """
    return _WRITERS[form](map(_flat, items), out)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name when it is complete, and not at all on an error."""
    if path.exists() and not path.is_file():
        # A pipe or a device: nothing can take its place.
        with path.open("wb") as out:
            yield out
        return
    target = path.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        out = part.open("xb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with out:
            yield out
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _flat(item: Item) -> dict[str, Any]:
    """Write nested values as one text, and the key's ID as a column of its own."""
    flat = {name: value for name, value in item.items() if name not in {"pk", "charge_details"}}
    flat["id"] = item["pk"].partition("#")[2]
    if "drift" in flat:
        flat["drift"] = " ".join(flat["drift"])
    return flat


def _csv(items: Iterator[dict[str, Any]], out: IO[bytes]) -> int:
    # A TextIOWrapper would close the file of bytes when it is collected.
    lines = csv.DictWriter(_Texts(out), columns(), extrasaction="ignore", lineterminator="\n")
    lines.writeheader()
    count = 0
    for item in items:
        lines.writerow({name: _cell(value) for name, value in item.items()})
        count += 1
    return count


def _cell(value: object) -> str:
    """Write a number plainly, and a text so that a spreadsheet shows it and computes nothing."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = "".join(map(_inert, _CELLS.split(str(value))))
    return f"'{text}" if text[:1] in {"\t", "\r", "\n"} else text


def _inert(text: str) -> str:
    """Quote what a spreadsheet would take for a formula, but not a phone number."""
    # Programs skip what is blank or invisible at the beginning; some take quotes away.
    shown = (one for one in text if is_visible(one) and not one.isspace() and one != '"')
    first = next(shown, "")
    begin = unicodedata.normalize("NFKC", first)
    is_formula = begin in {"=", "@"} or (begin in {"+", "-"} and not _is_number(text))
    return f"'{text}" if is_formula else text


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isdecimal()


def _jsonl(items: Iterator[dict[str, Any]], out: IO[bytes]) -> int:
    known = set(columns())
    count = 0
    for item in items:
        values = {name: value for name, value in item.items() if name in known}
        out.write(as_json(values, indent=None).encode() + b"\n")
        count += 1
    return count


def _parquet(items: Iterator[dict[str, Any]], out: IO[bytes]) -> int:
    try:
        import pyarrow as pa  # noqa: PLC0415 - large, and only this format needs it
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise ExtraMissingError("Parquet files", "parquet") from None
    schema = _schema(pa)
    count = 0
    with parquet.ParquetWriter(out, schema) as writer:
        for group in batched(items, _GROUP, strict=False):
            rows = [{name: _typed(name, item.get(name)) for name in columns()} for item in group]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(group)
    return count


def _schema(arrow: Any) -> pa.Schema:  # noqa: ANN401 - the module, imported late
    types = {
        **dict.fromkeys(_WHOLE, arrow.int64()),
        **dict.fromkeys(_DOLLARS, arrow.decimal128(_PRECISION, _SCALE)),
        **dict.fromkeys(_TRUTHS, arrow.bool_()),
    }
    return arrow.schema([(name, types.get(name, arrow.string())) for name in columns()])


def _typed(name: str, value: object) -> object:
    if value is None or name in _TRUTHS:
        return value
    if name in _DOLLARS:
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-_SCALE), context=_EXACT)
    return int(str(value)) if name in _WHOLE else str(value)


class _Texts:
    """Takes texts for a file of bytes."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, text: str) -> int:
        return self._out.write(text.encode())


_WRITERS: dict[Format, Callable[[Iterator[dict[str, Any]], IO[bytes]], int]] = {
    Format.CSV: _csv,
    Format.JSONL: _jsonl,
    Format.PARQUET: _parquet,
}
