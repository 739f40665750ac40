"""Concurrent fetches: bounded in number, at the granted pace, never beyond the time that is left.

::

    wanted ──when its turn comes──▶ work ──▶ threads ──▶ answers ──▶ the caller
       ▲                                                               │
       └────────────── wants more: the resource of a fax ──────────────┘
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from queue import Empty, SimpleQueue

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.clock import Clock, TimeLeft
from hooklog.enrich.ports import Fetched, Wanted
from hooklog.errors import (
    FetchError,
    HeldBackError,
    HooklogError,
    NotFoundError,
    OutageError,
    OutOfTimeError,
    RateLimitedError,
    UnauthorizedError,
    UnexpectedError,
)
from hooklog.logs.listing import Page
from hooklog.pace import Allowance, Grant
from hooklog.queue_messages import LogRequest

#: The listed period around an event: a fax may be created long before its last callback, and
#: clocks differ a little.
_LIST_BEFORE = timedelta(days=1)
_LIST_AFTER = timedelta(hours=1)
#: Seconds; with less time left, no fetch is begun.
_SHORTEST_FETCH = 0.5
#: Fewer failures than this may be those of single logs.
_OUTAGE = 3


class _Stop:
    """Whether an answer makes further requests of the batch pointless; threads share it."""

    def __init__(self) -> None:
        """Begin with no answer."""
        self.is_set = False
        self._failed = self._others = 0
        self._lock = threading.Lock()

    def note(self, error: FetchError | None) -> None:
        """Count an answer of SignalWire, or the error in which a request that was sent ended."""
        with self._lock:
            if isinstance(error, OutageError):
                self._failed += 1
            else:
                self._others += 1
            is_outage = self._failed >= _OUTAGE and self._failed > self._others
        if is_outage or isinstance(error, RateLimitedError | UnauthorizedError):
            self.is_set = True


class _Turns:
    """When each request of a batch may start."""

    def __init__(self, grant: Grant) -> None:
        """Begin now."""
        self._gap = grant.gap
        self._next = time.monotonic() + grant.wait

    def wait(self) -> float:
        """Return the seconds until the next turn, at least 0."""
        return max(0.0, self._next - time.monotonic())

    def take(self) -> None:
        """Give a request the next turn."""
        self._next += self._gap


class _Batch:
    """The requests of one call, and their answers."""

    def __init__(
        self,
        api: SignalWireApi,
        clock: Clock,
        wanted: Sequence[Wanted],
        time_left: TimeLeft,
        grant: Grant,
    ) -> None:
        """Begin without answers."""
        self._api = api
        self._clock = clock
        self.wanted = wanted
        self.time_left = time_left
        self.turns = _Turns(grant)
        self.stop = _Stop()
        #: How many of those that are wanted had their turn.
        self.taken = 0
        #: Their positions in what is wanted, as in ``answers``.
        self.unanswered: set[int] = set()
        self.answers: SimpleQueue[tuple[int, Fetched | HooklogError]] = SimpleQueue()

    @property
    def is_waiting(self) -> bool:
        """Whether requests wait for their turn."""
        return self.taken < len(self.wanted)

    def refusal(self, wait: float) -> FetchError | None:
        """Return why a request whose turn comes in that many seconds will not be sent."""
        if self.stop.is_set:
            return HeldBackError()
        if wait and self.time_left() - wait < _SHORTEST_FETCH:
            return OutOfTimeError()
        return None

    def fetch(self, position: int) -> None:
        """Put the answer to a request."""
        self.answers.put((position, self._answer(self.wanted[position].path)))

    def _answer(self, path: str) -> Fetched | HooklogError:
        if self.stop.is_set:
            return HeldBackError()
        try:
            left = self.time_left()
            if left < _SHORTEST_FETCH:
                return OutOfTimeError()
            began_at, began = self._clock(), time.perf_counter()
            body = self._api.get(path, left)
        except FetchError as error:
            self.stop.note(error)
            return error
        # It concerns this log alone; the pipeline reports it as a defect.
        except Exception as error:  # noqa: BLE001
            unexpected = UnexpectedError()
            unexpected.__cause__ = error
            return unexpected
        self.stop.note(None)
        return Fetched(body=body, began_at=began_at, took_ms=_milliseconds_since(began))


type _Work = SimpleQueue[tuple[_Batch, int] | None]


class _Workers:
    """Threads that take requests from one list; when this object is gone, they end."""

    def __init__(self) -> None:
        """Start no thread yet."""
        self._work: _Work = SimpleQueue()
        self._count = 0
        weakref.finalize(self, _end, self._work)

    def put(self, batch: _Batch, position: int, threads: int) -> None:
        """Add a request, and have at least that many threads."""
        self._work.put((batch, position))
        if self._count < threads:
            threading.Thread(target=_work_off, args=(self._work,), daemon=True).start()
            self._count += 1


def _work_off(work: _Work) -> None:
    while (one := work.get()) is not None:
        batch, position = one
        batch.fetch(position)
    work.put(None)  # For the next thread.


def _end(work: _Work) -> None:
    """Drop what has not begun, and let each thread end once it has nothing to do."""
    with contextlib.suppress(Empty):
        while True:
            work.get_nowait()
    work.put(None)


class ConcurrentSource:
    """Fetches logs with several threads over one shared connection pool."""

    def __init__(self, api: SignalWireApi, *, concurrency: int, clock: Clock) -> None:
        """Start no thread yet, and never more than ``concurrency``."""
        self._api = api
        self._lists = LogLists(api, clock)
        self._concurrency = concurrency
        self._clock = clock
        self._workers = _Workers()

    def allowance(self) -> Allowance | None:
        """Return what is used up first of what was announced since the last call."""
        return self._api.allowance()

    def fetch(
        self, wanted: Sequence[Wanted], time_left: TimeLeft, grant: Grant
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        """Yield each answer as it arrives; a late one is given up as out of time."""
        batch = _Batch(self._api, self._clock, wanted, time_left, grant)
        unknown: list[LogRequest] = []
        try:
            while True:
                yield from self._begin(batch)
                if batch.unanswered or batch.is_waiting:
                    for one, answer in self._arrived(batch):
                        is_unknown = isinstance(answer, NotFoundError)
                        if is_unknown and isinstance(one, LogRequest) and one.resource_sid:
                            unknown.append(one)
                        else:
                            yield one, answer
                elif unknown:
                    groups, unknown = _by_day(unknown), []
                    for group in groups:
                        yield from self._by_sid(group, batch)
                else:
                    break
        finally:
            if batch.unanswered:
                self._leave_workers()  # The caller has lost interest.

    def _begin(self, batch: _Batch) -> Iterator[tuple[Wanted, HooklogError]]:
        """Begin requests whose turn has come; yield those that will not be sent.

        The caller may have added some since the last time.
        """
        while batch.is_waiting:
            wait, position = batch.turns.wait(), batch.taken
            if (error := batch.refusal(wait)) is not None:
                batch.taken += 1
                yield batch.wanted[position], error
                continue
            if wait:
                break
            batch.taken += 1
            batch.turns.take()
            batch.unanswered.add(position)
            self._workers.put(batch, position, min(self._concurrency, len(batch.unanswered)))

    def _arrived(self, batch: _Batch) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        """Yield an answer when it arrives; nothing if the next turn comes before."""
        left = max(0.0, batch.time_left())
        wait = batch.turns.wait() if batch.is_waiting else math.inf
        try:
            position, answer = batch.answers.get(timeout=min(left, wait))
        except Empty:
            if wait > left:
                self._leave_workers()
                late, batch.unanswered = batch.unanswered, set()
                yield from ((batch.wanted[position], OutOfTimeError()) for position in late)
            return
        if position in batch.unanswered:  # Otherwise it was given up.
            batch.unanswered.remove(position)
            yield batch.wanted[position], answer

    def _leave_workers(self) -> None:
        """Leave the threads to their own timeouts, since a thread cannot be ended.

        What has not begun is never sent, and the next requests get threads and connections anew.
        """
        self._workers = _Workers()

    def _by_sid(
        self, requests: Sequence[LogRequest], batch: _Batch
    ) -> Iterator[tuple[LogRequest, Fetched | HooklogError]]:
        """Find logs by their resource's SID, in one pass over the list of their day.

        A fax callback names the FaxSid, which in most spaces is not the log's ID but the end of the
        log's ``url``.
        """
        by_sid = {request.resource_sid: request for request in requests}
        outcome: HooklogError = NotFoundError("Neither a log nor a listed url has this SID.")
        try:
            for page, took_ms in self._pages(requests, batch):
                for log in page.entries:
                    sid = str(log.get("url") or "").rpartition("/")[2].lower()
                    if request := by_sid.pop(sid, None):
                        body, began_at = json.dumps(log), page.began_at
                        yield (
                            request,
                            Fetched(body=body, began_at=began_at, took_ms=took_ms, found_by="url"),
                        )
                if not by_sid:
                    return
        except HooklogError as error:
            outcome = error
        # A defect here must not affect the rest of the batch.
        except Exception as error:  # noqa: BLE001
            outcome = UnexpectedError()
            outcome.__cause__ = error
        for request in by_sid.values():
            yield request, outcome

    def _pages(self, requests: Sequence[LogRequest], batch: _Batch) -> Iterator[tuple[Page, float]]:
        """Yield the pages of the list around some events, each with its milliseconds.

        Raises:
            FetchError: there is no usable answer, or no time for one, or no sense in asking.

        """
        kind = requests[0].kind
        start = min(request.event_at for request in requests) - _LIST_BEFORE
        end = max(request.event_at for request in requests) + _LIST_AFTER
        path: str | None = None
        while True:
            wait = batch.turns.wait()
            if (refusal := batch.refusal(wait)) is not None:
                raise refusal
            time.sleep(wait)
            if (left := batch.time_left()) < _SHORTEST_FETCH:
                raise OutOfTimeError
            batch.turns.take()
            began = time.perf_counter()
            try:
                page = self._lists.page(kind, start, end, path, left)
            except FetchError as error:
                batch.stop.note(error)
                raise
            batch.stop.note(None)
            yield page, _milliseconds_since(began)
            if (path := page.next) is None:
                return


def _by_day(requests: Sequence[LogRequest]) -> list[list[LogRequest]]:
    """Group requests by kind and day, so that an old one does not widen the search of others."""
    groups: dict[tuple[str, date], list[LogRequest]] = {}
    for request in requests:
        groups.setdefault((request.kind.name, request.event_at.date()), []).append(request)
    return list(groups.values())


def _milliseconds_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
