"""One Python function in a process of its own, invoked as Lambda does and measured from inside.

``python bench/subject.py DESCRIPTOR FOLDER…`` imports ``app`` with those folders first on the
path. The first line that it writes on that file descriptor tells how long the import took; then
each line of its input is an event, and each further line it writes tells what the event took.

It imports nothing that Lambda's own runtime does not, so that no function finds it done.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

_TIME_LEFT_MS = 60_000


class Context:
    """What the handlers use of Lambda's context."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Tell how long the invocation may go on."""
        return _TIME_LEFT_MS


def _peak_kib() -> int:
    # getrusage's figure begins with that of the process that started this one.
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib is not to be imported
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise RuntimeError("The kernel does not tell this process's peak memory.")


def main() -> None:
    """Import the function, and invoke it once a line."""
    _, descriptor, *folders = sys.argv
    sys.path[:0] = folders
    began = time.perf_counter()
    handler = importlib.import_module("app").lambda_handler
    imported = time.perf_counter() - began
    with os.fdopen(int(descriptor), "w") as results:
        print(json.dumps({"imported_ms": imported * 1000}), file=results, flush=True)
        for line in sys.stdin:
            event = json.loads(line)
            cpu, wall = time.process_time(), time.perf_counter()
            answer = handler(event, Context())
            sys.stdout.flush()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            result = {
                "wall_ms": wall * 1000,
                "cpu_ms": cpu * 1000,
                "peak_kib": _peak_kib(),
                "answer": answer,
            }
            print(json.dumps(result), file=results, flush=True)


if __name__ == "__main__":
    main()
