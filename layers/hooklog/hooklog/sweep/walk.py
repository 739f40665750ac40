"""Walk through a period of SignalWire's lists: compare it with the table, and store what differs.

Callbacks are best effort, so a log can be missed or a row be left behind unnoticed. What a page
shows is stored at once (:mod:`hooklog.sweep.page_store`); what needs more than the page goes on the
queue, and the enrich function does the rest, as for any other message. The checkpoint is saved
after each page, and only when everything from that page is stored or on the queue, so a crash
repeats a page and loses none.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from hooklog.clock import Clock, TimeLeft
from hooklog.errors import (
    HeldBackError,
    HooklogError,
    NotFoundError,
    RejectedError,
    StoreError,
)
from hooklog.logs import LogKind
from hooklog.logs.listing import PAGE_SIZE, Page, RawLog
from hooklog.queue_messages import Origin, message_body
from hooklog.records.counts import Counts
from hooklog.records.rows import Row
from hooklog.records.store import Table
from hooklog.steps import Step, Trace
from hooklog.sweep.comparison import WANTED, ListedLog, Verdict, compare, listed_log
from hooklog.sweep.page_store import MOST_RESOURCE_PAGES, RESOURCE_TIME, PageStore

#: Seconds that fetching and comparing one page may take; with less time left the walk stops.
PAGE_TIME = 20.0
#: Messages per second that may always go on the queue, so that a page ends in time.
_SLOWEST = 5.0
#: The lists exclude both ends of a period. Times have milliseconds at most, and checkpoints whole
#: seconds, so that this belongs to exactly one of two adjacent periods, also if an API that
#: ignored fractions of a second were asked.
_TICK = timedelta(milliseconds=1)
#: The shortest period that is cut in half.
_SHORTEST = timedelta(seconds=2)
#: A log in progress for longer is fetched again.
_STUCK_AFTER = timedelta(hours=1)


def whole_second(moment: datetime) -> datetime:
    """Return the time without its fraction of a second."""
    return moment.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a walk has come.

    Attributes:
        watermark: all logs created before it were compared.
        end: of the period under way, which begins at the watermark; equal to it while there is
            none.
        page: where to go on in that period; None at its first page.

    """

    watermark: datetime
    end: datetime
    page: str | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a period was begun and not ended."""
        return self.watermark < self.end

    def ended(self, goal: datetime) -> Checkpoint:
        """Return the checkpoint at the end of the period, where the next one begins.

        A half that has ended is followed by a period of twice its length, at most, so that one as
        long as the whole, whose tokens died, is not tried again at once.
        """
        following = self.end + 2 * (self.end - self.watermark)
        return Checkpoint(self.end, max(self.end, min(goal, following)))

    def halved(self) -> Checkpoint | None:
        """Return the first half of the period, from its first page; None if it is too short."""
        length = self.end - self.watermark
        if length < _SHORTEST:
            return None
        return Checkpoint(self.watermark, whole_second(self.watermark + length / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkResult:
    """What a walk through a period found and did.

    Attributes:
        kind: of log.
        goal: end of the period.
        checkpoint: that the walk reached.
        found: entries of the lists by verdict.
        stored: rows that it wrote from pages.
        enqueued: logs that it put on the queue.
        error: that stopped it before the end of the period, if any.

    """

    kind: LogKind
    goal: datetime
    checkpoint: Checkpoint
    found: Counter[Verdict] = field(default_factory=Counter)
    stored: int = 0
    enqueued: int = 0
    error: HooklogError | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it reached the end of its period."""
        return self.checkpoint.watermark >= self.goal


class Listing(Protocol):
    """Where lists of logs come from."""

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Fetch one page of the logs created in a period, within ``time_left`` seconds.

        Raises:
            FetchError: there is no usable answer.

        """


class Producer(Protocol):
    """The way onto the queue."""

    def send_all(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue.

        Raises:
            QueueUnavailableError: at least one is not on the queue.

        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """The parts of a walk, wired once per execution environment.

    With ``only_ends``, no callback of a log in progress goes on the queue, so that such a log has
    no row yet.
    """

    listing: Listing
    table: Table
    store: PageStore
    producer: Producer
    clock: Clock
    sleep: Callable[[float], None]
    #: Publishes what a page stored of one kind of log: at once, because a walk lasts long.
    publish: Callable[[LogKind, Counts], None] = lambda _kind, _counts: None
    #: Returns the messages per second that may go on the queue now.
    allowed: Callable[[], float] = lambda: math.inf
    only_ends: bool = False
    trace: Trace | None = None

    def walk(
        self,
        kind: LogKind,
        checkpoint: Checkpoint,
        goal: datetime,
        time_left: TimeLeft,
        *,
        save: Callable[[Checkpoint], None],
        origin: Origin = Origin.SWEEP,
        most: float = math.inf,
        dry_run: bool = False,
    ) -> WalkResult:
        """Compare one kind of log from a checkpoint on, up to a goal.

        Page tokens expire. The period is then cut in half, and its first half begins anew: that
        repeats work and loses nothing, whatever the order of the pages. What follows a half is
        twice as long, so periods stay about as long as their tokens live.

        Args:
            kind: of log.
            checkpoint: where to go on.
            goal: end of the period.
            time_left: seconds; no page is begun that could exceed it.
            save: called with the new checkpoint after each page.
            origin: of the messages that are enqueued.
            most: messages per second that may go on the queue.
            dry_run: whether only to count.

        Returns:
            What was found and done, how far it came, and the error that stopped it, if any.

        """
        result = WalkResult(kind=kind, goal=goal, checkpoint=checkpoint)
        before: Counter[Verdict] = Counter()
        self.store.forget()
        page_time = PAGE_TIME
        if not dry_run:
            page_time += MOST_RESOURCE_PAGES * RESOURCE_TIME + PAGE_SIZE / min(most, _SLOWEST)
        while not result.is_complete and time_left() > page_time:
            current = result.checkpoint
            if not current.is_under_way:
                current = Checkpoint(current.watermark, goal)
            if current.page is None:
                before = result.found.copy()
            try:
                page = self._fetch(kind, current)
                wanted, rows = self._compare(kind, page.entries, result.found, origin)
                if wanted and not dry_run:
                    stored, left = self._store(kind, page, wanted, rows)
                    result = replace(result, stored=result.stored + stored)
                    self._enqueue(kind, left, origin, most)
                    result = replace(result, enqueued=result.enqueued + len(left))
                is_end = page.next is None
                current = current.ended(goal) if is_end else replace(current, page=page.next)
                save(current)
            except (RejectedError, NotFoundError) as error:
                half = current.halved() if current.page is not None else None
                if half is None:
                    # A first page, or a period too short to be cut: the next walk begins it anew.
                    with contextlib.suppress(StoreError):
                        save(replace(current, page=None))
                    return replace(result, error=error)
                # Its pages will be counted again.
                result, current = replace(result, found=before), half
            except HeldBackError:
                # The next walk goes on here.
                return result
            except HooklogError as error:
                return replace(result, error=error)
            result = replace(result, checkpoint=current)
        return result

    def _fetch(self, kind: LogKind, checkpoint: Checkpoint) -> Page:
        start, end = checkpoint.watermark - _TICK, checkpoint.end
        return self.listing.page(kind, start, end, checkpoint.page, PAGE_TIME)

    def _store(
        self, kind: LogKind, page: Page, wanted: Mapping[str, RawLog], rows: Mapping[str, Row]
    ) -> tuple[int, Sequence[str]]:
        """Store what a page shows; return the number of rows, and the IDs of the other logs."""
        counts = Counts()
        left = self.store.store(kind, wanted, page.began_at, rows, counts)
        self.publish(kind, counts)
        return counts.enriched.total(), left

    def _enqueue(self, kind: LogKind, log_ids: Sequence[str], origin: Origin, most: float) -> None:
        if log_ids:
            self.sleep(len(log_ids) / min(most, max(_SLOWEST, self.allowed())))
            self.producer.send_all(
                [message_body(log_type=kind.name, log_id=one, origin=origin) for one in log_ids]
            )
            if self.trace is not None:
                for one in log_ids:
                    self.trace(kind.key(one), Step.QUEUED, origin=origin)

    def _compare(
        self, kind: LogKind, entries: Sequence[RawLog], found: Counter[Verdict], origin: Origin
    ) -> tuple[dict[str, RawLog], Mapping[str, Row]]:
        """Compare the entries of a page, and count the verdicts.

        Returns:
            The entries that differ by log ID, and the rows by key.

        """
        logs: dict[str, tuple[ListedLog, RawLog]] = {}
        unreadable = 0
        for entry in entries:
            if (log := listed_log(entry)) is None:
                unreadable += 1
            else:
                logs[log.id] = log, entry
        rows = self.table.read([kind.key(log_id) for log_id in logs])
        stuck_before = self.clock() - _STUCK_AFTER
        verdicts = {
            log_id: compare(
                log,
                rows.get(kind.key(log_id)),
                stuck_before=stuck_before,
                expects_row=not (self.only_ends and kind.goes_on(log.status)),
            )
            for log_id, (log, _) in logs.items()
        }
        found.update(verdicts.values())
        found[Verdict.UNREADABLE] += unreadable
        wanted = {
            log_id: logs[log_id][1] for log_id, verdict in verdicts.items() if verdict in WANTED
        }
        if self.trace is not None:
            for log_id in wanted:
                key, verdict = kind.key(log_id), verdicts[log_id]
                self.trace(key, Step.COMPARED, origin=origin, verdict=verdict)
        return wanted, rows
