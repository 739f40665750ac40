"""The front door under Atheris, which looks for inputs that reach new branches: ``make fuzz``.

The property is the one of ``test_front_door_inputs``; Hypothesis makes a request of the bytes
that Atheris gives. At the first request that breaks it, Atheris shows where and keeps the bytes.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["hooklog"]):
    from tests.properties.test_front_door_inputs import (
        test_no_request_gets_in_unsigned_or_breaks_anything as property_,
    )

#: Seconds after which the run is given up.
_LONGEST = 1500.0


def main(requests: int) -> None:
    """Make that number of requests, not counting bytes that made none."""
    began, made = time.monotonic(), 0
    corpus = tempfile.TemporaryDirectory()

    def try_one(data: bytes) -> None:
        nonlocal made
        made += property_.hypothesis.fuzz_one_input(data) is not None  # type: ignore[attr-defined]
        took = time.monotonic() - began
        if made == requests or took > _LONGEST:
            print(f"Atheris: {made} requests in {took:.0f} s", flush=True)  # noqa: T201
            corpus.cleanup()
            # libFuzzer knows no other way to end well than its own limits.
            os._exit(0 if made == requests else 1)

    # Short bytes make no request, so it begins with long ones.
    for number in range(32):
        seed = random.Random(number).randbytes(512)  # noqa: S311 - not for secrets
        (Path(corpus.name) / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], "-verbosity=0", "-max_len=1024", corpus.name], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]))
