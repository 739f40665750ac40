"""What the functions compile and load when they start."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from tests.artefact.starting import FUNCTIONS, Started, start


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_compiled_at_the_start(started: dict[str, Started], function: str) -> None:
    """Neither the imports nor the creation of the parts and AWS clients compile a file."""
    assert started[function].compiled == []


def test_a_compilation_is_seen(deployed: Path, tmp_path: Path) -> None:
    """The test above can fail."""
    copy = tmp_path / "lambda"
    shutil.copytree(deployed, copy)
    module = copy / "opt/python/hooklog/enrich/__pycache__/retry.cpython-313.pyc"
    module.unlink()
    assert start(copy, "EnrichFunction").compiled == [
        str(copy / "opt/python/hooklog/enrich/retry.py")
    ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_garbage_is_collected_again(started: dict[str, Started], function: str) -> None:
    """Garbage collection is on after the start, and skips what was imported."""
    assert started[function].collects
    assert started[function].frozen > 10_000


#: Modules of the standard library that no function needs.
NEVER = {"asyncio", "http.server", "unittest", "venv", "xmlrpc"}
#: Foreign packages that a function must not load; ``tests/project/test_architecture.py`` lists the
#: modules of hooklog that each function loads.
NOT_FOR: dict[str, set[str]] = {
    "EnrichFunction": set(),
    "WebhookFunction": {"pydantic", "phonenumbers"},
    "SweepFunction": set(),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_only_what_it_needs(started: dict[str, Started], function: str) -> None:
    """Each of these was once loaded, or is easily loaded by mistake, and costs start-up time."""
    assert set(started[function].modules) & (NEVER | NOT_FOR[function]) == set()


def test_the_modules_that_are_not_to_be_loaded_exist(started: dict[str, Started]) -> None:
    """A misspelt name would forbid nothing."""
    loaded = set().union(*(found.modules for found in started.values()))
    for name in set().union(*NOT_FOR.values()) - loaded:
        assert importlib.util.find_spec(name), name


def test_every_package_of_the_layers_is_loaded_by_some_function(
    deployed: Path, started: dict[str, Started]
) -> None:
    """A package that no function imports need not be deployed."""
    packages = {path.stem for path in (deployed / "opt/python").iterdir()} - {"__pycache__"}
    loaded = {name for found in started.values() for name in found.modules}
    assert packages - loaded == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_comes_from_the_artefact(
    deployed: Path, started: dict[str, Started], function: str
) -> None:
    """Every module comes from the artefact or the standard library."""
    library = str(Path(json.__file__).parent.parent)
    for name, file in started[function].modules.items():
        assert file is None or file.startswith((str(deployed), library)), name
