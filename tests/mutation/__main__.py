"""Run the fast tests on small changes of the deployed package, one at a time.

A full run updates score.json, from which `make docs` writes docs/mutation.md. With `--sample` or
`--since`, a short one fails if a mutant survives that is neither judged nor listed there. What
survives in a module that no full run has tried yet is only told: nobody has judged it so far.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from contextlib import chdir
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path

from mutmut.configuration import config

from tests.mutation.judgements import (
    Change,
    Mutant,
    Outcome,
    load_judgements,
    load_scores,
    refuted,
    save_scores,
    score,
    stale,
)
from tests.mutation.mutants import functions_changed, make_mutants, read_mutants

ROOT = Path(__file__).parents[2]
PACKAGE = "layers/hooklog/hooklog"
#: mutmut names a module by its path, so it works in a tree with the package at the top.
TREE = ROOT / ".local/mutation"
_LINKS = {"hooklog": PACKAGE} | {
    name: name for name in ("functions", "local", "ops", "tests", "template.yaml")
}

#: What the exit codes mean that mutmut keeps: those of pytest, or what ended the process.
_OUTCOMES = (
    dict.fromkeys((1, 3), Outcome.KILLED)
    | dict.fromkeys((-24, 24, 152, 36, 255, -9), Outcome.TIMED_OUT)
    # Nothing failed, nothing was collected, or no test calls the function.
    | dict.fromkeys((0, 5, 33), Outcome.SURVIVED)
)

#: So many modules stand for all where none changed: to mutate all takes longer than to try a few.
_FEW = 8


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("--only", default="*", help="modules, such as 'enrich/*'")
    parser.add_argument("--sample", type=int, help="try so many mutants at most")
    parser.add_argument("--since", help="try only functions that changed since this commit")
    parser.add_argument("--seed", help="of the sample; otherwise the commit")
    arguments = parser.parse_args()
    modules = [module for module in _modules() if fnmatch(module, arguments.only)]
    if arguments.sample is None and arguments.since is None:
        return 1 if _full(modules) else 0
    if arguments.sample is not None and arguments.sample < 1:
        parser.error("--sample: a sample has at least one mutant")
    if arguments.since and not _git("rev-parse", "--verify", f"{arguments.since}^{{commit}}"):
        parser.error(f"--since: git knows no commit {arguments.since}")
    seed = arguments.seed or _git("rev-parse", "HEAD").strip()
    # Not for secrets: a seed has to repeat the sample.
    chance = random.Random(seed)  # noqa: S311
    mutants = _changed(modules, arguments.since or _base())
    if arguments.since and not mutants:
        _say(f"Nothing that mutmut changes is different since {arguments.since}.")
        return 0
    if not mutants:
        tried = [module for module in modules if module in load_scores()]
        few = chance.sample(tried, min(_FEW, len(tried)))
        mutants = [(module, one) for module in few for one in make_mutants(module, _source(module))]
    sample = chance.sample(mutants, min(arguments.sample or len(mutants), len(mutants)))
    _say(f"{len(sample)} of {len(mutants)} mutants, seed {seed}")
    return 1 if _short(sample) else 0


def _full(modules: list[str]) -> int:
    """Try all mutants and keep the score of each package; return how many judgements are wrong."""
    judgements = load_judgements()
    wrong = 0
    _prepare()
    for package, group in groupby(modules, lambda module: module.rpartition("/")[0]):
        names = list(group)
        _mutmut([f"hooklog.{_dotted(module)}.x*" for module in names])
        with chdir(TREE):
            mutants = {module: read_mutants(module) for module in names}
        outcomes = _outcomes(mutants)
        scores = {module: score(module, mutants[module], outcomes, judgements) for module in names}
        kept = load_scores() | scores
        save_scores({module: kept[module] for module in _modules() if module in kept})
        _say(
            f"{package or 'hooklog'}: {sum(len(one.survived) for one in scores.values())} survived"
        )
        wrong += _list("judged, but no mutant", stale(mutants, judgements))
        wrong += _list("judged, but killed", refuted(mutants, outcomes, judgements))
    return wrong


def _short(sample: list[tuple[str, Mutant]]) -> int:
    """Try a few; return how many survive unlisted in a module with a score, or are refuted."""
    judgements, known = load_judgements(), load_scores()
    mutants: dict[str, list[Mutant]] = {}
    for module, one in sample:
        mutants.setdefault(module, []).append(one)
    _prepare(mutants)
    _mutmut([one.name for _, one in sample])
    outcomes = _outcomes(mutants)
    survivors = [
        (module, change)
        for module, found in mutants.items()
        for change in score(module, found, outcomes, judgements).survived
    ]
    untried = [one for one in survivors if one[0] not in known]
    _list("survived, in a module without a score", untried)
    new = [one for one in survivors if one[0] in known and one[1] not in known[one[0]].survived]
    return _list("survived", new) + _list(
        "judged, but killed", refuted(mutants, outcomes, judgements)
    )


def _modules() -> list[str]:
    package = ROOT / PACKAGE
    paths = [path.relative_to(package) for path in package.rglob("*.py")]
    return [
        str(path)
        for path in sorted(paths, key=lambda path: (path.parent, path))
        # mutmut fails where there is nothing to try, as in a package's empty start.
        if config().should_mutate(f"hooklog/{path}") and "def " in _source(str(path))
    ]


def _source(module: str) -> str:
    return (ROOT / PACKAGE / module).read_text(encoding="utf-8")


def _dotted(module: str) -> str:
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _git(*arguments: str) -> str:
    """Return git's answer, or nothing where it has none: the history may be a short one."""
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else ""


def _base() -> str:
    """Return where the branch left main; on main, the commit before."""
    base = _git("merge-base", "HEAD", "origin/main").strip()
    return base if base and base != _git("rev-parse", "HEAD").strip() else "HEAD~1"


def _changed(modules: list[str], since: str) -> list[tuple[str, Mutant]]:
    """Return the mutants of functions that changed, or of a module of which only the rest did."""
    changed = []
    for name in _git("diff", "--name-only", since, "--", PACKAGE).splitlines():
        module = name.removeprefix(f"{PACKAGE}/")
        if module in modules:
            mutants = make_mutants(module, _source(module))
            functions = functions_changed(_git("show", f"{since}:{name}"), _source(module))
            touched = [one for one in mutants if one.function in functions]
            changed += [(module, one) for one in touched or mutants]
    return changed


def _prepare(only: Iterable[str] = ()) -> None:
    """Make the tree in which mutmut works; it mutates all modules if none are named."""
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    for name, target in _LINKS.items():
        (TREE / name).symlink_to(ROOT / target)
    before, table, rest = (ROOT / "pyproject.toml").read_text("utf-8").partition("\n[tool.mutmut]")
    if not table:
        raise SystemExit("pyproject.toml has no table for mutmut.")
    named = json.dumps([f"hooklog/{module}" for module in only])
    settings = f"{before}{table}\nonly_mutate = {named} {rest}"
    (TREE / "pyproject.toml").write_text(settings, encoding="utf-8")


def _mutmut(names: Collection[str]) -> None:
    """Let mutmut try the mutants of these names, which may be patterns."""
    log = TREE / "mutmut.log"
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(
            [Path(sys.executable).with_name("mutmut"), "run", *names],
            cwd=TREE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # The tests are to import the mutated package, not the one that this program imports.
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            check=False,
        )
    if done.returncode != 0:
        raise SystemExit(f"mutmut failed; see {log.relative_to(ROOT)}.")


def _outcomes(mutants: Mapping[str, Iterable[Mutant]]) -> dict[str, Outcome]:
    """Return what mutmut keeps of each mutant.

    Raises:
        KeyError: a mutant was not tried, or its tests ended in a way that proves nothing.

    """
    outcomes: dict[str, Outcome] = {}
    for module, found in mutants.items():
        kept = json.loads((TREE / f"mutants/hooklog/{module}.meta").read_bytes())
        codes = kept["exit_code_by_key"]
        outcomes |= {one.name: _OUTCOMES[codes[one.name]] for one in found}
    return outcomes


def _list(what: str, changes: Collection[tuple[str, Change]]) -> int:
    """Print changes as they would stand in judged.toml; return how many there are."""
    for module, change in changes:
        quoted = ", ".join(json.dumps(text, ensure_ascii=False) for text in change)
        _say(f"{what}: {module}\n    [{quoted}],")
    return len(changes)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
