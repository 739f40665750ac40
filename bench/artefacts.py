"""Build the subjects as they would be deployed, below ``.local/bench``, which git ignores."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from local.cloud import ROOT, require_installed
from local.stack import architecture

PEERS: Final = ROOT / "bench/peers"
TYPESCRIPT: Final = PEERS / "typescript"
_BUILT = ROOT / ".local/bench"
_SAM = ROOT / ".tools/sam/bin/sam"
_OLDEST_NODE = 20


def deployed_hooklog() -> Path:
    """Run ``sam build``, and copy the layers and functions to where Lambda has them.

    Returns:
        The folder that contains ``opt`` (the merged layers) and one folder per function. Every
        file has a new modification time, as after a deployment, so bytecode that is validated by
        its source's time would be useless.

    Raises:
        RuntimeError: sam failed; the message is its output.

    """
    require_installed(_SAM)
    build, laid_out = _BUILT / "sam", _BUILT / "hooklog"
    _run(
        [
            *(str(_SAM), "build", "--config-env", "local"),
            *("--build-dir", str(build / "build"), "--cache-dir", str(build / "cache")),
            *("--parameter-overrides", f"Architecture={architecture()} SignalWireSpace=127.0.0.1"),
        ],
        ROOT,
    )
    shutil.rmtree(laid_out, ignore_errors=True)
    for part, target in {
        "DependenciesLayer": "opt",
        "HooklogLayer": "opt",
        "EnrichFunction": "EnrichFunction",
        "WebhookFunction": "WebhookFunction",
        "SweepFunction": "SweepFunction",
        "PublishFunction": "PublishFunction",
    }.items():
        shutil.copytree(
            build / "build" / part,
            laid_out / target,
            copy_function=shutil.copy,
            dirs_exist_ok=True,
        )
    return laid_out


def deployed_sequential() -> Path:
    """Install the sequential peer as ``sam build`` does: packages and source in one folder."""
    source = PEERS / "sequential"
    folder = _installed(
        "sequential",
        ["--no-compile", "-r", str(source / "requirements.txt"), "-c", str(_pins())],
        source,
    )
    shutil.copy(source / "app.py", folder)
    return folder


def deployed_boto3() -> Path:
    """Install boto3 alone, with its bytecode."""
    source = PEERS / "boto3_alone"
    folder = _installed("boto3_alone", ["--compile", "boto3", "-c", str(_pins())], source)
    shutil.copy(source / "app.py", folder)
    return folder


def bundled_typescript() -> Path | None:
    """Bundle the TypeScript peer; None without Node 20 and npm.

    Raises:
        RuntimeError: npm failed; the message is its output.

    """
    npm, version = shutil.which("npm"), node_version()
    if npm is None or version is None or int(version.partition(".")[0]) < _OLDEST_NODE:
        return None
    lock = TYPESCRIPT / "package-lock.json"
    if _changed(TYPESCRIPT / "node_modules", lock.read_bytes()):
        _run([npm, "ci"], TYPESCRIPT)
        _mark(TYPESCRIPT / "node_modules", lock.read_bytes())
    _run([npm, "run", "build"], TYPESCRIPT)
    return TYPESCRIPT


def runtime_python() -> Path:
    """Return the interpreter that the project's environment is based on."""
    return Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"


def node_version() -> str | None:
    """Return Node's version, such as 20.1.0; None without Node."""
    node = shutil.which("node")
    return _run([node, "--version"], ROOT).strip().removeprefix("v") if node else None


def _pins() -> Path:
    """Write the versions of hooklog's layer without hashes: pip takes none in constraints."""
    file = _BUILT / "pins.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    locked = (ROOT / "layers/dependencies/requirements.txt").read_text(encoding="utf-8")
    pins = [line.split()[0] for line in locked.splitlines() if line[:1].isalpha()]
    file.write_text("\n".join(pins) + "\n", encoding="utf-8")
    return file


def _installed(name: str, arguments: Sequence[str], source: Path) -> Path:
    """Install packages into a folder of that name, unless they are there already."""
    folder = _BUILT / name
    pins = (ROOT / "layers/dependencies/requirements.txt").read_bytes()
    wanted = " ".join(arguments).encode() + pins
    if _changed(folder, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--target", str(folder), *arguments], source)
        _mark(folder, wanted)
    return folder


def _changed(folder: Path, wanted: bytes) -> bool:
    """Return whether a folder holds anything else than what is wanted now."""
    mark = folder / ".made-of"
    return not mark.exists() or mark.read_text() != hashlib.sha256(wanted).hexdigest()


def _mark(folder: Path, made_of: bytes) -> None:
    (folder / ".made-of").write_text(hashlib.sha256(made_of).hexdigest())


def _run(command: Sequence[str], folder: Path) -> str:
    # sam build looks for the runtime's python3.13, which a virtual environment lacks.
    path = os.pathsep.join((str(runtime_python().parent), os.environ["PATH"]))
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed. Its output:\n{done.stdout}")
    return done.stdout
