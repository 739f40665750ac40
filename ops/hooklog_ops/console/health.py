"""The health strip: the few numbers that say whether someone has to act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from hooklog_ops.console.metrics import Step
from hooklog_ops.console.panels import Panel
from hooklog_ops.formatting import age, duration, short
from hooklog_ops.pace import CurrentPace
from hooklog_ops.parked import ParkedPage
from hooklog_ops.queues import QueueDepth

_NUMBERS = ("Nothing needs", "One thing needs", "Two things need", "Three things need")
_NO_VALUE: Final = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number of the health strip.

    Attributes:
        label: what it counts.
        value: as it is shown; a dash if it could not be read.
        note: what it means now.
        state: whether someone has to look.
        href: page with more, if there is one.

    """

    label: str
    value: str
    note: str
    state: Literal["fine", "look", "unknown"] = "fine"
    href: str = ""


def strip(
    parked: Panel[list[ParkedPage]],
    dead: Panel[QueueDepth],
    measured: Panel[list[Step]],
    pace: Panel[CurrentPace],
    queue: Panel[QueueDepth],
    now: datetime,
) -> list[Tile]:
    """Return the tiles, first those that may need someone."""
    return [
        _parked(parked, now),
        _dead_letters(dead),
        _missing(measured),
        _pace(pace),
        _queue(queue),
        _lag(measured),
    ]


def headline(tiles: Sequence[Tile]) -> str:
    """Say in a few words whether there is something to do."""
    count = sum(tile.state == "look" for tile in tiles)
    needs = _NUMBERS[count] if count < len(_NUMBERS) else f"{count} things need"
    return f"{needs} you" if not count else f"{needs} a look"


def _parked(panel: Panel[list[ParkedPage]], now: datetime) -> Tile:
    label, href = "Parked", "/parked"
    if panel.value is None:
        return _unknown(label, panel.problem)
    if not panel.value:
        return Tile(label=label, value="0", note="no message waits for you", href=href)
    count = sum(len(page.items) for page in panel.value)
    oldest = min(page.items[0].parked_at for page in panel.value)
    return Tile(
        label=label,
        value=f"{count}{'+' if any(page.cursor for page in panel.value) else ''}",
        note=f"waiting for you, the oldest for {age((now - oldest).total_seconds())}",
        state="look",
        href=href,
    )


def _dead_letters(panel: Panel[QueueDepth]) -> Tile:
    label = "Dead letters"
    if panel.value is None:
        return _unknown(label, panel.problem)
    if not (count := panel.value.total):
        return Tile(label=label, value="0", note="no message crashed its function")
    return Tile(label=label, value=str(count), note="see them with hooklog dlq peek", state="look")


def _missing(panel: Panel[list[Step]]) -> Tile:
    label, href = "Missed callbacks", "/completeness"
    if panel.value is None:
        return _unknown(label, panel.problem)
    if not any(step.compared for step in panel.value):
        return Tile(label=label, value=_NO_VALUE, note="no sweep in this time", href=href)
    missing = sum(step.missing for step in panel.value)
    if not missing:
        return Tile(label=label, value="0", note="every log had its callback", href=href)
    note = "found by the sweep and fetched"
    return Tile(label=label, value=str(missing), note=note, state="look", href=href)


def _pace(panel: Panel[CurrentPace]) -> Tile:
    label, pace = "Pace", panel.value
    if pace is None:
        return _unknown(label, panel.problem)
    if outage := pace.outage:
        since = short(outage.since, pace.now)
        note = f"{outage.code} since {since}; {outage.probe(pace.now)}"
        return Tile(label=label, value="outage", note=note, state="look")
    if pace.limit is None:
        return Tile(label=label, value="no limit", note="none is known, so no log waits")
    since = f"limited since {short(pace.since, pace.now)}" if pace.since else "the limit you set"
    return Tile(label=label, value=f"{pace.requests}/s", note=f"requests to SignalWire, {since}")


def _queue(panel: Panel[QueueDepth]) -> Tile:
    label = "On the queue"
    if panel.value is None:
        return _unknown(label, panel.problem)
    busy = panel.value.in_flight
    note = f"{busy} of them in flight or waiting for a retry" if busy else "nothing is held up"
    return Tile(label=label, value=str(panel.value.total), note=note)


def _lag(panel: Panel[list[Step]]) -> Tile:
    label = "Lag"
    if panel.value is None:
        return _unknown(label, panel.problem)
    known = [step.lag_ms for step in panel.value if step.lag_ms is not None]
    if not known:
        return Tile(label=label, value=_NO_VALUE, note="no log was fetched in this time")
    return Tile(label=label, value=duration(known[-1]), note="from event to record, median")


def _unknown(label: str, problem: str) -> Tile:
    return Tile(label=label, value=_NO_VALUE, note=problem, state="unknown")
