"""Parked messages are counted first; a redrive sends those that were counted."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from hooklog.errors import HistoryLimitError, MessageMalformedError
from tests.console.conftest import Site, get, post
from tests.fakes import NOW, Clock
from tests.ops.seeding import alias, park, sent_fax, sid, store

COUNT = "/parked/redrive?code=fetch.not_found"


def form_of(text: str) -> dict[str, str]:
    """Read the hidden fields of a page's form."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text))


def test_parked_messages_are_counted_by_code(site: Site) -> None:
    """Each code has its number, meaning and advice; the most frequent comes first."""
    park(site, 1)
    park(site, 2)
    park(site, 3, HistoryLimitError())
    _, text = get(site.client(), "/parked")
    assert "3 messages parked" in text
    assert text.index("fetch.not_found") < text.index("fetch.history_limit")
    assert "Check that the log ID belongs to this project" in text
    assert 'href="/parked/redrive?code=fetch.not_found"' in text


def test_parked_messages_of_a_code_are_paged(site: Site) -> None:
    """The oldest comes first, each once; also those that were parked at the same moment."""
    expected = [park(site, number, at=NOW - timedelta(hours=2)) for number in range(30)]
    expected.append(park(site, 30, at=NOW - timedelta(hours=1)))
    client = site.client()
    _, first = get(client, "/parked?code=fetch.not_found")
    found = re.findall(r"fax#[0-9a-f-]{36}", first)
    (path,) = re.findall(r'rel="next" href="([^"]+)"', first)
    _, second = get(client, path.replace("&amp;", "&"))
    found += re.findall(r"fax#[0-9a-f-]{36}", second)
    assert sorted(found) == expected
    assert found[-1] == expected[-1]
    assert 'rel="next"' not in second


def test_a_message_parked_under_a_sid_names_its_log(site: Site) -> None:
    """And says whether the log is stored."""
    park(site, 1, name=sid(1))
    alias(site, 1)
    (key,) = store(site, sent_fax(1))
    _, text = get(site.client(), "/parked?code=fetch.not_found")
    assert f"It is the SID of {key}, which is stored as failed." in text


@pytest.mark.parametrize("cursor", ["x", "~", "~~", "2026~"])
def test_a_garbled_cursor_is_a_notice(site: Site, cursor: str) -> None:
    """It is not a defect."""
    status, text = get(site.client(), f"/parked?code=fetch.not_found&cursor={cursor}")
    assert status == 200
    assert 'class="notice"' in text


def test_an_empty_list_is_good_news(site: Site) -> None:
    """The page says so."""
    _, text = get(site.client(), "/parked")
    assert "Nothing is parked." in text
    _, text = get(site.client(), "/parked?code=fetch.not_found")
    assert "Nothing is parked as fetch.not_found." in text


@pytest.mark.parametrize("path", ["/parked?code=nope", "/parked/redrive", "/parked?code="])
def test_an_unknown_code_is_not_found(site: Site, path: str) -> None:
    """Otherwise an empty list would look like good news."""
    assert get(site.client(), path)[0] == 404


def test_a_count_changes_nothing(site: Site) -> None:
    """It only says how many messages a redrive would send."""
    park(site, 1)
    status, text = get(site.client(allow_actions=True), COUNT)
    assert status == 200
    assert "1 message would be redriven" in text
    assert "nothing has been changed" in text
    assert site.queued() == []


def test_a_redrive_sends_what_was_counted(site: Site) -> None:
    """Messages that were parked after the count stay."""
    counted = {park(site, 1), park(site, 2)}
    park(site, 3, MessageMalformedError())
    clock = Clock()
    client = site.client(allow_actions=True, clock=clock)
    _, page = get(client, COUNT)
    assert "2 messages would be redriven" in page
    clock.advance(minutes=1)
    park(site, 4, at=clock())
    clock.advance(minutes=1)
    status, done = post(client, "/parked/redrive", form_of(page))
    assert status == 200
    assert "2 messages redriven" in done
    sent = {message["MessageAttributes"]["parked_as"]["StringValue"] for message in site.queued()}
    assert sent == counted


def test_a_form_that_is_sent_twice_redrives_once(site: Site) -> None:
    """Reloading the page does that."""
    park(site, 1)
    client = site.client(allow_actions=True, clock=Clock())
    _, page = get(client, COUNT)
    post(client, "/parked/redrive", form_of(page))
    _, again = post(client, "/parked/redrive", form_of(page))
    assert "0 messages redriven" in again
    assert len(site.queued()) == 1
    _, page = get(client, COUNT)
    assert "Nothing to redrive" in page
    assert "still under way" in page
    _, listed = get(client, "/parked?code=fetch.not_found")
    assert "still under way" in listed
    assert "arn:aws" in listed


def test_a_large_redrive_goes_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser does not wait for thousands of messages; the rest is counted again."""
    monkeypatch.setattr("hooklog_ops.console.parking._MOST", 2)
    for number in range(3):
        park(site, number)
    client = site.client(allow_actions=True)
    _, page = get(client, COUNT)
    assert "2 messages would be redriven" in page
    assert "There are more" in page
    _, done = post(client, "/parked/redrive", form_of(page))
    assert "Count the rest" in done
    assert len(site.queued()) == 2


def test_a_form_without_its_time_is_refused(site: Site) -> None:
    """The form says when the messages were counted; without that nothing is sent."""
    park(site, 1)
    client = site.client(allow_actions=True)
    for form in ({"code": "fetch.not_found"}, {"code": "fetch.not_found", "until": "soon"}):
        assert post(client, "/parked/redrive", form)[0] == 400
    assert site.queued() == []
