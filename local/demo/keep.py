"""A demo that stays up: its console, its metrics, and what to try with it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from local.cloud import ROOT, LocalCloud, end_group, environment_without_aws
from local.metric_data import Extraction
from local.space import RunningSpace
from local.stack import Stack

_LOG = ROOT / ".local/console.log"
_EVERY = 10.0
_INVOKE = (
    ".tools/sam/bin/sam remote invoke EnrichFunction --config-env local"
    " --event-file events/mixed_batch.json"
)


@contextmanager
def console() -> Iterator[str]:
    """Run `hooklog console` on the local deployment of this directory; yield its URL.

    Raises:
        RuntimeError: it did not start; its output follows the first line of the text.

    """
    with _LOG.open("w") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("hooklog")), "console", "--allow-actions"],
            cwd=ROOT,
            env=environment_without_aws(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            # Ctrl-C reaches the demo only, which then ends the console.
            start_new_session=True,
        )
    try:
        words = process.stdout.readline().decode().split() if process.stdout else []
        if not words:
            raise RuntimeError(f"The console did not start. Its output:\n{_LOG.read_text()}")
        # Its first line is "Open", the URL, and what it may do.
        yield words[1]
    finally:
        end_group(process)


def extract_metrics(cloud: LocalCloud, deployed: Stack) -> NoReturn:
    """Extract metrics from log lines, as CloudWatch would, until the process is interrupted."""
    extraction = Extraction(cloud, deployed.log_groups)
    while True:
        extraction.catch_up()
        time.sleep(_EVERY)


def show(
    terminal: Console,
    cloud: LocalCloud,
    deployed: Stack,
    space: RunningSpace,
    *,
    url: str,
    spare: str,
    output: Path,
) -> None:
    """Print where everything is, and what to try with it.

    Args:
        terminal: to print on.
        cloud: that stays up.
        deployed: stack in it.
        space: that the stack asks.
        url: of the console.
        spare: ID of a failed fax that the table lacks.
        output: file with the cloud's output.

    """
    variables = {**cloud.environment, "SAM_CLI_TELEMETRY": "0"}
    exports = " ".join(f"{name}={value}" for name, value in variables.items())
    for line in (
        "Everything stays up until Ctrl-C.",
        "",
        f"Open {url} to see what failed, and why.",
        "",
        f"  Table             {deployed.table_name}",
        f"  Queue             {deployed.queue_url}",
        f"  SignalWire space  {space.url}",
        f"  Cloud's output    {output.relative_to(ROOT)}",
        "",
        "See the event of a failed fax, with two more terminals in this directory:",
        "",
        "1. Show events as they come:",
        "  .venv/bin/hooklog events tail",
        "2. In the other terminal, put a failed fax that the table lacks on the queue:",
        f"  .venv/bin/hooklog enqueue fax {spare}",
        "3. See its event in the first one, and its record in the other:",
        f"  .venv/bin/hooklog show fax {spare}",
        "",
        "And to call the enrich function itself, whose answer names the messages to redeliver:",
        f"  export {exports}",
        f"  {_INVOKE}",
    ):
        # Without line breaks, so that the commands can be copied.
        terminal.print(line, soft_wrap=True, highlight=False)
