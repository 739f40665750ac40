"""The pace that all instances share, as operators read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import BY_CODE
from hooklog.records.pacing import pace_of
from hooklog.records.rows import PACE_KEY, Row
from hooklog_ops.deployment import Deployment
from hooklog_ops.formatting import short, summary
from hooklog_ops.records import Item, Records

#: Requests per second below which a decimal matters.
_FEW: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """SignalWire answers nobody, or not us.

    Attributes:
        code: error that most requests end in.
        since: when it began.
        probe_at: when a request may try whether it is over.

    """

    code: str
    since: datetime
    probe_at: datetime

    def probe(self, now: datetime) -> str:
        """Say when the next request tries whether it is over."""
        is_due = self.probe_at <= now
        return "the next batch probes" if is_due else f"next probe at {self.probe_at:%H:%M:%S}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPace:
    """How fast SignalWire may be asked at a moment.

    Attributes:
        now: the moment.
        limit: requests per second; None while no limit is known.
        since: when hooklog met the limit; None if the deployment sets it.
        outage: that lasts; None if SignalWire answers.

    """

    now: datetime
    limit: float | None = None
    since: datetime | None = None
    outage: Outage | None = None

    @property
    def requests(self) -> str:
        """The limit as a number: ``38``, ``2.5``."""
        limit = self.limit or 0
        return f"{round(limit, 1) if limit < _FEW else round(limit):,g}"

    def __str__(self) -> str:
        """Say it in a line."""
        if self.outage is not None:
            what = self.outage.code
            if error := BY_CODE.get(what):
                what = f"{what}: {summary(error).rstrip('.')}"
            since = short(self.outage.since, self.now)
            return f"an outage since {since} UTC, {what}; {self.outage.probe(self.now)}"
        if self.limit is None:
            return "no limit is known"
        told = f"limited to {self.requests} request{'s' if self.requests != '1' else ''} per second"
        if self.since is None:
            return f"{told} (set)"
        return f"{told} since {short(self.since, self.now)} UTC (found)"


def read_pace(stack: Deployment, now: datetime) -> CurrentPace:
    """Read the pace of a deployment, and the limit that it sets.

    Raises:
        StackNotFoundError: the stack lacks the table or the function.
        SettingsError: the function's settings cannot be read.

    """
    settings = EnrichSettings.load(stack.variables("EnrichFunctionName"))
    item = Records(stack.dynamodb, stack.output("TableName")).get(PACE_KEY)
    return current_pace(item, settings.api_requests_per_second or None, now)


def current_pace(item: Item | None, known: float | None, now: datetime) -> CurrentPace:
    """Return what an item says of a moment.

    Args:
        item: of the pace; None if there is none.
        known: requests per second that the deployment sets as the limit, if it does.
        now: the moment.

    """
    row = None
    # One without a version is not hooklog's.
    if item is not None and "version" in item:
        row = Row.of(PACE_KEY, item, names=frozenset(item))
    pace = pace_of(row, known, now.timestamp())
    limit, found = pace.limit(now.timestamp()), pace.found(now.timestamp())
    return CurrentPace(
        now=now,
        limit=limit,
        since=_moment(pace.limited_at) if limit is not None and limit == found else None,
        outage=None
        if pace.outage is None
        else Outage(
            code=pace.outage, since=_moment(pace.outage_at), probe_at=_moment(pace.probe_at)
        ),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
