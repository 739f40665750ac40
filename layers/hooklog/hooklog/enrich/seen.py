"""What the requests of a batch met, as the pace wants to know it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hooklog.enrich.ports import Fetched
from hooklog.errors import (
    HooklogError,
    NotAskedError,
    OutageError,
    RateLimitedError,
    UnexpectedError,
)
from hooklog.pace import Allowance, Experience


@dataclass(slots=True)
class Seen:
    """Counts the answers of a batch."""

    answered: int = 0
    refused: int = 0
    failed: int = 0
    failed_keys: set[str] = field(default_factory=set)
    code: str = ""

    def note(self, key: str, answer: Fetched | HooklogError) -> None:
        """Count an answer; what was not asked says nothing about SignalWire."""
        match answer:
            case RateLimitedError():
                self.refused += 1
            case OutageError():
                self.failed += 1
                self.failed_keys.add(key)
                self.code = answer.code
            case NotAskedError() | UnexpectedError():
                pass
            case _:
                self.answered += 1

    def experience(self, began_at: float, allowance: Allowance | None) -> Experience:
        """Return it for the pace."""
        return Experience(
            began_at=began_at,
            answered=self.answered,
            refused=self.refused,
            failed=self.failed,
            failed_keys=frozenset(self.failed_keys),
            code=self.code,
            allowance=allowance,
        )
