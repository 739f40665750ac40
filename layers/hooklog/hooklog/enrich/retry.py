"""The retry policy as a value: how long a failed message waits for its next attempt."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Seconds; the longest visibility timeout that SQS accepts (12 hours).
SQS_MAX_VISIBILITY = 43_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential backoff with jitter, in whole seconds of visibility timeout.

    Attributes:
        first: upper bound of the wait after the first attempt, in seconds.
        factor: by which each further wait grows.
        cap: upper bound of every wait, in seconds.
        retry_after_cap: upper bound of a ``Retry-After`` that is obeyed, in seconds.

    """

    first: float = 30.0
    factor: float = 2.0
    cap: float = 3600.0
    retry_after_cap: float = 900.0

    def delay(self, attempt: int, *, jitter: float, retry_after: float | None = None) -> int:
        """Return the seconds to wait after an attempt.

        Half of the wait is fixed and half is random, so that messages which failed together
        do not come back together. ``Retry-After`` is a lower bound; jitter is added to it for
        the same reason.

        Args:
            attempt: deliveries so far; 1 after the first.
            jitter: random number from 0 to 1.
            retry_after: seconds that the server asked to wait.

        """
        # Larger exponents exceed any cap and overflow a float.
        growth = self.factor ** min(attempt - 1, 32)
        wait = min(self.cap, self.first * growth) * (0.5 + jitter / 2)
        return self.at_least(wait, jitter=jitter, retry_after=retry_after)

    def at_least(self, wait: float, *, jitter: float, retry_after: float | None) -> int:
        """Return a wait in whole seconds, no shorter than the server asked.

        Args:
            wait: seconds.
            jitter: random number from 0 to 1.
            retry_after: seconds that the server asked to wait.

        """
        if retry_after is not None:
            asked = min(max(retry_after, 0.0), self.retry_after_cap)
            wait = max(wait, asked + self.first * jitter)
        # Rounded up: no message comes back before the server allows it, and none at once.
        return min(math.ceil(wait), SQS_MAX_VISIBILITY)
