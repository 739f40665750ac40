"""Canaries: values that must not reach output, logs or exceptions. Every message carries them."""

from __future__ import annotations

from hooklog.errors import HooklogError, UnexpectedError
from tests.canary import leaked, told_by

NUMBER = "+14155550177"
TEXT = "Canary: your code is 471100"
TOKEN = "PT-canary-9d41c7"
#: The texts to search for; the number may appear in any notation.
CANARIES = (NUMBER[-8:], TEXT, TOKEN)

#: What the code under test told without printing it.
KEPT: list[str] = []


def keep(*texts: str) -> None:
    """Keep texts that an operator may read, to be searched after the test."""
    KEPT.extend(texts)


def keep_error(error: HooklogError) -> None:
    """Keep what an error tells."""
    # The cause of an unexpected error is reported as a defect, which shows its place only.
    keep(*([repr(error), error.detail] if isinstance(error, UnexpectedError) else told_by(error)))


def leaks(*texts: str) -> list[str]:
    """Return the canaries in some texts."""
    return leaked(texts, CANARIES)
