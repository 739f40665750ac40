"""Fixtures of all tests: dummy credentials, no cloud, and a copy of the output."""

from __future__ import annotations

from collections.abc import Generator

import hypothesis
import pytest

from tests.captured import CAPTURED

# Examples are the same everywhere, and a busy machine fails no test.
hypothesis.settings.register_profile("hooklog", derandomize=True, deadline=None)
hypothesis.settings.load_profile("hooklog")

LAST = "tests/integration/test_privacy.py"


@pytest.fixture(autouse=True)
def _no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's AWS account and proxies out of the tests."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "POWERTOOLS_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def capsys(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """Return pytest's own fixture, and keep what a test reads from it."""
    read = capsys.readouterr

    def kept() -> object:
        output = read()
        CAPTURED.extend((output.out, output.err))
        return output

    capsys.readouterr = kept  # type: ignore[method-assign,assignment]
    return capsys


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,  # noqa: ARG001 - the hook's signature
    call: pytest.CallInfo[None],  # noqa: ARG001 - the hook's signature
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the rest of what each test printed or logged."""
    report = yield
    CAPTURED.extend(text for _, text in report.sections)
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the test that reads the captured output last."""
    items.sort(key=lambda item: item.nodeid.startswith(LAST))
