"""The terminal: text from outside that is inert on it, questions, and progress bars.

Only :class:`Terminal` writes there. It knows no markup and no emoji codes, so a text is never
anything but itself; styles come with :func:`line`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from hooklog_ops.checks import CheckStatus, Finding
from hooklog_ops.errors import ExitStatus
from hooklog_ops.formatting import plain, printable, visible

_STYLES = {"failed": "red", "in_progress": "yellow", "succeeded": "green"}

_MARKS = {
    CheckStatus.OK: ("ok  ", "green"),
    CheckStatus.WARNING: ("look", "yellow"),
    CheckStatus.WRONG: ("bad ", "red"),
    CheckStatus.NOT_TRIED: ("—   ", "dim"),
}


class Terminal(Console):
    """Standard output or standard error; whatever is printed, nothing but rich's styles acts."""

    def __init__(self, *, stderr: bool = False) -> None:
        """Write to one of the two."""
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - as Rich's
        """Return a string as it is shown."""
        return super().render_str(visible(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the parts of what is printed; texts that came past :func:`line`, too, are inert."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


def line(*parts: str | tuple[str, str]) -> Text:
    r"""Put texts, some with a style, into one line, where a line break shows as ``\n``."""
    styled = (part if isinstance(part, tuple) else (part, "") for part in parts)
    return Text.assemble(*((printable(text), style) for text, style in styled))


def show_finding(terminal: Terminal, finding: Finding) -> None:
    """Print the result of a check in a line, and below it what to do."""
    told = line(_MARKS[finding.verdict], f"  {finding.what}: {finding.told}")
    terminal.print(told, soft_wrap=True)
    if finding.advice:
        terminal.print(line(f"      {finding.advice}"), soft_wrap=True)


def standard_output() -> IO[bytes]:
    """Return standard output for a file's bytes; on a terminal, their text is inert, too."""
    return cast("IO[bytes]", _Shown()) if sys.stdout.isatty() else sys.stdout.buffer


class _Shown:
    """Takes UTF-8 for the terminal, a row at a time, and shows each in one line."""

    def write(self, data: bytes) -> int:
        sys.stdout.write(f"{printable(data.decode().removesuffix('\n'))}\n")
        return len(data)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before acting.

    Raises:
        typer.Exit: the answer was no; the exit status says so.
        typer.BadParameter: there is no terminal to ask on; the text says what to do.

    """
    if yes:
        return
    need_terminal()
    try:
        agreed = typer.confirm(printable(question))
    except typer.Abort:
        agreed = False
    if not agreed:
        raise typer.Exit(ExitStatus.DECLINED)


def need_terminal() -> None:
    """Check that there is a terminal to ask on, before work whose only use is the question.

    Raises:
        typer.BadParameter: there is none; the text says what to do.

    """
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "there is no terminal to ask on; add --yes, or --dry-run to only count"
        )


def styled(outcome: str) -> tuple[str, str]:
    """Return an outcome and its colour, as a part of a line."""
    return plain(outcome), _STYLES[outcome]


def below(text: str, style: str = "") -> Padding:
    """Indent what belongs to the line above, each line of it where it wraps."""
    return Padding.indent(line((text, style)), 2)


@contextmanager
def counting(title: str, noun: str = "records") -> Iterator[Callable[[int], None]]:
    """Show a growing count on a terminal; yields what to call with each further number."""
    count = TextColumn(f"{{task.completed:,.0f}} {noun}", markup=False)
    with _progress(title, None, SpinnerColumn(), count, TimeElapsedColumn()) as (progress, task):
        yield lambda number: progress.advance(task, number)


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar up to a total on a terminal; yields what to call with each further number."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _progress(title, total, *columns) as (progress, task):
        yield lambda number: progress.advance(task, number)


@contextmanager
def described_bar(title: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """Show a bar with a text beside it on a terminal; yields what to call with both."""
    columns = (BarColumn(), TextColumn("{task.fields[told]}", markup=False), TimeElapsedColumn())
    with _progress(title, total, *columns) as (progress, task):
        yield lambda completed, told: progress.update(task, completed=completed, told=told)


def watched[T](items: Iterator[T], advance: Callable[[int], None]) -> Iterator[T]:
    """Yield items as they come, and count each."""
    for item in items:
        advance(1)
        yield item


@contextmanager
def _progress(
    title: str, total: int | None, *columns: ProgressColumn
) -> Iterator[tuple[Progress, TaskID]]:
    console = Terminal(stderr=True)
    with Progress(
        TextColumn("{task.description}", markup=False),
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        yield progress, progress.add_task(title, total=total, told="")
