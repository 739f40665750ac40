"""The command line installs from a clone and from a wheel, into an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local.cloud import ROOT, environment_without_aws

pytestmark = pytest.mark.integration

UV = ROOT / ".tools/supply/bin/uv"


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """Run a command in a folder without the clone on Python's path; return its output."""
    environment = environment_without_aws() | {"PYTHONPATH": "", **variables}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel as `make wheel` does."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
    run(sys.executable, "-m", "pip", "wheel", *options, folder, ROOT, folder=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    """Data and templates, too, and nothing else."""
    names = subprocess.run(
        ["git", "ls-files", "layers/hooklog/hooklog", "ops/hooklog_ops"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    tracked = {name.removeprefix("layers/hooklog/").removeprefix("ops/") for name in names}
    with zipfile.ZipFile(wheel) as content:
        packed = {name for name in content.namelist() if ".dist-info/" not in name}
    assert packed == tracked


def with_pip(source: Path, folder: Path) -> Path:
    """Install as `pip install` does, into a new environment; pipx does the same."""
    run(sys.executable, "-m", "venv", folder / "env", folder=folder)
    run(folder / "env/bin/python", "-m", "pip", "install", "--quiet", source, folder=folder)
    return folder / "env/bin/hooklog"


def with_uv(source: Path, folder: Path) -> Path:
    """Install as `uv tool install` does."""
    if not UV.exists():
        pytest.skip("uv is not installed: `make sbom` or `make lock` installs it")
    places = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    python = ("--python", sys.executable, "--system-certs")
    run(UV, "tool", "install", "--quiet", *python, source, folder=folder, **places)
    return folder / "bin/hooklog"


@pytest.mark.parametrize("install", [with_pip, with_uv])
@pytest.mark.parametrize("origin", ["clone", "wheel"])
def test_what_is_installed_works(
    wheel: Path, tmp_path: Path, install: Callable[[Path, Path], Path], origin: str
) -> None:
    """It explains a code, which takes the catalogue, and knows all commands."""
    source = wheel
    if origin == "clone":
        # A build writes into its source.
        source = tmp_path / "clone"
        for part in ("layers/hooklog", "ops"):
            shutil.copytree(ROOT / part, source / part)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
    hooklog = install(source, tmp_path)
    assert "fax" in run(hooklog, "explain", "34004", folder=tmp_path)
    assert "backfill" in run(hooklog, "--help", folder=tmp_path)
