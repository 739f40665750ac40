"""The enrich function's environment."""

from __future__ import annotations

from pydantic import Field

from hooklog.settings import Settings


class EnrichSettings(Settings):
    """The shared settings, and those of a batch."""

    fetch_concurrency: int = Field(100, ge=1, le=100, description="concurrent fetches per batch")
    retry_first_delay: float = Field(
        30, ge=1, le=900, description="seconds before the first retry; each further wait doubles"
    )
