"""Failed logs, grouped by reason.

The number of queries does not grow with the table: each partition of the index is queried once, for
at most :data:`SAMPLE` entries, and the answer says when that was not all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from hooklog_ops.records import Failure, Period, Records

#: Entries that are read of one partition of an index.
SAMPLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Failures with the same code and explanation.

    Attributes:
        code: SignalWire's, or None.
        explanation: the catalogue's key.
        log_types: failures per kind of log.
        newest: the newest failure.

    """

    code: str | None
    explanation: str
    log_types: Mapping[str, int]
    newest: Failure

    @property
    def count(self) -> int:
        """The failures of all kinds of log."""
        return sum(self.log_types.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureSample:
    """The failures of a period, or a part of them.

    Attributes:
        count: failures that were read.
        is_cut: whether there may be more, because a day had more than :data:`SAMPLE` of a kind.
        reasons: the most frequent first.

    """

    count: int
    is_cut: bool
    reasons: Sequence[Reason]


def by_reason(failures: Iterable[Failure]) -> list[Reason]:
    """Group failures, the most frequent reason first, of equals the newest."""
    groups: dict[tuple[str | None, str], list[Failure]] = {}
    for one in failures:
        groups.setdefault((one.code, one.explanation), []).append(one)
    reasons = [
        Reason(
            code=code,
            explanation=explanation,
            log_types=Counter(one.log_type for one in group),
            newest=max(group, key=lambda one: one.created_at),
        )
        for (code, explanation), group in groups.items()
    ]
    return sorted(reasons, key=lambda one: (one.count, one.newest.created_at), reverse=True)


def sample(records: Records, pool: Executor, period: Period) -> FailureSample:
    """Read the newest failures of a period, with one query per day and kind of log."""
    pages = list(pool.map(lambda part: records.failed_on(*part, limit=SAMPLE), period.partitions()))
    found = [one for failed, _ in pages for one in failed if one.created_at in period]
    return FailureSample(
        count=len(found),
        is_cut=any(more and failed[-1].created_at >= period.since for failed, more in pages),
        reasons=by_reason(found),
    )
