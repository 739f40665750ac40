"""A SignalWire space and the AWS services that the subjects call, in one process.

``python -m bench.stub`` prints its URL and serves until its input ends. An answer is sent after
the latency that was set; the stub's own processor time is no subject's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

from aiohttp import web

from bench.logs import answer
from bench.stub_aws import Aws, AwsError

#: What a request for a log is called among the counted calls.
FETCH = "GetLog"
CONTROL = "/control"
_LOOPBACK = "127.0.0.1"


class Stub:
    """Answers requests, and counts them."""

    def __init__(self) -> None:
        """Begin without latency."""
        self._aws = Aws()
        self._calls: Counter[str] = Counter()
        self._api_latency = 0.0
        self._aws_latency = 0.0

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if request.method == "GET":
            self._calls[FETCH] += 1
            await asyncio.sleep(self._api_latency)
            return web.Response(body=answer(request.path), content_type="application/json")
        if request.path == CONTROL:
            return self._control(await request.json())
        target = request.headers["X-Amz-Target"]
        self._calls[target.rpartition(".")[2]] += 1
        body = json.loads(await request.read())
        await asyncio.sleep(self._aws_latency)
        try:
            return _json(self._aws.answer(target, body))
        except AwsError as error:
            return _json({"__type": f"#{error}", "message": str(error)}, status=400)

    def _control(self, wish: dict[str, float]) -> web.Response:
        """Set the latencies; tell what has happened since the last time, and forget it."""
        self._api_latency = wish["api_ms"] / 1000
        self._aws_latency = wish["dynamodb_ms"] / 1000
        calls, outcomes = dict(self._calls), self._aws.outcomes()
        self._calls.clear()
        if wish["empty_table"]:
            self._aws.rows.clear()
        return _json({"calls": calls, "outcomes": outcomes})


def _json(content: dict[str, object], status: int = 200) -> web.Response:
    return web.Response(
        body=json.dumps(content).encode(), status=status, content_type="application/x-amz-json-1.0"
    )


async def _serve() -> None:
    # No subject is to meet a connection that this server has closed for being idle.
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
