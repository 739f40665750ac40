"""Compare a period of the past with the table: the sweep's walk, at an operator's request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypedDict

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from hooklog.clock import TimeLeft, as_utc, iso
from hooklog.errors import BackfillError, HistoryLimitError
from hooklog.logs import KINDS
from hooklog.parsing import ValidationError, describe, parse
from hooklog.queue_messages import Origin
from hooklog.sweep.walk import Checkpoint, Walker, WalkResult


def _known_type(name: str) -> str:
    if name not in KINDS:
        raise ValueError("not a kind of log")
    return name


class Summary(TypedDict, total=False):
    """The function's answer; ``next_event`` is the event that goes on where this one ended."""

    found: dict[str, dict[str, int]]
    stored: int
    enqueued: int
    complete: bool
    stopped: str
    next_event: dict[str, JsonValue]


class BackfillRequest(BaseModel):
    """The event that asks for a period.

    Attributes:
        start: key ``from``; a date or ISO 8601 time, UTC without a zone.
        end: key ``to``; a date or time as ``from``.
        log_type: the kind of log; one per request.
        dry_run: whether only to count.
        messages_per_second: the average rate at which logs go on the queue, at most.
        page: where to go on, from an earlier answer's ``next_event``.
        page_to: end of the period that the page belongs to, from there as well.

    """

    model_config = ConfigDict(extra="forbid")

    start: Annotated[datetime, AfterValidator(as_utc)] = Field(alias="from")
    end: Annotated[datetime, AfterValidator(as_utc)] = Field(alias="to")
    log_type: Annotated[str, AfterValidator(_known_type)]
    dry_run: bool = False
    messages_per_second: float = Field(20, ge=1, le=1000)
    page: str | None = Field(None, pattern=r"^/api/[A-Za-z0-9/_-]+\?[^#\s]+$")
    page_to: Annotated[datetime, AfterValidator(as_utc)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> BackfillRequest:
        if self.start >= self.end:
            # Pydantic wants a ValueError; `read` turns it into ours.
            raise ValueError("from must be before to")
        return self

    @classmethod
    def read(cls, event: Mapping[str, object]) -> BackfillRequest:
        """Read the event.

        Raises:
            BackfillError: a key is missing, unknown or malformed; the sentence names it.

        """
        try:
            return parse(dict(event), cls)
        except ValidationError as error:
            raise BackfillError(f"The backfill cannot be read: {describe(error)}.") from None

    @property
    def begin(self) -> Checkpoint:
        """Where the walk begins."""
        return Checkpoint(self.start, self.page_to or self.end, self.page)

    def rest(self, result: WalkResult) -> dict[str, JsonValue]:
        """Return the event that goes on where a walk ended."""
        checkpoint = result.checkpoint
        return {
            "from": iso(checkpoint.watermark),
            "to": iso(self.end),
            "log_type": self.log_type,
            "dry_run": self.dry_run,
            "messages_per_second": self.messages_per_second,
            "page": checkpoint.page,
            "page_to": iso(checkpoint.end),
        }


def backfill(
    walker: Walker, request: BackfillRequest, time_left: TimeLeft
) -> tuple[WalkResult, Summary]:
    """Walk as far through the period as the time allows.

    The result has the error that stopped it before the period's end; ``next_event`` begins there.
    """
    result = walker.walk(
        KINDS[request.log_type],
        request.begin,
        request.end,
        time_left,
        save=lambda _: None,
        origin=Origin.BACKFILL,
        most=request.messages_per_second,
        dry_run=request.dry_run,
    )
    summary = summarize([result])
    if isinstance(result.error, HistoryLimitError):
        summary["stopped"] = (
            "The period begins before the oldest log that SignalWire keeps for this account."
            " Begin it later; what is older cannot be fetched."
        )
    elif not result.is_complete:
        summary["next_event"] = request.rest(result)
    return result, summary


def summarize(results: Sequence[WalkResult]) -> Summary:
    """Return what walks found and did, and whether all reached their ends."""
    found: dict[str, Counter[str]] = {}
    for result in results:
        found.setdefault(result.kind.name, Counter()).update(
            {verdict.value: count for verdict, count in result.found.items()}
        )
    return {
        "found": {log_type: dict(+counts) for log_type, counts in found.items()},
        "stored": sum(result.stored for result in results),
        "enqueued": sum(result.enqueued for result in results),
        "complete": all(result.is_complete for result in results),
    }
