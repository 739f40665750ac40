"""The enrich function with a planned crash; it runs with the built artefact.

The file that the variable CRASH names plans a crash for one invocation, for example
``exit fetch 20``: the process exits when the twentieth log is about to be requested. The moments
are ``fetch`` and ``write``, before a request, ``written``, after a write, and ``answer``, at the
end.
"""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import botocore
import botocore.session

#: Bytes that identify the request before each moment.
_REQUESTS = {"fetch": b"GET /api/", "write": b"X-Amz-Target: DynamoDB_20120810.BatchExecute"}
_CHUNK = 2**24
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _exit() -> None:
    os._exit(1)


def _exhaust_memory() -> None:
    """Grow to the function's memory size, at which Lambda kills the process."""
    limit = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) * 2**20
    kept = []
    while int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE < limit:
        kept.append(b"x" * _CHUNK)
    os.kill(os.getpid(), signal.SIGKILL)


_CRASHES: dict[str, Callable[[], None]] = {"exit": _exit, "memory": _exhaust_memory}


class _Handler(Protocol):
    def __call__(self, event: object, context: object) -> object: ...


@dataclass
class _Plan:
    """One crash, at this occurrence of a moment."""

    crash: Callable[[], None]
    moment: str
    number: int
    seen: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls) -> _Plan | None:
        """Read the plan once, so that the redelivery does not crash."""
        plan = Path(os.environ["CRASH"])
        if not plan.exists():
            return None
        crash, moment, number = plan.read_text().split()
        plan.unlink()
        return cls(_CRASHES[crash], moment, int(number))

    def reach(self, moment: str) -> None:
        """Crash if it is the planned moment, before other threads reach later ones."""
        if moment == self.moment:
            with self.lock:
                if next(self.seen) == self.number:
                    self.crash()


_handler: _Handler = importlib.import_module("app").lambda_handler
_plan: _Plan | None = None


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    """Look at each HTTP request of this process, without patching the function."""
    if event != "http.client.send" or _plan is None:
        return
    data = arguments[1]
    for moment, mark in _REQUESTS.items():
        if isinstance(data, bytes) and mark in data:
            _plan.reach(moment)


def _written(**_: object) -> None:
    if _plan is not None:
        _plan.reach("written")


def _watch_writes(session: botocore.session.Session) -> None:
    session.register("after-call.dynamodb.BatchExecuteStatement", _written)


sys.addaudithook(_watch)
botocore.register_initializer(_watch_writes)


def lambda_handler(event: object, context: object) -> object:
    """Call the real handler, unless the planned crash occurs."""
    global _plan  # noqa: PLW0603 - the audit hook takes no further arguments
    _plan = _Plan.read()
    answer = _handler(event, context)
    if _plan is not None:
        _plan.reach("answer")
    return answer
