"""Fixtures of the security tests."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from local.cloud import ROOT


@pytest.fixture(scope="session")
def deployed() -> dict[str, Any]:
    """Return the template's resources as SAM translates them for CloudFormation."""
    python, script = ROOT / ".tools/sam/bin/python", ROOT / "local/translate_template.py"
    done = subprocess.run([python, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    resources: dict[str, Any] = json.loads(done.stdout)["Resources"]
    return resources
