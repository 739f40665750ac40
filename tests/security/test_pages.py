"""The link to the next page of a list leads to the configured space and nowhere else."""

from __future__ import annotations

import json

import pytest

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.errors import FetchError
from hooklog.logs import FAX
from tests.adapters.signalwire.tiny import response, tiny
from tests.fakes import NOW

#: Seconds.
AMPLE = 30.0
LAST = response(json.dumps({"links": {}, "data": []}))


def lists(url: str) -> LogLists:
    """Return a client of a space's lists."""
    return LogLists(
        SignalWireApi(
            url,
            FixedCredentials(Credentials("project", "PT-token")),
            connections=1,
            connect_timeout=AMPLE,
            read_timeout=AMPLE,
        ),
        lambda: NOW,
    )


@pytest.mark.parametrize(
    "link",
    [
        "http://{elsewhere}/api/fax/logs?page=2",
        "https://{elsewhere}/api/fax/logs?page=2",
        "//{elsewhere}/api/fax/logs?page=2",
        "http:////{elsewhere}/api/fax/logs?page=2",
        "/\\{elsewhere}/api/fax/logs?page=2",
        "@{elsewhere}/api/fax/logs?page=2",
        "{elsewhere}/api/fax/logs?page=2",
        ":80@{elsewhere}/?page=2",
        "/api/fax/logs?page=2\r\nHost: {elsewhere}",
        "?page=2",
    ],
)
def test_the_next_page_is_asked_of_the_configured_space_or_of_nobody(link: str) -> None:
    """The credentials never go to another host that a link names."""
    with tiny(LAST) as elsewhere:
        first = {"links": {"next": link.format(elsewhere=elsewhere.host)}, "data": []}
        with tiny(response(json.dumps(first)), LAST) as space:
            client = lists(space.url)
            page = client.page(FAX, NOW, NOW, None, AMPLE)
            assert page.next is not None
            try:
                client.page(FAX, NOW, NOW, page.next, AMPLE)
            except FetchError:
                assert len(space.requests) == 1
            else:
                _, second = space.requests
                assert f"Host: {space.host}\r\n" in second
    assert elsewhere.requests == []


def test_a_link_as_signalwire_sends_it_is_followed() -> None:
    """The path and the query of an absolute link make the next request."""
    first = {"links": {"next": "https://example.signalwire.com/api/fax/logs?page=2"}, "data": []}
    with tiny(response(json.dumps(first)), LAST) as space:
        client = lists(space.url)
        page = client.page(FAX, NOW, NOW, None, AMPLE)
        assert page.next is not None
        client.page(FAX, NOW, NOW, page.next, AMPLE)
    assert space.requests[1].startswith("GET /api/fax/logs?page=2 HTTP/1.1\r\n")
