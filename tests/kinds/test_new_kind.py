"""A new kind of log is one module and its name in ``hooklog/logs/__init__.py``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def test_a_third_kind_needs_one_module_and_its_name(tmp_path: Path) -> None:
    """With these in a copy of the package, every part of hooklog handles voice logs."""
    package = tmp_path / "hooklog"
    shutil.copytree(
        ROOT / "layers/hooklog/hooklog", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(HERE / "voice.py", package / "logs")
    registry = package / "logs/__init__.py"
    text = registry.read_text(encoding="utf-8")
    text = text.replace("(FAX, MESSAGE)", "(FAX, MESSAGE, VOICE)")
    text = text.replace("\n\nKINDS:", "\nfrom hooklog.logs.voice import VOICE\n\nKINDS:")
    registry.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(HERE / "journey.py")),
            *("--quiet", "-p", "no:cacheprovider", "-o", f"pythonpath={tmp_path} ops ."),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ""},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
