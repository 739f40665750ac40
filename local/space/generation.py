"""Generated logs for a simulated space: the same seed and time produce the same space."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from local.space import fax_logs, message_logs
from local.space.model import Space

PROJECT_ID = "5f1c1d0e-8a0b-4a55-9d43-0c6c6e1f2a3b"
"""The default project of a generated space."""

EVERY_FAX_CASE = len(fax_logs.CASES) + 1
EVERY_MESSAGE_CASE = len(message_logs.CASES) + 1
"""The number of logs that contains every case once, including the official example."""

_SPAN = timedelta(days=3)


def generate(
    seed: int, fax: int, message: int, now: datetime, *, project_id: str = PROJECT_ID
) -> Space:
    """Make a space with this many faxes and messages, oldest first, and no other logs.

    The first log of each kind is the official example, of 2024; the others are spread evenly over
    the three days before `now`, an aware time. With fewer logs than `EVERY_FAX_CASE` or
    `EVERY_MESSAGE_CASE` some cases are missing. Raises ValueError for a naive time or a negative
    count.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    if fax < 0 or message < 0:
        raise ValueError(f"the counts must not be negative: {fax} fax and {message} message logs")
    space = Space()
    for log_type, count, official_log, generated_logs in (
        ("fax", fax, fax_logs.official_fax_log, fax_logs.fax_logs),
        ("message", message, message_logs.official_message_log, message_logs.message_logs),
    ):
        # A generator per kind, so that more faxes do not change the messages.
        rng = Random(f"{seed} {log_type}")  # noqa: S311 - not for secrets
        if count:
            space.put(log_type, official_log())
        for log in generated_logs(rng, _times(rng, count - 1, now), project_id):
            space.put(log_type, log)
    return space


def _times(rng: Random, count: int, now: datetime) -> list[datetime]:
    if count < 1:
        return []
    step = _SPAN / count
    start = now.astimezone(UTC) - _SPAN
    return [start + step * (index + 0.9 * rng.random()) for index in range(count)]
