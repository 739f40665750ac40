"""The functions' own modules, which all have the same file name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_FUNCTIONS = Path(__file__).parents[2] / "functions"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load a function's module anew, under the function's name, until the test ends."""
    spec = importlib.util.spec_from_file_location(name, _FUNCTIONS / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module
