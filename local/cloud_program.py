"""Run ministack, the local cloud, with what it lacks.

- DynamoDB puts every write into the table's stream. ministack 1.5.33 leaves out those of PartiQL
  statements, which are hooklog's; so this wraps its two functions that carry them out.
- ministack unpacks all layers for each execution environment, which takes most of a cold start's
  time; here the environments share a folder.
- Lambda puts all lines of an invocation into the log group. ministack puts those that a thread has
  read a few milliseconds after the answer; on a busy machine the others wait for the next
  invocation, if there is one. Here the answer waits for all lines that were written before it;
  an invocation that times out has none, and keeps the lines read by then.

The program runs in ministack's own environment, and imports nothing of hooklog.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from io import BytesIO
from queue import Queue
from select import select
from threading import Lock, Thread
from typing import IO, Any, Protocol
from zipfile import ZipFile

from ministack.app import main  # type: ignore[import-not-found]
from ministack.core import lambda_runtime  # type: ignore[import-not-found]
from ministack.services import dynamodb, lambda_svc  # type: ignore[import-not-found]

type Json = dict[str, Any]
type Statement = Callable[..., object]


class Process(Protocol):
    """A function's process."""

    stderr: IO[str]


class Worker(Protocol):
    """ministack's execution environment of a function."""

    config: Json
    #: None once ministack has ended it.
    _proc: Process | None
    _stderr_queue: Queue[str]
    _stderr_thread: Thread
    _drain_stderr: Callable[[], str]
    #: The line of which the end has not come yet.
    begun: bytes


# --- streams --------------------------------------------------------------------------------------


def streamed(statement: Statement, key_of: Callable[[Json, Json], str | None]) -> Statement:
    """Return a statement that puts what it changes into the stream of the table."""

    def run(table: Json, parsed: Json, *rest: object) -> object:
        key = key_of(table, parsed)
        before = _item(table, key)
        answer = statement(table, parsed, *rest)
        after = _item(table, key)
        # ministack replaces an item that a statement changes, and changes none in its place.
        if after is not before:
            name = "MODIFY" if before else "INSERT"
            dynamodb._emit_stream_event(table["TableName"], name, before, after)
        return answer

    return run


def _item(table: Json, key: str | None) -> Json | None:
    items: dict[str | None, dict[str, Json]] = table["items"]
    return items.get(key, {}).get("__no_sort__")


def _inserted(table: Json, parsed: Json) -> str | None:
    item: Json = parsed.get("item", {})
    key: str | None = dynamodb._extract_key_val(item.get("M", item).get(table["pk_name"]))
    return key


def _updated(table: Json, parsed: Json) -> str | None:
    key: str | None = dynamodb._partiql_key_target(table, parsed)[0]
    return key


# --- layers ---------------------------------------------------------------------------------------

_UNPACKING = Lock()
#: Where a layer is unpacked, by the hash of its archive.
_folders: dict[str, str] = {}


def with_shared_layers(spawn: Callable[[Worker], None]) -> Callable[[Worker], None]:
    """Return what starts a function's process, with layers that are unpacked already."""

    def run(worker: Worker) -> None:
        config = worker.config
        layers = [_unpacked(layer) for layer in config.get("Layers", [])]
        variables = config.get("Environment", {}).get("Variables", {})
        # What ministack sets to the folders into which it has unpacked them.
        variables = {**variables, "_LAMBDA_LAYERS_DIRS": os.pathsep.join(layers)}
        worker.config = {**config, "Layers": [], "Environment": {"Variables": variables}}
        try:
            spawn(worker)
        finally:
            worker.config = config

    return run


def _unpacked(layer: Json | str) -> str:
    archive: bytes = lambda_svc._resolve_layer_zip(layer)
    key = hashlib.sha256(archive).hexdigest()
    with _UNPACKING:
        if key not in _folders:
            folder = tempfile.mkdtemp(prefix="layer-")
            with ZipFile(BytesIO(archive)) as content:
                content.extractall(folder)
            _folders[key] = folder
    return _folders[key]


# --- log lines ------------------------------------------------------------------------------------

_TAKING = Lock()
#: Seconds, far more than the end of a process takes.
_ENDED_WITHIN = 5.0


def read_lines(worker: Worker) -> None:
    """Read what a function prints until its process ends: it must never wait for a full pipe."""
    process = worker._proc
    if process is not None:
        pipe, worker.begun = process.stderr, b""
        data: bytes | None = None
        while data != b"":
            select([pipe], [], [])
            data = _take(worker, pipe)


def all_lines(worker: Worker) -> str:
    """Return the lines of the invocation that was just answered."""
    process = worker._proc
    if process is None:
        worker._stderr_thread.join(_ENDED_WITHIN)
    else:
        while _take(worker, process.stderr):
            pass
    return worker._drain_stderr()


def _take(worker: Worker, pipe: IO[str]) -> bytes | None:
    """Queue the lines in the pipe; return what was in it, None if nothing, b"" if it has ended."""
    with _TAKING:
        if not select([pipe], [], [], 0)[0]:
            return None
        data = os.read(pipe.fileno(), 65536)
        *lines, worker.begun = (worker.begun + data).split(b"\n")
        if not data and worker.begun:
            lines, worker.begun = [worker.begun], b""
        for line in lines:
            worker._stderr_queue.put(line.decode(errors="replace"))
        return data


def install() -> None:
    """Put all this into ministack."""
    dynamodb._partiql_insert = streamed(dynamodb._partiql_insert, _inserted)
    dynamodb._partiql_update = streamed(dynamodb._partiql_update, _updated)
    lambda_runtime.Worker._spawn = with_shared_layers(lambda_runtime.Worker._spawn)
    lambda_runtime.Worker._read_stderr = read_lines
    lambda_runtime.Worker._drain_stderr_bounded = all_lines


if __name__ == "__main__":
    install()
    main()
