"""The publish function's environment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hooklog.environment import Environment, NonEmpty
from hooklog.publish.changes import Wanted


class PublishSettings(Environment):
    """Which outcomes are told, how, and to whom."""

    events: Wanted = Field(description="outcomes that are told: Failures, Ends or All")
    event_numbers: Literal["full", "masked"] = Field(
        "full", description="how events show numbers: full or masked"
    )
    event_bus: NonEmpty = Field("default", description="name or ARN of the event bus")
    unpublished_queue_url: NonEmpty = Field(
        description="URL of the queue of changes that could not be told"
    )
