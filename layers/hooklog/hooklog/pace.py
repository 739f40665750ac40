"""How fast SignalWire may be asked: one policy, as a value that all instances share.

::

    no limit known ──429s──▶ search ──429s──▶ known, and tried again and again
          ▲               (1.5 a second)          │
          └──────── no 429 for half an hour ◀─────┘

            │ most requests fail
            ▼
    outage: one request at a time, rarely ──an answer──▶ as before

A limit is not known in advance, and it changes. So the rate is lowered by 429s, at most once a
round trip, and grows again as in CUBIC (RFC 9438), slowly near the rate that was too much and
faster far from it. That growth is a function of time alone: nothing has to be written for it.

::

    rate ▲         ╭─────── ceiling: met a 429
         │     ╭───╯                     ╭─ a limit that rose is found
         │ ╭───╯ search             ╭────╯
         │ │         0.9 ──╮╭───────╯
         └─┴───────────────┴┴──────────────▶ time

While a limit is known a batch reserves slots for its requests: the next free ones, at the rate's
distance. What finds no slot goes back to the queue. All moments are seconds since 1970 by the
table's clock, so that clocks which differ do no harm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

#: What a 429 leaves of the rate. If the rate is far too high, it leaves what was answered of the
#: batch, within bounds.
_LESS = 0.9
_MUCH_LESS, _LEAST = 0.8, 0.4
#: The curve flattens a little below the rate that was too much, and not far below an earlier one
#: if the rate is lowered again soon.
_FLAT, _STILL = 0.97, 0.7
#: So many 429s, each within so many seconds after the one before, come from the limit.
_ENOUGH, _WARNED = 3, 2.0
#: Seconds: a rate that was lowered so lately, and is still too high, is far too high.
_SOON = 5.0
#: Seconds in which a lower rate shows: 429s of batches that began earlier say nothing about it.
_ROUND_TRIP = 1.0
#: So often (seconds) it is looked whether so much of the rate is used; a higher one would not be
#: used otherwise. While the limit is searched, it is then raised by so much.
_STEP, _USED_UP, _MORE = 1.0, 0.7, 1.5
#: The search begins at what a batch got per second, or at this share of its requests per second.
_BEGIN = 0.25
#: Seconds: the time scale of CUBIC's curve.
_CURVE = 45.0
#: By how much a rate may exceed the last ceiling before a busy batch proves that it is allowed, and
#: by how much requests in slots that nobody took may exceed the rate.
_HIGHER = 1.25
#: A rate that exceeds the last ceiling by more is far too high.
_FAR_ABOVE = 1.2
#: Seconds by which no two clocks differ.
_SKEW = 60.0
#: Seconds without a 429 after which no limit is known any more.
_FORGOTTEN = 1800.0
#: Seconds: a batch that got its answers faster shows no higher rate for it.
_SHORTEST = 0.25
#: The lowest rate, and one that is no limit.
_LOWEST, _NO_LIMIT = 1.0, 1_000_000.0
#: Seconds that a batch waits for its first slot, at most; while the limit is searched it waits
#: longer, so that the slots are used. And seconds in which it sends its requests.
_FIRST_SLOT, _FIRST_FOUND, _SENDING = 0.3, 1.0, 1.0
#: Seconds of slots that nobody took, and that may be taken later.
_UNUSED = 0.1
#: Messages go back for so much of the time that the queue needs, so that no slot stays unused.
_SPREAD = 0.9
#: SQS delivers no more while this many messages are in flight; hidden ones count.
MOST_IN_FLIGHT = 120_000
#: One in so many that go back comes back before its turn, so that there is always one that can.
_EARLY = 10
#: Seconds that a message waits at most while the limit is searched, and later.
_SEARCHING, _LONGEST = 10.0, 3600.0
#: Seconds between two probes of an outage, at least and at most, as a share of how long it lasts.
_PROBE_FIRST, _PROBE_LAST, _PROBE_SHARE = 3.0, 60.0, 0.25
#: Seconds that a message waits for the end of an outage, at least and at most.
_OUTAGE_FIRST, _OUTAGE_LAST = 5.0, 21_600.0
#: The share of an announced allowance that is left when it begins to count.
_SCARCE = 0.25
#: Rates that differ by a smaller share are the same.
_ALIKE = 0.1
#: Requests: less is scarce if the whole allowance is not announced.
_FEW = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an answer's headers announce of the limit.

    Attributes:
        remaining: requests that are left.
        seconds: until there are more again.
        whole: requests in the whole period, if it is announced.

    """

    remaining: int
    seconds: float
    whole: int | None = None

    @property
    def rate(self) -> float:
        """Requests per second that use up what is left just in time."""
        return max(_LOWEST, self.remaining / max(self.seconds, 1.0))

    @property
    def is_scarce(self) -> bool:
        """Whether what is left may be too little for all instances."""
        few = _FEW if self.whole is None else self.whole * _SCARCE
        return self.remaining < few


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What a batch saw of SignalWire.

    Attributes:
        began_at: when its first request was sent.
        answered: requests that got an answer, also one such as 404.
        refused: requests that got a 429.
        failed: requests that got a 5xx, a refusal of the credentials, or no answer.
        failed_keys: of the logs that these were about.
        code: error code of one that failed.
        allowance: the scarcest that was announced.

    """

    began_at: float
    answered: int = 0
    refused: int = 0
    failed: int = 0
    failed_keys: frozenset[str] = frozenset()
    code: str = ""
    allowance: Allowance | None = None

    @property
    def is_outage(self) -> bool:
        """Whether most of the requests failed."""
        return self.failed > self.answered + self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a batch may send now.

    Attributes:
        requests: how many.
        wait: seconds until the first.
        gap: seconds between two.

    """

    requests: int
    wait: float = 0.0
    gap: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many messages are on the queue, approximately: visible, and in flight."""

    visible: int = 0
    in_flight: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast SignalWire may be asked.

    Attributes:
        known: requests per second that the deployment sets as the limit, if it does.
        rate: requests per second from ``since`` on; None while no limit is known.
        ceiling: requests per second that were too many last; None while the limit is searched.
        since: when the rate was set.
        limited_at: when the limit was met first.
        lowered_at: when the rate was lowered last.
        warned_at: when a batch got a 429 last.
        warned: 429s then, and soon before.
        next_at: the first slot that is free.
        used: slots that were taken since ``used_since``.
        used_since: when it was looked last whether the rate is used up.
        suspect: key of the only log whose requests failed since the last answer.
        outage: code of the error that most requests end in; None if SignalWire answers.
        outage_at: when that began.
        probe_at: when the next request may try whether it is over.

    """

    known: float | None = None
    rate: float | None = None
    ceiling: float | None = None
    since: float = 0.0
    limited_at: float = 0.0
    lowered_at: float = 0.0
    warned_at: float = 0.0
    warned: int = 0
    next_at: float = 0.0
    used: int = 0
    used_since: float = 0.0
    suspect: str | None = None
    outage: str | None = None
    outage_at: float = 0.0
    probe_at: float = 0.0

    def is_possible(self, now: float) -> bool:
        """Return whether hooklog can have written this, by clocks that are right in a minute."""
        latest = now + _PROBE_LAST + _SKEW
        moments = [self.since, self.limited_at, self.lowered_at, self.warned_at, self.next_at]
        moments += [self.used_since, self.outage_at, self.probe_at]
        rates = [rate for rate in (self.rate, self.ceiling) if rate is not None]
        return all(0 <= moment <= latest for moment in moments) and all(
            _LOWEST / 2 <= rate <= _NO_LIMIT for rate in rates
        )

    def limit(self, now: float) -> float | None:
        """Return the requests per second that are allowed; None if no limit is known."""
        found = self.found(now)
        if found is None or self.known is None:
            return found or self.known
        return min(found, self.known)

    def found(self, now: float) -> float | None:
        """Return the rate that the 429s tell."""
        age = now - self.since
        # A rate of the future comes from a clock that is ahead by more than clocks are.
        if self.rate is None or not -_SKEW < age < _FORGOTTEN:
            return None
        age = max(0.0, age)
        if self.ceiling is None:
            return max(_LOWEST, self.rate)
        plateau = _CURVE * math.cbrt(1 - min(1.0, self.rate / self.ceiling))
        return max(_LOWEST, self.ceiling * min(_HIGHER, 1 + ((age - plateau) / _CURVE) ** 3))

    def grant(self, wanted: int, now: float) -> tuple[Pace, Grant]:
        """Reserve slots for the requests of a batch.

        Args:
            wanted: number of requests.
            now: the moment.

        Returns:
            The pace with the reservation, and what may be sent: as many as fit into a second, or
            none. During an outage it is one request, and that rarely.

        """
        if self.outage is not None:
            # A probe further ahead than any comes from a clock that is ahead.
            if now < self.probe_at <= now + 2 * _PROBE_LAST or not wanted:
                return self, Grant(requests=0)
            return replace(self, probe_at=now + self._probe_pause(now)), Grant(requests=1)
        limit = self.limit(now)
        if limit is None or not wanted:
            return self, Grant(requests=wanted)
        # A slot further ahead than anybody reserves comes from a clock that is ahead.
        is_sound = self.next_at <= now + _SENDING + 1 / limit + _UNUSED
        start = max(self.next_at if is_sound else now, now - _UNUSED)
        is_search = self.rate is not None and self.ceiling is None
        if start > now + (_FIRST_FOUND if is_search else _FIRST_SLOT):
            return self, Grant(requests=0)
        first, last = max(now, start), now + _SENDING
        requests = max(1, min(wanted, math.ceil((last - start) * limit)))
        end = max(start + requests / limit, first + requests / limit / _HIGHER)
        pace = replace(self, next_at=end, used=self.used + requests)
        if (lasts := now - self.used_since) >= _STEP:
            is_used_up = pace.used >= _USED_UP * limit * lasts
            pace = replace(pace, used=0, used_since=now)
            if is_used_up and (requests < wanted or start > now):
                pace = pace.raised(limit, now)
        gap = (end - first) / requests
        return pace, Grant(requests=requests, wait=first - now, gap=gap)

    def raised(self, limit: float, now: float) -> Pace:
        """Return the pace after a time in which the limit was used up, and was not enough."""
        if self.rate is None:
            return self
        if self.ceiling is None:
            is_due = now >= self.warned_at + _WARNED
            return replace(self, rate=self.rate * _MORE, since=now) if is_due else self
        is_highest = limit >= self.ceiling * _HIGHER * 0.999
        return replace(self, rate=limit, ceiling=limit, since=now) if is_highest else self

    def learned(self, seen: Experience, now: float) -> Pace:
        """Return the pace after what a batch saw; the same if it is nothing new."""
        pace = self._after_outage(seen, now)
        if seen.refused:
            return _lowered(pace, seen, now)
        if seen.allowance is not None:
            return _announced(pace, seen.allowance, now)
        return pace

    def waits(
        self, count: int, now: float, depth: Depth, *, is_served: bool = False
    ) -> Sequence[float]:
        """Spread the messages that go back over the time that the queue needs.

        ::

            |◀── more than can be in flight ──▶|◀──────── 120,000 in flight ────────▶|
            now      one in ten comes here     |     the others come here, evenly    | drained

        Messages that can never be in flight together need no early turn: the visible ones come
        before them.

        Args:
            count: number of messages.
            now: the moment.
            depth: of the queue.
            is_served: whether they come from a batch that got slots, only too few; they have
                the next free ones.

        Returns:
            The waits in seconds, none of them less than a second.

        """
        if self.outage is not None:
            lasts = max(_OUTAGE_FIRST, min(_OUTAGE_LAST, (now - self.outage_at) * _PROBE_SHARE))
            return [lasts] * count
        limit = self.limit(now)
        if is_served or limit is None:
            return [max(1.0, self.next_at - now)] * count
        total = depth.visible + depth.in_flight
        before = self._seconds_for(max(0, total - MOST_IN_FLIGHT), limit)
        drained = self._seconds_for(total, limit)
        longest = _SEARCHING if now < self.limited_at + _SEARCHING else _LONGEST
        waits = []
        for index in range(count):
            share = (index + 0.5) / count
            turn = before + (drained - before) * _SPREAD * share
            if before and not index % _EARLY:
                turn *= share
            waits.append(max(1.0, min(longest, turn)))
        return waits

    def _seconds_for(self, requests: int, limit: float) -> float:
        """Return the seconds that so many requests take from now on."""
        if self.ceiling is None and self.rate is not None:
            # The rate grows meanwhile.
            growth = math.log(_MORE) / _STEP
            return math.log1p(requests * growth / limit) / growth
        return requests / max(limit, min(self.ceiling or 0.0, self.known or math.inf))

    def _probe_pause(self, now: float) -> float:
        lasts = (now - self.outage_at) * _PROBE_SHARE
        return max(_PROBE_FIRST, min(_PROBE_LAST, lasts))

    def _after_outage(self, seen: Experience, now: float) -> Pace:
        if self.outage is None:
            if not seen.is_outage:
                return replace(self, suspect=None) if seen.answered else self
            if len(seen.failed_keys) == 1 and self.suspect in {None, *seen.failed_keys}:
                # It may be this log's own trouble, until another one fails, too.
                return replace(self, suspect=next(iter(seen.failed_keys)))
            probe_at = now + _PROBE_FIRST
            return replace(self, suspect=None, outage=seen.code, outage_at=now, probe_at=probe_at)
        # An outage that begins in the future comes from a clock that is ahead.
        is_older = seen.began_at < self.outage_at <= now
        if seen.is_outage or is_older or not seen.answered + seen.refused:
            return self
        if self.rate is None:
            return replace(self, outage=None)
        # Time alone proves no higher rate if nothing was asked meanwhile.
        return replace(self, outage=None, rate=self.found(self.outage_at), since=now)


def _lowered(pace: Pace, seen: Experience, now: float) -> Pace:
    """Return the pace after a 429.

    One or two may have had a reason of their own; one more soon after them has not.
    """
    limit = pace.found(now)
    is_more = now - _WARNED <= pace.warned_at <= now
    warned = min(_ENOUGH, seen.refused + (pace.warned if is_more else 0))
    if warned < _ENOUGH:
        return replace(pace, warned_at=now, warned=warned)
    if limit is None or seen.began_at < pace.lowered_at + _ROUND_TRIP:
        # What one instance got; others may have got as much.
        got = seen.answered / max(_SHORTEST, now - seen.began_at) * _LESS
        got = max(_LOWEST, got, (seen.answered + seen.refused) * _BEGIN)
        if limit is None:
            return replace(
                pace,
                rate=got,
                ceiling=None,
                since=now,
                limited_at=now,
                lowered_at=now,
                warned_at=now,
                warned=0,
                next_at=now,
                used=0,
                used_since=now,
            )
        is_first = pace.ceiling is None and got > limit
        return replace(pace, rate=got) if is_first else pace
    is_soon = now < pace.lowered_at + _SOON
    left, top = _LESS, limit
    if pace.ceiling is None or is_soon or limit > pace.ceiling * _FAR_ABOVE:
        left = max(_LEAST, min(_MUCH_LESS, seen.answered / (seen.answered + seen.refused)))
    if pace.ceiling is not None and is_soon:
        # The requests of the higher rate may not all have been sent yet.
        top = max(limit, pace.ceiling * _STILL)
    return replace(
        pace,
        rate=max(_LOWEST, limit * left),
        ceiling=max(_LOWEST, top * _FLAT),
        since=now,
        lowered_at=now,
        warned_at=now,
        warned=0,
    )


def _announced(pace: Pace, allowance: Allowance, now: float) -> Pace:
    """Return the pace after an announcement; it counts once it is scarce, or a limit is known."""
    limit = pace.found(now)
    if not allowance.is_scarce:
        if limit is None:
            return pace
        if now > pace.limited_at + _FORGOTTEN:
            return replace(pace, rate=None, ceiling=None)
    rate = allowance.rate
    if limit is not None and abs(limit - rate) < _ALIKE * rate:
        return pace
    limited_at = now if limit is None else pace.limited_at
    return replace(pace, rate=rate, ceiling=rate, since=now, limited_at=limited_at)
