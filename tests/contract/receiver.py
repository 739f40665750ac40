"""A small web server that collects callbacks unchanged."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from signalwire.core.security.webhook_validator import (
    validate_webhook_signature,
    validate_webhook_signature_sha256,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SILENCE = 0
"""Instead of a status: no answer."""

_LONGEST_SILENCE_S = 5.0


@dataclass(frozen=True)
class Received:
    """One request. `target` is its unchanged path and query; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of a form or a query; a repeated name is an error."""
        text = self.body.decode() if self.method == "POST" else urlsplit(self.target).query
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def passes(self, key: str, base: str) -> bool:
        """Return whether the official validator accepts each signature, for this public URL."""
        url, body = base + self.target, self.body.decode()
        signature = self.headers["x-signalwire-signature"]
        sha256 = self.headers.get("x-signalwire-sha256-signature")
        alias = self.headers.get("x-twilio-signature", signature)
        return alias == signature and all(
            (
                validate_webhook_signature(key, signature, url, body),
                sha256 is None or validate_webhook_signature_sha256(key, sha256, url, body),
            )
        )


@dataclass
class Receiver:
    """The requests so far, in order, and the answers to the next ones.

    `answers` holds statuses; without one the answer is 204. `watch` is called with each request
    before its answer. `connections` counts connections, and `most_at_once` is the highest number of
    open requests.
    """

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)
    watch: Callable[[Received], None] | None = None
    connections: int = 0
    most_at_once: int = 0
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _end: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request as open during the block."""
        with self._lock:
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1

    def take(self, request: Received) -> int:
        """Record a request, and return the status of its answer."""
        if self.watch is not None:
            self.watch(request)
        with self._lock:
            self.received.append(request)
            status = self.answers.popleft() if self.answers else 204
        if status == SILENCE:
            self._end.wait(_LONGEST_SILENCE_S)
        return status

    def close(self) -> None:
        """End every silence."""
        self._end.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, receiver: Receiver, *arguments: object) -> None:
        self._receiver = receiver
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server passes them

    def setup(self) -> None:
        super().setup()
        self._receiver.connections += 1

    def _answer(self) -> None:
        with self._receiver.counted():
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = self._receiver.take(Received(self.command, self.path, headers, body))
        if status == SILENCE:
            self.close_connection = True
            return
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        if status in range(300, 400):
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST = _answer  # noqa: N815 - the names that the server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in its base
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    # With the default of 5, a burst of new connections would wait a second for its retry.
    request_queue_size = 128


@contextmanager
def receive() -> Iterator[Receiver]:
    """Run a receiver on a free loopback port until the block ends."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), partial(_Handler, receiver))
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.close()
        server.shutdown()
        server.server_close()
        thread.join(_LONGEST_SILENCE_S)
