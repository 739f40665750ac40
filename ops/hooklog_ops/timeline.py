"""A record's history as a list of events, from its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from hooklog_ops.records import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a log or its message.

    Attributes:
        at: when.
        what: in a few words.
        more: a detail, or empty.
        kind: ``failed``, ``parked``, or empty.

    """

    at: datetime
    what: str
    more: str = ""
    kind: str = ""


def timeline(item: Item, alias: Item | None = None) -> list[Event]:
    """Return the known events of a log, and of messages under its SID, oldest first."""
    events = [*_of_log(item)]
    if erased_at := _time(item, "erased_at"):
        events.append(Event(at=erased_at, what="Erased"))
    for row in (item, alias or {}):
        events += _of_parking(row)
        for entry in row.get("parked_history", ()):
            events += _of_lifted(entry)
        events += _of_tries(row)
    return sorted(events, key=lambda event: event.at)


def _of_log(item: Item) -> Iterator[Event]:
    if created_at := _time(item, "created_at"):
        yield Event(at=created_at, what=f"{str(item['log_type']).capitalize()} created")
    fetched_at = _time(item, "fetched_at")
    if fetched_at is None:
        return
    if "lag_ms" in item:
        lag = timedelta(milliseconds=int(item["lag_ms"]))
        yield Event(at=fetched_at - lag, what="Event that led to the fetch")
    failed = item["outcome"] == "failed"
    yield Event(
        at=fetched_at,
        what="Fetched and stored" if "lag_ms" in item else "Read from a list and stored",
        more=f"status {item['status']}",
        kind="failed" if failed else "",
    )
    first_failed_at = _time(item, "first_failed_at")
    if first_failed_at and first_failed_at != fetched_at:
        yield Event(at=first_failed_at, what="Failure counted", kind="failed")


def _of_tries(item: Item) -> Iterator[Event]:
    for code, one in item.get("tries", {}).items():
        times = f", {one['count']} times so far" if one["count"] > 1 else ""
        at = datetime.fromisoformat(one["at"])
        yield Event(at=at, what="Tried without success", more=f"{code}{times}")


def _of_parking(item: Item) -> Iterator[Event]:
    if "parked_code" not in item:
        return
    first_at, parked_at = _time(item, "parked_first_at"), _time(item, "parked_at")
    if first_at and first_at != parked_at:
        yield Event(at=first_at, what="Parked for the first time", kind="parked")
    if parked_at:
        attempts = f"{item['parked_code']}, attempts: {item['parked_attempts']}"
        yield Event(at=parked_at, what="Parked", more=attempts, kind="parked")
    yield from _of_redrive(item)


def _of_redrive(entry: Item) -> Iterator[Event]:
    if redriven_at := _time(entry, "redriven_at"):
        by = f"by {entry['redriven_by']}" if "redriven_by" in entry else ""
        yield Event(at=redriven_at, what="Put on the queue again", more=by)


def _of_lifted(entry: Item) -> Iterator[Event]:
    """Yield the events of a parking that a later success lifted."""
    if parked_at := _time(entry, "at"):
        yield Event(at=parked_at, what="Parked", more=str(entry.get("code", "")), kind="parked")
    yield from _of_redrive(entry)
    if lifted_at := _time(entry, "lifted_at"):
        into = f"stored in {entry['into']}" if "into" in entry else ""
        yield Event(at=lifted_at, what="No longer parked", more=into)


def _time(item: Item, name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]) if name in item else None
