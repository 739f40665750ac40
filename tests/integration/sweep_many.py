"""Sweep a space whose logs are all in the table, in a process of its own; print the cost.

python -m tests.integration.sweep_many HOST PROJECT TOKEN
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.errors import StoreError
from hooklog.logs import KINDS, LogKind
from hooklog.logs.listing import Page
from hooklog.records.rows import Row, Write
from hooklog.records.store import Conflict
from hooklog.sweep.comparison import ListedLog
from hooklog.sweep.walk import Checkpoint, Sweeper


class Present:
    """A space's lists, and a table that has the rows of the last listed page."""

    def __init__(self, listing: LogLists) -> None:
        """Use a listing."""
        self._listing = listing
        self._rows: dict[str, Row] = {}
        self.pages = 0

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Return a real page, and keep only its rows."""
        answer = self._listing.page(kind, start, end, page, time_left)
        self.pages += 1
        self._rows = {
            kind.key(log.id): Row(
                version=1,
                status=log.status,
                charge=log.charge,
                error_code=log.error_code,
                final=True,
            )
            for log in map(ListedLog.model_validate, answer.logs)
        }
        return answer

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Return those rows."""
        assert not consistent
        return {key: self._rows[key] for key in keys}

    def write(self, writes: Sequence[Write]) -> Mapping[str, Conflict | StoreError | None]:
        """Fail, because a sweep writes no rows."""
        raise AssertionError(writes)


class NoQueue:
    """A queue that must stay empty."""

    def send_all(self, bodies: Sequence[str]) -> None:
        """Fail, because nothing is missing."""
        raise AssertionError(bodies)


def main() -> None:
    """Sweep all kinds, ten years back."""
    host, project_id, api_token = sys.argv[1:]
    api = SignalWireApi(
        f"http://{host}",
        FixedCredentials(Credentials(project_id, api_token)),
        connections=1,
        connect_timeout=5,
        read_timeout=30,
    )
    present = Present(LogLists(api))
    now = datetime.now(UTC)
    sweeper = Sweeper(
        listing=present, table=present, producer=NoQueue(), clock=lambda: now, sleep=lambda _: None
    )
    found = 0
    for kind in KINDS.values():
        start = now - timedelta(days=3650)
        result = sweeper.walk(kind, Checkpoint(start, start, now), lambda: 900, save=lambda _: None)
        assert result.is_complete
        assert set(+result.found) == {"present"}
        found += result.found.total()
    # getrusage would include the memory of the process that started this one.
    (peak_kb,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    took = {"found": found, "pages": present.pages, "peak_mb": int(peak_kb) // 1024}
    sys.stdout.write(json.dumps(took))


if __name__ == "__main__":
    main()
