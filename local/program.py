"""How the programs end that start a local cloud: on a signal, or with a sentence about an error."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

_TAIL = 25
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_on_signals() -> None:
    """Let a signal raise KeyboardInterrupt with its number, once."""
    for number in _SIGNALS:
        # Under nohup, for one, a signal is ignored on purpose.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def ignore_signals() -> None:
    """Let nothing interrupt the ending of what was started."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def complain(text: str) -> None:
    """Print the sentence of an error, and the end of the output that belongs to it."""
    sentence, *output = text.splitlines()
    print("\n".join([sentence, *(f"  {line}" for line in output[-_TAIL:])]), file=sys.stderr)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    ignore_signals()
    raise KeyboardInterrupt(number)
