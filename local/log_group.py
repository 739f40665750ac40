"""The lines of a whole log group, however many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

#: Events in one answer of CloudWatch Logs.
_MOST = 10_000


def lines(logs: CloudWatchLogsClient, group: str) -> Iterator[str]:
    """Read a log group from its first line to its last.

    ministack 1.5.33 returns no token for the page after the first answer, so each further request
    starts at the time of the last event.

    Raises:
        RuntimeError: one millisecond has more lines than one answer can hold.

    """
    start = 0
    while True:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=start
        )
        events = [event for page in pages for event in page["events"]]
        if len(events) < _MOST:
            yield from (event["message"] for event in events)
            return
        if events[-1]["timestamp"] == start:
            raise RuntimeError(f"{group} has more lines of one millisecond than can be read.")
        # The last millisecond may have more lines, so it is read again.
        start = events[-1]["timestamp"]
        yield from (event["message"] for event in events if event["timestamp"] < start)
