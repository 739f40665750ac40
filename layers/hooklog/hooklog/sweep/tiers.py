"""The sweep: compare each log a few times in its life, at ages at which it may have changed.

Each age is a tier with a checkpoint of its own. A run takes each tier from its watermark up to the
logs that have reached the age by now, so that each tier compares each log once, and every run has
the same part of the day's work::

    created            72 h ago        48 h ago        24 h ago     1 h 10 min    10 min     now
    ─────────────────────┼───────────────┼───────────────┼────────────┼────────────┼─────────▶
    this run compares  ▐█▌             ▐█▌             ▐█▌          ▐█▌          ▐█▌ settling
                        ▲               ▲               ▲            ▲            ▲
                        watermark of each tier: moves to the right edge when its period is done

The first tier waits a settling time, because young logs still wait for their callbacks.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from hooklog.clock import Clock, TimeLeft
from hooklog.errors import HistoryLimitError, StoreError
from hooklog.logs import KINDS, LogKind
from hooklog.sweep.walk import Checkpoint, Walker, WalkResult, whole_second

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The comparison of logs at one age.

    Attributes:
        name: part of the checkpoint's key, such as ``24h``; empty for the first tier.
        age: of the logs.

    """

    name: str
    age: timedelta

    @property
    def is_first(self) -> bool:
        """Whether it compares logs for the first time."""
        return not self.name


def tiers(settling: timedelta, oldest: timedelta) -> list[Tier]:
    """Return the tiers: after settling, an hour later, each whole day, and at the oldest age."""
    days = [count * _DAY for count in range(1, oldest // _DAY + 1)]
    later = {"1h": settling + _HOUR} | {f"{age / _HOUR:g}h": age for age in (*days, oldest)}
    first = Tier(name="", age=settling)
    return [
        first,
        *(Tier(name=name, age=age) for name, age in later.items() if settling < age <= oldest),
    ]


class Checkpoints(Protocol):
    """Where the sweep keeps its checkpoints."""

    def load(self, kind: LogKind, tier: str) -> Checkpoint | None:
        """Return the checkpoint of a tier; None before its first sweep."""

    def save(self, kind: LogKind, tier: str, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint of a tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a run did in one tier of one kind of log.

    Attributes:
        tier: the age.
        walk: through the tier's period.
        behind: how far the watermark is behind the logs that have reached the age.

    """

    tier: Tier
    walk: WalkResult
    behind: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """The sweep's parts, wired once per execution environment."""

    walker: Walker
    checkpoints: Checkpoints
    tiers: Sequence[Tier]
    clock: Clock

    def sweep(self, time_left: TimeLeft) -> list[Swept]:
        """Take each tier of each kind of log as far as the time allows.

        An error that stops one of them is in its result and does not stop the others.

        Raises:
            StoreError: the checkpoints cannot be read or begun.

        """
        now = whole_second(self.clock())
        begun = [
            (kind, tier, self._load(kind, tier, now))
            for kind in KINDS.values()
            for tier in self.tiers
        ]
        # Nothing waits longer than a log that was never compared. Of the others, the tier that is
        # furthest behind goes first, so that none starves; of equals, the young.
        begun.sort(key=lambda one: (not one[1].is_first, one[2].watermark + one[1].age, one[1].age))
        return [
            self._sweep(kind, tier, checkpoint, now, time_left) for kind, tier, checkpoint in begun
        ]

    def _sweep(
        self, kind: LogKind, tier: Tier, checkpoint: Checkpoint, now: datetime, time_left: TimeLeft
    ) -> Swept:
        goal = whole_second(now - tier.age)
        save = functools.partial(self.checkpoints.save, kind, tier.name)
        walk = self.walker.walk(kind, checkpoint, goal, time_left, save=save)
        if isinstance(walk.error, HistoryLimitError):
            # SignalWire no longer lists what the watermark asks for, and never will. The next runs
            # find where its history begins; the error reports the gap.
            behind = goal - walk.checkpoint.watermark
            middle = whole_second(walk.checkpoint.watermark + behind / 2 + timedelta(seconds=1))
            # Otherwise the next run meets the same.
            with contextlib.suppress(StoreError):
                save(Checkpoint(middle, middle))
        behind = max(timedelta(0), goal - walk.checkpoint.watermark)
        return Swept(tier=tier, walk=walk, behind=behind)

    def _load(self, kind: LogKind, tier: Tier, now: datetime) -> Checkpoint:
        """Return a tier's checkpoint, which is saved at once if it is the first."""
        checkpoint = self.checkpoints.load(kind, tier.name)
        if checkpoint is None:
            checkpoint = self._first(tier, now)
            self.checkpoints.save(kind, tier.name, checkpoint)
        return checkpoint

    def _first(self, tier: Tier, now: datetime) -> Checkpoint:
        """Return the checkpoint before a tier's first period.

        The first tier looks back as far as any; the others wait until logs reach their age.
        """
        watermark = now - (self.tiers[-1].age if tier.is_first else tier.age)
        return Checkpoint(watermark, watermark)
