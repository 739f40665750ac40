"""Fixtures for the tests of faults, and the search for canaries after each test."""

from __future__ import annotations

import io
import sys
import uuid
from collections.abc import Iterator

import pytest
from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from local.space import RunningSpace, Space, serve
from tests.faults import canary
from tests.faults.aws import Aws, Clients, serve_aws
from tests.faults.telemetry import RecordingTelemetry


@pytest.fixture(autouse=True)
def _no_leaks(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    canary.KEPT.clear()
    yield
    printed = capsys.readouterr()
    found = canary.leaks(printed.out, printed.err, *canary.KEPT)
    assert not found, f"canaries leaked: {found}"


class _StandardOutput(io.StringIO):
    """The current standard output, which pytest's capture replaces after the setup."""

    def write(self, text: str, /) -> int:
        """Write to the current standard output."""
        return sys.stdout.write(text)


@pytest.fixture
def telemetry() -> RecordingTelemetry:
    logger = Logger(service=f"faults-{uuid.uuid4()}", stream=_StandardOutput())
    return RecordingTelemetry(EnrichTelemetry(logger, EmbeddedMetrics("Hooklog")))


@pytest.fixture(scope="package")
def space() -> Iterator[RunningSpace]:
    with serve(Space(), api_token=canary.TOKEN) as running:
        yield running


@pytest.fixture(scope="package")
def aws() -> Iterator[tuple[Aws, Clients]]:
    with serve_aws() as served:
        yield served
