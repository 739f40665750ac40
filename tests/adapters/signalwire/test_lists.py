"""SignalWire's lists, read page by page from a simulated space."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from pydantic import JsonValue

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.clock import iso
from hooklog.errors import BadPayloadError, HistoryLimitError, RejectedError
from hooklog.logs import FAX, MESSAGE
from local.space import Fault, FaultKind, RunningSpace, generate, serve
from local.space.model import instant
from tests.adapters.signalwire.tiny import response, tiny
from tests.builders import FAX_ID

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=3650)
#: Seconds.
AMPLE = 5.0
ANYBODY = Credentials("project", "PT-token")


@pytest.fixture
def space() -> Iterator[RunningSpace]:
    """Serve 450 faxes, three pages, and 10 messages."""
    with serve(generate(seed=5, fax=450, message=10, now=NOW)) as running:
        yield running


def client_of(url: str, credentials: Credentials) -> SignalWireApi:
    """Return a client of a space."""
    return SignalWireApi(
        url,
        FixedCredentials(credentials),
        connections=1,
        connect_timeout=5,
        read_timeout=5,
    )


def lists(space: RunningSpace) -> LogLists:
    """Return the adapter for a space."""
    credentials = Credentials(space.project_id, space.api_token)
    return LogLists(client_of(space.url, credentials), lambda: NOW)


def test_the_pages_of_a_period_hold_each_log_once(space: RunningSpace) -> None:
    """The pages of a period hold each log once, and the last page has no next."""
    ids, page = [], None
    for _ in range(10):
        answer = lists(space).page(FAX, LONG_AGO, NOW, page, AMPLE)
        ids += [str(log["id"]) for log in answer.entries]
        page = answer.next
        if page is None:
            break
    assert sorted(ids) == sorted(space.ids()["fax"])
    assert space.requests().counts["fax_list"] == 3


def test_a_period_bounds_what_is_listed(space: RunningSpace) -> None:
    """A list holds only logs that were created within its period."""
    day = NOW - timedelta(days=1)
    recent = lists(space).page(MESSAGE, day, NOW, None, AMPLE)
    assert all(instant(str(log["created_at"])) > day for log in recent.entries)
    assert len(recent.entries) < 10


def test_a_dead_token_is_refused(space: RunningSpace) -> None:
    """An expired page token is rejected; the sweep then restarts the period."""
    path = "/api/fax/logs?page_number=1&page_token=PA00000000-0000-4000-8000-000000000000"
    with pytest.raises(RejectedError):
        lists(space).page(FAX, LONG_AGO, NOW, path, AMPLE)


@pytest.mark.parametrize(
    ("kind", "error"),
    [(FaultKind.HISTORY_LIMIT, HistoryLimitError), (FaultKind.HTML, BadPayloadError)],
)
def test_faults_of_lists_are_those_of_logs(
    space: RunningSpace, kind: FaultKind, error: type[Exception]
) -> None:
    """Lists and logs have the same errors, because one client reads both."""
    space.add_fault(Fault(kind))
    with pytest.raises(error):
        lists(space).page(FAX, LONG_AGO, NOW, None, AMPLE)


def test_json_that_is_no_page_is_refused(space: RunningSpace) -> None:
    """JSON that is not a page of logs is refused."""
    log_id = next(iter(space.ids()["fax"]))
    with pytest.raises(BadPayloadError, match="not a page"):
        lists(space).page(FAX, LONG_AGO, NOW, f"/api/fax/logs/{log_id}?x=1", AMPLE)


ACCOUNT = "/api/laml/2010-04-01/Accounts"


def test_the_pages_of_fax_resources_hold_each_once(space: RunningSpace) -> None:
    """They tell how faxes ended, in pages that are larger than those of logs."""
    path = f"{ACCOUNT}/{space.project_id}/Faxes"
    answer = lists(space).resources(path, NOW - timedelta(days=4), NOW, None, AMPLE)
    assert len({str(fax["sid"]) for fax in answer.entries}) == 449
    assert {"status", "error_code", "duration"} <= answer.entries[0].keys()
    assert (answer.next, answer.began_at) == (None, NOW)


def test_logs_are_asked_for_by_period() -> None:
    """Those created between its start and its end; the answer is as old as its request."""
    with tiny(response('{"links": {}, "data": []}')) as server:
        client = LogLists(client_of(server.url, ANYBODY), lambda: NOW)
        assert client.page(FAX, NOW - timedelta(days=1), NOW, None, AMPLE).began_at == NOW
    target = server.requests[0].split(" ")[1]
    assert parse_qsl(target.partition("?")[2])[:2] == [
        ("created_after", iso(NOW - timedelta(days=1))),
        ("created_before", iso(NOW)),
    ]


def test_fax_resources_are_asked_for_by_period() -> None:
    """Those created after its start, and until its end."""
    with tiny(response('{"faxes": []}')) as server:
        client = LogLists(client_of(server.url, ANYBODY), lambda: NOW)
        client.resources("/Faxes", NOW - timedelta(days=1), NOW, None, AMPLE)
    target = server.requests[0].split(" ")[1]
    assert parse_qsl(target.partition("?")[2]) == [
        ("DateCreatedAfter", iso(NOW - timedelta(days=1))),
        ("DateCreatedOnOrBefore", iso(NOW)),
        ("PageSize", "1000"),
    ]


def test_a_link_to_fax_resources_gives_only_its_query() -> None:
    """SignalWire documents links with another path; the query is passed on as it is."""
    path = f"{ACCOUNT}/{FAX_ID}/Faxes"
    following = "/fax/v1/Faxes?Page=1&PageSize=50&PageToken=PAx?y"
    first = response(json.dumps({"faxes": [], "next_page_uri": following}))
    last = response(json.dumps({"faxes": [{"sid": "x"}], "next_page_uri": None}))
    with tiny(first, last) as server:
        client = LogLists(client_of(server.url, ANYBODY), lambda: NOW)
        page = client.resources(path, NOW, NOW, None, AMPLE)
        assert client.resources(path, NOW, NOW, page.next, AMPLE).entries == [{"sid": "x"}]
    assert server.requests[1].startswith(f"GET {path}?Page=1&PageSize=50&PageToken=PAx?y HTTP/1.1")


@pytest.mark.parametrize(
    "content",
    [
        {"faxes": {}},
        {"faxes": [1]},
        [],
        {"faxes": [], "next_page_uri": 7},
        {"faxes": [], "next_page_uri": "//["},
    ],
    ids=str,
)
def test_what_is_no_page_of_fax_resources_is_refused(content: JsonValue) -> None:
    """The faxes then go on the queue."""
    with (
        tiny(response(json.dumps(content))) as server,
        pytest.raises(BadPayloadError, match="The answer"),
    ):
        LogLists(client_of(server.url, ANYBODY), lambda: NOW).resources("/x", NOW, NOW, None, AMPLE)
