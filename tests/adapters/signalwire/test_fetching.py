"""Concurrent fetches stay within the allowed concurrency and the time left."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from hooklog.adapters.signalwire.api import MAX_BODY, SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.fetching import ConcurrentSource
from hooklog.enrich.ports import Fetched, ResourceRequest, Wanted
from hooklog.errors import (
    HooklogError,
    NotFoundError,
    OutOfTimeError,
    RateLimitedError,
    UnauthorizedError,
    UnexpectedError,
    UpstreamError,
)
from hooklog.queue_messages import LogRequest
from local.space import Fault, FaultKind, Log, RunningSpace, generate, serve
from tests.builders import PROJECT_ID, SENT_AT, fax_log, request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hooklog.clock import TimeLeft

AMPLE = 30.0
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
    answers = list(fetching.fetch(requests, time_left))
    found = {asked.key.partition("#")[2]: answer for asked, answer in answers}
    assert len(found) == len(answers) == len(requests)
    return found


def kinds(answers: dict[str, Fetched | HooklogError]) -> list[type]:
    """Return the type of each answer, in order."""
    return [type(answer) for answer in answers.values()]


def patience(seconds: float) -> TimeLeft:
    """Limit the batch to these seconds, while each fetch sees ample time.

    An answer that trickles in has this effect: its own timeouts never end it.
    """
    batch = threading.get_ident()
    return lambda: seconds if threading.get_ident() == batch else AMPLE


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
    """After a 429 no further request is made, and the rest shares its ``Retry-After``."""
    space.add_fault(Fault(FaultKind.RATE_LIMITED, times=1000, retry_after=3))
    answers = fetch(source(space, concurrency), fax_requests(space, 20))
    assert set(kinds(answers)) == {RateLimitedError}
    for answer in answers.values():
        assert isinstance(answer, RateLimitedError)
        assert answer.retry_after == 3
    assert len(space.requests().ids) <= concurrency


def test_a_rate_limit_halves_what_goes_out_at_once(space: RunningSpace) -> None:
    """A rate limit halves the concurrency from the next batch on, down to five."""
    fetching, requests = source(space, 16), fax_requests(space, 20)
    space.set_latency(0.1)
    space.add_fault(Fault(FaultKind.RATE_LIMITED, times=1000))
    sent = []
    for _ in range(3):
        fetch(fetching, requests)
        sent.append(len(space.requests().ids))
        space.reset_requests()
    assert sent == [16, 8, 5]


def test_without_a_rate_limit_more_go_out_at_once_again(space: RunningSpace) -> None:
    """Each batch without a rate limit adds ten, up to the allowed concurrency."""
    fetching, requests = source(space, 16), fax_requests(space, 20)
    space.set_latency(0.1)
    space.add_fault(Fault(FaultKind.RATE_LIMITED, times=20))
    fetch(fetching, requests)
    fetch(fetching, requests)
    at_once = []
    for _ in range(3):
        space.reset_requests()
        fetch(fetching, requests)
        at_once.append(space.requests().max_in_flight)
    assert at_once == [5, 15, 16]


def test_only_a_batch_with_work_for_all_shows_that_more_is_allowed(space: RunningSpace) -> None:
    """A batch with little or nothing to fetch does not raise the concurrency."""
    fetching, requests = source(space, 16), fax_requests(space, 20)
    space.set_latency(0.1)
    space.add_fault(Fault(FaultKind.RATE_LIMITED, times=16))
    fetch(fetching, requests)
    for few in (0, 0, 3):
        fetch(fetching, requests[:few])
    space.reset_requests()
    fetch(fetching, requests)
    assert space.requests().max_in_flight == 8


def test_a_batch_that_ran_out_of_time_does_not_show_that_more_is_allowed(
    space: RunningSpace,
) -> None:
    """A batch that ran out of time does not raise the concurrency."""
    fetching, requests = source(space, 16), fax_requests(space, 20)
    space.add_fault(Fault(FaultKind.RATE_LIMITED, times=1000))
    fetch(fetching, requests)
    space.clear_faults()
    space.add_fault(Fault(FaultKind.SLOW, log_id=requests[0].log_id, delay_s=SLOW))
    fetch(fetching, requests, patience(SHORT))
    assert fetching._concurrency == 8


def test_what_came_before_the_rate_limit_is_kept(space: RunningSpace) -> None:
    """A 429 does not affect logs that were fetched before it."""
    requests = fax_requests(space, 5)
    space.add_fault(Fault(FaultKind.RATE_LIMITED, log_id=requests[2].log_id))
    answers = fetch(source(space, 1), requests)
    assert [type(answers[asked.log_id]) for asked in requests] == [
        *[Fetched] * 2,
        *[RateLimitedError] * 3,
    ]
    assert len(space.requests().ids) == 3


def test_refused_credentials_stop_the_batch(space: RunningSpace) -> None:
    """Refused credentials stop the batch, because every request would be refused."""
    answers = fetch(source(space, 1, project_id="nobody"), fax_requests(space, 20))
    assert set(kinds(answers)) == {UnauthorizedError}
    assert len(space.requests().ids) == 1


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
    fetching = source(space, 1)
    threads = fetching._threads
    assert kinds(fetch(fetching, requests, patience(SHORT))) == [OutOfTimeError] * 4
    threads.shutdown()
    assert space.requests().ids == [requests[0].log_id]


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


def test_a_list_that_is_limited_halves_what_goes_out_at_once(
    sends: tuple[RunningSpace, list[Log]],
) -> None:
    """A rate limit of a list halves the concurrency, as that of a log does."""
    space, logs = sends
    fetching = failing_lists(space, RateLimitedError())
    fetch_pairs(fetching, [by_sid(str(logs[9]["url"])[-36:])])
    assert fetching._concurrency == 8


def test_a_search_without_time_is_out_of_time(sends: tuple[RunningSpace, list[Log]]) -> None:
    """A search without time left ends in ``OutOfTimeError``."""
    space, logs = sends
    unknown = by_sid(str(logs[0]["url"])[-36:])
    late = dict(source(space, 1).fetch([unknown], _late(space)))
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
    return list(fetching.fetch(requests, lambda: AMPLE))


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
    for one, answer in source(space, 5).fetch(wanted, lambda: AMPLE):
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
    for one, answer in source(space, 5).fetch(wanted, lambda: end - time.monotonic()):
        answers[one] = answer
        if one is quick:
            wanted.append(resource(quick, answer))
    assert isinstance(answers[slow], OutOfTimeError)
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

    for one, answer in source(space, 2).fetch(wanted, time_left):
        answers.append((one, type(answer)))
        if one is slow:
            wanted.append(added)
    assert answers == [(slow, OutOfTimeError), (added, Fetched)]
