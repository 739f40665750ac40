"""Concurrent fetches stay within the allowed concurrency and the time left."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from hooklog.adapters.signalwire.api import MAX_BODY, SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.fetching import ConcurrentSource, _Batch
from hooklog.enrich.ports import Fetched, ResourceRequest, Wanted
from hooklog.errors import (
    FetchTimeoutError,
    HeldBackError,
    HooklogError,
    NotFoundError,
    OutOfTimeError,
    RateLimitedError,
    UnauthorizedError,
    UnexpectedError,
    UpstreamError,
)
from hooklog.logs import KINDS, LogKind
from hooklog.logs.listing import Page
from hooklog.pace import Allowance, Grant
from hooklog.queue_messages import LogRequest
from local.space import Fault, FaultKind, Log, RunningSpace, generate, serve
from tests.builders import PROJECT_ID, SENT_AT, fax_log, request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hooklog.clock import TimeLeft

AMPLE = 30.0
#: A pace that holds nothing back.
AT_ONCE = Grant(requests=1000)
#: Seconds; far longer than a normal answer takes here, far shorter than a slow one.
SHORT = 0.25
SLOW = 2.0


def source(
    space: RunningSpace, concurrency: int, *, project_id: str | None = None
) -> ConcurrentSource:
    """Return the adapter for a space."""
    credentials = Credentials(project_id or space.project_id, space.api_token)
    api = SignalWireApi(
        space.url,
        FixedCredentials(credentials),
        connections=concurrency,
        connect_timeout=AMPLE,
        read_timeout=AMPLE,
    )
    return ConcurrentSource(api, concurrency=concurrency, clock=lambda: SENT_AT)


def fax_requests(space: RunningSpace, count: int) -> list[LogRequest]:
    """Return requests for this number of the space's faxes."""
    return [request("fax", log_id) for log_id in list(space.ids()["fax"])[:count]]


def fetch(
    fetching: ConcurrentSource, requests: Sequence[LogRequest], time_left: TimeLeft = lambda: AMPLE
) -> dict[str, Fetched | HooklogError]:
    """Return the answers by log ID, one per ID."""
    answers = list(fetching.fetch(requests, time_left, AT_ONCE))
    found = {asked.key.partition("#")[2]: answer for asked, answer in answers}
    assert len(found) == len(answers) == len(requests)
    return found


def kinds(answers: dict[str, Fetched | HooklogError]) -> list[type]:
    """Return the type of each answer, in order."""
    return [type(answer) for answer in answers.values()]


def in_order(
    requests: Sequence[LogRequest], answers: dict[str, Fetched | HooklogError]
) -> list[type]:
    """Return the type of each answer in the order of the requests, whichever came first."""
    return [type(answers[asked.log_id]) for asked in requests]


def patience(seconds: float) -> TimeLeft:
    """Limit the batch to these seconds, while each fetch sees ample time.

    An answer that trickles in has this effect: its own timeouts never end it.
    """
    batch = threading.get_ident()
    return lambda: seconds if threading.get_ident() == batch else AMPLE


class Instant(SignalWireApi):
    """Answers at once, and not over a connection."""

    def get(self, path: str, time_left: float, *, max_body: int = MAX_BODY) -> str:  # noqa: ARG002
        """Return an empty log."""
        return "{}"


class Unknown(SignalWireApi):
    """Knows no log."""

    def get(self, path: str, time_left: float, *, max_body: int = MAX_BODY) -> str:  # noqa: ARG002
        """Find nothing."""
        raise NotFoundError


def offline(client: type[SignalWireApi]) -> ConcurrentSource:
    """Return the adapter over a client that opens no connection."""
    api = client(
        "http://127.0.0.1:9",
        FixedCredentials(Credentials(PROJECT_ID, "token")),
        connections=1,
        connect_timeout=AMPLE,
        read_timeout=AMPLE,
    )
    return ConcurrentSource(api, concurrency=1, clock=lambda: SENT_AT)


# --- answers ------------------------------------------------------------------------------------


def test_answers(space: RunningSpace) -> None:
    """Each request gets its own log, with the time and duration of the fetch."""
    messages = [request("message", log_id) for log_id in space.ids()["message"]]
    requests = [*fax_requests(space, 5), *messages]
    answers = fetch(source(space, 3), requests)
    for asked in requests:
        answer = answers[asked.log_id]
        assert isinstance(answer, Fetched)
        assert json.loads(answer.body)["id"] == asked.log_id
        assert answer.began_at == SENT_AT
        assert 0 < answer.took_ms < AMPLE * 1000
    assert space.requests().counts == {"fax_one": 5, "message_one": len(messages)}


def test_nothing_to_fetch(space: RunningSpace) -> None:
    """Without requests there are no answers."""
    assert fetch(source(space, 3), []) == {}
    assert space.requests().ids == []


def test_fetch_begins_before_the_request(space: RunningSpace) -> None:
    """``fetched_at`` is taken before the request, so that no later change counts as seen."""
    ticks = iter([SENT_AT, SENT_AT + timedelta(hours=1)])
    fetching = source(space, 1)
    fetching._clock = lambda: next(ticks)
    space.set_latency(0.05)
    (answer,) = fetch(fetching, fax_requests(space, 1)).values()
    assert isinstance(answer, Fetched)
    assert answer.began_at == SENT_AT
    assert answer.took_ms >= 50


@pytest.mark.parametrize("concurrency", [1, 4])
def test_concurrency_is_used_and_kept(space: RunningSpace, concurrency: int) -> None:
    """The open requests reach the allowed concurrency and never exceed it."""
    space.set_latency(0.05)
    answers = fetch(source(space, concurrency), fax_requests(space, 4 * concurrency))
    assert set(kinds(answers)) == {Fetched}
    assert space.requests().max_in_flight == concurrency


def test_failures_concern_one_log(space: RunningSpace) -> None:
    """A log that cannot be fetched does not affect the others."""
    first, second, third = fax_requests(space, 3)
    space.add_fault(Fault(FaultKind.NOT_FOUND, log_id=second.log_id))
    answers = fetch(source(space, 1), [first, second, third])
    assert isinstance(answers.pop(second.log_id), NotFoundError)
    assert kinds(answers) == [Fetched, Fetched]


def test_crash_concerns_one_log(space: RunningSpace) -> None:
    """A defect is an error of its log, with its cause; the others are fetched."""
    first, second = fax_requests(space, 2)

    class Crashing(SignalWireApi):
        def get(self, path: str, time_left: float, *, max_body: int = MAX_BODY) -> str:
            if first.log_id in path:
                raise ZeroDivisionError
            return super().get(path, time_left, max_body=max_body)

    fetching = source(space, 1)
    fetching._api.__class__ = Crashing
    answers = fetch(fetching, [first, second])
    answer = answers[first.log_id]
    assert isinstance(answer, UnexpectedError)
    assert isinstance(answer.__cause__, ZeroDivisionError)
    assert isinstance(answers[second.log_id], Fetched)


# --- stops --------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 4])
def test_rate_limit_stops_the_batch(space: RunningSpace, concurrency: int) -> None:
    """After a 429 no further request is made, and what was not sent is held back."""
    space.set_latency(0.05)
    space.add_fault(Fault(FaultKind.RATE_LIMITED, times=1000, retry_after=3))
    answers = fetch(source(space, concurrency), fax_requests(space, 20))
    sent = len(space.requests().ids)
    assert Counter(kinds(answers)) == {RateLimitedError: sent, HeldBackError: 20 - sent}
    assert sent <= concurrency


def test_what_came_before_the_rate_limit_is_kept(space: RunningSpace) -> None:
    """A 429 does not affect logs that were fetched before it."""
    requests = fax_requests(space, 5)
    space.add_fault(Fault(FaultKind.RATE_LIMITED, log_id=requests[2].log_id))
    answers = fetch(source(space, 1), requests)
    assert in_order(requests, answers) == [
        *[Fetched] * 2,
        RateLimitedError,
        *[HeldBackError] * 2,
    ]
    assert len(space.requests().ids) == 3


def test_refused_credentials_stop_the_batch(space: RunningSpace) -> None:
    """Refused credentials stop the batch, because every request would be refused."""
    requests = fax_requests(space, 20)
    answers = fetch(source(space, 1, project_id="nobody"), requests)
    assert in_order(requests, answers) == [UnauthorizedError] + [HeldBackError] * 19
    assert len(space.requests().ids) == 1


def test_an_outage_stops_the_batch(space: RunningSpace) -> None:
    """Three failures without an answer are an outage, and fewer are not."""
    fetching, requests = source(space, 1), fax_requests(space, 20)
    space.add_fault(Fault(FaultKind.SERVER_ERROR, times=1000))
    assert in_order(requests, fetch(fetching, requests)) == [
        *[UpstreamError] * 3,
        *[HeldBackError] * 17,
    ]
    assert len(space.requests().ids) == 3
    space.clear_faults()
    space.add_fault(Fault(FaultKind.SERVER_ERROR, times=2))
    answers = fetch(fetching, requests)
    assert in_order(requests, answers) == [UpstreamError] * 2 + [Fetched] * 18


def test_an_outage_is_more_failures_than_answers(space: RunningSpace) -> None:
    """After four answers of any kind, only the fifth failure stops the batch."""
    requests = fax_requests(space, 20)
    space.add_fault(Fault(FaultKind.NOT_FOUND, log_id=requests[0].log_id))
    for asked in requests[4:]:
        space.add_fault(Fault(FaultKind.SERVER_ERROR, log_id=asked.log_id))
    assert in_order(requests, fetch(source(space, 1), requests)) == [
        NotFoundError,
        *[Fetched] * 3,
        *[UpstreamError] * 5,
        *[HeldBackError] * 11,
    ]


def test_a_stop_concerns_what_is_wanted_later(space: RunningSpace) -> None:
    """What the caller adds after a 429 is held back, too, and no list is searched."""
    first, added = fax_requests(space, 2)
    unknown = by_sid(str(uuid.UUID(int=1)))
    space.add_fault(Fault(FaultKind.RATE_LIMITED, log_id=first.log_id))
    wanted: list[Wanted] = [unknown, first]
    answers: dict[Wanted, type] = {}
    for one, answer in source(space, 1).fetch(wanted, lambda: AMPLE, AT_ONCE):
        answers[one] = type(answer)
        if one is first:
            wanted.append(added)
    assert answers == {first: RateLimitedError, added: HeldBackError, unknown: HeldBackError}
    assert space.requests().counts == {"fax_one": 2}


@pytest.mark.parametrize("error", [RateLimitedError(), UnauthorizedError()])
def test_a_list_stops_the_batch(space: RunningSpace, error: HooklogError) -> None:
    """The 429 of a list holds back the list of another day, as that of a log does."""
    unknown = by_sid(str(uuid.UUID(int=1)))
    old = replace(unknown, event_at=SENT_AT - timedelta(days=300))
    found = fetch_pairs(failing_lists(space, error), [unknown, old])
    assert [type(answer) for _, answer in found] == [type(error), HeldBackError]


def test_pages_of_lists_count_as_answers(sends: tuple[RunningSpace, list[Log]]) -> None:
    """Three failures are no outage beside three pages."""
    space, logs = sends
    requests = [request("fax", str(log["id"])) for log in logs[:4]]
    for asked in requests[:3]:
        space.add_fault(Fault(FaultKind.SERVER_ERROR, log_id=asked.log_id))
    wanted: list[Wanted] = [by_sid(str(uuid.UUID(int=999_999)))]
    answers = []
    for _, answer in source(space, 1).fetch(wanted, lambda: AMPLE, AT_ONCE):
        answers.append(type(answer))
        wanted += requests
        requests = []
    assert answers == [NotFoundError, *[UpstreamError] * 3, Fetched]


def test_stop_is_for_one_batch(space: RunningSpace) -> None:
    """A stop ends with its batch; the next batch is fetched."""
    fetching, requests = source(space, 2), fax_requests(space, 6)
    space.add_fault(Fault(FaultKind.RATE_LIMITED, times=1000))
    fetch(fetching, requests)
    space.clear_faults()
    assert set(kinds(fetch(fetching, requests))) == {Fetched}


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [0.1, 0.0, -3.0])
def test_no_time_no_request(space: RunningSpace, left: float) -> None:
    """With hardly any time left no request is made."""
    answers = fetch(source(space, 2), fax_requests(space, 5), lambda: left)
    assert set(kinds(answers)) == {OutOfTimeError}
    assert space.requests().ids == []


def test_half_a_second_is_enough() -> None:
    """While as much is left, a request is sent, and so is that for the list after it."""
    asked, batch, is_sent = by_sid(str(uuid.uuid4())), threading.get_ident(), threading.Event()

    class Lists:
        def page(self, *_: object) -> Page:
            return Page([{"url": f"x/{asked.log_id}"}], None, SENT_AT)

    def time_left() -> float:
        # Until the request is sent, the batch itself waits for its thread as long as it takes.
        if threading.get_ident() == batch:
            return 0.5 if is_sent.is_set() else AMPLE
        is_sent.set()
        return 0.5

    fetching = offline(Unknown)
    fetching._lists = Lists()  # type: ignore[assignment]
    ((_, answer),) = fetching.fetch([asked], time_left, AT_ONCE)
    assert isinstance(answer, Fetched)


def test_a_turn_with_half_a_second_after_it_is_waited_for() -> None:
    """With less, the request is out of time before its turn comes."""
    batch = _Batch(offline(Unknown)._api, lambda: SENT_AT, [], lambda: 5.0, AT_ONCE)
    assert batch.refusal(4.5) is None
    assert isinstance(batch.refusal(4.6), OutOfTimeError)


def test_the_time_a_fetch_took_is_in_tenths_of_a_millisecond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the metric of the fetches' latency has it."""
    seconds = iter([1.0, 1.23456])
    timed = SimpleNamespace(perf_counter=lambda: next(seconds), monotonic=time.monotonic)
    monkeypatch.setattr("hooklog.adapters.signalwire.fetching.time", timed)
    ((_, answer),) = offline(Instant).fetch([request("fax")], lambda: AMPLE, AT_ONCE)
    assert isinstance(answer, Fetched)
    assert answer.took_ms == 234.6


def test_late_answers_are_given_up(space: RunningSpace) -> None:
    """When the time is over, pending answers are given up and finished ones kept."""
    requests = fax_requests(space, 6)
    late = requests[1].log_id
    space.add_fault(Fault(FaultKind.SLOW, log_id=late, delay_s=SLOW))
    began = time.monotonic()
    answers = fetch(source(space, 3), requests, patience(SHORT))
    assert time.monotonic() - began < SHORT + 0.5
    assert isinstance(answers.pop(late), OutOfTimeError)
    assert kinds(answers) == [Fetched] * 5


def test_waiting_requests_are_given_up(space: RunningSpace) -> None:
    """A request that still waits when the time is over is never sent."""
    requests = fax_requests(space, 4)
    space.add_fault(Fault(FaultKind.SLOW, log_id=requests[0].log_id, delay_s=SHORT + 0.2))
    before = set(threading.enumerate())
    assert kinds(fetch(source(space, 1), requests, patience(SHORT))) == [OutOfTimeError] * 4
    ended(set(threading.enumerate()) - before)
    assert space.requests().ids == [requests[0].log_id]


def test_what_nobody_waits_for_is_not_sent(space: RunningSpace) -> None:
    """When the caller ends early, what has not begun is not sent, and the next batch is fetched."""
    requests = fax_requests(space, 20)
    space.set_latency(0.02)
    fetching, before = source(space, 1), set(threading.enumerate())
    batch = fetching.fetch(requests, lambda: AMPLE, AT_ONCE)
    next(batch)
    threads = set(threading.enumerate()) - before
    assert isinstance(batch, Generator)
    batch.close()
    ended(threads)
    assert len(space.requests().ids) <= 3
    assert kinds(fetch(fetching, requests[:2])) == [Fetched] * 2


def test_threads_are_kept_for_the_next_batch(space: RunningSpace) -> None:
    """As many are started as a batch has use for, and never more than the concurrency.

    None of them keeps the process from ending.
    """
    before, fetching = set(threading.enumerate()), source(space, 3)
    requests = fax_requests(space, 9)
    for batch, threads in ((requests[:2], 2), (requests[2:], 3), (requests[:1], 3)):
        assert kinds(fetch(fetching, batch)) == [Fetched] * len(batch)
        started = set(threading.enumerate()) - before
        assert len(started) == threads
        assert all(thread.daemon for thread in started)


def test_threads_end_with_their_source(space: RunningSpace) -> None:
    """Threads that wait for work do not outlive the source."""
    before, fetching = set(threading.enumerate()), source(space, 3)
    fetch(fetching, fax_requests(space, 9))
    threads = set(threading.enumerate()) - before
    del fetching
    ended(threads)


def ended(threads: set[threading.Thread]) -> None:
    """Wait until threads have ended."""
    assert threads
    for thread in threads:
        thread.join(SLOW)
        assert not thread.is_alive()


def test_next_batch_is_not_held_up(space: RunningSpace) -> None:
    """After a batch ran out of time, the next has all threads and connections."""
    requests = fax_requests(space, 8)
    slow, others = requests[:2], requests[2:]
    for asked in slow:
        space.add_fault(Fault(FaultKind.SLOW, log_id=asked.log_id, delay_s=SLOW))
    fetching = source(space, 2)
    assert kinds(fetch(fetching, slow, patience(SHORT))) == [OutOfTimeError] * 2
    assert kinds(fetch(fetching, others, patience(SHORT))) == [Fetched] * 6


def test_requests_know_how_much_time_is_left(space: RunningSpace) -> None:
    """A request that starts late waits only until the end of the batch's time."""
    left: list[float] = []

    class Noting(SignalWireApi):
        def get(self, path: str, time_left: float, *, max_body: int = MAX_BODY) -> str:
            left.append(time_left)
            return super().get(path, time_left, max_body=max_body)

    fetching = source(space, 1)
    fetching._api.__class__ = Noting
    remaining = iter([20.0, 19.0, 18.0])
    batch = threading.get_ident()
    fetch(
        fetching,
        fax_requests(space, 3),
        lambda: AMPLE if threading.get_ident() == batch else next(remaining),
    )
    assert left == [20.0, 19.0, 18.0]


# --- pace ---------------------------------------------------------------------------------------


class Started(SignalWireApi):
    """Notes when each request starts."""

    starts: list[float]

    def get(self, path: str, time_left: float, *, max_body: int = MAX_BODY) -> str:
        """Note the moment."""
        self.starts.append(time.monotonic())
        return super().get(path, time_left, max_body=max_body)


def noting(fetching: ConcurrentSource) -> list[float]:
    """Return the list of the moments at which the source's requests start."""
    api = fetching._api
    api.__class__ = Started
    assert isinstance(api, Started)
    api.starts = []
    return api.starts


@pytest.mark.parametrize("concurrency", [1, 5])
def test_no_request_starts_before_its_turn(space: RunningSpace, concurrency: int) -> None:
    """The i-th starts after the wait and i gaps at the earliest, also beyond the grant."""
    fetching, grant = source(space, concurrency), Grant(requests=3, wait=0.2, gap=0.05)
    starts, began = noting(fetching), time.monotonic()
    answers = list(fetching.fetch(fax_requests(space, 6), lambda: AMPLE, grant))
    assert [type(answer) for _, answer in answers] == [Fetched] * 6
    turns = [grant.wait + number * grant.gap for number in range(6)]
    assert all(start >= began + turn for start, turn in zip(starts, turns, strict=True))
    assert starts[-1] < began + turns[-1] + 1


def test_without_a_gap_all_start_at_once(space: RunningSpace) -> None:
    """The wait is that of the first request alone."""
    fetching, grant = source(space, 6), Grant(requests=6, wait=0.2)
    space.set_latency(0.2)
    starts, began = noting(fetching), time.monotonic()
    list(fetching.fetch(fax_requests(space, 6), lambda: AMPLE, grant))
    assert min(starts) >= began + 0.2
    assert space.requests().max_in_flight == 6


def test_what_is_added_has_the_turns_after_all_others(space: RunningSpace) -> None:
    """A request that is wanted later starts a gap after the last one, and not at once."""
    first, *others = fax_requests(space, 4)
    fetching, grant = source(space, 4), Grant(requests=1, gap=0.1)
    starts, began = noting(fetching), time.monotonic()
    wanted: list[Wanted] = [first]
    for one, _ in fetching.fetch(wanted, lambda: AMPLE, grant):
        if one is first:
            wanted += others
    assert len(starts) == 4
    assert all(start >= began + number * 0.1 for number, start in enumerate(starts))


def test_pages_take_turns_as_well(sends: tuple[RunningSpace, list[Log]]) -> None:
    """The pages of a list start at the distance of all requests."""
    space, logs = sends
    fetching, grant = source(space, 4), Grant(requests=1, gap=0.1)
    starts, began = noting(fetching), time.monotonic()
    unknown = by_sid(str(logs[449]["url"])[-36:])
    ((_, answer),) = fetching.fetch([unknown], lambda: AMPLE, grant)
    assert isinstance(answer, Fetched)
    assert len(starts) == 4
    assert all(start >= began + number * 0.1 for number, start in enumerate(starts))


def test_a_turn_that_comes_too_late_is_not_waited_for(space: RunningSpace) -> None:
    """Such requests are out of time at once; those before them are fetched."""
    began = time.monotonic()
    grant = Grant(requests=3, gap=20.0)
    answers = list(source(space, 3).fetch(fax_requests(space, 3), lambda: 10.0, grant))
    assert [type(answer) for _, answer in answers] == [OutOfTimeError] * 2 + [Fetched]
    assert time.monotonic() - began < 5
    assert len(space.requests().ids) == 1


def test_a_page_that_comes_too_late_is_not_waited_for(
    sends: tuple[RunningSpace, list[Log]],
) -> None:
    """A list whose turn is after the end of the time is out of time at once."""
    space, logs = sends
    began = time.monotonic()
    unknown, grant = by_sid(str(logs[0]["url"])[-36:]), Grant(requests=1, gap=20.0)
    ((_, answer),) = source(space, 3).fetch([unknown], lambda: 10.0, grant)
    assert isinstance(answer, OutOfTimeError)
    assert time.monotonic() - began < 5


def test_a_stop_ends_the_wait_for_a_turn(space: RunningSpace) -> None:
    """After a 429, requests that wait for their turn are held back at once."""
    began = time.monotonic()
    space.add_fault(Fault(FaultKind.RATE_LIMITED))
    grant = Grant(requests=3, gap=20.0)
    answers = source(space, 3).fetch(fax_requests(space, 3), lambda: 90.0, grant)
    counts = Counter(type(answer) for _, answer in answers)
    assert counts == {RateLimitedError: 1, HeldBackError: 2}
    assert time.monotonic() - began < 5


def test_answers_arrive_while_others_wait_for_their_turn(space: RunningSpace) -> None:
    """An answer is yielded before the next request has started."""
    fetching = source(space, 3)
    starts, grant = noting(fetching), Grant(requests=2, gap=20.0)
    _, answer = next(fetching.fetch(fax_requests(space, 2), lambda: AMPLE, grant))
    assert isinstance(answer, Fetched)
    assert len(starts) == 1


def test_a_turn_that_comes_gives_up_no_answer(space: RunningSpace) -> None:
    """An answer that takes longer than a gap arrives after the next request has started."""
    space.set_latency(0.3)
    grant = Grant(requests=3, gap=0.1)
    answers = list(source(space, 3).fetch(fax_requests(space, 3), lambda: AMPLE, grant))
    assert [type(answer) for _, answer in answers] == [Fetched] * 3
    assert space.requests().max_in_flight > 1


def test_what_was_announced_comes_from_the_answers(space: RunningSpace) -> None:
    """The source passes on what the API's client read, once."""
    fetching = source(space, 1)
    found = Allowance(remaining=3, seconds=7.0)
    fetching._api._allowance = found
    assert (fetching.allowance(), fetching.allowance()) == (found, None)


# --- a fax of which only the resource's SID is known ------------------------------------------


def by_sid(sid: str) -> LogRequest:
    """Return the request of a fax callback, at the time of the space's logs."""
    asked = request("fax", sid)
    return replace(asked, resource_sid=sid, event_at=datetime.now(UTC))


@pytest.fixture
def sends() -> Iterator[tuple[RunningSpace, list[Log]]]:
    """Serve a space with 450 faxes of today, three pages, and return them."""
    now = datetime.now(UTC)
    with serve(generate(seed=3, fax=1, message=1, now=now)) as space:
        logs = []
        for number in range(450):
            sid = str(uuid.UUID(int=number + 1))
            log = fax_log(
                id=str(uuid.UUID(int=10_000 + number)),
                url=f"{space.url}/api/laml/2010-04-01/Accounts/{PROJECT_ID}/Faxes/{sid}",
                created_at=(now - timedelta(minutes=number)).isoformat(),
            )
            space.put_log("fax", log)
            logs.append(log)
        yield space, logs


def test_a_sid_is_found_by_the_end_of_a_listed_url(
    sends: tuple[RunningSpace, list[Log]],
) -> None:
    """A SID is requested as an ID first; one pass over the list then serves all unknown SIDs."""
    space, logs = sends
    wanted = [logs[0], logs[250], logs[449]]
    requests = [by_sid(str(log["url"])[-36:]) for log in wanted]
    answers = dict(fetch_pairs(source(space, 5), requests))
    for asked, log in zip(requests, wanted, strict=True):
        answer = answers[asked]
        assert isinstance(answer, Fetched)
        assert answer.found_by == "url"
        assert json.loads(answer.body) == log
    assert space.requests().counts["fax_one"] == 3
    assert space.requests().counts["fax_list"] == 3


def test_the_pass_ends_when_all_are_found(sends: tuple[RunningSpace, list[Log]]) -> None:
    """The pass over the list ends at the page that completes it."""
    space, logs = sends
    fetch_pairs(source(space, 5), [by_sid(str(logs[0]["url"])[-36:])])
    assert space.requests().counts["fax_list"] == 1


def test_a_sid_that_is_the_logs_id_needs_no_list(space: RunningSpace) -> None:
    """A SID that is the log's ID takes one request and no list."""
    (known,) = fax_requests(space, 1)
    ((_, answer),) = fetch_pairs(source(space, 5), [replace(known, resource_sid=known.log_id)])
    assert isinstance(answer, Fetched)
    assert answer.found_by == "id"
    assert space.requests().counts.get("fax_list", 0) == 0


def test_a_sid_that_no_listed_url_ends_in_is_not_found(
    sends: tuple[RunningSpace, list[Log]],
) -> None:
    """A SID without a match is not found, like any unknown log."""
    space, _ = sends
    unknown = by_sid(str(uuid.UUID(int=999_999)))
    ((_, answer),) = fetch_pairs(source(space, 5), [unknown])
    assert isinstance(answer, NotFoundError)


def test_a_list_that_fails_is_the_answer_for_all_that_need_it(
    sends: tuple[RunningSpace, list[Log]],
) -> None:
    """A failed list is the error of all SIDs that need it; logs found by ID are kept."""
    space, logs = sends
    unknown = by_sid(str(logs[9]["url"])[-36:])
    known = request("fax", str(logs[5]["id"]))
    space.add_fault(Fault(FaultKind.NOT_FOUND, log_id=unknown.log_id))
    answers = dict(fetch_pairs(failing_lists(space, UpstreamError()), [unknown, known]))
    assert isinstance(answers[unknown], UpstreamError)
    assert isinstance(answers[known], Fetched)


def test_an_old_event_does_not_cost_its_neighbours_anything(
    sends: tuple[RunningSpace, list[Log]],
) -> None:
    """Each day is searched separately, so that one day's failure stays its own."""
    space, logs = sends
    fresh = by_sid(str(logs[0]["url"])[-36:])
    old = replace(by_sid(str(uuid.UUID(int=1_000_000))), event_at=SENT_AT - timedelta(days=3000))
    answers = dict(fetch_pairs(source(space, 5), [old, fresh]))
    assert isinstance(answers[fresh], Fetched)
    assert isinstance(answers[old], NotFoundError)


def test_a_search_without_time_is_out_of_time(sends: tuple[RunningSpace, list[Log]]) -> None:
    """A search without time left ends in ``OutOfTimeError``."""
    space, logs = sends
    unknown = by_sid(str(logs[0]["url"])[-36:])
    late = dict(source(space, 1).fetch([unknown], _late(space), AT_ONCE))
    assert isinstance(late[unknown], OutOfTimeError)


def _late(space: RunningSpace) -> TimeLeft:
    """Return a time that is over once the single log was requested."""
    return lambda: 0.1 if space.requests().counts.get("fax_one", 0) else AMPLE


def test_a_defect_of_a_search_costs_its_own_messages_only(
    sends: tuple[RunningSpace, list[Log]],
) -> None:
    """A defect of a search is an error with its cause, and other logs are fetched."""
    space, logs = sends

    unknown, known = by_sid(str(logs[0]["url"])[-36:]), request("fax", str(logs[5]["id"]))
    answers = dict(fetch_pairs(failing_lists(space, ZeroDivisionError()), [unknown, known]))
    defect = answers[unknown]
    assert isinstance(defect, UnexpectedError)
    assert isinstance(defect.__cause__, ZeroDivisionError)
    assert isinstance(answers[known], Fetched)


def failing_lists(space: RunningSpace, error: Exception) -> ConcurrentSource:
    """Return a source in which only the lists fail."""

    class Failing(SignalWireApi):
        def get(self, path: str, time_left: float, *, max_body: int = MAX_BODY) -> str:
            if "?" in path:
                raise error
            return super().get(path, time_left, max_body=max_body)

    fetching = source(space, 16)
    fetching._api.__class__ = Failing
    return fetching


def fetch_pairs(
    fetching: ConcurrentSource, requests: Sequence[LogRequest]
) -> list[tuple[Wanted, Fetched | HooklogError]]:
    """Fetch with ample time."""
    return list(fetching.fetch(requests, lambda: AMPLE, AT_ONCE))


# --- what is wanted later -----------------------------------------------------------------------


def resource(asked: LogRequest, answer: Fetched | HooklogError) -> ResourceRequest:
    """Return the request for the resource of a fetched fax."""
    assert isinstance(answer, Fetched)
    path = urlsplit(json.loads(answer.body)["url"]).path
    return ResourceRequest(key=asked.key, path=path)


def test_what_the_caller_adds_is_fetched_too(sends: tuple[RunningSpace, list[Log]]) -> None:
    """A fax's resource is wanted once its log has arrived, also if that came from the list."""
    space, logs = sends
    known, listed = request("fax", str(logs[0]["id"])), by_sid(str(logs[1]["url"])[-36:])
    wanted: list[Wanted] = [known, listed]
    answers: dict[Wanted, Fetched | HooklogError] = {}
    for one, answer in source(space, 5).fetch(wanted, lambda: AMPLE, AT_ONCE):
        answers[one] = answer
        if isinstance(one, LogRequest):
            wanted.append(resource(one, answer))
    assert [isinstance(answers[one], Fetched) for one in wanted] == [True] * 4
    assert space.requests().counts["fax_resource"] == 2


def test_a_slow_log_does_not_keep_others_from_being_settled(space: RunningSpace) -> None:
    """What is added is fetched at once, and not after the slowest log of the batch."""
    slow, quick = fax_requests(space, 2)
    space.add_fault(Fault(FaultKind.SLOW, delay_s=60, log_id=slow.log_id))
    wanted: list[Wanted] = [slow, quick]
    answers: dict[Wanted, Fetched | HooklogError] = {}
    end = time.monotonic() + 3
    for one, answer in source(space, 5).fetch(wanted, lambda: end - time.monotonic(), AT_ONCE):
        answers[one] = answer
        if one is quick:
            wanted.append(resource(quick, answer))
    # Its own time and that of all end together.
    assert isinstance(answers[slow], OutOfTimeError | FetchTimeoutError)
    assert isinstance(answers[wanted[2]], Fetched)


def test_an_answer_that_was_given_up_is_not_yielded_after_all(space: RunningSpace) -> None:
    """It arrives while something that was added later is still fetched."""
    slow, added = fax_requests(space, 2)
    space.add_fault(Fault(FaultKind.SLOW, delay_s=2 * SHORT, log_id=slow.log_id))
    space.add_fault(Fault(FaultKind.SLOW, delay_s=4 * SHORT, log_id=added.log_id))
    wanted: list[Wanted] = [slow]
    batch = threading.get_ident()
    answers: list[tuple[Wanted, type]] = []

    def time_left() -> float:
        return SHORT if threading.get_ident() == batch and not answers else AMPLE

    for one, answer in source(space, 2).fetch(wanted, time_left, AT_ONCE):
        answers.append((one, type(answer)))
        if one is slow:
            wanted.append(added)
    assert answers == [(slow, OutOfTimeError), (added, Fetched)]


def test_each_kind_and_day_has_a_list_of_its_own() -> None:
    """A search covers the events of its kind and day, and no time between."""
    asked: list[tuple[str, datetime, datetime]] = []

    class Lists:
        def page(self, kind: LogKind, start: datetime, end: datetime, *_: object) -> Page:
            asked.append((kind.name, start, end))
            time.sleep(0.05)
            return Page([{"url": f"x/{found.log_id}"}], None, SENT_AT)

    fetching = offline(Unknown)
    fetching._lists = Lists()  # type: ignore[assignment]
    fax, message = by_sid(str(uuid.uuid4())), by_sid(str(uuid.uuid4()))
    found = replace(fax, event_at=SENT_AT)
    sms = replace(message, kind=KINDS["message"], event_at=SENT_AT)
    old = replace(by_sid(str(uuid.uuid4())), event_at=SENT_AT - timedelta(days=30))
    answers = dict(fetching.fetch([found, sms, old], lambda: AMPLE, AT_ONCE))
    assert sorted(name for name, *_ in asked) == ["fax", "fax", "message"]
    assert all(end - start < timedelta(days=2) for _, start, end in asked)
    answer = answers[found]
    assert isinstance(answer, Fetched)
    assert (answer.found_by, answer.began_at) == ("url", SENT_AT)
    assert 50 <= answer.took_ms < AMPLE * 1000
    missing = answers[old]
    assert isinstance(missing, NotFoundError)
    assert missing.detail == "Neither a log nor a listed url has this SID."
