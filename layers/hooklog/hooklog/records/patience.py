"""How often a log's own trouble is met before its message is parked.

SQS counts every delivery of a message, also those on which it only waited for its turn or for the
end of an outage. So the log's row counts what went wrong with this log, by error::

    failure ──▶ Try: one more of this error ──▶ retried, or as often as it may be: Park
                              │
                              └── a success, a parking: the row forgets them
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hooklog.clock import iso
from hooklog.records.items import expires_at
from hooklog.records.rows import Attribute, Row, Write

#: After this time without another, failures are of another time and another cause.
_FORGOTTEN = timedelta(days=1)


def tries_so_far(row: Row | None, code: str, now: datetime) -> int:
    """Return how often a row's log met an error lately."""
    known = row.tries.get(code) if row is not None else None
    return known.count if known is not None and now - known.at < _FORGOTTEN else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Count a failure in the log's row.

    Attributes:
        key: of the row.
        code: of the error.
        count: how often it was met, this time included, as far as the batch knows.
        at: when.
        log_type: of the log.
        ttl: after which a row expires that has nothing else.
        is_known: tells whether a row reflects the messages that failed.

    """

    key: str
    code: str
    count: int
    at: datetime
    log_type: str
    ttl: timedelta | None = None
    is_known: Callable[[Row | None], bool] = lambda _: False

    def plan(self, row: Row | None) -> Write | None:
        """Count, unless another batch stored the log meanwhile, or it was erased."""
        if self.is_known(row):
            return None
        others = row.tries if row is not None else {}
        tries: dict[str, Attribute] = {
            code: {"count": one.count, "at": iso(one.at)} for code, one in others.items()
        }
        # The row may know of more: it could not be read, or another batch has counted meanwhile.
        count = max(self.count, tries_so_far(row, self.code, self.at) + 1)
        tries[self.code] = {"count": count, "at": iso(self.at)}
        values: dict[str, Attribute] = {"tries": tries}
        if row is not None:
            if row.erased_at is not None:
                return None
            return Write(key=self.key, expected_version=row.version, values=values)
        values["log_type"] = self.log_type
        if self.ttl is not None:
            values["expires_at"] = expires_at(self.at, self.ttl)
        return Write(key=self.key, expected_version=None, values=values)
