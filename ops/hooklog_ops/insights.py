"""A query in CloudWatch Logs Insights, from its start to its results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hooklog_ops.errors import QueryError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

#: Seconds to wait for the results, and between two looks.
PATIENCE: Final = 180.0
_POLL: Final = 1.0
_UNDER_WAY: Final = frozenset({"Scheduled", "Running", "Unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query found.

    Attributes:
        lines: the texts of the log lines, oldest first.
        scanned: bytes of log lines that it read, by which AWS bills it.

    """

    lines: Sequence[str]
    scanned: int


def lines_with(
    logs: CloudWatchLogsClient,
    groups: Sequence[str],
    words: Sequence[str],
    *,
    since: datetime,
    until: datetime,
    most: int,
    sleep: Callable[[float], None],
) -> Answer:
    """Find the oldest lines of log groups that have one of these words.

    Args:
        logs: the client.
        groups: names, at most fifty.
        words: letters, digits and hyphens.
        since: of the lines.
        until: of the lines.
        most: lines, at most 10,000.
        sleep: waits that many seconds.

    Raises:
        QueryError: the query has no result.

    """
    query = logs.start_query(
        logGroupNames=list(groups),
        startTime=int(since.timestamp()),
        endTime=int(until.timestamp()) + 1,
        queryString=f"fields @timestamp, @message\n"
        f"| filter @message like /{'|'.join(words)}/\n"
        f"| sort @timestamp asc\n"
        f"| limit {most}",
    )["queryId"]
    for _ in range(round(PATIENCE / _POLL)):
        answer = logs.get_query_results(queryId=query)
        if answer["status"] == "Complete":
            found = [{one["field"]: one["value"] for one in row} for row in answer["results"]]
            scanned = int(answer["statistics"].get("bytesScanned", 0))
            return Answer(lines=[row["@message"] for row in found], scanned=scanned)
        if answer["status"] not in _UNDER_WAY:
            raise QueryError(
                f"The query of the log lines ended as {answer['status']}. Begin later with"
                " --since, or leave the lines out with --no-logs."
            )
        sleep(_POLL)
    logs.stop_query(queryId=query)
    raise QueryError(
        f"The query of the log lines took more than {PATIENCE:.0f} seconds. Begin later with"
        " --since, or leave the lines out with --no-logs."
    )
