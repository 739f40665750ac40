"""The table, and changes carried out on it until each is written, needless or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Protocol

from hooklog.errors import StoreContendedError, StoreError
from hooklog.records.rows import Change, Row, Write

#: A write that meets a conflict is read and decided again. This many conflicts in a row mean that
#: many writers work on one row.
_ROUNDS = 5
#: A planned write is as large as its row, so those of a thousand changes are not planned at once.
_CHUNK = 100


class Conflict:
    """A write met another version of the row than it expected, and changed nothing."""


class Table(Protocol):
    """Where rows are."""

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Read rows by key; a key without a row is absent.

        Raises:
            StoreError: the rows could not be read.

        """

    def write(self, writes: Sequence[Write]) -> Mapping[str, Conflict | StoreError | None]:
        """Carry out each write by itself and return its result by key; None means written.

        No two writes may have the same key.
        """


@dataclass(frozen=True, slots=True)
class Stored:
    """The change was written.

    Attributes:
        write: by which.
        before: the row that it changed; None if there was none.

    """

    write: Write
    before: Row | None


class UpToDate:
    """The row already had what the change brings, or something later."""


type StoreResult = Stored | UpToDate | StoreError


def apply(
    table: Table, changes: Sequence[Change], rows: Mapping[str, Row]
) -> dict[str, StoreResult]:
    """Apply changes of different rows; each has a result of its own.

    Args:
        table: where to write.
        changes: at most one per key.
        rows: as last read, by key; they may be out of date.

    Returns:
        The result of each change by its key.

    """
    results: dict[str, StoreResult] = {}
    for chunk in batched(changes, _CHUNK, strict=False):
        results |= _apply(table, chunk, rows)
    return results


def _apply(
    table: Table, changes: Sequence[Change], rows: Mapping[str, Row]
) -> dict[str, StoreResult]:
    results: dict[str, StoreResult] = {}
    undecided = {change.key: change for change in changes}
    for _ in range(_ROUNDS):
        results |= _round(table, undecided, rows)
        undecided = {key: change for key, change in undecided.items() if key not in results}
        if not undecided:
            return results
        try:
            rows = table.read(list(undecided), consistent=True)
        except StoreError as error:
            return results | dict.fromkeys(undecided, error)
    return results | {key: StoreContendedError() for key in undecided}


def _round(
    table: Table, changes: Mapping[str, Change], rows: Mapping[str, Row]
) -> dict[str, StoreResult]:
    """Decide and write once; a change that met a conflict has no result yet."""
    plans = {key: change.plan(rows.get(key)) for key, change in changes.items()}
    writes = [write for write in plans.values() if write is not None]
    results: dict[str, StoreResult] = {
        key: UpToDate() for key, write in plans.items() if write is None
    }
    written = table.write(writes) if writes else {}
    for write in writes:
        match written[write.key]:
            case None:
                results[write.key] = Stored(write, rows.get(write.key))
            case StoreError() as error:
                results[write.key] = error
            case Conflict():
                pass
    return results
