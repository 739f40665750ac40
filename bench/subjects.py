"""The subjects that are compared: hooklog, and what one would write instead of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from bench.artefacts import PEERS
from bench.processes import Stub, Subject, running_subject
from local.cloud import REGION, ROOT

type Name = Literal["hooklog", "sequential", "typescript"]

DRIVER: Final = ROOT / "bench/driver.py"
#: For functions that read the credentials' secret, as deployed ones do.
SECRET: Final[Mapping[str, str]] = {
    "SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x"
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a subject is started.

    Attributes:
        command: interpreter and driver.
        folders: where its code is, in the order of the import path.
        variables: environment variables that only this subject has.

    """

    command: Sequence[str]
    folders: Sequence[Path] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, stub: Stub) -> AbstractContextManager[Subject]:
        """Start the subject in its own process, configured for the stub."""
        variables = {**_environment(stub.url), **self.variables}
        return running_subject(self.command, self.folders, variables)


def node() -> str:
    """Return the path of Node, which must be installed."""
    return shutil.which("node") or "node"


def _environment(url: str) -> dict[str, str]:
    """Return every function's environment variables: dummies, and the stub's URL."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "TABLE_NAME": "bench",
        "QUEUE_URL": f"{url}/000000000000/bench",
        "SIGNALWIRE_SPACE": url.removeprefix("http://"),
        "SIGNALWIRE_PROJECT_ID": "bench",
        "SIGNALWIRE_API_TOKEN": "bench",
    }


def from_source(typescript: Path | None) -> Mapping[Name, Recipe]:
    """Return the subjects as they are in the tree, run in the project's environment.

    Args:
        typescript: folder of the TypeScript peer's bundle, or None if it could not be built.

    """
    python = [sys.executable, "-P", str(DRIVER)]
    recipes: dict[Name, Recipe] = {
        "hooklog": Recipe(python, [ROOT / "functions/enrich", ROOT / "layers/hooklog"]),
        "sequential": Recipe(python, [PEERS / "sequential"]),
    }
    if typescript:
        recipes["typescript"] = Recipe([node(), str(typescript / "driver.mjs")])
    return recipes
