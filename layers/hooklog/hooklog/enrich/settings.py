"""The enrich function's environment."""

from __future__ import annotations

from pydantic import Field

from hooklog.settings import Settings


class EnrichSettings(Settings):
    """The shared settings, and those of fetching and storing."""

    fetch_concurrency: int = Field(100, ge=1, le=100, description="concurrent fetches per batch")
    retry_first_delay: float = Field(
        30, ge=1, le=900, description="seconds before the first retry; each further wait doubles"
    )
    settle_faxes: bool = Field(
        default=True,
        description="true if the fax resource is fetched where nothing else tells how a fax ended",
    )
    index_numbers: bool = Field(
        default=False, description="true if the table has the index numbers, else false"
    )
    index_days: bool = Field(
        default=False, description="true if the table has the index days, else false"
    )
    record_ttl_days: int = Field(
        0, ge=0, le=3650, description="days to keep a row; 0 keeps rows for good"
    )
