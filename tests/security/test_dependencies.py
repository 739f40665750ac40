"""Dependencies are pinned with hashes, have acceptable licences, and are the same everywhere."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.cloud import ROOT
from local.licences import DEPLOYED, distributed, licence, pinned

#: Written by `make lock`, each from the file of the same name that ends in ``.in``.
LOCKED = [ROOT / "requirements.txt", DEPLOYED, *sorted((ROOT / "local").glob("requirements-*.txt"))]
DEVELOPMENT = LOCKED[0]
#: One package: its pin, an optional condition, and its hashes.
ENTRY = re.compile(
    r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,._-]+\])?==[^\s;]+( ; [^\\\n]+)?"
    r"( \\\n    --hash=sha256:[0-9a-f]{64})+"
)
#: Licences that allow hooklog to be distributed as it is. Any other needs a decision first.
ALLOWED = re.compile(
    r"(MIT|MIT-0|MIT-CMU|MIT License|MIT No Attribution License \(MIT-0\)|0BSD|BSD-[23]-Clause"
    r"|BSD License|Apache-2\.0|Apache Software License|ISC License \(ISCL\)|PSF-2\.0"
    r"|Python Software Foundation License|Zope Public License|Zlib|CC0-1\.0)"
)


def text(file: Path) -> str:
    """Read a file."""
    return file.read_text(encoding="utf-8")


def direct(file: Path) -> dict[str, str]:
    """Return the requirements of the file of the same name that ends in ``.in``, by package."""
    asked = pinned(text(file.with_suffix(".in")))
    return {canonicalize_name(name): wanted for name, wanted in asked.items()}


@pytest.mark.parametrize("file", LOCKED, ids=lambda file: file.name)
def test_every_package_has_its_version_and_its_hashes(file: Path) -> None:
    """The file has nothing else: no other index, no link, and no package without a hash."""
    entries = re.sub(r"^\s*#.*\n", "", text(file), flags=re.MULTILINE).strip()
    assert pinned(entries)
    assert ENTRY.sub("", entries).split() == []


@pytest.mark.parametrize("file", LOCKED, ids=lambda file: file.name)
def test_what_is_asked_for_is_what_is_pinned(file: Path) -> None:
    """A change of the ``.in`` file without `make lock` fails."""
    asked = direct(file)
    assert asked
    have = pinned(text(file))
    assert {name: have.get(name) for name in asked} == asked
    # Each pins exactly; with a range, the next `make lock` would decide.
    lines = [line for line in text(file.with_suffix(".in")).splitlines() if line[:1].isalpha()]
    assert len(lines) == len(asked)


def test_what_is_tested_is_what_is_deployed() -> None:
    """The functions' packages have the same versions in the project's own environment."""
    assert pinned(text(DEPLOYED)).items() <= pinned(text(DEVELOPMENT)).items()


def test_what_is_installed_is_what_is_pinned() -> None:
    """The tests run with the pinned versions; an environment changed by hand proves little."""
    entries = re.findall(
        r"^([a-z0-9._-]+(?:\[.*\])?==\S+(?: ; [^\\\n]+)?)", text(DEVELOPMENT), re.MULTILINE
    )
    wanted = [Requirement(entry) for entry in entries]
    here = [one for one in wanted if one.marker is None or one.marker.evaluate()]
    assert len(here) > len(direct(DEVELOPMENT))
    differing = {
        one.name: version(one.name) for one in here if version(one.name) not in one.specifier
    }
    assert differing == {}


def test_the_functions_themselves_bring_nothing() -> None:
    """All their packages are in one layer."""
    for folder in ("functions/*", "layers/hooklog"):
        for file in ROOT.glob(f"{folder}/requirements.txt"):
            assert pinned(text(file)) == {}


def test_pyproject_takes_what_is_pinned() -> None:
    """An installed command line gets versions in a range around the tested ones."""
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    have = pinned(text(DEVELOPMENT))
    extras = project["project"]["optional-dependencies"].values()
    asked = [*project["project"]["dependencies"], *(one for extra in extras for one in extra)]
    for one in map(Requirement, [*asked, *project["build-system"]["requires"]]):
        assert have[canonicalize_name(one.name)] in one.specifier, one.name


def test_the_page_names_everything_that_is_distributed() -> None:
    """It names the whole layer, including every package that another one requires."""
    named = set(
        re.findall(r"^\| ([a-z0-9-]+) \| [0-9]", text(ROOT / "docs/licences.md"), re.MULTILINE)
    )
    assert named == set.union(*distributed())
    assert {canonicalize_name(name) for name in pinned(text(DEPLOYED))} <= named
    assert {"rich", "typer", "markdown-it-py"} <= named


@pytest.mark.parametrize("name", sorted(set.union(*distributed())))
def test_every_licence_allows_to_distribute(name: str) -> None:
    """A new package with no licence, or with one that restricts distribution, fails."""
    terms = re.split(r" (?:or|AND|OR) ", licence(name))
    assert all(ALLOWED.fullmatch(term) for term in terms), terms
