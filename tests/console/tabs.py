"""Tabs in a headless Chromium, and what goes wrong in them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import BrowserContext, Page

CHROMIUM: Final = shutil.which("chromium")
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--no-proxy-server", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]


@dataclass(frozen=True)
class Tab:
    """A tab in the browser, and everything that went wrong in it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to one of the console's pages."""
        self.page.goto(self.url + path)


def watched(context: BrowserContext, url: str) -> Tab:
    """Open a tab; note errors, and requests to other hosts."""
    tab = Tab(context.new_page(), url)
    # A page that does not exist is an answer here, not a defect.
    tab.page.on(
        "console",
        lambda said: None if "404 (NOT FOUND)" in said.text else tab.complaints.append(said.text),
    )
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.on(
        "request",
        lambda sent: (
            None if sent.url.startswith(f"{url}/") else tab.complaints.append(f"asked {sent.url}")
        ),
    )
    tab.page.on(
        "requestfailed",
        # The next page cancels what the page before still requests, such as its icon.
        lambda sent: (
            None
            if sent.failure == "net::ERR_ABORTED"
            else tab.complaints.append(f"failed {sent.url}: {sent.failure}")
        ),
    )
    return tab
