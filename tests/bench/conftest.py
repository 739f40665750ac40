"""The stub that subjects talk to, and a subject that does nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from bench.processes import Invocation, Stub, running_stub


class Idler:
    """A subject that returns a response and does nothing else."""

    def __init__(self, response: object) -> None:
        """Return this response for every event."""
        self._response = response

    def invoke(self, event: Mapping[str, object]) -> Invocation:  # noqa: ARG002 - a subject's signature
        """Return the response."""
        return Invocation(1.0, 1.0, 1024, b"", self._response)


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    """Run a stub."""
    with running_stub() as stub:
        yield stub
