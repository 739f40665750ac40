"""Programs in a terminal: progress, tables and errors."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

type Say = Callable[[str], None]

_TAIL = 25


@contextmanager
def step(console: Console, title: str) -> Iterator[Say]:
    """Show one step and its duration; the yielded function shows a note meanwhile.

    A terminal gets a spinner, any other output plain lines.
    """
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
    """Print each note once, because a log file keeps every line."""
    console.print(f"… {title}", highlight=False)
    said: set[str] = set()

    def say(note: str) -> None:
        if note not in said:
            said.add(note)
            console.print(f"    {note}", highlight=False)

    yield say


def titled(title: str, *, gap: int = 0) -> Table:
    """Return an empty table as wide as the terminal, with `gap` blanks between its columns."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        caption_style="dim",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, gap, 0, 0),
        expand=True,
    )


def complain(text: str) -> None:
    """Print an error's first line, and below it the last lines of the output that follows."""
    sentence, *output = text.splitlines()
    print("\n".join([sentence, *(f"  {line}" for line in output[-_TAIL:])]), file=sys.stderr)
