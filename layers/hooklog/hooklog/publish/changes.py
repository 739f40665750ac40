"""What a change of the table tells: the outcome of a log before it, and after it.

The table's stream has one record per write, with the row before and after it. Most writes tell
nothing new: a repeated fetch, a parking, an alias, an erasure. A change is told if the outcome is
another, or if a failure has another code or explanation: a fax's text, which explains most, may
arrive after its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hooklog.logs import KINDS
from hooklog.records.rows import Attribute
from hooklog.records.signals import failure_code

type Image = Mapping[str, Attribute]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record of the table's stream.

    Attributes:
        key: of the row.
        at: when the row was written, to the second.
        before: the row's attributes before the write; None if there was no row.
        after: the row's attributes after it; None if the row is gone.

    """

    key: str
    at: datetime
    before: Image | None
    after: Image | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an event tells of a log, and so what makes a change worth an event.

    Attributes:
        outcome: what became of the fax or message.
        error_code: of the failure: the log's own, or else that of who told of it.
        explanation: of the failure, by its key in the catalogue.

    """

    outcome: str
    error_code: str | None = None
    explanation: str | None = None


class Wanted(StrEnum):
    """The outcomes that are told, as the template's parameter ``Events`` names them."""

    FAILURES = "Failures"
    ENDS = "Ends"
    ALL = "All"

    def has(self, outcome: str) -> bool:
        """Return whether this outcome is one of them."""
        match self:
            case Wanted.FAILURES:
                return outcome == "failed"
            case Wanted.ENDS:
                return outcome != "in_progress"
            case Wanted.ALL:
                return True


def told(key: str, image: Image | None) -> Told | None:
    """Return what a row tells; None if it has no log's outcome."""
    log_type = key.partition("#")[0]
    if image is None or log_type not in KINDS or "outcome" not in image:
        return None
    outcome = str(image["outcome"])
    if outcome != "failed":
        return Told(outcome=outcome)
    return Told(
        outcome=outcome,
        error_code=failure_code(log_type, image),
        explanation=str(image.get("explanation")),
    )


def is_news(change: Change, wanted: Wanted) -> bool:
    """Return whether a change is to be told.

    An outcome that was told and is no longer true is told, too, whatever it has become: who heard
    of it would otherwise never learn.
    """
    before, after = told(change.key, change.before), told(change.key, change.after)
    if after is None or after == before:
        return False
    return wanted.has(after.outcome) or (before is not None and wanted.has(before.outcome))
