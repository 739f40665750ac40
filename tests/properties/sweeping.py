"""Invocations of the sweep function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

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
from hooklog.records.pacing import Brake
from hooklog.records.rows import PACE_KEY, Row, Write
from hooklog.records.store import Conflict
from hooklog.sweep.pacing import PacedListing
from hooklog.sweep.walk import Checkpoint, Sweeper, WalkResult
from tests.properties.function import Function
from tests.properties.mishaps import Luck, Seam, mishaps
from tests.properties.world import World

#: As in the template.
_TIMEOUT = timedelta(seconds=900)


class Sweeping(Function):
    """One sweep that is its own listing, table, producer and checkpoints."""

    mishaps = mishaps(
        {
            Seam.PAGE: [Luck.REFUSED, Luck.UNANSWERED],
            Seam.READ: [Luck.REFUSED, Luck.BEHIND],
            Seam.WRITE: [Luck.REFUSED, Luck.UNANSWERED],
            Seam.SLEEP: [],
            Seam.SEND: [Luck.REFUSED, Luck.UNANSWERED],
            Seam.KEEP: [],
        }
    )

    def __init__(self, world: World, skew: timedelta) -> None:
        """Start a sweep."""
        #: What it found, by the kind of log.
        self.results: Mapping[str, WalkResult] = {}
        super().__init__(world, skew, _TIMEOUT)

    def work(self) -> None:
        """Sweep at the pace that all functions share."""
        listing = PacedListing(
            listing=self,
            table=self,
            brake=Brake(self, moment=lambda: self.clock().timestamp()),
            sleep=self.sleep,
        )
        self.results = Sweeper(
            listing=listing,
            table=self,
            producer=self,
            clock=self.clock,
            sleep=self.sleep,
            allowed=listing.allowed,
        ).sweep(self, self.time_left)

    def sleep(self, seconds: float) -> None:
        """Let time pass, for the other functions, too."""
        if seconds:
            self.meet(Seam.SLEEP)
            self.world.clock.advance(seconds=seconds)

    def page(
        self,
        kind: LogKind,
        start: datetime,
        end: datetime,
        page: str | None,
        time_left: float,  # noqa: ARG002 - the listing's signature
    ) -> Page:
        """Fetch a page."""
        match self.meet(Seam.PAGE):
            case Luck.REFUSED:
                raise UpstreamError
            case Luck.UNANSWERED:
                raise RateLimitedError
        return self.world.space.page(kind, start, end, page)

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Read rows; only a consistent read is sure to show the latest writes."""
        luck = self.meet(Seam.READ)
        if luck is Luck.REFUSED:
            raise StoreThrottledError
        return self.world.table.read(keys, behind=luck is Luck.BEHIND and not consistent)

    def write(self, writes: Sequence[Write]) -> Mapping[str, Conflict | StoreError | None]:
        """Write the pace; a sweep writes no other row."""
        (write,) = writes
        assert write.key == PACE_KEY, "a sweep wrote a log"
        luck = self.meet(Seam.WRITE)
        if luck is Luck.REFUSED:
            return {PACE_KEY: StoreThrottledError()}
        if lost := self.world.table.write(write, None):
            return {PACE_KEY: lost}
        return {PACE_KEY: StoreUnavailableError() if luck is Luck.UNANSWERED else None}

    def send_all(self, bodies: Sequence[str]) -> None:
        """Send messages; a failed call may have sent some of them."""
        luck = self.meet(Seam.SEND)
        for body in bodies[: len(bodies) // 2] if luck is Luck.REFUSED else bodies:
            self.world.queue.send(body)
        if luck is not Luck.FINE:
            raise QueueUnavailableError

    def load(self, kind: LogKind) -> Checkpoint | None:
        """Return the checkpoint."""
        return self.world.checkpoints.get(kind)

    def save(self, kind: LogKind, checkpoint: Checkpoint) -> None:
        """Save the checkpoint."""
        self.meet(Seam.KEEP)
        self.world.checkpoints[kind] = checkpoint
