"""The sweep: compare what SignalWire lists with the table, and enqueue what is missing.

Callbacks are best effort, so a log can be missed or a row be left behind without anybody
noticing. The sweep pages through the list endpoints and puts the difference on the queue; the
enrichment does the rest, as for any other message.

::

    |---- done before ----|<- overlap ->|------ this period ------|<- settling ->| now
                                        ^ watermark                ^ next watermark

The overlap sees again what may have changed since, the settling leaves young logs to their
callbacks. The place is kept after each page, and only when all of the page is on the queue, so
a crash repeats a page and loses none; the watermark moves when the period's last page is done.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from hooklog.errors import HistoryLimitError, HooklogError, NotFoundError, RejectedError
from hooklog.logs import KINDS, LogKind
from hooklog.ports import Clock, Table, TimeLeft
from hooklog.queue_messages import Origin
from hooklog.sweep.comparison import ENQUEUED, ListedLog, Verdict, judge

#: Seconds that one page may take; with less than this left the sweep stops.
PAGE_TIME = 20.0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        logs: that could be read.
        next: leads to the following page; None behind the last.
        unreadable: how many entries had no usable ID, status, charge or time.

    """

    logs: Sequence[ListedLog]
    next: str | None
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """How far the sweep of one kind of log is.

    Attributes:
        watermark: all logs created before it were compared.
        start: of the period under way; equal to ``end`` while there is none.
        end: of the period under way.
        page: where in that period to go on; None at its first page.

    """

    watermark: datetime
    start: datetime
    end: datetime
    page: str | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a period was begun and not ended."""
        return self.start < self.end


@dataclass(frozen=True, slots=True)
class Walked:
    """What was found on a walk, the place that it reached, and what stopped it before its end."""

    found: Counter[Verdict]
    place: Place
    error: HooklogError | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it came to the end of its period."""
        return not self.place.is_under_way


class Listing(Protocol):
    """Where lists of logs come from."""

    def page(self, kind: LogKind, start: datetime, end: datetime, page: str | None) -> Page:
        """Fetch one page of the logs created in a period.

        Raises:
            FetchError: there is no usable answer.

        """


class Places(Protocol):
    """Where the sweep keeps its place."""

    def load(self, kind: LogKind) -> Place | None:
        """Read it; None before the first sweep."""

    def save(self, kind: LogKind, place: Place) -> None:
        """Keep it."""


class Producer(Protocol):
    """The way onto the queue."""

    def send_all(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue.

        Raises:
            QueueUnavailableError: at least one is not on the queue.

        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far a sweep looks.

    Attributes:
        overlap: before the watermark, seen again.
        settling: before now, left to the callbacks.
        first: before now, where the very first sweep begins.
        stuck_after: a log in progress for longer is fetched again.

    """

    overlap: timedelta = timedelta(hours=72)
    settling: timedelta = timedelta(minutes=10)
    first: timedelta = timedelta(days=1)
    stuck_after: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """The sweep's parts, wired once per execution environment."""

    listing: Listing
    table: Table
    producer: Producer
    clock: Clock
    extent: Extent = field(default_factory=Extent)

    def sweep(self, places: Places, time_left: TimeLeft) -> dict[str, Walked]:
        """Go on where the last sweep of each kind stopped, up to a while ago.

        What stops one kind is in its result and does not stop the others.

        Raises:
            StoreError: the places cannot be read.

        """
        begun = {kind: self._begin(places.load(kind)) for kind in KINDS.values()}
        walks = {}
        # The kind that is furthest behind goes first, so that none waits for ever.
        for kind, place in sorted(begun.items(), key=lambda item: item[1].watermark):
            keep = functools.partial(places.save, kind)
            walked = self.walk(kind, place, time_left, keep=keep)
            if isinstance(walked.error, HistoryLimitError):
                # SignalWire no longer lists what the watermark asks for, and never will: the
                # next sweep begins like a first one. The error says that there is a gap.
                now = self.clock()
                keep(Place(now - self.extent.first, now, now))
            walks[kind.name] = walked
        return walks

    def walk(
        self,
        kind: LogKind,
        place: Place,
        time_left: TimeLeft,
        *,
        keep: Callable[[Place], None],
        origin: Origin = Origin.SWEEP,
        pace: Callable[[int], None] = lambda _: None,
        page_time: float = PAGE_TIME,
        dry_run: bool = False,
    ) -> Walked:
        """Compare one period of one kind of log, from a place on.

        Args:
            kind: of log.
            place: the period, and where in it to go on.
            time_left: seconds; no page is begun that could exceed it.
            keep: called with the new place when a page is done.
            origin: of the messages that are enqueued.
            pace: called with the number of messages before they are enqueued; may wait.
            page_time: seconds that a page may take, waiting included.
            dry_run: whether only to count.

        Returns:
            What was found, how far it came, and what stopped it, if anything did.

        """
        found: Counter[Verdict] = Counter()
        may_restart = True
        while place.is_under_way and time_left() > page_time:
            try:
                place = self._page(kind, place, found, origin, None if dry_run else pace)
                keep(place)
            except (RejectedError, NotFoundError) as error:
                if place.page is None or not may_restart:
                    return Walked(found, place, error)
                # A page's token does not live for ever. The period begins again, once: that
                # repeats work and loses none.
                may_restart = False
                place = replace(place, page=None)
            except HooklogError as error:
                return Walked(found, place, error)
        return Walked(found, place)

    def _page(
        self,
        kind: LogKind,
        place: Place,
        found: Counter[Verdict],
        origin: Origin,
        pace: Callable[[int], None] | None,
    ) -> Place:
        """Compare a page and enqueue what it shows to be wanted; give the next place."""
        page = self.listing.page(kind, place.start, place.end, place.page)
        verdicts = self._judge(kind, page.logs)
        found.update(verdicts.values())
        found[Verdict.UNREADABLE] += page.unreadable
        wanted = [log_id for log_id, verdict in verdicts.items() if verdict in ENQUEUED]
        if wanted and pace is not None:
            pace(len(wanted))
            self.producer.send_all([_body(kind, log_id, origin) for log_id in wanted])
        if page.next is not None:
            return replace(place, page=page.next)
        return Place(watermark=place.end, start=place.end, end=place.end)

    def _begin(self, place: Place | None) -> Place:
        """Begin the next period, unless one is under way."""
        if place is not None and place.is_under_way:
            return place
        now = self.clock()
        watermark = place.watermark if place is not None else now - self.extent.first
        end = max(watermark, now - self.extent.settling)
        return Place(watermark, watermark - self.extent.overlap, end)

    def _judge(self, kind: LogKind, logs: Sequence[ListedLog]) -> dict[str, Verdict]:
        keys = {log.id: kind.key(log.id) for log in logs}
        rows = self.table.read(list(keys.values()))
        stuck_before = self.clock() - self.extent.stuck_after
        return {
            log.id: judge(log, rows.get(keys[log.id]), stuck_before=stuck_before) for log in logs
        }


def _body(kind: LogKind, log_id: str, origin: Origin) -> str:
    return json.dumps({"log_type": kind.name, "log_id": log_id, "origin": origin})
