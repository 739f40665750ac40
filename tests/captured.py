"""Everything that the tested code printed or logged, for the test that reads it at the end."""

from __future__ import annotations

CAPTURED: list[str] = []
