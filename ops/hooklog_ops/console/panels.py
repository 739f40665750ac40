"""A part of a page that may have nothing to show, and then says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.errors import HooklogError
from hooklog_ops.problems import OperatorError, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel[T]:
    """What a query gave, or the sentence that says why it gave nothing."""

    value: T | None = None
    problem: str = ""


def attempt[T](query: Callable[[], T]) -> Panel[T]:
    """Make a query; what an operator can do something about becomes a sentence."""
    try:
        return Panel(value=query())
    except (OperatorError, HooklogError) as error:
        return Panel(problem=str(error))
    except (ClientError, BotoCoreError) as error:
        return Panel(problem=sentence(error))
