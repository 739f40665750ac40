"""One log line per log and step, at DEBUG only, from which nothing personal can leave."""

from __future__ import annotations

import logging
from enum import StrEnum

from aws_lambda_powertools import Logger

from hooklog.errors import BY_CODE
from hooklog.logs import KINDS, is_uuid
from hooklog.steps import Fact, Step, Trace

#: The ``message`` of each of these lines.
MESSAGE = "step"
#: The only texts that a fact may be, beside the members of hooklog's own enumerations and keys of
#: logs. A text from outside, such as a status that nobody documents, could be anybody's name.
_WORDS = frozenset(BY_CODE).union(
    {"failed", "succeeded", "in_progress"}, *(kind.progress for kind in KINDS.values())
)
_UNPRINTABLE = "unprintable"


def step_lines(logger: Logger) -> Trace | None:
    """Return what prints a line for each step of a log; None unless the level is DEBUG."""
    if logger.log_level > logging.DEBUG:
        return None

    def tell(key: str, step: Step, **facts: Fact) -> None:
        told = {name: _printable(value) for name, value in facts.items() if value is not None}
        log = key if _is_key(key) else _UNPRINTABLE
        logger.debug(MESSAGE, extra={"log": log, "step": step, **told})

    return tell


def _printable(value: str | int) -> str | int:
    is_own = isinstance(value, int | StrEnum) or value in _WORDS or _is_key(value)
    return value if is_own else _UNPRINTABLE


def _is_key(text: str) -> bool:
    """Return whether a text is the key of a log or of a parked message."""
    name, _, identifier = text.partition("#")
    return (name in KINDS or name == "parked") and is_uuid(identifier)
