"""The sweep function's environment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hooklog.settings import Settings


class SweepSettings(Settings):
    """The shared settings, and those of when a sweep compares a log."""

    sweep_overlap_hours: float = Field(
        72, ge=1, le=720, description="age in hours at which a log is compared last"
    )
    sweep_settling_minutes: float = Field(
        10, ge=0, le=1440, description="minutes that young logs are left to their callbacks"
    )
    callback_statuses: Literal["All", "Final"] = Field(
        "All", description="callbacks that go on the queue: All or Final"
    )
