"""Apply each deliberate bug to a copy of the tree and check that the tests notice.

::

    python -m tests.bugs [part of a step's name or of a reason]

The command fails if a bug goes unnoticed or if the tests fail without one.
"""

from __future__ import annotations

import os
import queue
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bugs.bugs import Bug, Verdict, judge, load

_ROOT = Path(__file__).parents[2]
#: The parts of the tree that the tests need.
_NEEDED = ("functions", "layers", "local", "ops", "tests", "pyproject.toml", "template.yaml")


def _try(bug: Bug, copies: queue.SimpleQueue[Path]) -> bool:
    """Judge a bug in a copy of its own; return whether the tests killed it."""
    copy, began = copies.get(), time.monotonic()
    original = bug.apply(copy)
    try:
        verdict, output = judge(copy, bug.tests, bug.only)
    finally:
        (copy / bug.file).write_text(original, encoding="utf-8")
        copies.put(copy)
    _say(f"{verdict.value:8} {time.monotonic() - began:5.1f} s  {bug.step}: {bug.why}")
    if verdict is Verdict.BROKEN:
        _say(output)
    return verdict is Verdict.KILLED


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Try the bugs that the command line selects, or all; return the exit status."""
    wanted = " ".join(sys.argv[1:])
    bugs = [one for one in load() if wanted in f"{one.step}: {one.why}"]
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="bugs-") as directory:
        copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(workers):
            copies.put(_copy(Path(directory) / str(number)))
        healthy = copies.get()
        tests = sorted({test for one in bugs for test in one.tests})
        verdict, output = judge(healthy, tests, processes=workers)
        copies.put(healthy)
        if verdict is not Verdict.SURVIVED:
            _say(f"The tests fail without any bug:\n{output}")
            return 1
        with ThreadPoolExecutor(workers) as threads:
            killed = list(threads.map(lambda bug: _try(bug, copies), bugs))
    _say(f"{sum(killed)} of {len(bugs)} bugs were killed.")
    return 0 if bugs and all(killed) else 1


def _copy(root: Path) -> Path:
    root.mkdir()
    for name in _NEEDED:
        source = _ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    return root


if __name__ == "__main__":
    sys.exit(main())
