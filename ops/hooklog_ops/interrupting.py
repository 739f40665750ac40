"""What ends a program that runs until somebody stops it, and lets it clean up."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Final, NoReturn

#: Ctrl-C, the system, a terminal that is closed.
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_on_signals() -> None:
    """Let the first signal raise KeyboardInterrupt with its number, and ignore further ones."""
    for number in _SIGNALS:
        # Some are ignored on purpose, for example under nohup.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def ignore_signals() -> None:
    """Ignore all signals, so that nothing interrupts a clean-up."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    ignore_signals()
    raise KeyboardInterrupt(number)
