"""The profile of the long runs: ``pytest tests/properties --hypothesis-profile=fuzz``."""

from __future__ import annotations

import hypothesis

from tests.properties.profiles import FUZZ

hypothesis.settings.register_profile("fuzz", FUZZ)
