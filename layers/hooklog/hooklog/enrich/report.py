"""The result of one batch: counts and durations, and nothing personal."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hooklog.records.counts import Counts

#: ``log_type`` of messages that do not reveal theirs.
UNKNOWN_TYPE = "unknown"


@dataclass(slots=True)
class Report(Counts):
    """Counts of one batch, by log type where there is one, beside those of what was stored.

    Attributes:
        received: messages in the batch.
        retried: logs whose messages come back later.
        parked: logs whose messages wait for an operator.
        errors: processing errors by hooklog's own code.
        limit: requests per second that all instances keep to, if a limit is known.
        outage: error code of the outage that lasts, if one does.
        fetch_ms: duration of each fetch.

    """

    received: int = 0
    retried: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    limit: float | None = None
    outage: str | None = None
    fetch_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
