"""Concurrent fetches: bounded in number, and never beyond the time that is left."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from queue import Empty, SimpleQueue

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.clock import Clock, TimeLeft
from hooklog.enrich.ports import Fetched, Wanted
from hooklog.errors import (
    FetchError,
    HooklogError,
    NotFoundError,
    OutOfTimeError,
    RateLimitedError,
    UnauthorizedError,
    UnexpectedError,
)
from hooklog.logs.listing import RawLog
from hooklog.pace import Allowance, Grant
from hooklog.queue_messages import LogRequest

#: The listed period around an event: a fax may be created long before its last callback, and
#: clocks differ a little.
_LIST_BEFORE = timedelta(days=1)
_LIST_AFTER = timedelta(hours=1)
#: Seconds; with less time left, no fetch is begun.
_SHORTEST_FETCH = 0.5
#: The fewest threads, and how many are added after a batch that met no rate limit.
_FEWEST = 5
_ADDED = 10


@dataclass(slots=True)
class _Stop:
    """Answers that concern all logs of a batch.

    Attributes:
        error: the answer that makes further requests of the batch pointless.
        is_limited: whether an answer was 429.
        is_late: whether the time was too short for all answers.

    """

    error: FetchError | None = None
    is_limited: bool = False
    is_late: bool = False

    def note(self, error: HooklogError) -> None:
        """Note the error that a request ended in."""
        if isinstance(error, RateLimitedError):
            self.is_limited = True
        if isinstance(error, RateLimitedError | UnauthorizedError):
            self.error = error


class ConcurrentSource:
    """Fetches logs with several threads over one shared connection pool.

    A batch that met a 429 halves the number of threads for the next one, because requests that are
    under way when the first 429 arrives cannot be called back. Each batch that kept all threads
    busy and met none raises it again.
    """

    def __init__(self, api: SignalWireApi, *, concurrency: int, clock: Clock) -> None:
        """Start no thread yet, and never more than ``concurrency``."""
        self._api = api
        self._lists = LogLists(api)
        self._most = self._concurrency = concurrency
        self._clock = clock
        self._threads = ThreadPoolExecutor(concurrency)

    def fetch(
        self, wanted: Sequence[Wanted], time_left: TimeLeft, grant: Grant
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        """Yield each answer as it arrives; a late one is given up as out of time."""
        stop, begun = _Stop(), 0
        answers: SimpleQueue[tuple[Wanted, Fetched | HooklogError]] = SimpleQueue()
        unanswered: set[Wanted] = set()
        unknown: list[LogRequest] = []
        while True:
            # The caller may have added some since.
            for one in wanted[begun:]:
                unanswered.add(one)
                self._threads.submit(self._answer, one, answers, stop, time_left)
            begun = len(wanted)
            if unanswered:
                try:
                    one, answer = answers.get(timeout=max(0.0, time_left()))
                except Empty:
                    # A thread cannot be ended. It is left to its own timeouts together with its
                    # pool, so that the next batch gets all of its threads.
                    self._replace_threads()
                    stop.is_late = True
                    yield from ((late, OutOfTimeError()) for late in unanswered)
                    unanswered.clear()
                    continue
                if one not in unanswered:
                    continue  # It was given up.
                unanswered.remove(one)
                is_unknown = isinstance(answer, NotFoundError)
                if is_unknown and isinstance(one, LogRequest) and one.resource_sid:
                    unknown.append(one)
                else:
                    yield one, answer
            elif unknown:
                groups, unknown = _by_day(unknown), []
                for group in groups:
                    yield from self._by_sid(group, stop, time_left)
            else:
                break
        self._adapt(stop, begun)

    def allowance(self) -> Allowance | None:
        """Announce nothing."""

    def _adapt(self, stop: _Stop, count: int) -> None:
        """Halve the number of threads after a 429; raise it after as many fetches without one."""
        if stop.is_limited:
            self._change_concurrency(self._concurrency // 2)
        elif not stop.is_late and count >= self._concurrency:
            self._change_concurrency(self._concurrency + _ADDED)

    def _change_concurrency(self, wanted: int) -> None:
        before, self._concurrency = self._concurrency, min(self._most, max(_FEWEST, wanted))
        if self._concurrency != before:
            self._replace_threads()

    def _replace_threads(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._threads = ThreadPoolExecutor(self._concurrency)

    def _by_sid(
        self, requests: Sequence[LogRequest], stop: _Stop, time_left: TimeLeft
    ) -> Iterator[tuple[LogRequest, Fetched | HooklogError]]:
        """Find logs by their resource's SID, in one pass over the list of their day.

        A fax callback names the FaxSid, which in most spaces is not the log's ID but the end of the
        log's ``url``.
        """
        by_sid = {request.resource_sid: request for request in requests}
        outcome: HooklogError = NotFoundError("Neither a log nor a listed url has this SID.")
        try:
            for logs, began_at, took_ms in self._pages(requests, time_left):
                for log in logs:
                    sid = str(log.get("url") or "").rpartition("/")[2].lower()
                    if request := by_sid.pop(sid, None):
                        body = json.dumps(log)
                        yield (
                            request,
                            Fetched(body=body, began_at=began_at, took_ms=took_ms, found_by="url"),
                        )
                if not by_sid:
                    return
        except HooklogError as error:
            stop.note(error)
            outcome = error
        # A defect here must not affect the rest of the batch.
        except Exception as error:  # noqa: BLE001
            outcome = UnexpectedError()
            outcome.__cause__ = error
        for request in by_sid.values():
            yield request, outcome

    def _pages(
        self, requests: Sequence[LogRequest], time_left: TimeLeft
    ) -> Iterator[tuple[Sequence[RawLog], datetime, float]]:
        """Yield the pages of the list around some events, with start time and milliseconds.

        Raises:
            FetchError: there is no usable answer, or no time for one.

        """
        kind = requests[0].kind
        start = min(request.event_at for request in requests) - _LIST_BEFORE
        end = max(request.event_at for request in requests) + _LIST_AFTER
        path: str | None = None
        while True:
            if time_left() < _SHORTEST_FETCH:
                raise OutOfTimeError
            began_at, began = self._clock(), time.perf_counter()
            page = self._lists.page(kind, start, end, path, time_left())
            yield page.logs, began_at, round((time.perf_counter() - began) * 1000, 1)
            if (path := page.next) is None:
                return

    def _answer(
        self,
        one: Wanted,
        answers: SimpleQueue[tuple[Wanted, Fetched | HooklogError]],
        stop: _Stop,
        time_left: TimeLeft,
    ) -> None:
        answers.put((one, self._one(one.path, stop, time_left)))

    def _one(self, path: str, stop: _Stop, time_left: TimeLeft) -> Fetched | HooklogError:
        if stop.error is not None:
            return stop.error
        left = time_left()
        if left < _SHORTEST_FETCH:
            return OutOfTimeError()
        began_at, began = self._clock(), time.perf_counter()
        try:
            body = self._api.get(path, left)
        except FetchError as error:
            stop.note(error)
            return error
        # It concerns this log alone; the pipeline reports it as a defect.
        except Exception as error:  # noqa: BLE001
            unexpected = UnexpectedError()
            unexpected.__cause__ = error
            return unexpected
        took_ms = (time.perf_counter() - began) * 1000
        return Fetched(body=body, began_at=began_at, took_ms=round(took_ms, 1))


def _by_day(requests: Sequence[LogRequest]) -> list[list[LogRequest]]:
    """Group requests by kind and day, so that an old one does not widen the search of others."""
    groups: dict[tuple[str, date], list[LogRequest]] = {}
    for request in requests:
        groups.setdefault((request.kind.name, request.event_at.date()), []).append(request)
    return list(groups.values())
