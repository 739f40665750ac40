"""When a message that could not be processed is tried again: policy as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: SQS accepts no visibility timeout beyond this many seconds (12 hours).
SQS_MAX_VISIBILITY = 43_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential backoff with jitter, in whole seconds of visibility timeout.

    Attributes:
        first: upper bound of the wait after the first attempt, in seconds.
        factor: by which each further wait grows.
        cap: no backoff is longer, in seconds.
        retry_after_cap: no ``Retry-After`` of the server is obeyed beyond this, in seconds.

    """

    first: float = 30.0
    factor: float = 2.0
    cap: float = 3600.0
    retry_after_cap: float = 900.0

    def delay(self, attempt: int, *, jitter: float, retry_after: float | None = None) -> int:
        """Seconds to wait after that attempt (1 is the first delivery).

        Half of the wait is fixed and half is drawn, so that messages which failed together
        do not come back together. A server's wish is a lower bound; jitter is added to it
        for the same reason.

        Args:
            attempt: deliveries so far.
            jitter: random number from 0 to 1.
            retry_after: what the server asked for, in seconds.

        """
        # Beyond 2**32 no factor matters and floats overflow.
        growth = self.factor ** min(attempt - 1, 32)
        wait = min(self.cap, self.first * growth) * (0.5 + jitter / 2)
        if retry_after is not None:
            wished = min(max(retry_after, 0.0), self.retry_after_cap)
            wait = max(wait, wished + self.first * jitter)
        # Rounded up: no message comes back before the server's wish, and none at once.
        return min(math.ceil(wait), SQS_MAX_VISIBILITY)
