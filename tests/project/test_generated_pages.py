"""The generated parts of the pages in docs/ are up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from cogapp import Cog  # type: ignore[import-untyped]

from local.cloud import ROOT

PAGES = [page for page in sorted(ROOT.glob("docs/*.md")) if "[[[cog " in page.read_text("utf-8")]


def test_the_pages_with_generated_parts() -> None:
    """Pages with lists and numbers from the code generate them."""
    assert {page.stem for page in PAGES} >= {
        *("benchmarks", "cli", "cost", "error-codes", "events", "licences"),
        *("mutation", "operations", "reliability", "scale"),
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_make_docs_changes_nothing(page: Path) -> None:
    """A page is stale if its code, the template or a measurement changed after `make docs`."""
    Cog().callable_main(
        [
            *("cog", "-P", "--verbosity=0", "--check", "--diff"),
            *("--check-fail-msg=run `make docs`", str(page)),
        ]
    )
