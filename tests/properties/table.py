"""The table, which checks each change of a row against the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from hooklog.records.rows import PACE_KEY, Row, Write
from hooklog.records.store import Conflict
from tests.fakes import Item, MemoryTable
from tests.write_purpose import Purpose

#: Attributes that only a newer log may change.
_OF_THE_LOG = ("status", "charge", "error_code", "fetched_at", "final")


class Seen(NamedTuple):
    """A row as a function read it."""

    item: Item
    #: True start of the fetch of its log; None without a log.
    fetched_at: datetime | None


class CheckedTable:
    """The rows, each with its previous version."""

    def __init__(self) -> None:
        """Start without rows."""
        self._now = MemoryTable()
        self._before = MemoryTable()
        self._fetched_at: dict[tuple[str, object], datetime | None] = {}
        #: How often a log was stored.
        self.stored = 0

    @property
    def items(self) -> dict[str, Item]:
        """The rows by key."""
        return self._now.items

    def read(self, keys: Sequence[str], *, is_stale: bool = False) -> dict[str, Row]:
        """Read rows as they are, or as an eventually consistent read may still show them."""
        return (self._before if is_stale else self._now).read(keys)

    def seen(self, keys: Sequence[str], *, is_stale: bool = False) -> dict[str, Seen]:
        """Return the rows that such a read shows, with the true start of their fetches."""
        items = (self._before if is_stale else self._now).items
        return {
            key: Seen(items[key], self._fetched_at[key, items[key]["version"]])
            for key in keys
            if key in items and key != PACE_KEY
        }

    def overwrite_pace(self, pace: Item | None) -> None:
        """Replace the row of the pace, or delete it, as no function does."""
        if old := self.items.pop(PACE_KEY, None):
            self._before.items[PACE_KEY] = old
        if pace is not None:
            version = int(str(old["version"])) + 1 if old else 1
            self.items[PACE_KEY] = pace | {"version": version}

    def write(self, write: Write, fetched_at: datetime | None) -> Conflict | None:
        """Write a row; `fetched_at` is the true start of the fetch if the write stores a log."""
        old = self.items.get(write.key)
        result = self._now.write([write])[write.key]
        if isinstance(result, Conflict):
            return result
        assert result is None
        if write.key == PACE_KEY:
            if old is not None:
                self._before.items[write.key] = old
            return None
        new = self.items[write.key]
        is_log = Purpose.of(write) is Purpose.LOG
        self.stored += is_log
        check_succession(old, new, is_log=is_log)
        if old is not None:
            self._before.items[write.key] = old
        before = None if old is None else self._fetched_at[write.key, old["version"]]
        self._fetched_at[write.key, new["version"]] = fetched_at if is_log else before
        return None


def check_succession(old: Item | None, new: Item, *, is_log: bool) -> None:
    """Check that a row may change from `old` to `new`; `is_log` says that a log was stored."""
    assert new["version"] == (int(str(old["version"])) if old else 0) + 1, "a version was skipped"
    if old is None:
        return
    if is_log and "fetched_at" in old:
        assert _rank(new) > _rank(old), "a log was replaced by one that is not newer"
    if not is_log:
        for name in _OF_THE_LOG:
            assert new.get(name) == old.get(name), f"{name} changed without a log"
    _check_outcomes(old.get("outcome"), new.get("outcome"), is_log=is_log)
    if not is_log and "fetched_at" in old and "parked_at" in new:
        assert str(new["parked_at"]) >= str(old["fetched_at"]), "a stored log was parked after all"
    assert new.get("final") or not old.get("final"), "a row became unfinished again"
    if "first_failed_at" in old:
        assert new["first_failed_at"] == old["first_failed_at"], "a failure was counted again"
    if "parked_at" in old and "parked_at" not in new:
        # A message redriven earlier may also lift a later parking, because it has ended since.
        parkings = old, *cast("list[Item]", old.get("parked_history", []))
        was_redriven = any("redriven_at" in parking for parking in parkings)
        assert is_log or was_redriven, "a parking was lifted without a reason"
        if is_log:
            assert str(new["fetched_at"]) >= str(old["parked_at"]), "a later parking was lifted"


def _check_outcomes(old: object, new: object, *, is_log: bool) -> None:
    if old == "failed":
        assert new == "failed", "a failure was undone"
    elif not is_log:
        assert new in {old, "failed"}, "an outcome was invented"


def _rank(item: Item) -> tuple[bool, str]:
    return bool(item.get("final")), str(item["fetched_at"])
