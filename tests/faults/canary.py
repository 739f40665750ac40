"""Values that nothing may print, log or say in an exception; every message carries them."""

from __future__ import annotations

import traceback

from hooklog.errors import HooklogError, UnexpectedError

NUMBER = "+14155550177"
TEXT = "Canary: your code is 471100"
TOKEN = "PT-canary-9d41c7"
#: What is looked for: the number may be written in any notation.
CANARIES = (NUMBER[-8:], TEXT, TOKEN)

#: What the code under test said in addition to what it printed.
SAID: list[str] = []


def said(*texts: object) -> None:
    """Keep something that an operator may read."""
    SAID.extend(map(str, texts))


def raised(error: HooklogError) -> None:
    """Keep an error as a traceback would show it, and its detail."""
    # What an unexpected error wraps is reported as a defect, by its place alone.
    chain = not isinstance(error, UnexpectedError)
    said(error.detail, repr(error), *traceback.format_exception(error, chain=chain))


def leaks(text: str) -> list[str]:
    """Return the canaries in a text."""
    return [canary for canary in CANARIES if canary in text]
