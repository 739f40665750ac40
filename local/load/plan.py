"""What a run is made of: the logs of a space, their faults, and the messages about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from random import Random
from typing import Self

from hooklog.queue_messages import Origin, message_body
from local.load.faults import Trouble
from local.space import LOG_TYPES, Log, Space, generate

_SEED = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run before it begins.

    Attributes:
        space: holds the logs, half faxes, half messages.
        troubles: what goes wrong, by the key of the log's row.
        bodies: the messages in the order they are sent, one a log and the duplicates among them.

    """

    space: Space
    troubles: Mapping[str, Trouble]
    bodies: Sequence[str]

    @classmethod
    def make(
        cls,
        count: int,
        now: datetime,
        *,
        kinds: Sequence[Trouble],
        faulty: float,
        repeated: float,
    ) -> Self:
        """Draw a run; the same arguments give the same one.

        Args:
            count: logs, at least one.
            now: up to when the logs were created.
            kinds: of faults, each of which befalls as many logs as any other.
            faulty: share of the logs that a fault befalls, 0 to 1.
            repeated: share of the logs about which there are two messages, 0 to 1.

        """
        space = generate(_SEED, count // 2, count - count // 2, now)
        rng = Random(_SEED)  # noqa: S311 - not for secrets
        by_key = logs(space)
        keys = list(by_key)
        unlucky = rng.sample(keys, round(count * faulty))
        named = [*keys, *rng.sample(keys, round(count * repeated))]
        rng.shuffle(named)
        return cls(
            space=space,
            troubles=dict(zip(unlucky, cycle(kinds), strict=False)),
            bodies=[_body(key) for key in named],
        )


def logs(space: Space) -> dict[str, Log]:
    """Give the logs of a space, by the key of the row that each has to have."""
    return {
        f"{log_type}#{log_id}": log
        for log_type in LOG_TYPES
        for log_id, log in space.logs(log_type).items()
    }


def _body(key: str) -> str:
    log_type, _, log_id = key.partition("#")
    return message_body(log_type=log_type, log_id=log_id, origin=Origin.MANUAL)
