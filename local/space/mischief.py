"""What goes wrong on the way of callbacks: decided beforehand, the same for the same seed.

The logs are never touched by it: what happened has happened, whoever hears of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.space.model import Log, LogType
    from local.space.payloads import Callback
    from local.space.sends import Send


@dataclass(frozen=True, slots=True)
class Move:
    """The API shows a log's next status, `at_s` seconds after the send began."""

    at_s: float
    log_type: LogType
    log: Log


@dataclass(frozen=True, slots=True)
class Delivery:
    """A callback goes out, not before `at_s`; `again` marks the extra one of a repeated one."""

    at_s: float
    callback: Callback
    again: bool


@dataclass(frozen=True, slots=True)
class Mischief:
    """How callbacks go astray.

    - `drop`: the share that is never sent.
    - `repeat`: the share of the others that is sent a second time.
    - `reorder`: whether each callback may be held back until any later status of its send.
      Without it they arrive in order, repeats directly behind their first.
    - `delay_s`: the least and the most seconds between a status and its callback.

    Raises ValueError, with a sentence that names the field, when a value does not fit.
    """

    drop: float = 0.0
    repeat: float = 0.0
    reorder: bool = False
    delay_s: tuple[float, float] = (0.0, 0.0)
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be done."""
        for name, share in (("drop", self.drop), ("repeat", self.repeat)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be a share from 0 to 1, not {share}")
        least, most = self.delay_s
        if not 0 <= least <= most < float("inf"):
            raise ValueError(f"delay_s must be two seconds, the lesser first, not {self.delay_s}")

    def timeline(self, send: Send, step_s: float = 0.0) -> tuple[Move | Delivery, ...]:
        """Give all that happens to a send whose statuses are `step_s` seconds apart, in order.

        A callback never comes before its status.
        """
        rng = Random(f"{self.seed} {send.sid}")  # noqa: S311 - not for secrets
        # When, after which status, and what of several there; then what.
        happenings: list[tuple[float, int, float, Move | Delivery]] = []
        earliest = 0.0
        for index, step in enumerate(send.steps):
            move = Move(index * step_s, send.log_type, step.log)
            happenings.append((move.at_s, index, 0.0, move))
            if step.callback is None or rng.random() < self.drop:
                continue
            for again in (False, True) if rng.random() < self.repeat else (False,):
                place, rank = index, 1.0
                if self.reorder:
                    place, rank = rng.randrange(index, len(send.steps)), 1 + rng.random()
                at_s = place * step_s + rng.uniform(*self.delay_s)
                if not self.reorder:
                    at_s = earliest = max(earliest, at_s)
                happenings.append((at_s, place, rank, Delivery(at_s, step.callback, again)))
        # The sort is stable, so in order means in order.
        return tuple(item for *_, item in sorted(happenings, key=itemgetter(0, 1, 2)))


NO_MISCHIEF = Mischief()
