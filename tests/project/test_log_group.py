"""Long log groups are read to their end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from local.log_group import lines

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


class Logs:
    """A local cloud's logs: ten thousand events per answer, oldest first, and no token."""

    def __init__(self, times: list[int]) -> None:
        """Create one event at each of these times, in milliseconds."""
        self._events = [
            {"timestamp": time, "message": f"line {number}"} for number, time in enumerate(times)
        ]

    def get_paginator(self, operation: str) -> Logs:
        """Return this object, which is its own paginator."""
        assert operation == "filter_log_events"
        return self

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - boto3's
        """Return the only page."""
        assert arguments["logGroupName"] == "group"
        later = [one for one in self._events if one["timestamp"] >= arguments["startTime"]]
        yield {"events": later[:10_000]}


@pytest.mark.parametrize("count", [0, 1, 9_999, 10_000, 10_001, 25_000])
def test_every_line_once(count: int) -> None:
    """Lines come in order, however many there are and however many share a millisecond."""
    logs = cast("CloudWatchLogsClient", Logs([number // 7 for number in range(count)]))
    assert list(lines(logs, "group")) == [f"line {number}" for number in range(count)]


def test_too_many_lines_of_one_millisecond_are_told() -> None:
    """An error is raised instead of reading the same lines forever."""
    logs = cast("CloudWatchLogsClient", Logs([5] * 10_001))
    with pytest.raises(RuntimeError, match="one millisecond"):
        list(lines(logs, "group"))
