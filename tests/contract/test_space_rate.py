"""The rate limit of the simulated space, and its counts."""

from __future__ import annotations

import socket
import time

import pytest
import urllib3

from local.space import OFFICIAL_FAX_ID, Fault, FaultKind, RunningSpace
from local.space.state import RateLimit
from tests.contract.conftest import PATHS, Api


def test_each_second_admits_as_many() -> None:
    """Requests beyond the limit are refused until the next second begins."""
    limit = RateLimit(2)
    assert [limit.admits(now) for now in (7.0, 7.1, 7.9)] == [True, True, False]
    assert [limit.admits(now) for now in (8.0, 8.5, 8.5)] == [True, True, False]


def test_a_limit_admits_at_least_one_request() -> None:
    """A limit of 0 is a mistake."""
    with pytest.raises(ValueError, match="at least 1"):
        RateLimit(0)


def test_requests_beyond_the_limit_are_told_to_wait(running: RunningSpace, api: Api) -> None:
    """They get 429 with Retry-After, use up no fault, and are counted separately from faults."""
    running.limit_rate(1)
    running.add_fault(Fault(FaultKind.RATE_LIMITED, times=100))
    answers = [api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_ID}") for _ in range(20)]
    assert {answer.status for answer in answers} == {429}
    seen = running.requests()
    refused = sum(answer.headers.get("Retry-After") == "1" for answer in answers)
    assert 0 < refused == seen.limited
    assert seen.faults == {"rate_limited": 20 - refused}
    running.reset_requests()
    assert (running.requests().limited, running.requests().faults) == (0, {})


def test_a_disconnected_client_is_not_waited_for(running: RunningSpace, api: Api) -> None:
    """A request whose client gives up no longer counts as open."""
    running.add_fault(Fault(FaultKind.SLOW, delay_s=60))
    host, _, port = running.host.partition(":")
    with socket.create_connection((host, int(port))) as client:
        path = f"{PATHS['fax']}/{OFFICIAL_FAX_ID}"
        credentials = urllib3.make_headers(basic_auth=f"{running.project_id}:{running.api_token}")
        request = f"GET {path} HTTP/1.1\r\nHost: {running.host}\r\n"
        request += f"Authorization: {credentials['authorization']}\r\n\r\n"
        client.sendall(request.encode())
        while not running.requests().faults:
            time.sleep(0.01)
    deadline = time.monotonic() + 10
    running.reset_requests()
    while running.requests().max_in_flight:
        assert time.monotonic() < deadline, "it is still open"
        time.sleep(0.01)
        running.reset_requests()
    assert api.get(path).status == 200
