"""The enrichment function, and trouble at a chosen moment; it runs beside the built artefact.

The file that the variable TROUBLE names arms it for one moment of one invocation, as in
``exit fetch 20``: when the twentieth log is about to be asked for, the process exits. The moments
are ``fetch`` and ``write``, before a request, ``written``, after one, and ``answer``, at the end.
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

import boto3

#: How the bytes of a request begin, or what they hold, that counts for a moment.
_REQUESTS = {"fetch": b"GET /api/", "write": b"X-Amz-Target: DynamoDB_20120810.BatchExecute"}
_CHUNK = 2**24
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _exit() -> None:
    os._exit(1)


def _exhaust_memory() -> None:
    """Grow to the function's memory, at which Lambda kills its process."""
    limit = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) * 2**20
    kept = []
    while int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE < limit:
        kept.append(b"x" * _CHUNK)
    os.kill(os.getpid(), signal.SIGKILL)


_TROUBLES: dict[str, Callable[[], None]] = {"exit": _exit, "memory": _exhaust_memory}


class _Handler(Protocol):
    def __call__(self, event: object, context: object) -> object: ...


@dataclass
class _Armed:
    """One trouble, and how many moments of its kind have to come first."""

    trouble: Callable[[], None]
    moment: str
    number: int
    seen: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls) -> _Armed | None:
        """Read what is to happen, once: the redelivery meets none."""
        order = Path(os.environ["TROUBLE"])
        if not order.exists():
            return None
        trouble, moment, number = order.read_text().split()
        order.unlink()
        return cls(_TROUBLES[trouble], moment, int(number))

    def meets(self, moment: str) -> None:
        """Make trouble if it is time; later moments of other threads then never come."""
        if moment == self.moment:
            with self.turn:
                if next(self.seen) == self.number:
                    self.trouble()


_handler: _Handler = importlib.import_module("app").lambda_handler
_armed: _Armed | None = None


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    """Look at each HTTP request that this process sends; nothing of the function is patched."""
    if event != "http.client.send" or _armed is None:
        return
    data = arguments[1]
    for moment, mark in _REQUESTS.items():
        if isinstance(data, bytes) and mark in data:
            _armed.meets(moment)


def _written(**_: object) -> None:
    if _armed is not None:
        _armed.meets("written")


sys.addaudithook(_watch)
boto3.setup_default_session()
assert boto3.DEFAULT_SESSION is not None
boto3.DEFAULT_SESSION.events.register("after-call.dynamodb.BatchExecuteStatement", _written)


def lambda_handler(event: object, context: object) -> object:
    """Do what the real handler does, until the trouble comes."""
    global _armed  # noqa: PLW0603 - the hook cannot be given it
    _armed = _Armed.read()
    answer = _handler(event, context)
    if _armed is not None:
        _armed.meets("answer")
    return answer
