"""Invocations of the sweep function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hooklog.catalogue import CATALOGUE
from hooklog.errors import (
    QueueUnavailableError,
    RateLimitedError,
    StoreError,
    StoreThrottledError,
    StoreUnavailableError,
    UpstreamError,
)
from hooklog.logs import LogKind
from hooklog.logs.listing import Page
from hooklog.records.counts import Counts
from hooklog.records.pacing import Brake
from hooklog.records.rows import Row, Write
from hooklog.records.store import Conflict
from hooklog.sweep.pacing import PacedLists
from hooklog.sweep.page_store import PageStore
from hooklog.sweep.tiers import Sweeper, Swept, tiers
from hooklog.sweep.walk import Checkpoint, Walker
from tests.limits import SWEEP_TIMEOUT
from tests.properties.faults import Effect, PortCall, faults
from tests.properties.invocation import Invocation
from tests.properties.world import World

_TIERS = tiers(timedelta(minutes=10), timedelta(hours=72))


class SweepInvocation(Invocation):
    """One sweep that is its own lists, table, producer and checkpoints."""

    faults = faults(
        {
            PortCall.PAGE: [Effect.REFUSED, Effect.LIMITED, Effect.STALE, Effect.OLDEST],
            PortCall.RESOURCES: [
                Effect.REFUSED,
                Effect.LIMITED,
                Effect.NOT_FOUND,
                Effect.STALE,
                Effect.OLDEST,
            ],
            PortCall.READ: [Effect.REFUSED, Effect.STALE],
            PortCall.WRITE: [Effect.REFUSED, Effect.UNANSWERED],
            PortCall.SLEEP: [],
            PortCall.SEND: [Effect.REFUSED, Effect.UNANSWERED],
            PortCall.SAVE: [],
            PortCall.EMIT: [],
        }
    )

    def __init__(self, world: World, skew: timedelta) -> None:
        """Start a sweep."""
        #: What it found and did.
        self.swept: Sequence[Swept] = []
        #: True start of the request for the page that shows a log, by key.
        self._fetched_at: dict[str, datetime] = {}
        super().__init__(world, skew, SWEEP_TIMEOUT)

    def work(self) -> None:
        """Sweep at the pace that all functions share."""
        lists = PacedLists(
            lists=self,
            table=self,
            brake=Brake(self, moment=lambda: self.clock().timestamp()),
            sleep=self.sleep,
        )
        walker = Walker(
            listing=lists,
            table=self,
            store=PageStore(resources=lists, table=self, catalogue=CATALOGUE),
            producer=self,
            clock=self.clock,
            sleep=self.sleep,
            publish=self.publish,
            allowed=lists.allowed,
        )
        sweeper = Sweeper(walker=walker, checkpoints=self, tiers=_TIERS, clock=self.clock)
        self.swept = sweeper.sweep(self.time_left)

    def publish(self, _: LogKind, counts: Counts) -> None:
        """Add to the metrics what a page stored."""
        self.pause_at(PortCall.EMIT)
        self.world.count(counts, self)

    def sleep(self, seconds: float) -> None:
        """Let time pass, for the other functions, too."""
        if seconds:
            self.pause_at(PortCall.SLEEP)
            self.world.clock.advance(seconds=seconds)

    def page(
        self,
        kind: LogKind,
        start: datetime,
        end: datetime,
        page: str | None,
        time_left: float,  # noqa: ARG002 - the listing's signature
    ) -> Page:
        """Fetch a page of logs; a list may show an earlier state."""
        began_at, began_truly_at = self.clock(), self.world.clock()
        effect = self._ask(PortCall.PAGE)
        logs, following = self.world.space.page(kind, start, end, page, effect)
        self._fetched_at |= {kind.key(str(log["id"])): began_truly_at for log in logs}
        return Page(logs, following, began_at)

    def resources(
        self,
        path: str,  # noqa: ARG002 - the lists' signature
        start: datetime,
        end: datetime,
        page: str | None,
        time_left: float,  # noqa: ARG002
    ) -> Page:
        """Fetch a page of fax resources; a list may lack one, or show an earlier state."""
        assert page is None, "a page was requested that does not exist"
        began_at, effect = self.clock(), self._ask(PortCall.RESOURCES)
        if effect is Effect.NOT_FOUND:
            return Page([], None, began_at)
        return Page(self.world.space.resources(start, end, effect), None, began_at)

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Read rows; only a consistent read is sure to show the latest writes."""
        effect = self.pause_at(PortCall.READ)
        if effect is Effect.REFUSED:
            raise StoreThrottledError
        return self.world.table.read(keys, is_stale=effect is Effect.STALE and not consistent)

    def write(self, writes: Sequence[Write]) -> Mapping[str, Conflict | StoreError | None]:
        """Write one row after the other; other functions may write in between."""
        return {write.key: self._write(write) for write in writes}

    def send_all(self, bodies: Sequence[str]) -> None:
        """Send messages; a failed call may have sent some of them."""
        effect = self.pause_at(PortCall.SEND)
        for body in bodies[: len(bodies) // 2] if effect is Effect.REFUSED else bodies:
            self.world.queue.send(body)
        if effect is not Effect.SUCCESS:
            raise QueueUnavailableError

    def load(self, kind: LogKind, tier: str) -> Checkpoint | None:
        """Return the checkpoint."""
        return self.world.checkpoints.get((kind, tier))

    def save(self, kind: LogKind, tier: str, checkpoint: Checkpoint) -> None:
        """Save the checkpoint."""
        self.pause_at(PortCall.SAVE)
        self.world.checkpoints[kind, tier] = checkpoint

    def _ask(self, call: PortCall) -> Effect:
        """Send a request for a page.

        Raises:
            FetchError: there is no answer.

        """
        match self.pause_at(call):
            case Effect.REFUSED:
                raise UpstreamError
            case Effect.LIMITED:
                raise RateLimitedError
            case effect:
                return effect

    def _write(self, write: Write) -> Conflict | StoreError | None:
        effect = self.pause_at(PortCall.WRITE)
        if effect is Effect.REFUSED:
            return StoreThrottledError()
        if lost := self.world.table.write(write, self._fetched_at.get(write.key)):
            return lost
        self.world.note_stored(write, self, is_known=effect is not Effect.UNANSWERED)
        return StoreUnavailableError() if effect is Effect.UNANSWERED else None
