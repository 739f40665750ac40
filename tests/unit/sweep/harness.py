"""A walk with fakes around it, for the tests of the sweep."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from hooklog.catalogue import CATALOGUE
from hooklog.clock import iso
from hooklog.errors import FetchError, HooklogError, QueueUnavailableError
from hooklog.logs import LogKind
from hooklog.logs.listing import Page, RawLog
from hooklog.records.recording import StoreRecord
from hooklog.sweep.page_store import RESOURCE_TIME, PageStore
from hooklog.sweep.walk import PAGE_TIME, Checkpoint, Walker, WalkResult
from local.space import Log
from tests.builders import FAX_ID, fax_log, record
from tests.fakes import NOW, Clock, MemoryTable

DAY = timedelta(days=1)
#: Changes of an entry that leave it no valid log.
ODD: list[dict[str, JsonValue]] = [
    {"charge": None},
    {"charge": "a lot"},
    {"status": None},
    {"status": 7},
    {"error_code": [1]},
    {"created_at": "yesterday"},
    {"created_at": 1714997000},
]


def entry(log_id: str = FAX_ID, **changes: JsonValue) -> RawLog:
    """Return a list's entry for a log, by default the builders' fax of half a day ago."""
    return {**fax_log(), "id": log_id, "created_at": iso(NOW - DAY / 2), **changes}


@dataclass
class FakeLists:
    """Serves pages by kind and number; the last page has no next."""

    clock: Clock
    pages: dict[str, list[list[RawLog]]] = field(default_factory=dict)
    asked: list[tuple[str, datetime, datetime, str | None]] = field(default_factory=list)
    #: Raised by the next requests for logs, in order; None lets one succeed.
    errors: list[HooklogError | None] = field(default_factory=list)
    #: Pages of fax resources.
    faxes: list[list[RawLog]] = field(default_factory=lambda: [[]])
    asked_for_faxes: list[tuple[str, datetime, datetime, str | None]] = field(default_factory=list)
    fax_error: FetchError | None = None

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Return a page of logs, or raise the next error."""
        assert time_left == PAGE_TIME
        self.asked.append((kind.name, start, end, page))
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        return self._page(self.pages.get(kind.name, [[]]), page)

    def resources(
        self, path: str, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Return a page of fax resources, or raise the error."""
        assert time_left == RESOURCE_TIME
        self.asked_for_faxes.append((path, start, end, page))
        if self.fax_error is not None:
            raise self.fax_error
        return self._page(self.faxes, page)

    def _page(self, pages: Sequence[list[RawLog]], page: str | None) -> Page:
        number = int((page or "0").rpartition("=PA")[2])
        following = str(number + 1) if number + 1 < len(pages) else None
        return Page(pages[number], following, self.clock())


@dataclass
class FakeProducer:
    """Keeps the enqueued messages; raises its error if it has one."""

    sent: list[dict[str, str]] = field(default_factory=list)
    error: QueueUnavailableError | None = None

    def send_all(self, bodies: Sequence[str]) -> None:
        """Take messages."""
        if self.error is not None:
            raise self.error
        self.sent += [json.loads(body) for body in bodies]


class Harness:
    """A walker with fakes around it."""

    def __init__(self) -> None:
        """Wire the walker."""
        self.clock = Clock()
        self.lists = FakeLists(self.clock)
        self.table = MemoryTable()
        self.producer = FakeProducer()
        self.saved: list[Checkpoint] = []
        #: Seconds.
        self.slept: list[float] = []
        self.store = PageStore(resources=self.lists, table=self.table, catalogue=CATALOGUE)
        self.walker = Walker(
            listing=self.lists,
            table=self.table,
            store=self.store,
            producer=self.producer,
            clock=self.clock,
            sleep=self.slept.append,
        )

    def keep(self, log: Log) -> None:
        """Put a log's row into the table."""
        write = StoreRecord(record(log)).plan(None)
        assert write is not None
        self.table.items[write.key] = dict(write.values) | {"version": 1}

    def walk(
        self, kind: LogKind, *, walker: Walker | None = None, most: float = math.inf
    ) -> WalkResult:
        """Walk through the last day."""
        begun = Checkpoint(NOW - DAY, NOW - DAY)
        return (walker or self.walker).walk(
            kind, begun, NOW, lambda: 900, save=self.saved.append, most=most
        )

    @property
    def rows(self) -> Mapping[str, object]:
        """The statuses of all rows, by key."""
        return {key: item.get("status") for key, item in self.table.items.items()}
