"""The plan of a run: the logs of a space, their faults, and the messages about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from random import Random
from typing import Self

from hooklog.queue_messages import Origin, message_body
from local.load.faults import FaultCase
from local.space import LOG_TYPES, Log, Space, generate

_SEED = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run will do.

    Attributes:
        space: the logs, half faxes, half messages.
        faults: of some logs, by the key of the log's row.
        bodies: the messages in the order of sending, one per log and the duplicates among them.

    """

    space: Space
    faults: Mapping[str, FaultCase]
    bodies: Sequence[str]

    @classmethod
    def make(
        cls,
        count: int,
        now: datetime,
        *,
        cases: Sequence[FaultCase],
        faulty: float,
        duplicated: float,
    ) -> Self:
        """Draw a plan; the same arguments give the same plan.

        Args:
            count: number of logs, at least one.
            now: the newest possible creation time of a log.
            cases: the faults, which are spread evenly over the faulty logs.
            faulty: share of the logs that have a fault, 0 to 1.
            duplicated: share of the logs that two messages are about, 0 to 1.

        """
        space = generate(_SEED, count // 2, count - count // 2, now)
        rng = Random(_SEED)  # noqa: S311 - not for secrets
        by_key = logs(space)
        keys = list(by_key)
        faulty_keys = rng.sample(keys, round(count * faulty))
        named = [*keys, *rng.sample(keys, round(count * duplicated))]
        rng.shuffle(named)
        return cls(
            space=space,
            faults=dict(zip(faulty_keys, cycle(cases), strict=False)),
            bodies=[_body(key) for key in named],
        )


def logs(space: Space) -> dict[str, Log]:
    """Return the logs of a space, by the key of their rows."""
    return {
        f"{log_type}#{log_id}": log
        for log_type in LOG_TYPES
        for log_id, log in space.logs(log_type).items()
    }


def _body(key: str) -> str:
    log_type, _, log_id = key.partition("#")
    return message_body(log_type=log_type, log_id=log_id, origin=Origin.MANUAL)
