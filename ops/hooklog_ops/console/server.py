"""The console's web server, on this machine alone."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable

from waitress.server import create_server

from hooklog.clock import Clock
from hooklog_ops.console.app import create_app
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.guard import Guard
from hooklog_ops.deployment import Deployment
from hooklog_ops.errors import ConsoleError

_LOOPBACK = "127.0.0.1"
_THREADS = 8


def serve(
    stack: Deployment,
    *,
    port: int,
    allow_actions: bool,
    country: str | None,
    clock: Clock,
    ready: Callable[[str], None],
) -> None:
    """Serve the console until the process is interrupted.

    Args:
        stack: to show.
        port: to listen on; 0 takes any free one.
        allow_actions: whether the console may change anything.
        country: whose national numbers the search understands.
        clock: for ages such as "3 min ago".
        ready: is called with the console's address as soon as it listens.

    Raises:
        ConsoleError: the port cannot be used.
        StackNotFoundError: the stack lacks what the console shows.

    """
    try:
        # Bound here, so that the guard knows the port before the first request.
        listener = socket.create_server((_LOOPBACK, port))
    except OSError as error:
        raise ConsoleError(f"Port {port} cannot be used: {error.strerror}.") from None
    with listener:
        bound: int = listener.getsockname()[1]
        guard = Guard(port=bound, token=secrets.token_urlsafe(32), allow_actions=allow_actions)
        app = create_app(Backend.open(stack, clock, country), guard)
        server = create_server(app, sockets=[listener], threads=_THREADS, ident="hooklog")
        ready(f"http://{_LOOPBACK}:{bound}/")
        server.run()
