"""What goes on beside a demo that is kept: the console, and metrics that keep up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from local.cloud import ROOT, LocalCloud, end_group
from local.metric_data import Extraction

_LOG = ROOT / ".local/console.log"
_EVERY = 10.0


@contextmanager
def console() -> Iterator[str]:
    """Run `hooklog console` on the local deployment of this directory; give its address.

    Raises:
        RuntimeError: it did not start; below the first line, the text is its output.

    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with _LOG.open("w") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("hooklog")), "console", "--allow-actions"],
            cwd=ROOT,
            env=environment | {"NO_PROXY": "*"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            # Ctrl-C is for the demo, which then ends it.
            start_new_session=True,
        )
    try:
        told = process.stdout.readline().decode().split() if process.stdout else []
        if not told:
            raise RuntimeError(f"The console did not start. Its output:\n{_LOG.read_text()}")
        # It says: Open, then the address, then what it may do.
        yield told[1]
    finally:
        end_group(process)


def keep_up(cloud: LocalCloud, stack: str) -> NoReturn:
    """Turn log lines into metrics, as CloudWatch would, until the process is interrupted."""
    (description,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    extraction = Extraction(
        cloud,
        [
            output["OutputValue"]
            for output in description["Outputs"]
            if output["OutputKey"].endswith("LogGroupName")
        ],
    )
    while True:
        extraction.catch_up()
        time.sleep(_EVERY)
