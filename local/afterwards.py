"""What a user of the demo can do when it is over, or while it is kept."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from local import demo_logs, stack
from local.cloud import ROOT, LocalCloud
from local.space import RunningSpace


def show_kept(
    console: Console,
    cloud: LocalCloud,
    deployed: stack.Stack,
    space: RunningSpace,
    *,
    url: str,
    spare: str,
    output: Path,
) -> None:
    """Say how to reach what stays up, and what to try with it.

    Args:
        console: to print on.
        cloud: that stays up.
        deployed: what it runs.
        space: that it asks.
        url: of the console.
        spare: a failed fax that the table does not have.
        output: the file with the cloud's output.

    """
    variables = {**cloud.environment, "SAM_CLI_TELEMETRY": "0"}
    exports = " ".join(f"{name}={value}" for name, value in variables.items())
    invoke = ".tools/sam/bin/sam remote invoke"
    for line in (
        "Everything stays up until Ctrl-C.",
        "",
        f"Open {url} and see what failed, and why.",
        "",
        f"  Table             {deployed.table_name}",
        f"  Queue             {deployed.queue_url}",
        f"  SignalWire space  {space.url}",
        f"  Cloud's output    {output.relative_to(ROOT)}",
        "",
        "See what waits for a person, in another terminal and this directory:",
        "  .venv/bin/hooklog parked list",
        "",
        "Three more things to try, after",
        f"  export {exports}",
        "",
        "1. Put one more log on the queue, a failed fax that the table does not have yet:",
        f"  {invoke} Queue --config-env local --event '{demo_logs.body('fax', spare)}'",
        "2. Read its row:",
        f"  .venv/bin/python -m local.row {deployed.table_name} 'fax#{spare}'",
        "3. Call the function itself; its answer names the messages that have to come back:",
        f"  {invoke} EnrichFunction --config-env local --event-file events/mixed_batch.json",
    ):
        # As they are, so that they can be copied however long they are.
        console.print(line, soft_wrap=True, highlight=False)


def show_next(console: Console) -> None:
    """Say what to try when all has ended."""
    console.print("Three things to try next:")
    for number, (command, effect) in enumerate(
        (
            ("make run KEEP=1", "the same, left up, with a page and a command line to look around"),
            ("make test", "the whole test suite"),
            ('README.md, "Deploy to AWS"', "the same stack in your own account"),
        ),
        start=1,
    ):
        console.print(f"  {number}. [bold]{command:28}[/] {effect}", highlight=False)
