"""The packages that are distributed with hooklog, and their licences; for docs/licences.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import metadata, requires
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local import markdown
from local.cloud import ROOT

DEPLOYED = ROOT / "layers/dependencies/requirements.txt"

_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(.+)")


class Distributed(NamedTuple):
    """The names of all distributed packages, each in the first group that it belongs to."""

    functions: set[str]
    command_line: set[str]
    extras: set[str]


def distributed() -> Distributed:
    """Return what is deployed with the functions, what the command line adds, and its extras."""
    deployed: set[str] = {
        canonicalize_name(name) for name in pinned(DEPLOYED.read_text(encoding="utf-8"))
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    basic = set(_required(project["dependencies"]))
    extras = {
        name for wanted in project["optional-dependencies"].values() for name in _required(wanted)
    }
    return Distributed(deployed, basic - deployed, extras - basic - deployed)


def table(names: Iterable[str]) -> str:
    """Return the versions and licences of packages."""
    rows = ((name, metadata(name)["Version"], licence(name)) for name in sorted(names))
    return markdown.table(("package", "version", "licence"), rows)


def pinned(text: str) -> dict[str, str]:
    """Return the versions in a file of pinned requirements, by name."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", text, re.MULTILINE))


def licence(name: str) -> str:
    """Return an installed package's licence from its metadata, or an empty string."""
    of_package = metadata(name)
    if "License-Expression" in of_package:
        return of_package["License-Expression"]
    classifiers = filter(None, map(_CLASSIFIER.match, of_package.get_all("Classifier", [])))
    return " or ".join(found[1] for found in classifiers) or of_package.get("License", "")


def _required(requirements: Iterable[str]) -> Iterator[str]:
    """Yield the packages that satisfy requirements here, and all packages that those require."""
    seen = set()
    left = list(requirements)
    while left:
        wanted = Requirement(left.pop())
        name = canonicalize_name(wanted.name)
        if (name, *wanted.extras) in seen:
            continue
        seen.add((name, *wanted.extras))
        yield name
        for text in requires(name) or ():
            marker = Requirement(text).marker
            if marker is None or any(
                marker.evaluate({"extra": extra}) for extra in (wanted.extras or {""})
            ):
                left.append(text)
