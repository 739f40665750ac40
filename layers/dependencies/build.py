"""Build the dependencies layer: the packages that the functions import, as bytecode, and no more.

``python3.13 build.py PLATFORM ARTIFACTS_DIR`` installs ``requirements.txt`` for a platform in pip's
notation, such as ``manylinux2014_aarch64``, on any machine. ``sam build`` runs it through the
Makefile of the architecture (``docs/decisions/0009-bytecode-in-the-layers.md``).
"""

from __future__ import annotations

import compileall
import importlib.util
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from gzip import decompress
from pathlib import Path
from py_compile import PycInvalidationMode
from shutil import rmtree

#: The AWS operations that the functions call. botocore ships data of some 400 services.
OPERATIONS = {
    "dynamodb": ("BatchExecuteStatement", "BatchGetItem", "GetItem", "PutItem"),
    "events": ("PutEvents",),
    "secretsmanager": ("GetSecretValue",),
    "sqs": (
        "ChangeMessageVisibilityBatch",
        "GetQueueAttributes",
        "SendMessage",
        "SendMessageBatch",
    ),
}
#: Never imported: files for people, type checkers and installers, programs, and the models of
#: boto3's resources.
_NEEDLESS = (
    *("*.pyi", "py.typed", "tests", "bin", "*.dist-info", "*.data"),
    *("boto3/data", "boto3/examples"),
)
#: The parts of phonenumbers that `hooklog.records.numbers` uses; the package itself imports all.
_PHONE_NUMBERS = frozenset(
    {
        *("__init__.py", "phonenumberutil.py", "phonenumber.py", "phonemetadata.py", "data"),
        *("re_util.py", "unicode_util.py", "util.py"),
    }
)
_LICENCES = ("LICEN[CS]E*", "NOTICE*", "COPYING*")


def main(platform: str, artifacts: Path) -> None:
    """Fill a layer's folder, which must be empty.

    Raises:
        SystemExit: a package has no wheel for the platform, or a module cannot be compiled.

    """
    packages = artifacts / "python"
    install(platform, packages)
    keep_licences(packages, artifacts / "licenses")
    for pattern in _NEEDLESS:
        remove(list(packages.rglob(pattern)))
    trim_service_data(packages / "botocore/data")
    trim_phone_numbers(packages / "phonenumbers")
    # Unchecked: Python ignores the source's modification time, which a deployment changes.
    # Tracebacks name the file's path in Lambda, so every machine builds the same bytes.
    if not compileall.compile_dir(
        packages,
        stripdir=artifacts,
        prependdir="/opt",
        quiet=1,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    ):
        raise SystemExit("A dependency cannot be compiled.")


def install(platform: str, target: Path) -> None:
    """Install the wheels for a platform.

    Raises:
        SystemExit: pip failed and has printed why.

    """
    with tempfile.TemporaryDirectory() as scratch:
        arguments = [
            *("install", "--quiet", "--disable-pip-version-check", "--no-compile"),
            *("--target", str(target), "--require-hashes", "--requirement", "requirements.txt"),
            *("--only-binary", ":all:", "--python-version", "3.13", "--platform", platform),
        ]
        done = subprocess.run([*_pip(Path(scratch)), *arguments], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def keep_licences(packages: Path, target: Path) -> None:
    """Copy each package's licence from its metadata.

    Raises:
        SystemExit: a package's metadata has none.

    """
    for metadata in packages.glob("*.dist-info"):
        folder = target / metadata.stem
        folder.mkdir(parents=True)
        texts = [
            text for pattern in _LICENCES for text in metadata.rglob(pattern) if text.is_file()
        ]
        if not texts:
            raise SystemExit(f"{metadata.stem} has no licence text.")
        for text in texts:
            (folder / text.name).write_bytes(text.read_bytes())


def trim_service_data(data: Path) -> None:
    """Keep botocore's data of the operations in use, without their documentation.

    Every client reads all of ``endpoints.json``, which takes longer than the rest of its creation,
    and creates a method for each operation.
    """
    folders = [folder for folder in data.iterdir() if folder.is_dir()]
    remove([folder for folder in folders if folder.name not in OPERATIONS])
    remove(list(data.rglob("examples-1.json*")))
    endpoints = data / "endpoints.json"
    content = json.loads(endpoints.read_bytes())
    for partition in content["partitions"]:
        known = partition["services"]
        partition["services"] = {name: known[name] for name in known if name in OPERATIONS}
    endpoints.write_text(json.dumps(content))
    for service, used in OPERATIONS.items():
        for packed in (data / service).rglob("service-2.json.gz"):
            model = json.loads(decompress(packed.read_bytes()))
            model["operations"] = {name: model["operations"][name] for name in used}
            model["shapes"] = _reached(model["operations"], model["shapes"])
            # Uncompressed: the layer is compressed as a whole, and unpacked before a start.
            packed.with_suffix("").write_text(json.dumps(_undocumented(model)))
            packed.unlink()


def trim_phone_numbers(package: Path) -> None:
    """Keep the parser of numbers; remove short numbers and the search for numbers in texts."""
    remove([part for part in package.iterdir() if part.name not in _PHONE_NUMBERS])
    (package / "__init__.py").write_text("")
    # Alternative formats, one module each, which only the search in texts reads.
    remove(list(package.glob("data/alt_format_*")))
    data = package / "data/__init__.py"
    needed = [
        line
        for line in data.read_text(encoding="utf-8").splitlines(keepends=True)
        if not line.startswith(("from .alt_format_", "_ALT_NUMBER_FORMATS"))
    ]
    data.write_text("".join(needed), encoding="utf-8")


def remove(paths: Sequence[Path]) -> None:
    """Delete files and folders."""
    for path in paths:
        if path.is_dir():
            rmtree(path)
        # One in a folder that matched too has gone with it.
        elif path.exists():
            path.unlink()


def _reached(part: object, shapes: dict[str, object]) -> dict[str, object]:
    """Return the shapes that a part of a model refers to, directly or through other shapes."""
    reached: dict[str, object] = {}
    parts = [part]
    while parts:
        match parts.pop():
            case list(items):
                parts += items
            case dict(members):
                parts += members.values()
                name = members.get("shape")
                if isinstance(name, str) and name not in reached:
                    reached[name] = shapes[name]
                    parts.append(shapes[name])
    return reached


def _undocumented(part: object) -> object:
    """Drop documentation texts, but keep a shape's member that has the name ``documentation``."""
    if isinstance(part, dict):
        return {
            name: _undocumented(value)
            for name, value in part.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    return [_undocumented(item) for item in part] if isinstance(part, list) else part


def _pip(scratch: Path) -> list[str]:
    """Return the command of pip; Debian's Python lacks pip, but creates environments with it."""
    python = sys.executable
    if importlib.util.find_spec("pip") is None:
        venv.create(scratch, with_pip=True)
        python = str(scratch / "bin/python")
    return [python, "-m", "pip"]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
