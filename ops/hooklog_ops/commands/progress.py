"""How far long work is, on standard error and only where somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


@contextmanager
def counting(title: str, noun: str = "records") -> Iterator[Callable[[int], None]]:
    """Show a count that grows to nobody knows where; give what to tell of each step."""
    count = TextColumn(f"{{task.completed:,.0f}} {noun}")
    with _shown(title, None, SpinnerColumn(), count, TimeElapsedColumn()) as advance:
        yield advance


@contextmanager
def through(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar up to a total; give what to tell of each step."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _shown(title, total, *columns) as advance:
        yield advance


def watched[T](items: Iterator[T], advance: Callable[[int], None]) -> Iterator[T]:
    """Give items as they come, and tell of each."""
    for item in items:
        advance(1)
        yield item


@contextmanager
def _shown(
    title: str, total: int | None, *columns: ProgressColumn
) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.advance(task, count)
