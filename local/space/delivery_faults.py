"""Faults in the delivery of callbacks, planned beforehand: the same seed plans the same faults.

They never change the logs: a status is reached whether or not its callback arrives.
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
class StatusChange:
    """The API shows a log's next status, `at_s` seconds after the send began.

    `resource` holds the fields in which the fax resource then contradicts the log, if it does.
    """

    at_s: float
    log_type: LogType
    log: Log
    resource: Log | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A callback is sent, not before `at_s`; `is_repeat` marks the second one of a pair."""

    at_s: float
    callback: Callback
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class DeliveryFaults:
    """What goes wrong with callbacks.

    - `drop`: the share that is never sent.
    - `silent`: the share of the faxes which contradict their logs whose last callback is never
      sent, so that only the fax resource tells the failure.
    - `repeat`: the share of the others that is sent a second time.
    - `reorder`: whether a callback may be held back until any later status of its send. Otherwise
      callbacks arrive in order, each repeat directly after the first.
    - `delay_s`: the least and the most seconds between a status and its callback.

    Raises ValueError, with a sentence that names the field, for an invalid value.
    """

    drop: float = 0.0
    repeat: float = 0.0
    reorder: bool = False
    delay_s: tuple[float, float] = (0.0, 0.0)
    seed: int = 0
    silent: float = 0.0

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        shares = (("drop", self.drop), ("repeat", self.repeat), ("silent", self.silent))
        for name, share in shares:
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be a share from 0 to 1, not {share}")
        least, most = self.delay_s
        if not 0 <= least <= most < float("inf"):
            raise ValueError(f"delay_s must be two seconds, the lesser first, not {self.delay_s}")

    def timeline(self, send: Send, step_s: float = 0.0) -> tuple[StatusChange | Delivery, ...]:
        """Return the events of a send in order, with its statuses `step_s` seconds apart.

        A callback never precedes its status.
        """
        rng = Random(f"{self.seed} {send.sid}")  # noqa: S311 - not for secrets
        # Each event has its time, the status that it follows, and its rank among several there.
        events: list[tuple[float, int, float, StatusChange | Delivery]] = []
        earliest = 0.0
        last = len(send.steps) - 1 if self._silences(send) else None
        for index, step in enumerate(send.steps):
            change = StatusChange(index * step_s, send.log_type, step.log, step.resource)
            events.append((change.at_s, index, 0.0, change))
            if step.callback is None or rng.random() < self.drop or index == last:
                continue
            for is_repeat in (False, True) if rng.random() < self.repeat else (False,):
                after, rank = index, 1.0
                if self.reorder:
                    after, rank = rng.randrange(index, len(send.steps)), 1 + rng.random()
                at_s = after * step_s + rng.uniform(*self.delay_s)
                if not self.reorder:
                    at_s = earliest = max(earliest, at_s)
                events.append((at_s, after, rank, Delivery(at_s, step.callback, is_repeat)))
        # The sort is stable, so equal events keep their order.
        return tuple(event for *_, event in sorted(events, key=itemgetter(0, 1, 2)))

    def _silences(self, send: Send) -> bool:
        if send.log_type != "fax" or not send.contradicts:
            return False
        return Random(f"{self.seed} silent {send.sid}").random() < self.silent  # noqa: S311


NO_DELIVERY_FAULTS = DeliveryFaults()
