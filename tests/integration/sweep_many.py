"""Backfill and sweep a whole space in a process of its own, and print what that took as JSON.

python -m tests.integration.sweep_many HOST PROJECT TOKEN
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.catalogue import CATALOGUE
from hooklog.clock import utc_now
from hooklog.errors import StoreError
from hooklog.logs import KINDS, LogKind
from hooklog.logs.listing import Page
from hooklog.records.rows import Row, Write
from hooklog.records.store import Conflict, Table
from hooklog.sweep.comparison import ListedLog, Verdict
from hooklog.sweep.page_store import PageStore
from hooklog.sweep.walk import Checkpoint, Listing, Walker, WalkResult


@dataclass
class Present:
    """A space's lists, and a table that has the rows of the last listed page."""

    lists: LogLists
    rows: dict[str, Row] = field(default_factory=dict)

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Return a real page, and keep only its rows."""
        answer = self.lists.page(kind, start, end, page, time_left)
        self.rows = {
            kind.key(log.id): Row(
                version=1,
                status=log.status,
                charge=log.charge,
                error_code=log.error_code,
                final=True,
            )
            for log in map(ListedLog.model_validate, answer.entries)
        }
        return answer

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Return those rows."""
        assert not consistent
        return {key: self.rows[key] for key in keys}

    def write(self, writes: Sequence[Write]) -> Mapping[str, Conflict | StoreError | None]:
        """Fail, because nothing differs."""
        raise AssertionError(writes)


class Empty:
    """A table without rows, which forgets what is written."""

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:  # noqa: ARG002
        """Return no row."""
        return {}

    def write(self, writes: Sequence[Write]) -> Mapping[str, Conflict | StoreError | None]:
        """Accept all."""
        return {write.key: None for write in writes}


class NoQueue:
    """A queue that must stay empty."""

    def send_all(self, bodies: Sequence[str]) -> None:
        """Fail, because a page tells all."""
        raise AssertionError(bodies)


def walk(lists: LogLists, listing: Listing, table: Table) -> list[WalkResult]:
    """Walk through all kinds, ten years back."""
    walker = Walker(
        listing=listing,
        table=table,
        store=PageStore(resources=lists, table=table, catalogue=CATALOGUE),
        producer=NoQueue(),
        clock=utc_now,
        sleep=lambda _: None,
    )
    end = utc_now()
    start = end - timedelta(days=3650)
    results = [
        walker.walk(kind, Checkpoint(start, start), end, lambda: 900, save=lambda _: None)
        for kind in KINDS.values()
    ]
    assert all(result.is_complete for result in results)
    return results


def main() -> None:
    """Backfill all kinds, ten years back, and then sweep them."""
    host, project_id, api_token = sys.argv[1:]
    api = SignalWireApi(
        f"http://{host}",
        FixedCredentials(Credentials(project_id, api_token)),
        connections=1,
        connect_timeout=5,
        read_timeout=30,
    )
    lists = LogLists(api, utc_now)
    present = Present(lists)
    filled, swept = walk(lists, lists, Empty()), walk(lists, present, present)
    # getrusage would include the memory of the process that started this one.
    (peak_kb,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    counts = {
        "stored": sum(result.stored for result in filled),
        "present": sum(result.found[Verdict.PRESENT] for result in swept),
        "peak_mb": int(peak_kb) // 1024,
    }
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main()
