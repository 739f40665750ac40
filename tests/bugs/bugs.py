"""The list of deliberate bugs, and how tests judge one."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_BUGS = Path(__file__).with_name("bugs.toml")
#: Seconds.
_PATIENCE = 300


@dataclass(frozen=True)
class Bug:
    """One deliberate bug.

    Attributes:
        step: the step that has the bug.
        why: what the bug would do to users.
        file: path below the root.
        old: text that occurs once in the file.
        new: its replacement, which is the bug.
        tests: test files that must notice.
        only: pytest's `-k` expression that selects some of the tests.

    """

    step: str
    why: str
    file: str
    old: str
    new: str
    tests: list[str]
    only: str = ""

    def apply(self, root: Path) -> str:
        """Put the bug into a copy of the tree and return the file's original text.

        Raises:
            ValueError: the bug is stale: `old` does not occur exactly once.

        """
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has this {text.count(self.old)} times: {self.old}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
        return text


class Verdict(Enum):
    """The outcome of the tests."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    #: pytest could not finish, which proves nothing.
    BROKEN = "BROKEN"


def load() -> list[Bug]:
    """Read the list."""
    content = tomllib.loads(_BUGS.read_text(encoding="utf-8"))
    return [Bug(**entry) for entry in content["bug"]]


def judge(
    root: Path, tests: Iterable[str], only: str = "", *, processes: int = 0
) -> tuple[Verdict, str]:
    """Run tests in a copy of the tree, in so many more processes; return verdict and output."""
    # No compiled files: their time stamps count seconds, and the source changes faster.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["-n", str(processes), "-k", only, *tests]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict.BROKEN, "The tests took too long."
    verdicts = {0: Verdict.SURVIVED, 1: Verdict.KILLED}
    return verdicts.get(done.returncode, Verdict.BROKEN), done.stdout + done.stderr
