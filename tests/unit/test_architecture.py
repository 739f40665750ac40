"""Which parts may depend on which, and what an import must not do."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "layers" / "hooklog" / "hooklog"
FUNCTIONS = sorted(path.parent for path in (ROOT / "functions").glob("*/app.py"))
MODULES = sorted(PACKAGE.rglob("*.py"))
DOMAIN = [path for path in MODULES if "adapters" not in path.parts]
ADAPTERS = [path for path in MODULES if "adapters" in path.parts]
#: The package's layers, lowest first. A module imports from its own group and from lower layers; the
#: groups of one layer never import each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("clock", "errors", "parsing", "logs", "catalogue", "queue_messages"),
    ("settings", "records"),
    ("enrich", "webhook", "sweep"),
    ("adapters",),
)
#: What may import each other although they share a layer: what is above, and what it may import.
BESIDE = {"logs": {"clock", "parsing"}, "queue_messages": {"logs"}, "parsing": {"queue_messages"}}

#: The modules of the package that each function loads when it starts, and no others.
SHARED = {
    "hooklog",
    "hooklog.adapters",
    "hooklog.errors",
    "hooklog.queue_messages",
}
SHARED |= {f"hooklog.logs{part}" for part in ("", ".kind", ".fax", ".message")}
SHARED |= {f"hooklog.adapters.aws{part}" for part in ("", ".clients", ".sqs", ".secret")}
SHARED |= {f"hooklog.adapters.telemetry{part}" for part in ("", ".emf")}
OF_THE_API = {
    "hooklog.clock",
    "hooklog.parsing",
    "hooklog.settings",
    "hooklog.adapters.aws.dynamodb",
}
OF_THE_API |= {f"hooklog.records{part}" for part in ("", ".rows", ".store")}
OF_THE_API |= {
    f"hooklog.adapters.signalwire{part}" for part in ("", ".api", ".credentials", ".lists")
}
OF_THE_API |= {"hooklog.logs.listing", "hooklog.logs.model"}
LOADED = {
    "enrich": {
        *SHARED,
        *OF_THE_API,
        "hooklog.catalogue",
        *(f"hooklog.records.{one}" for one in ("enrichment", "items", "numbers")),
        *(f"hooklog.records.{one}" for one in ("parking", "recording")),
        *(f"hooklog.enrich.{one}" for one in ("deliveries", "endings", "pipeline", "ports")),
        *(f"hooklog.enrich.{one}" for one in ("report", "retry", "settings")),
        *("hooklog.enrich", "hooklog.adapters.signalwire.fetching"),
        "hooklog.adapters.telemetry.enrich",
    },
    "webhook": {
        *SHARED,
        *(f"hooklog.webhook.{one}" for one in ("callbacks", "front_door", "settings")),
        *("hooklog.webhook", "hooklog.webhook.signatures"),
        *("hooklog.adapters.aws.signing_keys", "hooklog.adapters.telemetry.webhook"),
    },
    "sweep": {
        *SHARED,
        *OF_THE_API,
        *(f"hooklog.sweep.{one}" for one in ("backfill", "comparison", "settings", "walk")),
        *("hooklog.sweep", "hooklog.adapters.aws.checkpoints", "hooklog.adapters.telemetry.sweep"),
    },
}

WORLD = {"boto3", "botocore", "urllib3", "aws_lambda_powertools"}
#: Powertools' parser is pydantic with a helper; it knows nothing of AWS unless asked.
PARSER = "aws_lambda_powertools.utilities.parser"
#: Imports modules, and prints what of the world they touched meanwhile as JSON.
WATCH = """
import json, os, sys

library = os.path.dirname(os.__file__)
ours, modules = sys.argv[1].split(","), sys.argv[2].split(",")
reads, sockets = [], []


def caller():
    # The nearest file that is neither this script nor the standard library's own plumbing.
    frame = sys._getframe(1)
    while frame:
        file = frame.f_code.co_filename
        if not file.startswith(("<", library)) or "site-packages" in file:
            return file
        frame = frame.f_back
    return ""


def watched(method):
    def read(self, *args):
        if any(caller().startswith(folder) for folder in ours):
            reads.append(caller())
        return method(self, *args)

    return read


for name in ("__getitem__", "__contains__", "__iter__", "copy"):
    setattr(os._Environ, name, watched(getattr(os._Environ, name)))

sys.addaudithook(
    lambda event, args: sockets.append([event, caller()]) if event.startswith("socket.") else None
)
for name in modules:
    __import__(name)
print(json.dumps({"reads": reads, "sockets": sockets, "modules": sorted(sys.modules)}))
"""


def name_of(path: Path) -> str:
    """Give the name under which a module of the package is imported."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Name every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def of_the_world(path: Path) -> set[str]:
    """Name what a file imports of AWS, HTTP and the adapters to them."""
    return {
        name
        for name in imports(path)
        if (name.split(".")[0] in WORLD or name.startswith("hooklog.adapters"))
        and not f"{name}.".startswith(f"{PARSER}.")
        and name != PARSER.rpartition(".")[0]
    }


class Touched(NamedTuple):
    """What happened while modules were imported."""

    #: The file of each read of the environment.
    reads: list[str]
    #: Event and file of each use of a socket.
    sockets: list[tuple[str, str]]
    #: Loaded at the end.
    modules: set[str]


def import_watched(*modules: str, folder: Path | None = None) -> Touched:
    """Import modules in a fresh interpreter, and tell what they touched."""
    folders = [PACKAGE.parent, *([folder] if folder else [])]
    script = [sys.executable, "-c", WATCH, ",".join(map(str, folders)), ",".join(modules)]
    environment = {"PYTHONPATH": ":".join(map(str, folders))}
    done = subprocess.run(script, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    sockets = [(event, file) for event, file in found["sockets"]]
    return Touched(found["reads"], sockets, set(found["modules"]))


# --- imports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOMAIN, ids=name_of)
def test_domain_knows_nothing_of_the_world(path: Path) -> None:
    """No module outside the adapters imports AWS's or HTTP's libraries, or an adapter."""
    assert of_the_world(path) == set()


def test_adapters_are_where_the_world_is() -> None:
    """The rule above has something to find."""
    assert {name.split(".")[0] for path in ADAPTERS for name in of_the_world(path)} >= WORLD


def group_of(module: str) -> str:
    """Return the part of the package below ``hooklog`` that a module belongs to."""
    return module.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_stands_below_it(path: Path) -> None:
    """Upwards or sideways there is no import, not even for an annotation."""
    own = name_of(path)
    if own == "hooklog":
        return
    rank = {group: at for at, groups in enumerate(LAYERS) for group in groups}
    for name in imports(path):
        if not name.startswith("hooklog.") or group_of(name) == group_of(own):
            continue
        group = group_of(name)
        assert rank[group] < rank[group_of(own)] or group in BESIDE.get(group_of(own), ()), name


def test_every_module_has_a_layer() -> None:
    """A new package does not escape the rule."""
    groups = {group_of(name_of(path)) for path in MODULES if name_of(path) != "hooklog"}
    assert groups == {group for groups in LAYERS for group in groups}


def test_the_domain_loads_nothing_of_the_world() -> None:
    """It can be imported without loading AWS's or HTTP's libraries."""
    loaded = import_watched(*map(name_of, DOMAIN)).modules
    assert "hooklog.enrich.pipeline" in loaded
    for name in loaded:
        # Powertools looks at botocore's version number, which loads the bare package.
        assert name.split(".")[0] not in {"boto3", "urllib3"}
        assert not name.startswith(("botocore.", "hooklog.adapters"))


@pytest.mark.parametrize("function", sorted(LOADED))
def test_a_function_loads_what_it_uses(function: str) -> None:
    """Each module costs start-up time, and one that a function does not need stands out here."""
    loaded = import_watched("app", folder=ROOT / "functions" / function).modules
    assert {name for name in loaded if name.split(".")[0] == "hooklog"} == LOADED[function]


def test_a_caller_waits_for_no_models() -> None:
    """The webhook function starts without the slowest imports."""
    loaded = import_watched("app", folder=ROOT / "functions" / "webhook").modules
    assert not {"pydantic", "phonenumbers"} & loaded


# --- import time --------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_imports_touch_nothing(folder: Path) -> None:
    """Importing the package and a function reads no setting and talks to nobody."""
    found = import_watched("app", *map(name_of, MODULES), folder=folder)
    assert {"app", *map(name_of, MODULES)} <= found.modules
    assert found.reads == []
    for event, file in found.sockets:
        # urllib3 binds to ::1 to see whether there is IPv6; nobody is spoken to.
        assert event in {"socket.__new__", "socket.bind"}
        assert "urllib3" in file


def test_reads_are_seen(tmp_path: Path) -> None:
    """The rule above would see a read, and a socket."""
    reader = tmp_path / "reader.py"
    reader.write_text("import os, socket; os.getenv('A'); 'B' in os.environ; socket.socket()")
    found = import_watched("reader", folder=tmp_path)
    assert set(found.reads) == {str(reader)}
    assert ("socket.__new__", str(reader)) in found.sockets
