"""The sweep function's environment."""

from __future__ import annotations

from pydantic import Field

from hooklog.settings import Settings


class SweepSettings(Settings):
    """The shared settings, and those of the period that a sweep compares."""

    sweep_overlap_hours: float = Field(
        # Never 0: a log created at the very moment of the watermark is in neither period.
        72,
        ge=1,
        le=720,
        description="hours before the watermark that are compared again",
    )
    sweep_settling_minutes: float = Field(
        10, ge=0, le=1440, description="minutes that young logs are left to their callbacks"
    )
