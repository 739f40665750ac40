"""Fuzzes the front door with Atheris, which looks for inputs that reach new branches.

``make fuzz`` runs it. The property comes from ``test_front_door_inputs``; Hypothesis turns the
bytes from Atheris into requests. Atheris stops at the first failure and keeps its bytes.
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

#: Seconds after which the run is aborted.
_LONGEST = 1500.0


def main(requests: int) -> None:
    """Make this number of requests, not counting bytes that yield none."""
    began, made = time.monotonic(), 0
    corpus = tempfile.TemporaryDirectory()

    def try_one(data: bytes) -> None:
        nonlocal made
        made += property_.hypothesis.fuzz_one_input(data) is not None  # type: ignore[attr-defined]
        took = time.monotonic() - began
        if made == requests or took > _LONGEST:
            print(f"Atheris: {made} requests in {took:.0f} s", flush=True)  # noqa: T201
            corpus.cleanup()
            # libFuzzer offers no way to end successfully other than its own limits.
            os._exit(0 if made == requests else 1)

    # Short inputs yield no request, so the corpus starts with long ones.
    for number in range(32):
        seed = random.Random(number).randbytes(512)  # noqa: S311 - not for secrets
        (Path(corpus.name) / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], "-verbosity=0", "-max_len=1024", corpus.name], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]))
