"""A discrete simulation of the queue, its consumers, and an API with a limit.

Time passes in batches: each consumer takes up to a hundred messages, is busy for as long as a batch
was measured to take, and comes back. All requests of a batch go out at once; one beyond the API's
limit is a 429, and goes back to the queue for as long as hooklog's own backoff says, or is parked
when hooklog's own number of attempts is used up. That a function asks for fewer at once after a 429
is left out. Messages move in blocks of ten, which all
have the same fate: one by one, a burst of a million takes minutes to compute and ends alike.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hooklog.enrich.retry import Backoff
from hooklog.errors import RateLimitedError

_BLOCK = 10
_BATCH = 100 // _BLOCK
#: Lambda starts with this many concurrent batches of an SQS queue, and adds so many a minute.
_FIRST_CONSUMERS = 5
_MORE_A_MINUTE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a deployment meets.

    Attributes:
        messages: on the queue at the start.
        concurrency: batches at the same time, at most (``MaximumConcurrency``).
        api_per_second: requests that SignalWire answers; the next one gets a 429.
        batch_seconds: of a batch of so many fetched logs, as measured.
        seed: of all that is random.

    """

    messages: int
    concurrency: int
    api_per_second: float
    batch_seconds: Callable[[int], float]
    seed: int = 7


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        stored: messages whose log was stored.
        parked: messages whose attempts were used up.
        refused: requests that got a 429.
        batches: invocations.
        seconds: until the last message was stored or parked.
        left: messages that were neither, by second: the queue's way down, a point a batch.

    """

    stored: int = 0
    parked: int = 0
    refused: int = 0
    batches: int = 0
    seconds: float = 0.0
    left: list[tuple[float, int]] = field(default_factory=list)


class _Bucket:
    """The API's limit: so many requests a second, and a second's worth at once."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second / _BLOCK
        self._tokens = self._per_second
        self._at = 0.0

    def take(self, wanted: int, now: float) -> int:
        """Give as many blocks as there are, up to those wanted."""
        self._tokens = min(self._per_second, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        given = min(wanted, int(self._tokens))
        self._tokens -= given
        return given


def drain(world: World, backoff: Backoff | None = None) -> Outcome:
    """Let the consumers work until the queue is empty."""
    policy = backoff or Backoff()
    chance = random.Random(world.seed)  # noqa: S311 - a simulation, and repeatable
    bucket = _Bucket(world.api_per_second)
    outcome = Outcome()
    # Attempts so far of those that wait, and of those hidden until a moment.
    ready: deque[int] = deque([0] * (world.messages // _BLOCK))
    hidden: list[tuple[float, int]] = []
    consumers = [(_begins_at(number), number) for number in range(world.concurrency)]
    heapq.heapify(consumers)
    while ready or hidden:
        now, number = heapq.heappop(consumers)
        while hidden and hidden[0][0] <= now:
            ready.append(heapq.heappop(hidden)[1])
        if not ready:
            # Nothing to do until the next message comes back.
            heapq.heappush(consumers, (max(hidden[0][0], now), number))
            continue
        batch = [ready.popleft() + 1 for _ in range(min(_BATCH, len(ready)))]
        answered = bucket.take(len(batch), now)
        took = world.batch_seconds(answered * _BLOCK)
        outcome.batches += 1
        outcome.stored += answered * _BLOCK
        for attempt in batch[answered:]:
            if attempt >= RateLimitedError.max_attempts:
                outcome.parked += _BLOCK
            else:
                wait = policy.delay(attempt, jitter=chance.random())
                heapq.heappush(hidden, (now + took + wait, attempt))
        outcome.refused += (len(batch) - answered) * _BLOCK
        outcome.seconds = max(outcome.seconds, now + took)
        outcome.left.append((now + took, world.messages - outcome.stored - outcome.parked))
        heapq.heappush(consumers, (now + took, number))
    return outcome


def _begins_at(number: int) -> float:
    """Give the second at which Lambda adds this consumer."""
    return max(0.0, (number - _FIRST_CONSUMERS + 1) * 60.0 / _MORE_A_MINUTE)
