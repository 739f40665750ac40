"""A stub of a SignalWire space and of the AWS services that the subjects call, in one process.

``python -m bench.stub`` prints its URL and serves until its standard input ends. Each response is
delayed by the configured latency. The stub's CPU time is not part of any measurement.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any

from aiohttp import web

from bench.logs import page_body, response_body
from bench.stub_aws import Aws, AwsError

#: Under these names, requests for a log and for a page of a list are counted.
FETCH = "GetLog"
PAGE = "ListLogs"
CONTROL = "/control"
_LOOPBACK = "127.0.0.1"


class Stub:
    """Answers and counts requests."""

    def __init__(self) -> None:
        """Start without latency."""
        self._aws = Aws()
        self._calls: Counter[str] = Counter()
        self._api_latency = 0.0
        self._aws_latency = 0.0
        self._listed = 0

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if request.method == "GET":
            await asyncio.sleep(self._api_latency)
            return web.Response(body=self._get(request), content_type="application/json")
        if request.path == CONTROL:
            return self._control(await request.json())
        target = request.headers["X-Amz-Target"]
        self._calls[target.rpartition(".")[2]] += 1
        body = json.loads(await request.read())
        await asyncio.sleep(self._aws_latency)
        try:
            return _json(self._aws.call(target, body))
        except AwsError as error:
            return _json({"__type": f"#{error}", "message": str(error)}, status=400)

    def _get(self, request: web.BaseRequest) -> bytes:
        if request.path.endswith("/logs"):
            self._calls[PAGE] += 1
            return page_body(request.path, request.query, self._listed)
        self._calls[FETCH] += 1
        return response_body(request.path)

    def _control(self, settings: dict[str, Any]) -> web.Response:
        """Set the latencies and the lists; return what has happened since the last call."""
        self._api_latency = settings["api_ms"] / 1000
        self._aws_latency = settings["dynamodb_ms"] / 1000
        self._listed = settings["listed"]
        calls, outcomes = dict(self._calls), self._aws.outcomes()
        self._calls.clear()
        if settings["empty_table"]:
            self._aws.rows.clear()
        return _json({"calls": calls, "outcomes": outcomes})


def _json(content: dict[str, object], status: int = 200) -> web.Response:
    return web.Response(
        body=json.dumps(content).encode(), status=status, content_type="application/x-amz-json-1.0"
    )


async def _serve() -> None:
    # Idle connections stay open, so that no subject has to reconnect.
    server = web.Server(Stub().handle, access_log=None, keepalive_timeout=3600)
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.TCPSite(runner, _LOOPBACK, 0, backlog=1024).start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve())
