"""The command line installs from a clone and from a wheel, into an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
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


def clone(folder: Path) -> Path:
    """Copy what a build needs: it writes into its source."""
    source = folder / "clone"
    for part in ("layers/hooklog", "ops"):
        shutil.copytree(ROOT / part, source / part)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    return source


def works(hooklog: Path, folder: Path) -> None:
    """Have it explain a code, which takes the catalogue, and name its commands."""
    assert "fax" in run(hooklog, "explain", "34004", folder=folder)
    assert "backfill" in run(hooklog, "--help", folder=folder)


def test_what_uv_installs_from_a_clone_works(tmp_path: Path) -> None:
    """It finds its data, and knows all commands."""
    works(with_uv(clone(tmp_path), tmp_path), tmp_path)


def test_what_pip_installs_from_the_wheel_works(wheel: Path, tmp_path: Path) -> None:
    """It finds its data, and knows all commands."""
    works(with_pip(wheel, tmp_path), tmp_path)
