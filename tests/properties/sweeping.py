"""Invocations of the sweep function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hooklog.errors import QueueUnavailableError, StoreThrottledError, UpstreamError
from hooklog.logs import LogKind
from hooklog.logs.listing import Page
from hooklog.records.rows import Row
from hooklog.sweep.walk import Checkpoint, Sweeper
from tests.properties.function import Function
from tests.properties.mishaps import Luck, Seam, mishaps
from tests.properties.world import World

#: As in the template.
_TIMEOUT = timedelta(seconds=900)


class Sweeping(Function):
    """One sweep that is its own listing, table, producer and checkpoints."""

    mishaps = mishaps(
        {
            Seam.PAGE: [Luck.REFUSED],
            Seam.READ: [Luck.REFUSED, Luck.BEHIND],
            Seam.SEND: [Luck.REFUSED, Luck.UNANSWERED],
            Seam.KEEP: [],
        }
    )

    def __init__(self, world: World, skew: timedelta) -> None:
        """Start a sweep."""
        super().__init__(world, skew, _TIMEOUT)

    def work(self) -> None:
        """Sweep."""
        Sweeper(
            listing=self, table=self, producer=self, clock=self.clock, sleep=lambda _: None
        ).sweep(self, self.time_left)

    def page(
        self,
        kind: LogKind,
        start: datetime,
        end: datetime,
        page: str | None,
        time_left: float,  # noqa: ARG002 - the listing's signature
    ) -> Page:
        """Fetch a page."""
        if self.meet(Seam.PAGE) is not Luck.FINE:
            raise UpstreamError
        return self.world.space.page(kind, start, end, page)

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Read rows; only a consistent read is sure to show the latest writes."""
        luck = self.meet(Seam.READ)
        if luck is Luck.REFUSED:
            raise StoreThrottledError
        return self.world.table.read(keys, behind=luck is Luck.BEHIND and not consistent)

    def write(self, writes: Sequence[object]) -> Mapping[str, None]:
        """Fail: a sweep writes no row."""
        raise AssertionError(writes)

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
