"""How long to look: a short while in every run of the tests, a long one with ``make fuzz``."""

from __future__ import annotations

import hypothesis

#: Other examples each time, and a failure says how to see it again.
FUZZ = hypothesis.settings(derandomize=False, deadline=None, max_examples=1500, print_blob=True)


def examples(share: float, *, stateful_step_count: int = 50) -> hypothesis.settings:
    """Return settings with that share of the profile's number of examples."""
    profile = hypothesis.settings()
    return hypothesis.settings(
        max_examples=round(share * profile.max_examples), stateful_step_count=stateful_step_count
    )
