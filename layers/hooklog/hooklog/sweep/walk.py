"""The sweep: compare what SignalWire lists with the table, and enqueue what is missing.

Callbacks are best effort, so a log can be missed or a row be left behind unnoticed. The sweep pages
through the list endpoints and puts the difference on the queue; the enrich function does the rest,
as for any other message.

::

    |---- done before ----|<- overlap ->|------ this period ------|<- settling ->| now
                                        ^ watermark                ^ next watermark

The overlap compares again what may have changed since; the settling time leaves young logs to their
callbacks. The checkpoint is saved after each page, and only when everything from that page is on
the queue, so a crash repeats a page and loses none. The watermark moves after the last page.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from hooklog.clock import Clock, TimeLeft
from hooklog.errors import (
    HeldBackError,
    HistoryLimitError,
    HooklogError,
    NotFoundError,
    RejectedError,
)
from hooklog.logs import KINDS, LogKind
from hooklog.logs.listing import PAGE_SIZE, Page, RawLog
from hooklog.queue_messages import Origin, message_body
from hooklog.records.store import Table
from hooklog.sweep.comparison import ENQUEUED, Verdict, compare, listed_log

#: Seconds that fetching and comparing one page may take; with less time left the sweep stops.
PAGE_TIME = 20.0
#: Messages per second that may always go on the queue, so that a page ends in time.
_SLOWEST = 5.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the sweep of one kind of log has come.

    Attributes:
        watermark: all logs created before it were compared.
        start: of the period under way; equal to ``end`` while there is none.
        end: of the period under way.
        page: where to go on in that period; None at its first page.

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
class WalkResult:
    """What a walk through a period found.

    Attributes:
        found: entries of the lists by verdict.
        checkpoint: that the walk reached.
        error: that stopped it before the end of the period, if any.

    """

    found: Counter[Verdict]
    checkpoint: Checkpoint
    error: HooklogError | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it reached the end of its period."""
        return not self.checkpoint.is_under_way


class Listing(Protocol):
    """Where lists of logs come from."""

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, time_left: float
    ) -> Page:
        """Fetch one page of the logs created in a period, within ``time_left`` seconds.

        Raises:
            FetchError: there is no usable answer.

        """


class Checkpoints(Protocol):
    """Where the sweep keeps its checkpoints."""

    def load(self, kind: LogKind) -> Checkpoint | None:
        """Return the checkpoint; None before the first sweep."""

    def save(self, kind: LogKind, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""


class Producer(Protocol):
    """The way onto the queue."""

    def send_all(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue.

        Raises:
            QueueUnavailableError: at least one is not on the queue.

        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepWindow:
    """Which logs a sweep compares.

    Attributes:
        overlap: before the watermark, compared again.
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
    """The sweep function's parts, wired once per execution environment."""

    listing: Listing
    table: Table
    producer: Producer
    clock: Clock
    sleep: Callable[[float], None]
    #: Returns the messages per second that may go on the queue now.
    allowed: Callable[[], float] = lambda: math.inf
    window: SweepWindow = field(default_factory=SweepWindow)

    def sweep(self, checkpoints: Checkpoints, time_left: TimeLeft) -> dict[str, WalkResult]:
        """Go on where the last sweep of each kind stopped, up to the settling time.

        An error that stops one kind is in its result and does not stop the others.

        Raises:
            StoreError: the checkpoints cannot be read.

        """
        begun = {kind: self._begin(checkpoints.load(kind)) for kind in KINDS.values()}
        results = {}
        # The kind that is furthest behind goes first, so that none starves.
        for kind, checkpoint in sorted(begun.items(), key=lambda item: item[1].watermark):
            save = functools.partial(checkpoints.save, kind)
            result = self.walk(kind, checkpoint, time_left, save=save)
            if isinstance(result.error, HistoryLimitError):
                # SignalWire no longer lists what the watermark asks for, and never will: the
                # next sweep begins like a first one. The error reports the gap.
                now = self.clock()
                save(Checkpoint(now - self.window.first, now, now))
            results[kind.name] = result
        return results

    def walk(
        self,
        kind: LogKind,
        checkpoint: Checkpoint,
        time_left: TimeLeft,
        *,
        save: Callable[[Checkpoint], None],
        origin: Origin = Origin.SWEEP,
        most: float = math.inf,
        dry_run: bool = False,
    ) -> WalkResult:
        """Compare one period of one kind of log, from a checkpoint on.

        Args:
            kind: of log.
            checkpoint: the period, and where to go on in it.
            time_left: seconds; no page is begun that could exceed it.
            save: called with the new checkpoint after each page.
            origin: of the messages that are enqueued.
            most: messages per second that may go on the queue.
            dry_run: whether only to count.

        Returns:
            What was found, how far it came, and the error that stopped it, if any.

        """
        found: Counter[Verdict] = Counter()
        may_restart = True
        page_time = PAGE_TIME + (0.0 if dry_run else PAGE_SIZE / min(most, _SLOWEST))
        while checkpoint.is_under_way and time_left() > page_time:
            try:
                checkpoint = self._page(kind, checkpoint, found, origin, 0.0 if dry_run else most)
                save(checkpoint)
            except (RejectedError, NotFoundError) as error:
                if checkpoint.page is None or not may_restart:
                    return WalkResult(found, checkpoint, error)
                # Page tokens expire. The period begins again, once: that repeats work and loses
                # nothing.
                may_restart = False
                checkpoint = replace(checkpoint, page=None)
            except HeldBackError:
                # The next sweep goes on here.
                return WalkResult(found, checkpoint)
            except HooklogError as error:
                return WalkResult(found, checkpoint, error)
        return WalkResult(found, checkpoint)

    def _page(
        self,
        kind: LogKind,
        checkpoint: Checkpoint,
        found: Counter[Verdict],
        origin: Origin,
        most: float,
    ) -> Checkpoint:
        """Compare a page, enqueue what differs, and return the next checkpoint.

        Without any messages per second, nothing is enqueued.
        """
        page = self.listing.page(kind, checkpoint.start, checkpoint.end, checkpoint.page, PAGE_TIME)
        verdicts = self._compare(kind, page.logs, found)
        wanted = [log_id for log_id, verdict in verdicts.items() if verdict in ENQUEUED]
        if wanted and most:
            self.sleep(len(wanted) / min(most, max(_SLOWEST, self.allowed())))
            self.producer.send_all(
                [message_body(log_type=kind.name, log_id=one, origin=origin) for one in wanted]
            )
        if page.next is not None:
            return replace(checkpoint, page=page.next)
        return Checkpoint(watermark=checkpoint.end, start=checkpoint.end, end=checkpoint.end)

    def _begin(self, checkpoint: Checkpoint | None) -> Checkpoint:
        """Begin the next period, unless one is under way."""
        if checkpoint is not None and checkpoint.is_under_way:
            return checkpoint
        now = self.clock()
        watermark = checkpoint.watermark if checkpoint is not None else now - self.window.first
        end = max(watermark, now - self.window.settling)
        return Checkpoint(watermark, watermark - self.window.overlap, end)

    def _compare(
        self, kind: LogKind, entries: Sequence[RawLog], found: Counter[Verdict]
    ) -> dict[str, Verdict]:
        """Compare the entries of a page, count the verdicts, and return them by log ID."""
        logs = [log for entry in entries if (log := listed_log(entry)) is not None]
        rows = self.table.read([kind.key(log.id) for log in logs])
        stuck_before = self.clock() - self.window.stuck_after
        verdicts = {
            log.id: compare(log, rows.get(kind.key(log.id)), stuck_before=stuck_before)
            for log in logs
        }
        found.update(verdicts.values())
        found[Verdict.UNREADABLE] += len(entries) - len(logs)
        return verdicts
