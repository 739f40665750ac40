"""The Docker engine, if there is one, and the image in which `sam local` runs functions."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass

from local import serve
from local.stack import architecture

_IMAGE = "public.ecr.aws/lambda/python:3.13"
_WITHIN = 60


class NoEngineError(Exception):
    """No container can be run; the text is a sentence with the reason."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that has the image.

    Attributes:
        version: of the engine.
        address: of this machine, for containers.
        is_look_alike: whether the image was built on this machine, not by Amazon.

    """

    version: str
    address: str
    is_look_alike: bool

    @classmethod
    def find(cls) -> Engine:
        """Ask Docker's client, without starting or pulling anything.

        Raises:
            NoEngineError: there is no client, engine, bridge or image.

        """
        address = serve.docker_address()
        version = _docker("no Docker engine answers", "version", "--format={{.Server.Version}}")
        if address == "127.0.0.1":
            raise NoEngineError("no bridge docker0 leads from containers to this machine")
        # The SAM CLI and the local cloud use different names for the same image.
        for name in (_IMAGE, f"{_IMAGE}-{architecture()}"):
            _docker(f"the engine has no image {name}", "image", "inspect", name)
        digests = _docker("no image", "image", "inspect", "--format={{json .RepoDigests}}", _IMAGE)
        # An image from a registry has a digest.
        return cls(version, address, is_look_alike=not json.loads(digests))

    def __str__(self) -> str:
        """Describe the engine and the origin of its image."""
        origin = (
            "a LOOK-ALIKE of Lambda's, built on this machine: it is not Amazon's"
            if self.is_look_alike
            else "Amazon's"
        )
        return f"Docker engine {self.version}. The image {_IMAGE} is {origin}."


def _docker(problem: str, *arguments: str) -> str:
    client = shutil.which("docker")
    if client is None:
        raise NoEngineError("no Docker client is installed")
    run = subprocess.run(
        [client, *arguments], capture_output=True, text=True, check=False, timeout=_WITHIN
    )
    if run.returncode:
        raise NoEngineError(problem)
    return run.stdout.strip()
