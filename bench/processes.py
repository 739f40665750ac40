"""The stub and the subjects as processes: start them, talk to them, end them."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import urllib3

from bench.stub import CONTROL
from bench.workloads import Latency
from local.cloud import ROOT, end_group

#: Seconds; the sequential peer needs most of a minute for 500 logs with the usual latency.
_TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class StubReport:
    """What the stub saw: calls by operation, and the outcome of each row in the table."""

    calls: dict[str, int]
    outcomes: dict[str, str]


class Stub:
    """A client of the stub's process."""

    def __init__(self, url: str) -> None:
        """Talk to the stub at that URL."""
        self.url = url
        self._http = urllib3.PoolManager()

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    def reset(self, latency: Latency, *, empty_table: bool = False, listed: int = 0) -> StubReport:
        """Set the latency from now on, and return what has happened since the last reset.

        Args:
            latency: of the API and of AWS.
            empty_table: whether to delete all rows.
            listed: number of logs in the lists of the API, from the first one on.

        """
        answer = self._http.request(
            "POST",
            self.url + CONTROL,
            json={
                "api_ms": latency.api_ms,
                "dynamodb_ms": latency.dynamodb_ms,
                "empty_table": empty_table,
                "listed": listed,
            },
        ).json()
        return StubReport(answer["calls"], answer["outcomes"])


@dataclass(frozen=True, slots=True)
class Invocation:
    """What one invocation used, what it printed, and what the handler returned."""

    wall_ms: float
    cpu_ms: float
    peak_kib: int
    printed: bytes
    response: Any


class Subject:
    """A client of a subject's process."""

    def __init__(
        self, process: subprocess.Popen[bytes], results: IO[bytes], output: IO[bytes]
    ) -> None:
        """Wait until the function is imported.

        Raises:
            RuntimeError: the import failed; the message contains what the process printed.

        """
        if process.stdin is None:
            raise TypeError("A subject needs a pipe for its events.")
        self._process = process
        self._events = process.stdin
        self._results = results
        self._output = output
        self.imported_ms: float = self._read_result()["imported_ms"]

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke the function once.

        Raises:
            RuntimeError: the process ended or hangs; the message contains what it printed.

        """
        self._events.write(json.dumps(event).encode() + b"\n")
        self._events.flush()
        result = self._read_result()
        return Invocation(printed=self._output.read(), **result)

    def _read_result(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._results, selectors.EVENT_READ)
            line = self._results.readline() if selector.select(_TIMEOUT) else b""
        if not line:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            end_group(self._process)
            raise RuntimeError(f"The subject failed. It printed:\n{self._output.read().decode()}")
        result: dict[str, Any] = json.loads(line)
        return result


@contextmanager
def running_stub() -> Iterator[Stub]:
    """Run a stub while the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.stub"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else b""
        stub = Stub(line.decode().strip())
        with closing(stub):
            yield stub
    finally:
        end_group(process)
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


@contextmanager
def running_subject(
    command: Sequence[str], folders: Sequence[Path], environment: Mapping[str, str]
) -> Iterator[Subject]:
    """Run a subject while the block lasts.

    Args:
        command: interpreter and driver, to which the results' descriptor and the folders are added.
        folders: where the function's code is.
        environment: all variables of the process.

    Raises:
        RuntimeError: the function's import failed; the message contains what it printed.

    """
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb") as results,
        tempfile.NamedTemporaryFile() as printed,
        # Opened a second time, so that reading has its own position.
        Path(printed.name).open("rb") as output,
    ):
        process = subprocess.Popen(
            [*command, str(writing), *folders],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=printed,
            pass_fds=[writing],
            start_new_session=True,
        )
        os.close(writing)
        try:
            yield Subject(process, results, output)
        finally:
            end_group(process)
            if process.stdin:
                process.stdin.close()
