"""The limits of the simulated space, and its counts."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import urllib3

from local.space import OFFICIAL_FAX_ID, Fault, FaultKind, RunningSpace
from local.space.faults import Asked
from local.space.state import OpenLimit, RateLimit, Traffic
from tests.contract.conftest import PATHS, Api, faxes_path

ONE = f"{PATHS['fax']}/{OFFICIAL_FAX_ID}"


@contextmanager
def held(running: RunningSpace, number: int = 1) -> Iterator[None]:
    """Hold as many requests open during the block; their clients give up at its end."""
    running.add_fault(Fault(FaultKind.SLOW, number, delay_s=60))
    host, _, port = running.host.partition(":")
    credentials = urllib3.make_headers(basic_auth=f"{running.project_id}:{running.api_token}")
    request = f"GET {ONE} HTTP/1.1\r\nHost: {running.host}\r\n"
    request += f"Authorization: {credentials['authorization']}\r\n\r\n"
    with ExitStack() as clients:
        for _ in range(number):
            client = clients.enter_context(socket.create_connection((host, int(port))))
            client.sendall(request.encode())
        while running.requests().faults.get("slow", 0) < number:
            time.sleep(0.01)
        yield


def until_none_is_open(running: RunningSpace) -> None:
    """Wait until no request counts as open; the counts start again from zero."""
    deadline = time.monotonic() + 10
    running.reset_requests()
    while running.requests().max_in_flight:
        assert time.monotonic() < deadline, "it is still open"
        time.sleep(0.01)
        running.reset_requests()


def test_each_second_admits_as_many() -> None:
    """Requests beyond the limit are refused until the next second begins."""
    limit = RateLimit(2)
    assert [limit.admits(now) for now in (7.0, 7.1, 7.9)] == [True, True, False]
    assert [limit.admits(now) for now in (8.0, 8.5, 8.5)] == [True, True, False]


def test_only_as_many_are_open() -> None:
    """A request is refused if it finds as many open as the limit allows."""
    limit = OpenLimit(2)
    assert [limit.admits(already) for already in (0, 1, 2, 3)] == [True, True, False, False]


@pytest.mark.parametrize("path", [ONE, faxes_path()])
def test_requests_beyond_the_limit_are_told_to_wait(
    running: RunningSpace, api: Api, path: str
) -> None:
    """They get 429 with Retry-After, use up no fault, and are counted separately from faults."""
    running.limit_rate(1)
    running.add_fault(Fault(FaultKind.RATE_LIMITED, times=100))
    answers = [api.get(path) for _ in range(20)]
    assert {answer.status for answer in answers} == {429}
    seen = running.requests()
    refused = sum(answer.headers.get("Retry-After") == "1" for answer in answers)
    assert 0 < refused == seen.limited
    assert seen.faults == {"rate_limited": 20 - refused}
    running.reset_requests()
    assert (running.requests().limited, running.requests().faults) == (0, {})


def test_requests_beyond_the_open_ones_are_told_to_wait(running: RunningSpace, api: Api) -> None:
    """They get 429 with Retry-After as long as the open requests are, and are counted."""
    running.limit_open(2)
    with held(running, 1):
        assert api.get(ONE).status == 200
    until_none_is_open(running)
    with held(running, 2):
        answers = [api.get(ONE) for _ in range(3)]
        assert [answer.status for answer in answers] == [429] * 3
        assert {answer.headers["Retry-After"] for answer in answers} == {"1"}
        assert running.requests().limited == 3
    until_none_is_open(running)
    assert api.get(ONE).status == 200
    assert running.requests().limited == 0


def test_refused_requests_are_not_open() -> None:
    """Only a request that is being answered takes a place, from the first to the last moment."""
    traffic = Traffic()
    with traffic.track(Asked("fax_one"), 1.0):
        traffic.count_limited()
        assert traffic.open == 0
        with traffic.track(Asked("fax_one"), 1.0), traffic.answer():
            assert traffic.open == 1
    assert traffic.open == 0
    assert traffic.snapshot().max_in_flight == 2


def test_requests_are_counted_by_the_second() -> None:
    """The first request begins the first second; a reset begins again."""
    traffic = Traffic()
    for now, is_limited in ((5.5, False), (6.4, True), (6.5, True), (8.6, False)):
        with traffic.track(Asked("fax_one"), now):
            if is_limited:
                traffic.count_limited()
    seen = traffic.snapshot()
    assert (seen.per_second, seen.limited_per_second) == ([2, 1, 0, 1], [1, 1, 0, 0])
    traffic.reset()
    with traffic.track(Asked("fax_one"), 9.9):
        assert traffic.snapshot().per_second == [1]


def test_a_disconnected_client_is_not_waited_for(running: RunningSpace, api: Api) -> None:
    """A request whose client gives up no longer counts as open."""
    with held(running):
        pass
    until_none_is_open(running)
    assert api.get(ONE).status == 200
