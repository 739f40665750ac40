"""Apply each deliberate bug to a copy of the tree and check that the tests notice.

::

    python -m tests.faults.mutation [part of a step's name or of a reason]

The command fails if a bug goes unnoticed or if the tests fail without one.
"""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTANTS = Path(__file__).with_name("mutants.toml")
#: The parts of the tree that the tests need.
_NEEDED = ("functions", "layers", "local", "ops", "tests", "pyproject.toml", "template.yaml")
#: Seconds.
_PATIENCE = 300


@dataclass(frozen=True)
class Mutant:
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


def load() -> list[Mutant]:
    """Read the list of mutants."""
    content = tomllib.loads(MUTANTS.read_text(encoding="utf-8"))
    return [Mutant(**entry) for entry in content["mutant"]]


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


def _try(mutant: Mutant, copies: queue.SimpleQueue[Path]) -> bool:
    """Judge a mutant in a copy of its own; return whether the tests killed it."""
    copy, began = copies.get(), time.monotonic()
    original = mutant.apply(copy)
    try:
        verdict, output = judge(copy, mutant.tests, mutant.only)
    finally:
        (copy / mutant.file).write_text(original, encoding="utf-8")
        copies.put(copy)
    _say(f"{verdict.value:8} {time.monotonic() - began:5.1f} s  {mutant.step}: {mutant.why}")
    if verdict is Verdict.BROKEN:
        _say(output)
    return verdict is Verdict.KILLED


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Try the mutants that the command line selects, or all; return the exit status."""
    wanted = " ".join(sys.argv[1:])
    mutants = [one for one in load() if wanted in f"{one.step}: {one.why}"]
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(workers):
            copies.put(_copy(Path(directory) / str(number)))
        healthy = copies.get()
        tests = sorted({test for one in mutants for test in one.tests})
        verdict, output = judge(healthy, tests, processes=workers)
        copies.put(healthy)
        if verdict is not Verdict.SURVIVED:
            _say(f"The tests fail without any mutant:\n{output}")
            return 1
        with ThreadPoolExecutor(workers) as threads:
            killed = list(threads.map(lambda mutant: _try(mutant, copies), mutants))
    _say(f"{sum(killed)} of {len(mutants)} mutants were killed.")
    return 0 if mutants and all(killed) else 1


def _copy(root: Path) -> Path:
    root.mkdir()
    for name in _NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    return root


if __name__ == "__main__":
    sys.exit(main())
