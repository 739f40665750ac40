"""A space that speaks TLS on the loopback interface, with a certificate that the test chooses."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme


class Space:
    """The paths that the server was asked for; its answer is always ``{}``."""

    def __init__(self, port: int) -> None:
        """Start with no requests."""
        self.port = port
        self.paths: list[str] = []


@contextmanager
def tls_space(certificate: trustme.LeafCert) -> Iterator[Space]:
    """Serve with the given certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request: object, client_address: object) -> None:
            """Do the TLS handshake in the connection's own thread."""
            assert isinstance(request, ssl.SSLSocket)
            try:
                request.do_handshake()
            except (ssl.SSLError, OSError):
                # The client refused the certificate and hung up, which is what tests check.
                return
            Handler(request, client_address, self)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        state = Space(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
