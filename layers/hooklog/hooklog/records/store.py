"""Carry changes out on the table, until each is written, needless or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from hooklog.errors import StoreContendedError, StoreError
from hooklog.ports import Lost, Table
from hooklog.records.rows import Change, Row

#: A lost race is read and decided anew. Losing this often means many writers on one row.
_ROUNDS = 5
#: A planned write is as large as its row, so those of a thousand are not planned at once.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Stored:
    """The change was written."""

    counts_failure: bool = False
    counts_end: bool = False


class Stale:
    """The row was already as far as the change, or further."""


type StoreResult = Stored | Stale | StoreError


def apply(
    table: Table, changes: Sequence[Change], rows: Mapping[str, Row]
) -> dict[str, StoreResult]:
    """Apply changes of different rows; each one's fate is its own.

    Args:
        table: where to write.
        changes: at most one a key.
        rows: as last read, by key; they may be out of date.

    Returns:
        The result of each change by its key.

    """
    results: dict[str, StoreResult] = {}
    for some in batched(changes, _AT_ONCE, strict=False):
        results |= _apply(table, some, rows)
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
    """Decide and write once; a change that lost a race has no result yet."""
    plans = {key: change.plan(rows.get(key)) for key, change in changes.items()}
    writes = [write for write in plans.values() if write is not None]
    results: dict[str, StoreResult] = {
        key: Stale() for key, write in plans.items() if write is None
    }
    fates = table.write(writes) if writes else {}
    for write in writes:
        match fates[write.key]:
            case None:
                results[write.key] = Stored(write.counts_failure, write.counts_end)
            case StoreError() as error:
                results[write.key] = error
            case Lost():
                pass
    return results
