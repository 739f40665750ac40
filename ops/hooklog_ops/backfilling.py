"""A backfill: the days of a period, each compared by the sweep function, several at a time.

::

    days   1 Jan   2 Jan   3 Jan   4 Jan   …
           done    under   done    waits        go on at 2 Jan
                   way

An invocation compares one day of one kind of log. If its time does not suffice, its answer names
the event of the next. Days begin in order, so all before the first one that is not done are done.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from threading import Thread
from typing import TYPE_CHECKING

from pydantic import JsonValue

from hooklog.clock import iso
from hooklog.sweep.backfill import Summary
from hooklog.sweep.comparison import WANTED
from hooklog_ops.errors import FunctionError
from hooklog_ops.formatting import age, counted

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

type Event = Mapping[str, JsonValue]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A day in UTC, or the part of it that is in the period: from ``start`` to before ``end``."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


def split(since: datetime, until: datetime) -> list[Day]:
    """Split a period at each midnight, the oldest day first."""
    days = []
    while since < until:
        midnight = datetime.combine(since.date() + _DAY, time.min, UTC)
        days.append(Day(since, min(midnight, until)))
        since = midnight
    return days


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Logs of one kind that SignalWire does not list any more.

    Attributes:
        log_type: the kind.
        before: the end of the last day that could not be compared as a whole.
        told: the function's sentence.

    """

    log_type: str
    before: datetime
    told: str


@dataclass(frozen=True, slots=True)
class _Part:
    day: Day
    log_type: str


@dataclass(slots=True, kw_only=True)
class Walk:
    """One pass over the days of a period; it is also the sum of what its invocations said.

    Attributes:
        invoke: invokes the function with an event; called in several threads.
        days: of the period, in order.
        log_types: the kinds of log.
        parallel: invocations at a time, at most.
        clock: seconds from any beginning.
        found: logs by kind and verdict.
        stored: rows written from pages of the list.
        enqueued: logs put on the queue.
        invocations: that have ended.
        seconds: that they took together.

    """

    invoke: Callable[[Event], Summary]
    days: Sequence[Day]
    log_types: Sequence[str]
    parallel: int
    clock: Callable[[], float]
    found: dict[str, Counter[str]] = field(init=False)
    stored: int = 0
    enqueued: int = 0
    invocations: int = 0
    seconds: float = 0.0
    _begun_at: float = field(init=False)
    _gaps: dict[str, Gap] = field(default_factory=dict)
    _done: Counter[Day] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Begin to measure."""
        self.found = {log_type: Counter() for log_type in self.log_types}
        self._begun_at = self.clock()

    def run(self, options: Event) -> Iterator[Day | None]:
        """Compare all days; yields after each answer, the day if it is done with that.

        Only the caller's thread begins an invocation, so none begins after an exception here. Those
        under way are not waited for.

        Args:
            options: the keys of each event besides period and kind.

        Raises:
            FunctionError: an invocation failed.
            ClientError: AWS refused one.
            BotoCoreError: AWS could not be reached.

        """
        parts = (_Part(day, log_type) for day in self.days for log_type in self.log_types)
        running: dict[Future[Summary], tuple[_Part, float]] = {}

        def begin(part: _Part, event: Event) -> None:
            running[_in_background(lambda: self.invoke(event))] = part, self.clock()

        for part in islice(parts, self.parallel):
            begin(part, _event(part, options))
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                part, begun_at = running.pop(future)
                self.seconds += self.clock() - begun_at
                summary = future.result()
                self._add(part, summary)
                yield part.day if self._is_done(part.day) else None
                if (rest := summary.get("next_event")) is not None:
                    begin(part, rest)
                elif (following := next(parts, None)) is not None:
                    begin(following, _event(following, options))

    @property
    def wanted(self) -> int:
        """How many of the found logs are to be stored."""
        return sum(counts[verdict] for counts in self.found.values() for verdict in WANTED)

    @property
    def gaps(self) -> list[Gap]:
        """What SignalWire does not list any more, one per kind of log at most."""
        return [self._gaps[log_type] for log_type in self.log_types if log_type in self._gaps]

    @property
    def days_done(self) -> int:
        """How many days were compared, in all kinds of log."""
        return sum(map(self._is_done, self.days))

    @property
    def goes_on_at(self) -> datetime:
        """Where the first day begins that is not done; the period's end if all are."""
        left = (day.start for day in self.days if not self._is_done(day))
        return next(left, self.days[-1].end)

    @property
    def progress(self) -> str:
        """How far it is, how fast, and how long the rest takes if that is like the days done."""
        elapsed = self.clock() - self._begun_at
        compared = sum(counts.total() for counts in self.found.values())
        told = [counted(compared, "log")]
        if elapsed:
            told.append(f"{compared / elapsed:,.0f} per second")
        told.append(f"{self.days_done:,} of {counted(len(self.days), 'day')}")
        whole = sum((day.length for day in self.days), timedelta())
        done = sum((day.length for day in self.days if self._is_done(day)), timedelta())
        if timedelta() < done < whole:
            told.append(f"{age(elapsed * ((whole - done) / done))} left")
        return ", ".join(told)

    def _add(self, part: _Part, summary: Summary) -> None:
        self.invocations += 1
        self.found[part.log_type].update(summary["found"].get(part.log_type, {}))
        self.stored += summary["stored"]
        self.enqueued += summary["enqueued"]
        if told := summary.get("stopped"):
            known = self._gaps.get(part.log_type)
            before = max(known.before, part.day.end) if known else part.day.end
            self._gaps[part.log_type] = Gap(log_type=part.log_type, before=before, told=told)
        if "next_event" not in summary:
            self._done[part.day] += 1

    def _is_done(self, day: Day) -> bool:
        return self._done[day] == len(self.log_types)


def invoke(client: LambdaClient, function: str, event: Event) -> Summary:
    """Invoke the sweep function, and wait for its answer.

    Raises:
        FunctionError: it failed; the text has its own words.
        ClientError: AWS refused.
        BotoCoreError: AWS could not be reached, or did not answer in time.

    """
    answer = client.invoke(FunctionName=function, Payload=json.dumps(dict(event)).encode())
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise FunctionError(f"The sweep function failed: {payload.get('errorMessage')}")
    summary: Summary = payload
    return summary


def _event(part: _Part, options: Event) -> Event:
    return {
        "from": iso(part.day.start),
        "to": iso(part.day.end),
        "log_type": part.log_type,
        **options,
    }


def _in_background[T](work: Callable[[], T]) -> Future[T]:
    """Run in a thread that the program does not wait for at its end, as it does for a pool's."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future
