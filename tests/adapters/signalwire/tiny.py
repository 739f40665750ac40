"""A server that answers with given bytes, for answers that a normal server would not send."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: As an answer: the server closes the connection without one.
NOTHING = b""


def response(
    body: bytes | str = "{}", status: int = 200, content_type: str = "application/json", **more: str
) -> bytes:
    """Return the bytes of an HTTP answer; further headers have ``_`` for ``-``."""
    content = body.encode() if isinstance(body, str) else body
    headers = {
        "Content-Length": str(len(content)),
        "Content-Type": content_type,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


@dataclass
class Tiny:
    """The server's answers, the heads of its requests and the number of its connections."""

    host: str
    answers: list[bytes]
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    #: Called before each answer.
    before_answer: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.host}"

    def answer(self, head: str) -> bytes:
        """Keep a request and return its answer; the last answer serves all further requests."""
        with self.lock:
            self.requests.append(head)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def tiny(*answers: bytes) -> Iterator[Tiny]:
    """Serve these answers, one per request, on the loopback interface."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with state.lock:
                state.connections += 1
            while head := self.head():
                answer = state.answer(head)
                state.before_answer()
                if answer == NOTHING:
                    return
                self.wfile.write(answer)

        def head(self) -> str:
            lines = []
            while (line := self.rfile.readline()) not in {b"", b"\r\n"}:
                lines.append(line.decode("latin-1"))
            return "".join(lines)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that disconnect in the middle of an answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        host, port = server.server_address[:2]
        state = Tiny(f"{host!s}:{port}", list(answers))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
