"""How long Hypothesis searches: briefly in every test run, longer with ``make fuzz``."""

from __future__ import annotations

import hypothesis

#: New examples in each run; a failure prints how to reproduce it.
FUZZ = hypothesis.settings(derandomize=False, deadline=None, max_examples=1500, print_blob=True)


def examples(share: float, *, stateful_step_count: int = 50) -> hypothesis.settings:
    """Return settings with this share of the profile's examples."""
    profile = hypothesis.settings()
    return hypothesis.settings(
        max_examples=round(share * profile.max_examples), stateful_step_count=stateful_step_count
    )
