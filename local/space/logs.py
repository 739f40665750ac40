"""Seeded logs for a simulated space: the same seed and time give the same space again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from local.space import fax_logs, message_logs
from local.space.model import Space

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.space.model import Log

PROJECT_ID = "5f1c1d0e-8a0b-4a55-9d43-0c6c6e1f2a3b"
"""The project of a generated space when none is named."""

EVERY_FAX_CASE = len(fax_logs.CASES) + 1
EVERY_MESSAGE_CASE = len(message_logs.CASES) + 1
"""How many logs it takes to have every case once, the official example included."""

_SPAN = timedelta(days=3)


def generate(
    seed: int, fax: int, message: int, now: datetime, *, project_id: str = PROJECT_ID
) -> Space:
    """Make a space with this many logs of each type, oldest first.

    The first of each type is the official example, of 2024; the others are spread evenly over
    the three days before `now`, an aware time. Fewer logs than `EVERY_FAX_CASE` or
    `EVERY_MESSAGE_CASE` are fine, but then some cases are missing. Raises ValueError for a
    naive time or a negative count.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    if fax < 0 or message < 0:
        raise ValueError(f"the counts must not be negative: {fax} fax and {message} message logs")
    # A generator for each type: more faxes must not change the messages.
    fax_rng, message_rng = Random(f"{seed} fax"), Random(f"{seed} message")  # noqa: S311 - not for secrets
    faxes = fax_logs.fax_logs(fax_rng, _times(fax_rng, fax - 1, now), project_id)
    messages = message_logs.message_logs(
        message_rng, _times(message_rng, message - 1, now), project_id
    )
    return Space(
        fax=_by_id([fax_logs.official_fax_log(), *faxes] if fax else []),
        message=_by_id([message_logs.official_message_log(), *messages] if message else []),
    )


def _times(rng: Random, count: int, now: datetime) -> list[datetime]:
    if count < 1:
        return []
    step = _SPAN / count
    start = now.astimezone(UTC) - _SPAN
    return [start + step * (index + 0.9 * rng.random()) for index in range(count)]


def _by_id(logs: Iterable[Log]) -> dict[str, Log]:
    return {str(log["id"]): log for log in logs}
