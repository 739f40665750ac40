"""Fixtures of all tests: dummy credentials, no cloud, one build, and a search of the output."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import botocore.session
import hypothesis
import pytest
import typer.main
from filelock import FileLock

from local.cloud import ROOT
from local.stack import build
from tests.privacy import leaks

# Examples are the same everywhere, and a busy machine fails no test.
hypothesis.settings.register_profile("hooklog", derandomize=True, deadline=None)
hypothesis.settings.load_profile("hooklog")

#: Not where a developer's build is.
_BUILD = ROOT / ".local/tests/build"
_SHOW_NUMBERS = ("tests/ops/", "tests/console/")
_LONG = (
    "tests/integration/",
    "tests/runtime/",
    "tests/properties/test_no_log_lost.py",
    "tests/project/test_generated_pages.py",
    "tests/kinds/",
    "tests/artefact/test_install.py",
)


def pytest_configure() -> None:
    """Restore Ctrl-C's signal: a shell has background jobs ignore it, and what they start, too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Keep what each of a thousand clients and commands would read and build anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        patch.setattr("typer.testing._get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run `sam build` once for all processes of a run; return the folder of its output."""
    run = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent
    done = run / "built"
    with FileLock(run / "build.lock"):
        if not done.exists():
            build(_BUILD)
            done.touch()
    return _BUILD


@pytest.fixture
def capsys(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> pytest.CaptureFixture[str]:
    """Return pytest's own fixture, and search what a test reads from it."""
    read = capsys.readouterr

    def searched() -> object:
        output = read()
        assert _leaks(request.node, output.out + output.err) == []
        return output

    capsys.readouterr = searched  # type: ignore[method-assign,assignment]
    return capsys


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],  # noqa: ARG001 - the hook's signature
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that printed or logged something personal."""
    report = yield
    output = "\n".join(text for _, text in report.sections)
    if report.passed and (found := _leaks(item, output)):
        report.outcome = "failed"
        report.longrepr = f"The output has what it must not have: {found}"
    return report


def _leaks(item: pytest.Item, output: str) -> list[str]:
    """Return what must not be printed; the operators' tools show the numbers asked for."""
    return [] if item.nodeid.startswith(_SHOW_NUMBERS) else leaks(output)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take long, so that no process ends long after the others."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
