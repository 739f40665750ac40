"""The stub and the subjects as processes: started, spoken to and ended."""

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

from bench.kinds import Latency
from bench.stub import CONTROL
from local.cloud import ROOT, end_group

#: Seconds; the sequential peer needs most of a minute for 500 logs of the usual latency.
_PATIENCE = 300


@dataclass(frozen=True, slots=True)
class Happened:
    """What the stub saw: calls by operation, and the table's rows with the outcome of each."""

    calls: dict[str, int]
    outcomes: dict[str, str]


class Stub:
    """The stub's process, from outside."""

    def __init__(self, url: str) -> None:
        """Speak to the stub at that URL."""
        self.url = url
        self._http = urllib3.PoolManager()

    def close(self) -> None:
        """Speak to it no more."""
        self._http.clear()

    def turn(self, latency: Latency, *, empty_table: bool = False) -> Happened:
        """Set the latency from now on, and tell what has happened since the last turn."""
        answer = self._http.request(
            "POST",
            self.url + CONTROL,
            json={
                "api_ms": latency.api_ms,
                "dynamodb_ms": latency.dynamodb_ms,
                "empty_table": empty_table,
            },
        ).json()
        return Happened(answer["calls"], answer["outcomes"])


@dataclass(frozen=True, slots=True)
class Invocation:
    """What one invocation took, what it printed, and what its handler answered."""

    wall_ms: float
    cpu_ms: float
    peak_kib: int
    printed: bytes
    answer: Any


class Subject:
    """A subject's process, from outside."""

    def __init__(
        self, process: subprocess.Popen[bytes], results: IO[bytes], output: IO[bytes]
    ) -> None:
        """Wait until the function is imported.

        Raises:
            RuntimeError: it cannot be; the text has what it printed.

        """
        if process.stdin is None:
            raise TypeError("A subject needs a pipe for its events.")
        self._process = process
        self._events = process.stdin
        self._results = results
        self._output = output
        self.imported_ms: float = self._next()["imported_ms"]

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke the function once.

        Raises:
            RuntimeError: its process ended or hangs; the text has what it printed.

        """
        self._events.write(json.dumps(event).encode() + b"\n")
        self._events.flush()
        result = self._next()
        return Invocation(printed=self._output.read(), **result)

    def _next(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._results, selectors.EVENT_READ)
            line = self._results.readline() if selector.select(_PATIENCE) else b""
        if not line:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            end_group(self._process)
            raise RuntimeError(f"The subject failed. It printed:\n{self._output.read().decode()}")
        result: dict[str, Any] = json.loads(line)
        return result


@contextmanager
def running_stub() -> Iterator[Stub]:
    """Start a stub, and end it with the block."""
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
    """Start a subject, and end it with the block.

    Args:
        command: the driver; the descriptor for its results and the folders are added.
        folders: for the driver.
        environment: all variables that it has.

    Raises:
        RuntimeError: the function cannot be imported; the text has what it printed.

    """
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb") as results,
        tempfile.NamedTemporaryFile() as printed,
        # Another open file, with a place of its own to read from.
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
