"""How the functions start: what they compile, and what they load."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from tests.artefact.starting import FUNCTIONS, Started, start


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_compiled_at_the_start(started: dict[str, Started], function: str) -> None:
    """Neither on import nor when the parts and the AWS clients are made."""
    assert started[function].compiled == []


def test_a_compilation_is_seen(deployed: Path, tmp_path: Path) -> None:
    """The rule above would see one."""
    copy = tmp_path / "lambda"
    shutil.copytree(deployed, copy)
    module = copy / "opt/python/hooklog/enrich/__pycache__/retry.cpython-313.pyc"
    module.unlink()
    assert start(copy, "EnrichFunction").compiled == [
        str(copy / "opt/python/hooklog/enrich/retry.py")
    ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_garbage_is_collected_again(started: dict[str, Started], function: str) -> None:
    """What was imported is left out of it."""
    assert started[function].collects
    assert started[function].frozen > 10_000


#: What no function loads of the libraries; `tests/project/test_architecture.py` lists what each
#: function loads of hooklog.
NEVER = {"asyncio", "http.server", "unittest", "venv", "xmlrpc"}
NOT_FOR = {
    "EnrichFunction": set[str](),
    "WebhookFunction": {"pydantic", "phonenumbers"},
    "SweepFunction": set[str](),
    "PublishFunction": {"phonenumbers", "hooklog.catalogue", "hooklog.adapters.signalwire"},
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_only_what_it_needs(started: dict[str, Started], function: str) -> None:
    """Each of these costs milliseconds, and was or could easily be loaded by mistake."""
    assert set(started[function].modules) & (NEVER | NOT_FOR[function]) == set()


@pytest.mark.parametrize("name", sorted(NEVER.union(*NOT_FOR.values())))
def test_a_module_that_is_not_to_be_loaded_exists(name: str) -> None:
    """A name that does not exist would forbid nothing."""
    assert importlib.util.find_spec(name)


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
    """Beside the standard library."""
    library = str(Path(json.__file__).parent.parent)
    for name, file in started[function].modules.items():
        assert file is None or file.startswith((str(deployed), library)), name
