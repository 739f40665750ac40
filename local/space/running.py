"""A space that runs in a thread of this process, on the loopback interface."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from local.space.generation import PROJECT_ID
from local.space.server import application
from local.space.state import OpenLimit, RateLimit, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.space.faults import Fault
    from local.space.model import Log, LogType, Space
    from local.space.state import Requests

LOOPBACK = "127.0.0.1"
API_TOKEN = "PT-only-for-the-simulated-space"
"""The default API token."""

_BACKLOG = 1024
_SHUTDOWN_S = 0.1
_CALL_TIMEOUT_S = 5.0


class RunningSpace:
    """A space that is being served. Its methods may be called from any thread.

    `host` is `<address>:<port>`; `project_id` and `api_token` are the credentials it accepts.
    """

    def __init__(self, host: str, state: State, loop: asyncio.AbstractEventLoop) -> None:
        """Use a state that this event loop serves on this host."""
        self.host = host
        self.project_id = state.project_id
        self.api_token = state.api_token
        self._state = state
        self._loop = loop

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"http://{self.host}"

    def add_fault(self, fault: Fault) -> None:
        """Show a fault to the next matching requests, after the faults that were added before."""
        self._call(lambda: self._state.faults.add(fault))

    def clear_faults(self) -> None:
        """Remove the faults that still wait."""
        self._call(self._state.faults.clear)

    def put_log(self, log_type: LogType, log: Log, *, deleted: bool = False) -> None:
        """Add a log or replace the one with its ID; raises ValueError as `Space.put` does."""
        self._call(lambda: self._state.space.put(log_type, log, deleted=deleted))

    def put_fax_resource(self, sid: str, fields: Log) -> None:
        """Replace these fields of a derived fax resource, instead of those replaced before.

        A deleted resource exists again; without fields it is the derived one. Raises ValueError for
        a SID that is not a UUID.
        """
        self._call(lambda: self._state.fax_resources.put(sid, fields))

    def delete_fax_resource(self, sid: str) -> None:
        """Answer requests for a fax resource with 404; raises ValueError if it is no UUID."""
        self._call(lambda: self._state.fax_resources.delete(sid))

    def ids(self) -> dict[LogType, dict[str, str]]:
        """Return the status of each log by kind and ID."""
        return self._call(self._state.statuses)

    def requests(self) -> Requests:
        """Return the API requests since the start or the last reset."""
        return self._call(self._state.traffic.snapshot)

    def reset_requests(self) -> None:
        """Reset the counts of requests."""
        self._call(self._state.traffic.reset)

    def set_latency(self, seconds: float) -> None:
        """Make every API response take at least this long."""
        self._call(lambda: setattr(self._state, "latency_s", seconds))

    def limit_rate(self, per_second: int) -> None:
        """Answer further requests in the same second with 429; raises ValueError below 1."""
        limit = RateLimit(per_second)
        self._call(lambda: setattr(self._state, "rate_limit", limit))

    def limit_open(self, most: int) -> None:
        """Answer requests that find `most` open ones with 429; raises ValueError below 1."""
        limit = OpenLimit(most)
        self._call(lambda: setattr(self._state, "open_limit", limit))

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Be down until the block ends: answer API requests with 503 and with a reset in turn."""
        self._call(lambda: setattr(self._state, "is_down", True))
        try:
            yield
        finally:
            self._call(lambda: setattr(self._state, "is_down", False))

    def _call[T](self, function: Callable[[], T]) -> T:
        # On the loop's own thread, so that the state needs no locks.
        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(_CALL_TIMEOUT_S)


def listen(port: int, address: str = LOOPBACK) -> socket.socket:
    """Open the server's socket on this address; port 0 takes any free one.

    Raises OSError when the port is taken.
    """
    return socket.create_server((address, port), backlog=_BACKLOG)


async def start(state: State, listener: socket.socket) -> web.AppRunner:
    """Serve the state on an open socket until the runner's `cleanup`, which closes it."""
    runner = web.AppRunner(
        application(state),
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
        # A client that has disconnected needs no response.
        handler_cancellation=True,
    )
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


async def _end(runner: web.AppRunner) -> None:
    await runner.cleanup()
    # Responses to disconnected clients outlive their connections.
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@contextmanager
def serve(
    space: Space,
    *,
    address: str = LOOPBACK,
    port: int = 0,
    project_id: str = PROJECT_ID,
    api_token: str = API_TOKEN,
) -> Iterator[RunningSpace]:
    """Serve a space from a thread of its own until the block ends.

    Raises OSError when the port is taken. Responses under way at the end are cut off.
    """
    listener = listen(port, address)
    state = State(space, project_id, api_token)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated space", daemon=True)
    thread.start()
    try:
        starting = asyncio.run_coroutine_threadsafe(start(state, listener), loop)
        runner = starting.result(_CALL_TIMEOUT_S)
        host = f"{address}:{listener.getsockname()[1]}"
        try:
            yield RunningSpace(host, state, loop)
        finally:
            ending = asyncio.run_coroutine_threadsafe(_end(runner), loop)
            ending.result(_CALL_TIMEOUT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CALL_TIMEOUT_S)
        loop.close()
        listener.close()
