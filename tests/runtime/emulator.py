"""Lambda's runtime without Docker: a built function, the emulator, and the real runtime client.

The runtime interface emulator comes with the SAM CLI. `awslambdaric`, which also calls the handlers
in Lambda, has an environment of its own, so that a function finds only what was built for it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import urllib3
import yaml

from local.cloud import LOOPBACK, ROOT, end_group, free_port, require_installed
from local.stack import architecture
from local.template import function_properties

if TYPE_CHECKING:
    from local.space import Json

_PYTHON = ROOT / ".tools/runtime/bin/python"
_RAPID = ROOT / ".tools/sam/lib/python3.13/site-packages/samcli/local/rapid"
_TIMED_OUT = "Task timed out"
#: Seconds to wait beyond the function's timeout, at which the emulator ends the invocation.
_PATIENCE = 30.0
#: Connection attempts until the emulator listens, at most a second apart.
_CONNECTS = urllib3.Retry(connect=20, read=0, other=0, backoff_factor=0.05, backoff_max=1)


class InvocationError(Exception):
    """The invocation has no result; `kind` and the text are Lambda's.

    `kind` is `Sandbox.Timedout`, `Runtime.ExitError` for a process that ended, or the name of the
    exception that the handler raised.
    """

    def __init__(self, kind: str, message: str) -> None:
        """Keep Lambda's type and message of the error."""
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltFunction:
    """A function built by `sam build`.

    Attributes:
        name: logical name in the template.
        root: folder that Lambda mounts at /var/task.
        layers: folders that Lambda merges into /opt, in the order of the template.
        handler: module and function.
        timeout: seconds.
        memory: megabytes.

    """

    name: str
    root: Path
    layers: tuple[Path, ...]
    handler: str
    timeout: int
    memory: int

    @classmethod
    def load(cls, built: Path, name: str) -> Self:
        """Read what the built template says of it."""
        template = yaml.safe_load((built / "template.yaml").read_text())
        function = function_properties(template, name)
        layers = [template["Resources"][layer["Ref"]]["Properties"] for layer in function["Layers"]]
        return cls(
            name=name,
            root=built / function["CodeUri"],
            layers=tuple(built / layer["ContentUri"] for layer in layers),
            handler=function["Handler"],
            timeout=function["Timeout"],
            memory=function["MemorySize"],
        )

    @property
    def path(self) -> list[Path]:
        """The module search path in Lambda's order; a later layer overrides an earlier one."""
        in_layer = ("python/lib/python3.13/site-packages", "python")
        return [self.root, *(layer / p for p in in_layer for layer in reversed(self.layers))]


class EmulatedFunction:
    """A function under the emulator: one execution environment, one call at a time."""

    def __init__(self, port: int, timeout: int, process: int, log: Path) -> None:
        """Use an emulator that listens on this port, or will soon."""
        self._url = f"http://{LOOPBACK}:{port}/2015-03-31/functions/function/invocations"
        self._http = urllib3.PoolManager(
            retries=_CONNECTS, timeout=urllib3.Timeout(connect=1, read=timeout + _PATIENCE)
        )
        self._process = process
        self._log = log

    def invoke(self, event: Json) -> Json:
        """Call the handler and return its answer.

        Raises:
            InvocationError: the handler raised, its process ended, or it timed out.
            urllib3.exceptions.HTTPError: the emulator does not answer.

        """
        text = self._http.request("POST", self._url, json=event).data.decode()
        if text.startswith(_TIMED_OUT):
            raise InvocationError("Sandbox.Timedout", text)
        answer: Json = json.loads(text)
        if isinstance(answer, dict) and "errorType" in answer:
            raise InvocationError(str(answer["errorType"]), str(answer.get("errorMessage")))
        return answer

    @property
    def runtime_process(self) -> int | None:
        """The process that runs the handler; it changes with each cold start."""
        tasks = Path(f"/proc/{self._process}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
        return children[0] if children else None

    @property
    def output(self) -> list[str]:
        """The lines that the function and the emulator have printed so far."""
        return self._log.read_text().splitlines()


@contextmanager
def emulated(
    function: BuiltFunction,
    environment: Mapping[str, str],
    log: Path,
    *,
    timeout: int | None = None,
    handler: str | None = None,
    extra_path: Path | None = None,
) -> Iterator[EmulatedFunction]:
    """Run a function under the emulator until the block ends.

    Args:
        function: to run.
        environment: its variables, including credentials and region; it inherits none.
        log: file for its output.
        timeout: seconds, instead of the template's.
        handler: instead of the template's.
        extra_path: folder with more modules, searched after the function's own.

    Raises:
        RuntimeError: `make setup` has not been run.

    """
    emulator = _RAPID / f"aws-lambda-rie-{architecture()}"
    for program in (emulator, _PYTHON):
        require_installed(program)
    timeout = function.timeout if timeout is None else timeout
    handler = handler or function.handler
    port = free_port()
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": ":".join(map(str, [*function.path, *([extra_path] if extra_path else [])])),
        # Lambda's copy of the code is read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(function.root),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "_HANDLER": handler,
        **environment,
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *(str(emulator), "--log-level", "error"),
                *("--runtime-interface-emulator-address", f"{LOOPBACK}:{port}"),
                *("--runtime-api-address", f"{LOOPBACK}:{free_port()}"),
                *(str(_PYTHON), "-m", "awslambdaric", handler),
            ],
            cwd=function.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield EmulatedFunction(port, timeout, process.pid, log)
    finally:
        end_group(process)
