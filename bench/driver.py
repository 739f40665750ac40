"""Run one Python function in its own process, as Lambda does, and measure it from inside.

``python bench/driver.py DESCRIPTOR FOLDER…`` imports ``app`` with those folders first on the
import path. It writes one JSON line to the file descriptor: how long the import took. After that
each line of standard input is an event, and each event's measurements are one more line.

The driver imports only what Lambda's own runtime imports too; otherwise a function would find
part of its imports done.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

#: As much as Lambda allows: the sweep begins no page without a minute left.
_TIME_LEFT_MS = 900_000


class Context:
    """The part of Lambda's context that the handlers use."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return the time left, which is always the same."""
        return _TIME_LEFT_MS


def _peak_kib() -> int:
    # getrusage's value includes that of the process that started this one.
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib must not be imported
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise RuntimeError("The kernel does not report this process's peak memory.")


def main() -> None:
    """Import the function, and invoke it once per line."""
    _, descriptor, *folders = sys.argv
    sys.path[:0] = folders
    started = time.perf_counter()
    handler = importlib.import_module("app").lambda_handler
    imported = time.perf_counter() - started
    with os.fdopen(int(descriptor), "w") as results:
        print(json.dumps({"imported_ms": imported * 1000}), file=results, flush=True)
        for line in sys.stdin:
            event = json.loads(line)
            cpu, wall = time.process_time(), time.perf_counter()
            response = handler(event, Context())
            sys.stdout.flush()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            result = {
                "wall_ms": wall * 1000,
                "cpu_ms": cpu * 1000,
                "peak_kib": _peak_kib(),
                "response": response,
            }
            print(json.dumps(result), file=results, flush=True)


if __name__ == "__main__":
    main()
