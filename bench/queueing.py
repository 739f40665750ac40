"""A discrete simulation of the queue, its consumers, the shared pace, and an API with a limit.

::

    queue ──receive──▶ batch gathers ──full, or window over──▶ grant ──▶ requests ──▶ API
      ▲                                                          │ no slot, 429, failed
      └────────────── hidden until its turn ◀────────────────────┘

The pace is hooklog's own (`hooklog.pace`). In one point the simulation is kinder than AWS: reading
and writing the pace takes no time and never meets another writer.

Two things are coarse, so that a million messages take seconds: messages that were hidden return
every tenth of a second, and a burst may send its requests in small groups (``Burst.group``). Groups
of 11 instead of single requests change the time to drain by less than a hundredth; an API that
counts open requests needs single ones.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Final, NamedTuple, Protocol

from hooklog.pace import MOST_IN_FLIGHT, Depth, Experience, Pace

type Limit = Callable[[float], float]

#: Messages per call of SQS.
_PER_CALL: Final = 10
#: Lambda starts with this many concurrent batches of an SQS queue, and adds this many per minute.
_FIRST_CONSUMERS: Final = 5
_MORE_PER_MINUTE: Final = 300
#: Seconds until a batch has read the pace, with its rows; and of one call that hides messages.
_READS: Final = 0.03
_HIDES: Final = 0.01
#: Seconds from the last answer to the end of a batch: its writes.
_STORES: Final = 0.06
#: Failures after which a batch sends no more, if they are most of the answers.
_OUTAGE: Final = 3
#: Messages that return within such a part of a second return together.
_TICKS: Final = 10


class Api(Protocol):
    """A limit of requests."""

    def take(self, wanted: int, now: float) -> int:
        """Return how many of the requests sent at this moment are answered; the rest get 429."""


class TokenBucket:
    """So many requests per second, with bursts of a second's worth."""

    def __init__(self, limit: Limit) -> None:
        """Begin with a second's worth."""
        self._limit = limit
        self._tokens = limit(0.0)
        self._at = 0.0

    def take(self, wanted: int, now: float) -> int:
        """Answer as many as there are tokens."""
        per_second = self._limit(now)
        self._tokens = min(per_second, self._tokens + (now - self._at) * per_second)
        self._at = now
        taken = min(wanted, int(self._tokens))
        self._tokens -= taken
        return taken


class FixedWindow:
    """So many requests in each second of the clock; refused ones count."""

    def __init__(self, limit: Limit) -> None:
        """Begin before the first second."""
        self._limit = limit
        self._second = -1
        self._sent = 0

    def take(self, wanted: int, now: float) -> int:
        """Answer as many as are left in this second."""
        if int(now) != self._second:
            self._second, self._sent = int(now), 0
        left = max(0, int(self._limit(now)) - self._sent)
        self._sent += wanted
        return min(wanted, left)


class OpenRequests:
    """So many requests at the same time."""

    def __init__(self, limit: Limit, answer_seconds: float) -> None:
        """Begin with no open request."""
        self._limit = limit
        self._seconds = answer_seconds
        self._ends: deque[float] = deque()

    def take(self, wanted: int, now: float) -> int:
        """Answer as many as may be open."""
        while self._ends and self._ends[0] <= now:
            self._ends.popleft()
        taken = max(0, min(wanted, int(self._limit(now)) - len(self._ends)))
        self._ends.extend(repeat(now + self._seconds, taken))
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Messages that arrive evenly.

    Attributes:
        per_second: how many.
        until: the second in which the last one arrives.
        are_watched: whether the outcome tells how long they waited.

    """

    per_second: float
    until: float
    are_watched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """A burst, the deployment that processes it, and what goes wrong meanwhile.

    Attributes:
        messages: on the queue at the start.
        concurrency: largest number of concurrent batches (``MaximumConcurrency``).
        batch_size: messages of a full batch.
        batch_seconds: duration of a batch by its number of fetched logs, as measured.
        api: returns a new API with its limit.
        arrivals: messages that come later.
        window_seconds: how long a batch gathers.
        answer_seconds: of one request.
        is_fair: whether batches gather in turn, ten messages each time; else the first gets all.
        clocks: seconds by which a consumer's clock is ahead, by its number.
        stale_seconds: how old the queue's counts may be.
        outage: seconds at which the API stops answering and answers again.
        late_seconds: by how much a message may return too late, at random.
        group: requests that are sent at the same time.
        seed: of the random numbers.

    """

    messages: int
    concurrency: int
    batch_size: int
    batch_seconds: Callable[[int], float]
    api: Callable[[], Api]
    arrivals: Sequence[Arrivals] = ()
    window_seconds: float = 2.0
    answer_seconds: float = 0.1
    is_fair: bool = False
    clocks: Mapping[int, float] = field(default_factory=dict)
    stale_seconds: float = 0.0
    outage: tuple[float, float] = (math.inf, math.inf)
    late_seconds: float = 0.0
    group: int = 1
    seed: int = 7


@dataclass(slots=True)
class Outcome:
    """How a burst ended.

    Attributes:
        done: messages whose request was answered.
        refused: requests that got a 429.
        failed: requests that were sent during the outage.
        batches: invocations.
        received: messages that were received, again or for the first time.
        busy_seconds: of all batches.
        seconds: until the last batch ended.
        most_in_flight: messages that were received or hidden at the same time.
        most_received: how often one message was received at most.
        queue_calls: requests to SQS.
        writes: of the pace's item.
        waits: seconds that the watched messages waited.

    """

    done: int = 0
    refused: int = 0
    failed: int = 0
    batches: int = 0
    received: int = 0
    busy_seconds: float = 0.0
    seconds: float = 0.0
    most_in_flight: int = 0
    most_received: int = 0
    queue_calls: int = 0
    writes: int = 0
    waits: list[float] = field(default_factory=list)


class _Alike(NamedTuple):
    """Messages with the same past: how often they were received, and when they arrived."""

    size: int
    received: int = 0
    #: None if nobody watches how long they wait.
    arrived: float | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class _Batch:
    """A batch that a consumer gathers or processes; moments are seconds of the simulation."""

    consumer: int
    messages: list[_Alike] = field(default_factory=list)
    size: int = 0
    began: float = 0.0
    asked: float = 0.0
    #: Requests that may be sent, and those that still have to be.
    granted: int = 0
    left: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    is_stopped: bool = False


def drain(burst: Burst) -> Outcome:
    """Process a burst until the queue is empty."""
    return _Simulation(burst).run()


class _Simulation:
    """The queue, the consumers and the pace, moved on from one event to the next."""

    def __init__(self, burst: Burst) -> None:
        self._burst = burst
        self._api = burst.api()
        self._pace = Pace()
        self._outcome = Outcome()
        self._now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._chance = random.Random(burst.seed)  # noqa: S311 - a simulation, and repeatable
        # The queue.
        self._queue = deque([_Alike(burst.messages)] if burst.messages else ())
        self._visible, self._in_flight, self._expected = burst.messages, 0, 0
        self._hidden: dict[int, Counter[tuple[int, float | None]]] = {}
        self._depth, self._depth_at = Depth(visible=burst.messages), 0.0
        self._gathering: deque[_Batch] = deque()

    def run(self) -> Outcome:
        """Process all messages."""
        for number in range(self._burst.concurrency):
            # Lambda adds one after the other.
            starts = max(0.0, (number - _FIRST_CONSUMERS + 1) * 60.0 / _MORE_PER_MINUTE)
            self._later(starts, partial(self._poll, number))
        for arrivals in self._burst.arrivals:
            self._expected += int(arrivals.per_second * arrivals.until)
            self._later(0.0, partial(self._arrive, arrivals, 0))
        while self._visible or self._in_flight or self._expected:
            self._now, _, act = heapq.heappop(self._events)
            act()
        return self._outcome

    def _later(self, moment: float, act: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._events, (moment, self._order, act))

    # The queue

    def _arrive(self, arrivals: Arrivals, before: int) -> None:
        """Put what arrived since the last tick on the queue."""
        count = int(arrivals.per_second * min(self._now, arrivals.until)) - before
        if count:
            arrived = self._now if arrivals.are_watched else None
            self._queue.append(_Alike(count, 0, arrived))
            self._visible += count
            self._expected -= count
            self._deliver()
        if self._now < arrivals.until:
            self._later(self._now + 1 / _TICKS, partial(self._arrive, arrivals, before + count))

    def _poll(self, consumer: int) -> None:
        self._gathering.append(_Batch(consumer=consumer))
        self._deliver()

    def _deliver(self) -> None:
        """Give visible messages to those who gather."""
        burst, outcome = self._burst, self._outcome
        while self._gathering:
            count = min(self._visible, MOST_IN_FLIGHT - self._in_flight)
            if not count:
                return
            batch = self._gathering.popleft()
            if not batch.size:
                self._later(self._now + burst.window_seconds, partial(self._close, batch))
            count = min(count, burst.batch_size - batch.size, _PER_CALL if burst.is_fair else count)
            batch.messages += self._received(count)
            batch.size += count
            self._visible -= count
            self._in_flight += count
            outcome.received += count
            outcome.queue_calls += math.ceil(count / _PER_CALL)
            outcome.most_in_flight = max(outcome.most_in_flight, self._in_flight)
            if batch.size == burst.batch_size:
                self._begin(batch)
            elif burst.is_fair:
                self._gathering.append(batch)
            else:
                self._gathering.appendleft(batch)

    def _close(self, batch: _Batch) -> None:
        """End a batch's window; one that began full is no longer there."""
        if batch in self._gathering:
            self._gathering.remove(batch)
            self._begin(batch)

    def _received(self, count: int) -> Iterator[_Alike]:
        while count:
            first = self._queue.popleft()
            taken = min(count, first.size)
            if taken < first.size:
                self._queue.appendleft(_Alike(first.size - taken, first.received, first.arrived))
            count -= taken
            received = first.received + 1
            self._outcome.most_received = max(self._outcome.most_received, received)
            yield _Alike(taken, received, first.arrived)

    def _hide(self, messages: Sequence[_Alike], waits: Sequence[float]) -> None:
        """Hide each message for its wait, in whole seconds as SQS wants them."""
        now, first = math.ceil(self._now * _TICKS), 0
        for one in messages:
            turns = Counter(map(math.ceil, waits[first : first + one.size]))
            first += one.size
            alike = one.received, one.arrived
            for seconds, count in turns.items():
                tick = now + seconds * _TICKS + self._lateness()
                if tick not in self._hidden:
                    self._hidden[tick] = Counter()
                    self._later(tick / _TICKS, partial(self._return, tick))
                self._hidden[tick][alike] += count

    def _lateness(self) -> int:
        """Return by how many ticks messages come back too late."""
        most = self._burst.late_seconds
        return self._chance.randint(0, int(most * _TICKS)) if most else 0

    def _return(self, tick: int) -> None:
        messages = self._hidden.pop(tick)
        count = messages.total()
        self._queue.extend(_Alike(many, *alike) for alike, many in messages.items())
        self._in_flight -= count
        self._visible += count
        self._deliver()

    # The consumers

    def _begin(self, batch: _Batch) -> None:
        batch.began = self._now
        self._outcome.batches += 1
        self._later(self._now + _READS, partial(self._ask, batch))

    def _clock(self, batch: _Batch) -> float:
        return self._now + self._burst.clocks.get(batch.consumer, 0.0)

    def _keep(self, pace: Pace) -> None:
        """Write the pace if it changed."""
        if pace != self._pace:
            self._pace = pace
            self._outcome.writes += 1

    def _ask(self, batch: _Batch) -> None:
        """Let the pace grant a batch its requests, and send them."""
        batch.asked = self._clock(batch)
        pace, grant = self._pace.grant(batch.size, batch.asked)
        self._keep(pace)
        # The young ones, such as those that are watched, come first.
        batch.messages.sort(key=lambda one: one.arrived is None)
        batch.granted = batch.left = grant.requests
        if not grant.requests:
            self._end(batch)
            return
        group = self._burst.group if grant.gap else grant.requests
        for first in range(0, grant.requests, group):
            moment = self._now + grant.wait + first * grant.gap
            count = min(group, grant.requests - first)
            self._later(moment, partial(self._send, batch, count))

    def _send(self, batch: _Batch, count: int) -> None:
        if batch.is_stopped:
            return
        batch.left -= count
        begins, ends = self._burst.outage
        if begins <= self._now < ends:
            batch.failed += count
        else:
            answered = self._api.take(count, self._now)
            batch.answered += answered
            batch.refused += count - answered
        answer_at = self._now + self._burst.answer_seconds
        if not batch.left:
            self._later(answer_at, partial(self._answered, batch))
        elif batch.refused or _OUTAGE <= batch.failed > batch.answered:
            self._later(answer_at, partial(self._stop, batch))

    def _stop(self, batch: _Batch) -> None:
        """Send no more after a 429 or an outage, and wait for the answers under way."""
        if not batch.is_stopped and batch.left:
            batch.is_stopped = True
            answer_at = self._now + self._burst.answer_seconds
            self._later(answer_at, partial(self._answered, batch))

    def _answered(self, batch: _Batch) -> None:
        """Tell the pace, and store what was answered."""
        self._outcome.refused += batch.refused
        self._outcome.failed += batch.failed
        seen = Experience(
            began_at=batch.asked,
            answered=batch.answered,
            refused=batch.refused,
            failed=batch.failed,
            # Each message is about another log.
            failed_keys=frozenset(f"{batch.asked} {number}" for number in range(batch.failed)),
            code="fetch.upstream" if batch.failed else "",
        )
        self._keep(self._pace.learned(seen, self._clock(batch)))
        ends = max(self._now + _STORES, batch.began + self._burst.batch_seconds(batch.answered))
        self._later(ends, partial(self._end, batch))

    def _end(self, batch: _Batch) -> None:
        """Delete what was stored, hide the rest, and poll again."""
        outcome = self._outcome
        back = batch.size - batch.answered
        outcome.done += batch.answered
        self._in_flight -= batch.answered
        outcome.queue_calls += math.ceil(batch.answered / _PER_CALL)
        if back:
            calls = math.ceil(back / _PER_CALL)
            # One more call counts the queue.
            outcome.queue_calls += calls + (not batch.granted and self._pace.outage is None)
            waits = self._pace.waits(
                back, self._clock(batch), self._counted(), is_served=batch.granted > 0
            )
            self._hide(self._settled(batch), waits)
            self._later(self._now + calls * _HIDES, partial(self._finish, batch))
        else:
            self._settled(batch)
            self._finish(batch)

    def _settled(self, batch: _Batch) -> list[_Alike]:
        """Return the messages that were not answered; the first ones were."""
        left, back = batch.answered, []
        for one in batch.messages:
            stored = min(left, one.size)
            left -= stored
            if stored and one.arrived is not None:
                self._outcome.waits += repeat(self._now - one.arrived, stored)
            if stored < one.size:
                back.append(one._replace(size=one.size - stored))
        return back

    def _counted(self) -> Depth:
        """Return how deep the queue is, or was a while ago."""
        if self._now >= self._depth_at + self._burst.stale_seconds:
            self._depth = Depth(visible=self._visible, in_flight=self._in_flight)
            self._depth_at = self._now
        return self._depth

    def _finish(self, batch: _Batch) -> None:
        self._outcome.busy_seconds += self._now - batch.began
        self._outcome.seconds = self._now
        self._poll(batch.consumer)
