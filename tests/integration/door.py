"""The front door behind a plain web server, for more callbacks than the local cloud can take.

The local cloud starts a process per concurrent call, which would dominate a test with thousands of
callbacks. Here the real front door puts them on the real queue; ``test_webhook.py`` shows that the
deployed function does the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from aws_lambda_powertools import Logger

from hooklog.adapters.aws.sqs import SqsProducer
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.webhook import WebhookTelemetry
from hooklog.webhook.front_door import FrontDoor
from local.cloud import LocalCloud
from local.stack import Stack


class FixedKeys:
    """Signing keys that do not change."""

    def __init__(self, *keys: str) -> None:
        """Use these keys."""
        self._keys = keys

    def current(self) -> tuple[str, ...]:
        """Return the keys."""
        return self._keys

    def renewed(self, refused: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002 - the port
        """Return the same keys."""
        return self._keys


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def open_door(cloud: LocalCloud, stack: Stack, url: str, key: str) -> Iterator[str]:
    """Answer callbacks on a free loopback port; yields the base URL."""
    sqs = cloud.client("sqs")
    door = FrontDoor(
        url=url,
        keys=FixedKeys(key),
        queue=SqsProducer(lambda: sqs, stack.queue_url),
        telemetry=WebhookTelemetry(Logger(service="door"), EmbeddedMetrics("Hooklog")),
    )

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            answer = door.handle(
                {
                    "version": "2.0",
                    "rawPath": parts.path,
                    "rawQueryString": parts.query,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "requestContext": {"http": {"method": self.command}},
                    "body": self.rfile.read(length).decode(),
                    "isBase64Encoded": False,
                }
            )
            self.send_response(answer["statusCode"])
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
