"""Text from outside on the console's pages and in the report: inert, visible, and only text."""

from __future__ import annotations

import html
import re
import warnings
from datetime import timedelta
from html.parser import HTMLParser
from itertools import batched
from urllib.parse import quote

import pytest

from hooklog.errors import LogInvalidError
from hooklog_ops.formatting import is_visible, visible
from hooklog_ops.records import Period
from hooklog_ops.report.page import page
from hooklog_ops.report.totals import Totals
from tests.builders import failed_fax
from tests.console.conftest import Site, get
from tests.fakes import NOW
from tests.hostile import TEXTS, Hostile
from tests.ops.seeding import log_id, park, store


class Tags(HTMLParser):
    """Collects a page's elements, and where they lead."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect an element."""
        self.names.append(tag)
        for name, value in attrs:
            if name in {"href", "src", "action", "xlink:href"}:
                self.links.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)


def assert_only_text(text: str) -> None:
    """Check that a page has nothing but its own elements, and that no character acts or hides."""
    assert {one for one in text if not is_visible(one)} <= {"\n", "\t"}
    tags = Tags(text)
    assert "script" not in tags.names
    assert tags.handlers == []
    # An address of the page's own, or a part of the picture.
    assert all(link.startswith(("/", "#", "?")) for link in tags.links), tags.links


def store_hostile(site: Site) -> None:
    """For each text, store a fax that has it wherever a text comes from outside, and park it."""
    attributes = ("error_code", "error_message", "remote_station", "quality", "source", "from")
    created_at = (NOW - timedelta(hours=1)).isoformat()
    for number, one in enumerate(TEXTS):
        log = failed_fax(id=log_id(number), created_at=created_at, caller={"name": one.text})
        store(site, log | dict.fromkeys(attributes, one.text))
        park(site, number, LogInvalidError(one.text), text=one.text, name=one.text)


def test_a_page_shows_a_text_as_itself(site: Site) -> None:
    """The page of a record, a number, a search, and of an address that leads nowhere."""
    store_hostile(site)
    client = site.client()
    for number, one in enumerate(TEXTS):
        asked = quote(one.text, safe="")
        for path, shows in (
            (f"/records/fax/{log_id(number)}", True),
            # No ID has a slash, and an address with one is another page's.
            (f"/records/fax/{asked}", "/" not in one.text),
            (f"/numbers?number={asked}", True),
            (f"/search?q=x%20{asked}", False),
            (f"/parked?code={asked}", False),
            (f"/{asked}", False),
        ):
            _, text = get(client, path)
            assert_only_text(text)
            assert not shows or visible(one.text) in html.unescape(text), (path, one.kind)


def test_a_list_shows_texts_as_themselves(site: Site) -> None:
    """Failures and parked messages, page by page, and the pages that count them."""
    store_hostile(site)
    client = site.client()
    for path in ("/failures", "/parked?code=log.invalid"):
        shown, following = "", path
        while following:
            _, text = get(client, following)
            assert_only_text(text)
            shown += html.unescape(text)
            found = re.search(r'rel="next" href="([^"]+)"', text)
            # The list of failures has a next page for ever, each a week further back.
            more = found and shown.count('rel="next"') < len(TEXTS) // 25 + 2
            following = html.unescape(found[1]) if found and more else ""
        assert [one.kind for one in TEXTS if visible(one.text) not in shown] == []
    for path in ("/", "/parked"):
        assert_only_text(get(client, path)[1])


@pytest.mark.parametrize("some", [*batched(TEXTS, 15, strict=False)], ids=lambda some: some[0].kind)
def test_the_report_shows_a_text_as_itself(some: tuple[Hostile, ...]) -> None:
    """In its tables, and in its charts, whose library knows formulas."""
    totals = Totals()
    for one in some:
        totals.add(
            {
                "outcome": "failed",
                "created_at": NOW.isoformat(),
                "log_type": "message",
                "kind": one.text,
                "error_code": one.text,
                "explanation": "30003",
                "category": "destination",
                "to_country": one.text,
            }
        )
    period = Period(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = page(totals, period, NOW)
    assert_only_text(text)
    shown = html.unescape(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    assert [one.kind for one in some if shown.count(visible(one.text)) < 2] == []


def test_a_long_text_fits_into_the_report() -> None:
    """A chart has room for a name of some length."""
    totals = Totals()
    totals.add(
        {
            "outcome": "succeeded",
            "created_at": NOW.isoformat(),
            "log_type": "message",
            "kind": "x" * 10_000,
        }
    )
    period = Period(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))
    assert len(page(totals, period, NOW)) < 100_000
