"""What a machine needs for the build."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from local.cloud import ROOT
from tests.template import template

MAKEFILES = [ROOT / "functions/Makefile", *sorted(ROOT.glob("layers/**/Makefile"))]


@pytest.mark.parametrize("makefile", MAKEFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_missing_python_is_named(makefile: Path, tmp_path: Path) -> None:
    """The build says in one sentence which Python it needs."""
    make = shutil.which("make")
    assert make is not None
    command = [make, "--makefile", str(makefile), "build-Anything", f"ARTIFACTS_DIR={tmp_path}"]
    done = subprocess.run(
        command, env={"PATH": str(tmp_path)}, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "hooklog is built with Python 3.13: put python3.13 on PATH" in done.stderr


def test_every_architecture_has_its_makefile() -> None:
    """The parameter names its folder, and the platform in it is that of the processor."""
    machines = {"arm64": "aarch64", "x86_64": "x86_64"}
    assert set(template()["Parameters"]["Architecture"]["AllowedValues"]) == set(machines)
    for architecture, machine in machines.items():
        makefile = ROOT / "layers/dependencies" / architecture / "Makefile"
        assert f"LAYER_PLATFORM ?= manylinux2014_{machine}\n" in makefile.read_text()
        assert "build.py $(LAYER_PLATFORM) " in makefile.read_text()
