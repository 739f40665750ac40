"""Everything that a log group holds, however much it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

#: In one answer of CloudWatch Logs.
_MOST = 10_000


def lines(logs: CloudWatchLogsClient, group: str) -> Iterator[str]:
    """Read a log group from its first line to its last.

    ministack 1.5.33 gives no token to go on with after its first answer, so each further one begins
    at the time where the last one ended.

    Raises:
        RuntimeError: so many lines are of one millisecond that some could not be read.

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
        # Of its last millisecond there may be more, so that is read again.
        start = events[-1]["timestamp"]
        yield from (event["message"] for event in events if event["timestamp"] < start)
