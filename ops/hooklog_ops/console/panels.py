"""A part of a page that may have nothing to show, and then says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.errors import HooklogError
from hooklog_ops.errors import OperatorError, describe


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel[T]:
    """What a query returned, or the sentence that says why it failed."""

    value: T | None = None
    problem: str = ""


def attempt[T](query: Callable[[], T]) -> Panel[T]:
    """Make a query; an error that an operator can act on becomes a sentence."""
    try:
        return Panel(value=query())
    except (OperatorError, HooklogError, ClientError, BotoCoreError) as error:
        return Panel(problem=describe(error))
