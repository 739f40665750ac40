"""A limit on the rate of requests, as the API has one: what goes beyond it is answered with 429."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RateLimit:
    """At most so many requests in each second of the clock that it is asked with.

    SignalWire may well count otherwise. Raises ValueError for a limit below 1.
    """

    per_second: int
    _second: int = -1
    _had: int = 0

    def __post_init__(self) -> None:
        """Refuse a limit that would let nobody in."""
        if self.per_second < 1:
            raise ValueError(f"per_second must be at least 1, not {self.per_second}")

    def admits(self, now: float) -> bool:
        """Count a request at that time, in seconds, and tell whether it may be answered."""
        if int(now) != self._second:
            self._second, self._had = int(now), 0
        self._had += 1
        return self._had <= self.per_second
