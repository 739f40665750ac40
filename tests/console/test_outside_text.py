"""Text from outside on the console's pages and in the report: inert, visible, and only text."""

from __future__ import annotations

import html
import re
import warnings
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

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


@pytest.mark.parametrize("one", TEXTS, ids=lambda one: one.kind)
def test_a_page_shows_a_text_as_itself(site: Site, one: Hostile) -> None:
    """The pages of a record, of failures, of parked messages, of a number, and the search."""
    texts = ("error_code", "error_message", "remote_station", "quality", "source", "from")
    created_at = (NOW - timedelta(hours=1)).isoformat()
    log = failed_fax(id=log_id(1), created_at=created_at, caller={"name": one.text})
    store(site, log | dict.fromkeys(texts, one.text))
    park(site, 2, text=one.text, name=one.text)
    asked = quote(one.text, safe="")
    client = site.client()
    for path, shows in (
        (f"/records/fax/{log_id(1)}", True),
        (f"/records/fax/{asked}", False),
        ("/failures", True),
        (f"/failures?code={asked}", False),
        ("/parked", False),
        ("/parked?code=fetch.not_found", True),
        (f"/parked?code={asked}", False),
        (f"/numbers?number={asked}", True),
        (f"/search?q=x%20{asked}", False),
        (f"/{asked}", False),
        ("/", False),
    ):
        _, text = get(client, path)
        assert_only_text(text)
        if shows:
            assert visible(one.text) in html.unescape(text), path


@pytest.mark.parametrize("one", TEXTS, ids=lambda one: one.kind)
def test_the_report_shows_a_text_as_itself(one: Hostile) -> None:
    """In its tables, and in its charts, whose library knows formulas."""
    totals = Totals()
    item = {
        "outcome": "failed",
        "created_at": NOW.isoformat(),
        "log_type": "message",
        "kind": one.text,
        "error_code": one.text,
        "explanation": "30003",
        "category": "destination",
        "to_country": one.text,
    }
    totals.add(item)
    period = Period(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = page(totals, period, NOW)
    assert_only_text(text)
    shown = html.unescape(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    assert shown.count(visible(one.text)) >= 2


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
