"""Run a simulated space from the command line: `python -m local.space --help`."""

from __future__ import annotations

import argparse
import asyncio
import signal
from datetime import UTC, datetime

from local.space.generation import EVERY_FAX_CASE, EVERY_MESSAGE_CASE, PROJECT_ID, generate
from local.space.running import API_TOKEN, LOOPBACK, listen, start
from local.space.state import State


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative: {number}")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of seconds of at least 0: {text}")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.space",
        description="Serve a simulated SignalWire space with generated fax and message logs. "
        "It listens on the loopback interface only and runs until SIGTERM or SIGINT.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=_count, default=0, help="TCP port; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=7, help="the same seed generates the same logs")
    parser.add_argument("--fax", type=_count, default=EVERY_FAX_CASE, help="number of fax logs")
    parser.add_argument(
        "--message", type=_count, default=EVERY_MESSAGE_CASE, help="number of message logs"
    )
    parser.add_argument("--project", default=PROJECT_ID, help="project ID to accept")
    parser.add_argument("--token", default=API_TOKEN, help="API token to accept")
    parser.add_argument(
        "--latency", type=_seconds, default=0.0, help="least seconds per API response"
    )
    return parser


async def _run(state: State, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with listen(port) as listener:
        runner = await start(state, listener)
        print(f"space listening on http://{LOOPBACK}:{listener.getsockname()[1]}", flush=True)
        await stop.wait()
        await runner.cleanup()


def main() -> None:
    """Serve a space until a signal arrives."""
    arguments = _parser().parse_args()
    now = datetime.now(UTC)
    space = generate(
        arguments.seed, arguments.fax, arguments.message, now, project_id=arguments.project
    )
    state = State(space, arguments.project, arguments.token, latency_s=arguments.latency)
    asyncio.run(_run(state, arguments.port))


if __name__ == "__main__":
    main()
