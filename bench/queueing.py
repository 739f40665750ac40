"""A discrete simulation of the queue, its consumers, and an API with a rate limit.

A consumer receives up to a hundred messages, is busy for as long as such a batch was measured to
take, and receives the next. All requests of a batch are sent at the same time. One beyond the API's
limit gets a 429: its message returns to the queue after hooklog's own backoff, or is parked once
hooklog's own attempts are used up. The simulation leaves out that a function sends fewer requests
at a time after a 429. Messages move in blocks of ten that share their fate: one by one, a burst of
a million takes minutes to compute, with the same result.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hooklog.enrich.retry import Backoff
from hooklog.errors import RateLimitedError

_BLOCK = 10
_BATCH = 100 // _BLOCK
#: Lambda starts with this many concurrent batches of an SQS queue, and adds this many per minute.
_FIRST_CONSUMERS = 5
_MORE_PER_MINUTE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """A burst, and the deployment that processes it.

    Attributes:
        messages: on the queue at the start.
        concurrency: largest number of concurrent batches (``MaximumConcurrency``).
        api_per_second: requests per second beyond which SignalWire answers 429.
        batch_seconds: duration of a batch by its number of fetched logs, as measured.
        seed: of all random numbers.

    """

    messages: int
    concurrency: int
    api_per_second: float
    batch_seconds: Callable[[int], float]
    seed: int = 7


@dataclass(slots=True)
class Outcome:
    """How a burst ended.

    Attributes:
        stored: messages whose log was stored.
        parked: messages whose attempts were used up.
        refused: requests that got a 429.
        batches: invocations.
        seconds: until the last message was stored or parked.

    """

    stored: int = 0
    parked: int = 0
    refused: int = 0
    batches: int = 0
    seconds: float = 0.0


class _TokenBucket:
    """The API's limit: requests per second, with bursts of one second's worth."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second / _BLOCK
        self._tokens = self._per_second
        self._at = 0.0

    def take(self, wanted: int, now: float) -> int:
        """Return the number of blocks that are answered, at most those wanted."""
        self._tokens = min(self._per_second, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        taken = min(wanted, int(self._tokens))
        self._tokens -= taken
        return taken


def drain(burst: Burst) -> Outcome:
    """Process a burst until the queue is empty."""
    backoff = Backoff()
    chance = random.Random(burst.seed)  # noqa: S311 - a simulation, and repeatable
    bucket = _TokenBucket(burst.api_per_second)
    outcome = Outcome()
    # Blocks as their attempts so far: those that wait, and those hidden until a moment.
    ready: deque[int] = deque([0] * (burst.messages // _BLOCK))
    hidden: list[tuple[float, int]] = []
    consumers = [(_starts_at(number), number) for number in range(burst.concurrency)]
    heapq.heapify(consumers)
    while ready or hidden:
        now, number = heapq.heappop(consumers)
        while hidden and hidden[0][0] <= now:
            ready.append(heapq.heappop(hidden)[1])
        if not ready:
            # Idle until the next message returns.
            heapq.heappush(consumers, (max(hidden[0][0], now), number))
            continue
        batch = [ready.popleft() + 1 for _ in range(min(_BATCH, len(ready)))]
        answered = bucket.take(len(batch), now)
        done = now + burst.batch_seconds(answered * _BLOCK)
        outcome.batches += 1
        outcome.stored += answered * _BLOCK
        for attempt in batch[answered:]:
            if attempt >= RateLimitedError.max_attempts:
                outcome.parked += _BLOCK
            else:
                wait = backoff.delay(attempt, jitter=chance.random())
                heapq.heappush(hidden, (done + wait, attempt))
        outcome.refused += (len(batch) - answered) * _BLOCK
        outcome.seconds = max(outcome.seconds, done)
        heapq.heappush(consumers, (done, number))
    return outcome


def _starts_at(number: int) -> float:
    """Return the second at which Lambda adds a consumer."""
    return max(0.0, (number - _FIRST_CONSUMERS + 1) * 60.0 / _MORE_PER_MINUTE)
