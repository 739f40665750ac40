"""Questions to the operator, progress bars, and text for the terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
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
from rich.text import Text

from hooklog_ops.checks import CheckStatus, Finding
from hooklog_ops.errors import ExitStatus
from hooklog_ops.formatting import plain

#: What ends a command that runs until then: Ctrl-C, the system, a terminal that is closed.
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STYLES = {"failed": "red", "in_progress": "yellow", "succeeded": "green"}

_MARKS = {
    CheckStatus.OK: "[green]ok[/]  ",
    CheckStatus.WARNING: "[yellow]look[/]",
    CheckStatus.WRONG: "[red]bad[/] ",
    CheckStatus.NOT_TRIED: "[dim]—[/]   ",
}


def show_finding(console: Console, finding: Finding) -> None:
    """Print the result of a check in a line, and below it what to do."""
    line = f"{_MARKS[finding.verdict]}  {finding.what}: {escape(finding.told)}"
    console.print(line, highlight=False, soft_wrap=True)
    if finding.advice:
        console.print(f"      {escape(finding.advice)}", highlight=False, soft_wrap=True)


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
        agreed = typer.confirm(question)
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


def stop_on_signals() -> None:
    """Let the first signal raise KeyboardInterrupt, and ignore further ones."""
    for number in _SIGNALS:
        # Some are ignored on purpose, for example under nohup.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def ignore_signals() -> None:
    """Ignore all signals, so that nothing interrupts a clean-up."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    ignore_signals()
    raise KeyboardInterrupt


def styled(outcome: str) -> str:
    """Return an outcome in its colour, as Rich's markup."""
    return f"[{_STYLES[outcome]}]{plain(outcome)}[/]"


def below(text: str, style: str = "") -> Padding:
    """Indent what belongs to the line above, each line of it where it wraps."""
    return Padding.indent(Text(text, style), 2)


@contextmanager
def counting(title: str, noun: str = "records") -> Iterator[Callable[[int], None]]:
    """Show a growing count on a terminal; yields what to call with each further number."""
    count = TextColumn(f"{{task.completed:,.0f}} {noun}")
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
    columns = (BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
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
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        yield progress, progress.add_task(title, total=total, told="")
