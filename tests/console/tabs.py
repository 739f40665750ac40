"""Pages in a headless Chromium, and what they complain of."""

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
    """A page in the browser, and all that went wrong in it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to one of the console's pages."""
        self.page.goto(self.url + path)


def watched(context: BrowserContext, url: str) -> Tab:
    """Open a page, and note what it complains of and whom it asks."""
    tab = Tab(context.new_page(), url)
    # A page that is not there is an answer here and not a defect.
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
        # Who goes on quickly breaks off what the page before still asked for, such as its icon.
        lambda sent: (
            None
            if sent.failure == "net::ERR_ABORTED"
            else tab.complaints.append(f"failed {sent.url}: {sent.failure}")
        ),
    )
    return tab
