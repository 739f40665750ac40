"""What no log line or metric may have: phone numbers, message bodies and secrets."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

from local.space import API_TOKEN, LOG_TYPES, PROJECT_ID, generate
from tests.builders import fax_log, message_log
from tests.webhook import KEY

#: The last digits identify a number in any notation.
_DIGITS = 8


def leaks(text: str) -> list[str]:
    """Return what a text has of the numbers, error texts, credentials and keys of the tests."""
    return sorted(secret for secret in _secrets() if secret in text)


@cache
def _secrets() -> frozenset[str]:
    space = generate(seed=11, fax=60, message=60, now=datetime.now(UTC))
    logs = [fax_log(), message_log()]
    logs += [log for log_type in LOG_TYPES for log in space.logs(log_type).values()]
    numbers = {
        digits[-_DIGITS:]
        for log in logs
        for end in ("from", "to")
        if len(digits := re.sub(r"\D", "", str(log.get(end) or ""))) >= _DIGITS
    }
    texts = {str(log["error_message"]) for log in logs if log.get("error_message")}
    return frozenset(numbers | texts | {API_TOKEN, f"{PROJECT_ID}:{API_TOKEN}", KEY})
