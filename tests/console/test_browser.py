"""The console in a headless Chromium, as an operator uses it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, expect

from hooklog.clock import utc_now
from hooklog.errors import MessageMalformedError
from tests.builders import FAX_ID, failed_fax, failed_message, fax_log
from tests.console.conftest import Site
from tests.console.tabs import CHROMIUM, Tab, watched
from tests.ops.seeding import count_tries, failed_faxes, log_id, park, store

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the path")

#: The narrow and the wide layout, one in each scheme; axe takes a second or two per page.
WITH_AXE = (360, 1440)
NUMBER = "+442079460958"
PAGES = {
    "overview": "/",
    "a week": "/?span=7d",
    "failures": "/failures",
    "code": "/failures?code=34004",
    "nothing found": "/failures?code=99999",
    "record": f"/records/fax/{FAX_ID}",
    "record and SignalWire": f"/records/fax/{FAX_ID}/now",
    "parked record": f"/records/fax/{log_id(900)}",
    "not stored yet": f"/records/fax/{log_id(903)}",
    "no record": f"/records/fax/{log_id(999)}",
    "number": "/numbers?number=%2B442079460958",
    "parked": "/parked",
    "parked code": "/parked?code=fetch.not_found",
    "redrive": "/parked/redrive?code=fetch.not_found",
    "completeness": "/completeness",
    "search": "/search?q=hello",
    "choice": "/search?q=45678",
    "error": "/nowhere",
}


@pytest.fixture
def seeded(site: Site) -> Site:
    """Store something for every page to show, including hostile text."""
    now = utc_now()
    log = failed_fax(id=FAX_ID, created_at=now.isoformat(), brand_new={"x": "<script>" * 20})
    site.space.put_log("fax", log | {"charge": 0.5})
    failed_faxes(site, 30, now=now - timedelta(minutes=1))
    store(
        site,
        log,
        *(
            failed_message(id=log_id(100 + n), created_at=now.isoformat(), to=NUMBER)
            for n in range(3)
        ),
        fax_log(id=log_id(200), created_at=now.isoformat()),
    )
    for number in (900, 901):
        park(site, number, at=now - timedelta(hours=number - 890))
    park(site, 902, MessageMalformedError(), at=now, text="<b>" * 50)
    count_tries(site, 903)
    for hours in range(24):
        at = now - timedelta(hours=hours)
        site.measure("LogsFinished", at, 20 + hours)
        site.measure("FailedLogs", at, hours % 5)
        site.measure("EndToEndLag", at, 5300)
        site.measure("SpaceLogs", at, 400)
    site.measure("MissingLogs", now - timedelta(hours=1), 2)
    return site


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (768, "light"), (1440, "dark")])
def test_every_page_is_accessible_and_fits(
    browser: Browser, console: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    """Axe finds no violation, nothing scrolls sideways, and the browser reports no error."""
    opened = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab = watched(opened, console)
    for name, path in PAGES.items():
        tab.open(path)
        widest = tab.page.evaluate("document.documentElement.scrollWidth")
        assert widest <= width, f"{name} at {width} px"
        if width in WITH_AXE:
            violations = Axe().run(tab.page).response["violations"]
            told = [(one["id"], one["nodes"][0]["html"]) for one in violations]
            assert told == [], f"{name}, {width} px, {scheme}"
    assert tab.complaints == []
    opened.close()


@pytest.mark.usefixtures("seeded")
def test_from_the_first_page_to_the_reason_in_one_step(tab: Tab) -> None:
    """The most frequent reason links to its newest fax."""
    tab.open("/")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Two things need a look")
    tab.page.get_by_role("link", name="See the newest fax").first.click()
    expect(tab.page.get_by_label("Outcome")).to_contain_text("The phone call ended")
    expect(tab.page.get_by_label("Outcome")).to_contain_text("What to do")


@pytest.mark.usefixtures("seeded")
def test_search_page_and_filter(tab: Tab) -> None:
    """A code leads to its failures, which have pages and a filter; a number has a history."""
    tab.open("/")
    box = tab.page.get_by_label("Log ID or SID, phone number or error code")
    box.fill("34004")
    box.press("Enter")
    expect(tab.page.get_by_label("Explanation")).to_contain_text("What to do")
    rows = tab.page.locator(".row-link")
    expect(rows).to_have_count(25)
    first = rows.first.get_attribute("href")
    tab.page.get_by_role("link", name="Older failures").click()
    expect(rows).to_have_count(6)
    assert rows.first.get_attribute("href") != first
    tab.page.get_by_role("link", name="Newest").click()
    expect(rows).to_have_count(25)
    tab.page.get_by_role("link", name="Message", exact=True).click()
    expect(rows).to_have_count(0)
    box.fill("+44 20 7946 0958")
    tab.page.get_by_role("button", name="Search").click()
    expect(tab.page.get_by_role("heading", level=1)).to_contain_text(NUMBER)
    expect(rows).to_have_count(25)


def test_a_redrive_with_its_count(seeded: Site, tab: Tab) -> None:
    """From the health strip over the count to the queue."""
    tab.open("/")
    tab.page.get_by_role("link", name="Parked", exact=True).last.click()
    tab.page.get_by_role("link", name="Redrive…").first.click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("2 messages would be redriven")
    assert seeded.queued() == []
    tab.page.get_by_role("button", name="Redrive 2 messages").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("2 messages redriven")
    assert len(seeded.queued()) == 2


def test_a_record_is_compared_and_fetched_again(seeded: Site, tab: Tab) -> None:
    """The page shows the differences from SignalWire; the log goes on the queue."""
    tab.open(f"/records/fax/{FAX_ID}")
    tab.page.get_by_role("link", name="Compare with SignalWire now").click()
    expect(tab.page.locator(".differences")).to_contain_text("charge")
    tab.page.get_by_role("button", name="Fetch and store again").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("On the queue")
    (message,) = seeded.queued()
    assert json.loads(message["Body"])["log_id"] == FAX_ID


@pytest.mark.usefixtures("seeded")
def test_the_keyboard_is_enough(tab: Tab) -> None:
    """Skip link, search and pages are reached by Tab, are visible, and work by Enter."""
    tab.open("/")
    keyboard = tab.page.keyboard
    keyboard.press("Tab")
    skip = tab.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    keyboard.press("Enter")
    expect(tab.page.locator("main")).to_be_focused()
    keyboard.press("Tab")
    expect(tab.page.get_by_role("link", name="24 hours")).to_be_focused()
    outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab.page.get_by_role("link", name="Failures", exact=True).focus()
    keyboard.press("Enter")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Failures")


def test_another_page_in_the_same_browser_changes_nothing(
    seeded: Site, tab: Tab, context: BrowserContext
) -> None:
    """A page of a foreign origin sends the console's own form, with its token."""
    tab.open("/parked/redrive?code=fetch.not_found")
    form = tab.page.locator("main form").evaluate("form => form.outerHTML")
    foreign = context.new_page()
    foreign.set_content(form.replace('action="', f'action="{tab.url}'))
    with foreign.expect_response(lambda answer: answer.url.endswith("/parked/redrive")) as sent:
        foreign.get_by_role("button").click()
    assert sent.value.status == 403
    assert seeded.queued() == []


def test_another_name_of_this_machine_shows_nothing(tab: Tab, browser: Browser) -> None:
    """The browser believes that a foreign name leads here."""
    port = urlsplit(tab.url).port
    request = browser.new_context(extra_http_headers={"Host": f"evil.example:{port}"}).request
    assert request.get(tab.url).status == 403
