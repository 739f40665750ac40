"""The artefact has bytecode for each source, nothing needless, and a small size."""

from __future__ import annotations

import importlib.util
import io
import json
import marshal
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import phonenumbers
import pytest
from botocore import xform_name

from hooklog.records.numbers import Party, party
from local.cloud import ROOT
from tests.artefact.starting import FUNCTIONS, LAYERS

SERVICES = {"dynamodb", "events", "secretsmanager", "sqs"}
CALL = re.compile(r"\b_client(?:\(\))?\.(\w+)\(")
#: Maximum bytes of a layer unpacked, and of its archive; see
#: docs/decisions/0009-bytecode-in-the-layers.md. With the modules that tell events and steps, the
#: package has 968,310 and 443,661.
MOST = {"DependenciesLayer": (26_000_000, 10_000_000), "HooklogLayer": (980_000, 450_000)}


def sources(built: Path) -> Iterator[tuple[Path, str]]:
    """Yield every source file, with its path in Lambda."""
    for part in (*LAYERS, *FUNCTIONS):
        place = "/opt" if part in LAYERS else "/var/task"
        for path in sorted((built / part).rglob("*.py")):
            yield path, f"{place}/{path.relative_to(built / part)}"


def test_every_source_has_its_bytecode(built: Path) -> None:
    """It is compiled from this source, for Lambda's Python, and valid whatever the file's time."""
    checked = 0
    for path, _ in sources(built):
        bytecode = (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").read_bytes()
        # PEP 552: magic number, flags (hash-based, and not to be checked), hash of the source.
        assert bytecode[:4] == importlib.util.MAGIC_NUMBER, path
        assert bytecode[4:8] == (1).to_bytes(4, "little"), path
        assert bytecode[8:16] == importlib.util.source_hash(path.read_bytes()), path
        checked += 1
    assert checked > 500
    assert len(list(built.rglob("*.pyc"))) == checked


def test_tracebacks_name_the_files_of_lambda(built: Path) -> None:
    """The bytecode is therefore the same wherever it is built."""
    for path, deployed_path in sources(built):
        bytecode = path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc"
        code = marshal.loads(bytecode.read_bytes()[16:])  # noqa: S302 - written by this build
        assert code.co_filename == deployed_path


def test_nothing_is_deployed_that_lambda_never_reads(built: Path) -> None:
    """The layers have no stubs, tests, programs or metadata, and no files of the build itself."""
    names = {path.name for path in built.rglob("*")}
    assert names.isdisjoint(
        {"tests", "bin", "py.typed", "requirements.txt", "Makefile", "build.py"}
    )
    suffixes = {path.suffix for path in built.rglob("*") if "licenses" not in path.parts}
    assert suffixes.isdisjoint({".pyi", ".dist-info", ".data", ".egg-info", ".md", ".rst"})


def test_botocore_has_the_data_of_our_services_alone(built: Path) -> None:
    """The data of 400 other services is left out, and so are the texts and examples of ours."""
    data = built / "DependenciesLayer/python/botocore/data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == SERVICES
    partitions = json.loads((data / "endpoints.json").read_text())["partitions"]
    assert set().union(*(partition["services"] for partition in partitions)) == SERVICES
    assert not list(data.rglob("examples*"))


def test_botocore_knows_the_operations_that_the_code_calls_and_no_other(built: Path) -> None:
    """A missing operation would fail in the cloud only."""
    known: set[str] = set()
    for path in (built / "DependenciesLayer/python/botocore/data").rglob("service-2.json"):
        model = json.loads(path.read_text())
        assert "documentation" not in model
        known |= {xform_name(operation) for operation in model["operations"]}
    adapters = ROOT / "layers/hooklog/hooklog/adapters/aws"
    called = {name for path in adapters.glob("*.py") for name in CALL.findall(path.read_text())}
    assert called == known


ENDPOINTS = """
import json, sys
sys.path[:0] = sys.argv[1:]
import botocore.session
session = botocore.session.get_session()
print(json.dumps({
    f"{service} {region}": session.create_client(
        service, region, aws_access_key_id="x", aws_secret_access_key="x"
    ).meta.endpoint_url
    for service in ("dynamodb", "events", "secretsmanager", "sqs")
    for region in ("us-east-1", "eu-central-1", "ap-southeast-4", "us-gov-west-1", "cn-north-1")
}))
"""


def test_the_trimmed_data_leads_to_the_same_endpoints(deployed: Path) -> None:
    """In every kind of region, endpoints are those of botocore's full data."""
    command = [sys.executable, "-I", "-S", "-B", "-c", ENDPOINTS, str(deployed / "opt/python")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    whole = botocore.session.get_session()
    for name, url in json.loads(done.stdout).items():
        service, region = name.split()
        assert url == whole.create_client(service, region).meta.endpoint_url


PARTIES = """
import json, sys
sys.path[:0] = sys.argv[1:]
from hooklog.records.numbers import party
found = {number: party(number) for number in json.load(sys.stdin)}
print(json.dumps({number: [it.country, it.type, it.channel] for number, it in found.items()}))
"""


def test_the_trimmed_phone_numbers_say_the_same(deployed: Path) -> None:
    """It describes an example of each type of number of every country as the full package does."""
    numbers = ["12345", "whatsapp:+14155550123", "+80012345678", "+999", "Hooklog", ""]
    numbers += [
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        for region in phonenumbers.SUPPORTED_REGIONS
        for kind in phonenumbers.PhoneNumberType.values()
        if (example := phonenumbers.example_number_for_type(region, kind))
    ]
    assert len(numbers) > 1000
    command = [sys.executable, "-I", "-S", "-B", "-c", PARTIES, str(deployed / "opt/python")]
    done = subprocess.run(
        command, input=json.dumps(numbers), check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for number, (country, kind, channel) in json.loads(done.stdout).items():
        assert party(number) == Party(country, kind, channel)


def test_the_compiled_part_is_for_the_processor_that_was_asked_for(built: Path) -> None:
    """The build of this machine has this machine's processor and system."""
    (library,) = built.rglob("*.so")
    suffix: str = sysconfig.get_config_var("EXT_SUFFIX")
    assert library.name.endswith(suffix)


def test_every_package_keeps_its_licence(built: Path) -> None:
    """Each pinned package has one folder, with its version and its licence text."""
    pins = (ROOT / "layers/dependencies/requirements.txt").read_text().split()
    wanted = {pin.replace("==", "-").replace("-", "_") for pin in pins if "==" in pin}
    kept = {
        folder.name.replace("-", "_"): folder
        for folder in (built / "DependenciesLayer/licenses").iterdir()
    }
    assert set(kept) == wanted
    assert all(list(folder.iterdir()) for folder in kept.values())


@pytest.mark.parametrize("layer", MOST)
def test_the_layers_stay_small(built: Path, layer: str) -> None:
    """Their sizes, unpacked and compressed, are within the limits of the decision."""
    files = [path for path in (built / layer).rglob("*") if path.is_file()]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            packed.write(path, path.relative_to(built / layer))
    sizes = sum(path.stat().st_size for path in files), archive.tell()
    assert sizes[0] <= MOST[layer][0]
    assert sizes[1] <= MOST[layer][1]
