"""Which parts may import which, and what an import must not do."""

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
#: The package's layers, lowest first. A module imports from its own part and from those above it in
#: this list; the parts of one line never import each other.
LAYERS = (
    {"clock", "errors", "catalogue", "pace", "steps"},
    {"parsing"},
    {"environment", "logs"},
    {"queue_messages"},
    {"records"},
    {"settings"},
    {"enrich", "webhook", "sweep", "publish"},
    {"adapters"},
)

#: The modules of the package that every function loads when it starts.
SHARED = """
    adapters adapters.aws adapters.aws.clients adapters.aws.sqs
    adapters.telemetry adapters.telemetry.emf adapters.telemetry.steps
    errors steps queue_messages logs logs.kind logs.fax logs.message
"""
#: The further modules of the functions that ask SignalWire for logs, and store them.
STORING = """
    adapters.aws.dynamodb adapters.aws.secret adapters.signalwire adapters.signalwire.api
    adapters.signalwire.credentials adapters.signalwire.limits adapters.signalwire.lists
    adapters.telemetry.stored catalogue clock environment logs.listing logs.model pace parsing
    settings
    records records.counts records.enrichment records.items records.numbers records.pacing
    records.parking records.recording records.rows records.signals records.store records.storing
"""
#: All modules that each function loads; none may be missing or needless.
LOADED = {
    "enrich": f"""
        {SHARED} {STORING} adapters.signalwire.fetching adapters.telemetry.enrich records.patience
        enrich enrich.deliveries enrich.endings enrich.pipeline enrich.ports enrich.report
        enrich.retry enrich.seen enrich.settings enrich.settling
    """,
    "webhook": f"""
        {SHARED} adapters.aws.secret adapters.aws.signing_keys adapters.telemetry.webhook
        webhook webhook.callbacks webhook.front_door webhook.settings webhook.signatures
    """,
    "sweep": f"""
        {SHARED} {STORING} adapters.aws.checkpoints adapters.telemetry.sweep
        sweep sweep.backfill sweep.comparison sweep.pacing sweep.page_store sweep.settings
        sweep.tiers sweep.walk
    """,
    "publish": f"""
        {SHARED} adapters.aws.event_bus adapters.aws.stream adapters.telemetry.publish
        clock environment logs.model pace parsing records records.rows records.signals
        publish publish.changes publish.events publish.publisher publish.settings
    """,
}

WORLD = {"boto3", "botocore", "urllib3", "aws_lambda_powertools"}
#: Powertools' parser is pydantic with a helper, and does not load AWS's libraries by itself.
PARSER = "aws_lambda_powertools.utilities.parser"
#: Imports modules, and prints as JSON what they touched of the outside world.
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
    """Return the name under which a module of the package is imported."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the name of every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def of_the_world(path: Path) -> set[str]:
    """Return the imports of a file from AWS's and HTTP's libraries and from the adapters."""
    return {
        name
        for name in imports(path)
        if (name.split(".")[0] in WORLD or name.startswith("hooklog.adapters"))
        and not f"{name}.".startswith(f"{PARSER}.")
        and name != PARSER.rpartition(".")[0]
    }


class Touched(NamedTuple):
    """What happened while modules were imported."""

    #: File of each read of the environment.
    reads: list[str]
    #: Event and file of each use of a socket.
    sockets: list[tuple[str, str]]
    #: Names of the modules that were loaded at the end.
    modules: set[str]


def import_watched(*modules: str, folder: Path | None = None) -> Touched:
    """Import modules in a fresh interpreter, and return what they touched."""
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


def test_two_modules_know_the_parser() -> None:
    """Powertools' parser is typed in one place, and its model of a stream's record used in one."""
    users = {name_of(path) for path in MODULES if any(PARSER in name for name in imports(path))}
    assert users == {"hooklog.parsing", "hooklog.adapters.aws.stream"}


def test_adapters_are_where_the_world_is() -> None:
    """The test above can fail."""
    assert {name.split(".")[0] for path in ADAPTERS for name in of_the_world(path)} >= WORLD


def part_of(module: str) -> str:
    """Return the part of the package that a module belongs to."""
    return module.split(".")[1]


def allowed(part: str) -> set[str]:
    """Return the parts that a part may import from."""
    level = next(level for level, parts in enumerate(LAYERS) if part in parts)
    return {part}.union(*LAYERS[:level])


@pytest.mark.parametrize("path", MODULES[1:], ids=name_of)
def test_a_module_imports_only_what_stands_above_it(path: Path) -> None:
    """No module imports downwards or sideways, not even for an annotation."""
    parts = {part_of(name) for name in imports(path) if name.startswith("hooklog.")}
    assert parts <= allowed(part_of(name_of(path)))


def test_every_module_has_a_layer() -> None:
    """A new package cannot escape the rule."""
    assert name_of(MODULES[0]) == "hooklog"
    assert {part_of(name_of(path)) for path in MODULES[1:]} == set().union(*LAYERS)


def test_the_domain_loads_nothing_of_the_world() -> None:
    """It can be imported without loading AWS's or HTTP's libraries."""
    loaded = import_watched(*map(name_of, DOMAIN)).modules
    assert "hooklog.enrich.pipeline" in loaded
    for name in loaded:
        # Powertools reads botocore's version number, which loads the bare package.
        assert name.split(".")[0] not in {"boto3", "urllib3"}
        assert not name.startswith(("botocore.", "hooklog.adapters"))


@pytest.mark.parametrize("function", sorted(LOADED))
def test_a_function_loads_what_it_uses(function: str) -> None:
    """Each module costs start-up time, and one that a function does not need stands out here."""
    loaded = import_watched("app", folder=ROOT / "functions" / function).modules
    listed = {f"hooklog.{name}" for name in LOADED[function].split()}
    assert {name for name in loaded if name.startswith("hooklog.")} == listed


def test_a_caller_waits_for_no_models() -> None:
    """The webhook function starts without the slowest imports."""
    loaded = import_watched("app", folder=ROOT / "functions" / "webhook").modules
    assert not {"pydantic", "phonenumbers"} & loaded


# --- import time --------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_imports_touch_nothing(folder: Path) -> None:
    """Importing the package and a function reads no setting and opens no connection."""
    found = import_watched("app", *map(name_of, MODULES), folder=folder)
    assert {"app", *map(name_of, MODULES)} <= found.modules
    assert found.reads == []
    for event, file in found.sockets:
        # urllib3 binds to ::1 to detect IPv6, and sends nothing.
        assert event in {"socket.__new__", "socket.bind"}
        assert "urllib3" in file


def test_reads_are_seen(tmp_path: Path) -> None:
    """The test above finds reads and sockets."""
    reader = tmp_path / "reader.py"
    reader.write_text("import os, socket; os.getenv('A'); 'B' in os.environ; socket.socket()")
    found = import_watched("reader", folder=tmp_path)
    assert set(found.reads) == {str(reader)}
    assert ("socket.__new__", str(reader)) in found.sockets
