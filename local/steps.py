"""Show that something is under way: a spinner in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

type Say = Callable[[str], None]


@contextmanager
def step(console: Console, title: str) -> Iterator[Say]:
    """Show one step and how long it took; what is said meanwhile stands beside the title."""
    began_at = time.monotonic()
    with (_spinner if console.is_terminal else _lines)(console, title) as say:
        yield say
    took = time.monotonic() - began_at
    console.print(f"[green]✓[/] {title} [dim]{took:.1f} s", highlight=False)


@contextmanager
def _spinner(console: Console, title: str) -> Iterator[Say]:
    text = TextColumn("{task.description} [dim]{task.elapsed:.0f} s {task.fields[note]}")
    with Progress(SpinnerColumn(), text, console=console, transient=True) as progress:
        task = progress.add_task(title, note="")
        yield lambda note: progress.update(task, note=note)


@contextmanager
def _lines(console: Console, title: str) -> Iterator[Say]:
    """Print each note once, for a log file has no place for what changes."""
    console.print(f"… {title}", highlight=False)
    said: set[str] = set()

    def say(note: str) -> None:
        if note not in said:
            said.add(note)
            console.print(f"    {note}", highlight=False)

    yield say
