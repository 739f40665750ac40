"""A DynamoDB that stops answering: a proxy between a function and the local cloud."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

#: Headers that the AWS client needs or checks.
_HEADERS = ("Content-Type", "x-amzn-RequestId", "x-amz-crc32")

#: The most connections that the AWS client of a function opens.
_CONNECTIONS = 10


class SlowTable:
    """Forwards DynamoDB calls, and may stop answering at a write."""

    def __init__(self, url: str, cloud_url: str) -> None:
        """Forward the calls to this URL to a local cloud, and answer each."""
        self.url = url
        self._cloud_url = cloud_url
        self._http = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False)
        self._writes = itertools.count(1)
        self._silent_from: int | None = None
        self._carries_out = False
        self._recovered = threading.Event()

    def stop_answering(self, *, at_write: int, carries_out: bool) -> None:
        """Leave this write and all later ones unanswered, whether or not they are carried out."""
        self._writes = itertools.count(1)
        self._silent_from, self._carries_out = at_write, carries_out

    def recover(self) -> None:
        """Answer again, and close the connections that still wait for a write."""
        self._silent_from = None
        self._recovered.set()

    def call(self, headers: dict[str, str], body: bytes) -> urllib3.BaseHTTPResponse | None:
        """Forward a call; an unanswered one waits for the recovery, then returns None."""
        is_write = headers["X-Amz-Target"].endswith(".BatchExecuteStatement")
        number = next(self._writes) if is_write else 0
        silent = self._silent_from is not None and number >= self._silent_from
        if silent and not self._carries_out:
            self._recovered.wait()
            return None
        answer = self._http.request("POST", self._cloud_url, body=body, headers=headers)
        if silent:
            self._recovered.wait()
            return None
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cloud_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.table = SlowTable(f"http://127.0.0.1:{self.server_port}", cloud_url)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.table.call(dict(self.headers), body)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name in _HEADERS:
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        self.wfile.write(answer.data)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def slow_table(cloud_url: str) -> Iterator[SlowTable]:
    """Run a proxy of a local cloud until the block ends."""
    with _Server(cloud_url) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.table
        finally:
            server.table.recover()
            server.shutdown()
