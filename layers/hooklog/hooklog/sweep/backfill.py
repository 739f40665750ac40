"""Compare a period of the past with the table: the sweep's own walk, asked for by a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal, TypedDict

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from hooklog.errors import BackfillError, HistoryLimitError
from hooklog.logs import KINDS
from hooklog.logs.base import as_utc
from hooklog.ports import TimeLeft
from hooklog.queue_messages import Origin, describe
from hooklog.records.items import iso
from hooklog.sweep.walk import PAGE_TIME, Place, Sweeper, Walked

#: The most logs that a page holds; all of them may have to be enqueued.
_PAGE_SIZE = 200


class Summary(TypedDict, total=False):
    """What the function answers; ``next_event`` is the event that goes on where this one ended."""

    found: dict[str, dict[str, int]]
    complete: bool
    stopped: str
    next_event: dict[str, JsonValue]


class BackfillRequest(BaseModel):
    """The event that asks for a period.

    Attributes:
        start: key ``from``; a date or ISO 8601 time, UTC without a zone.
        end: key ``to``; likewise.
        log_type: of logs; one a request.
        dry_run: only count.
        messages_per_second: at most so many go on the queue, on average.
        page: where to go on, out of an earlier answer's ``next_event``.

    """

    model_config = ConfigDict(extra="forbid")

    start: Annotated[datetime, AfterValidator(as_utc)] = Field(alias="from")
    end: Annotated[datetime, AfterValidator(as_utc)] = Field(alias="to")
    log_type: Literal["fax", "message"]
    dry_run: bool = False
    messages_per_second: float = Field(20, ge=1, le=1000)
    page: str | None = Field(None, pattern=r"^/api/[A-Za-z0-9/_-]+\?[^#\s]+$")

    @model_validator(mode="after")
    def _in_order(self) -> BackfillRequest:
        if self.start >= self.end:
            # Pydantic wants a ValueError here; `read` makes it ours.
            raise ValueError("from must be before to")
        return self

    @classmethod
    def read(cls, event: Mapping[str, object]) -> BackfillRequest:
        """Read the event.

        Raises:
            BackfillError: a key is missing, unknown or malformed; the sentence names it.

        """
        try:
            return cls.model_validate(dict(event))
        except ValidationError as error:
            raise BackfillError(f"The backfill cannot be read: {describe(error)}.") from None

    def rest(self, place: Place) -> dict[str, JsonValue]:
        """Give the event that goes on from a place."""
        return {
            "from": iso(place.start),
            "to": iso(place.end),
            "log_type": self.log_type,
            "dry_run": self.dry_run,
            "messages_per_second": self.messages_per_second,
            "page": place.page,
        }


def backfill(
    sweeper: Sweeper,
    request: BackfillRequest,
    time_left: TimeLeft,
    *,
    sleep: Callable[[float], None],
) -> tuple[dict[str, Walked], Summary]:
    """Walk as far through the period as the time allows.

    What stopped it before its end is in the walk; ``next_event`` begins there.
    """
    begun = Place(request.start, request.start, request.end, page=request.page)
    slowest_page = 0.0 if request.dry_run else _PAGE_SIZE / request.messages_per_second
    walked = sweeper.walk(
        KINDS[request.log_type],
        begun,
        time_left,
        keep=lambda _: None,
        origin=Origin.BACKFILL,
        pace=lambda count: sleep(count / request.messages_per_second),
        page_time=PAGE_TIME + slowest_page,
        dry_run=request.dry_run,
    )
    walks: dict[str, Walked] = {request.log_type: walked}
    summary = summarize(walks)
    if isinstance(walked.error, HistoryLimitError):
        summary["stopped"] = (
            "The period begins before the oldest log that SignalWire keeps for this account."
            " Begin it later; what is older cannot be fetched."
        )
    elif not walked.is_complete:
        summary["next_event"] = request.rest(walked.place)
    return walks, summary


def summarize(walks: Mapping[str, Walked]) -> Summary:
    """Say what was found, and whether the end was reached."""
    return {
        "found": {
            log_type: {verdict.value: count for verdict, count in walked.found.items() if count}
            for log_type, walked in walks.items()
        },
        "complete": all(walked.is_complete for walked in walks.values()),
    }
