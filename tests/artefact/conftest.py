"""The build as Lambda lays it out, and each function started once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.artefact.starting import FUNCTIONS, LAYERS, Started, start


@pytest.fixture(scope="session")
def deployed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out all files as Lambda does: layers in `opt`, and every file with a new time."""
    root = tmp_path_factory.mktemp("lambda")
    for layer in LAYERS:
        shutil.copytree(
            built / layer, root / "opt", copy_function=shutil.copyfile, dirs_exist_ok=True
        )
    for function in FUNCTIONS:
        shutil.copytree(built / function, root / function, copy_function=shutil.copyfile)
    return root


@pytest.fixture(scope="session")
def started(deployed: Path) -> dict[str, Started]:
    """Start each function once."""
    return {function: start(deployed, function) for function in FUNCTIONS}
