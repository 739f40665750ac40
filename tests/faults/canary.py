"""Values that must not reach output, logs or exceptions; every message carries them."""

from __future__ import annotations

import traceback

from hooklog.errors import HooklogError, UnexpectedError

NUMBER = "+14155550177"
TEXT = "Canary: your code is 471100"
TOKEN = "PT-canary-9d41c7"
#: The texts to search for; the number may appear in any notation.
CANARIES = (NUMBER[-8:], TEXT, TOKEN)

#: What the code under test said without printing it.
SAID: list[str] = []


def said(*texts: object) -> None:
    """Keep texts that an operator may read."""
    SAID.extend(map(str, texts))


def raised(error: HooklogError) -> None:
    """Keep an error's detail and its traceback."""
    # The cause of an unexpected error is reported as a defect, which shows its place only.
    chain = not isinstance(error, UnexpectedError)
    said(error.detail, repr(error), *traceback.format_exception(error, chain=chain))


def leaks(text: str) -> list[str]:
    """Return the canaries in a text."""
    return [canary for canary in CANARIES if canary in text]
