"""hooklog at work on one machine: `make run`, or `make run KEEP=1` to leave it up.

The real template in a local cloud, fed with log IDs of a simulated SignalWire space.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local import stack, summary
from local.cloud import ROOT, LocalCloud, local_cloud
from local.metrics import metrics
from local.space import (
    EVERY_FAX_CASE,
    EVERY_MESSAGE_CASE,
    RunningSpace,
    Space,
    generate,
    serve,
)
from local.steps import Say, step

#: The logs that the files in events/ name are those of this seed.
_SEED = 7
#: Logs of each type to send: every outcome and many error codes, few enough to read.
_FAXES, _MESSAGES = 13, 20
_UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"
_CLOUD_LOG = ROOT / ".local/cloud.log"
_EMPTY_WITHIN = 120.0
_WIDEST = 110
_TAIL = 25
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the demo; the exit status is 0 only if every message is accounted for."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything up until Ctrl-C")
    keep: bool = parser.parse_args().keep
    for number in _SIGNALS:
        # Under nohup, for one, a signal is ignored on purpose.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    demo = _Demo()
    try:
        return demo.run(keep=keep)
    except KeyboardInterrupt as stop:
        demo.console.print("Stopped; everything that was started has ended.")
        return 0 if demo.is_kept else 128 + int(stop.args[0])
    except (BotoCoreError, ClientError) as error:
        text = f"The local cloud does not answer as it should: {error}\n{_CLOUD_LOG.read_text()}"
        _complain(text)
    except (RuntimeError, OSError) as error:
        _complain(str(error))
    return 1


class _Demo:
    """One run, from the build to the summary."""

    def __init__(self) -> None:
        self.console = Console()
        self.console.width = min(self.console.width, _WIDEST)
        self.is_kept = False
        self._began_at = time.monotonic()

    def run(self, *, keep: bool) -> int:
        """Take all steps in their order."""
        self.console.print(
            "hooklog on this machine: no account is needed, no fax or message is sent.\n"
        )
        logs = generate(_SEED, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, datetime.now(UTC))
        bodies = _bodies(list(logs.fax)[:_FAXES], list(logs.message)[:_MESSAGES])
        with step(self.console, "Build the functions and their layers (sam build)"):
            stack.build()
        with ExitStack() as started:
            with step(
                self.console, "Start a simulated SignalWire space and a local cloud (ministack)"
            ):
                space = started.enter_context(serve(logs))
                cloud = started.enter_context(local_cloud(_CLOUD_LOG))
                # A second Ctrl-C must not interrupt the ending of what was started.
                started.callback(_ignore_signals)
            deployed = self._deploy(cloud, space)
            with step(self.console, f"Put {len(bodies)} messages with log IDs on the queue"):
                stack.send(cloud, deployed, bodies)
            with step(self.console, "Wait for an empty queue") as say:
                self._wait(cloud, deployed, len(bodies), say)
            complete = self._show(cloud, deployed, bodies)
            if keep:
                self._keep(cloud, deployed, space, _spare(logs))
        took = time.monotonic() - self._began_at
        self.console.print(f"All of this took {took:.0f} seconds; what was started has ended.\n")
        _show_next(self.console)
        return 0 if complete else 1

    def _deploy(self, cloud: LocalCloud, space: RunningSpace) -> stack.Stack:
        with step(self.console, "Deploy template.yaml into the local cloud (sam deploy)"):
            parameters = {
                "SignalWireSpace": space.host,
                "DelaySeconds": "0",
                "BatchingWindowSeconds": "1",
                "RetryFirstDelaySeconds": "1",
                # More environments would only compete for one machine's processors.
                "MaximumConcurrency": "2",
            }
            deployed = stack.deploy(cloud, parameters)
            stack.put_credentials(cloud, deployed, space.project_id, space.api_token)
        return deployed

    @staticmethod
    def _wait(cloud: LocalCloud, deployed: stack.Stack, sent: int, say: Say) -> None:
        deadline = time.monotonic() + _EMPTY_WITHIN
        while left := stack.messages_left(cloud, deployed.queue_url):
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{left} of {sent} messages are still in the queue after "
                    f"{_EMPTY_WITHIN:.0f} seconds. The cloud's output:\n{_CLOUD_LOG.read_text()}"
                )
            if left == sent:
                say("the function starts")
            elif left > 1:
                say(f"{sent - left} of {sent} done")
            else:
                say(f"{sent - 1} done; the unknown log gets its 5 tries (15 s)")
            time.sleep(0.25)

    def _show(self, cloud: LocalCloud, deployed: stack.Stack, bodies: list[str]) -> bool:
        items = stack.rows(cloud, deployed)
        account = summary.Accounting.of(
            bodies,
            items,
            left=stack.messages_left(cloud, deployed.queue_url),
            dead=stack.messages_left(cloud, deployed.dead_letter_queue_url),
        )
        for part in (
            summary.records(items),
            summary.parked(items),
            metrics(stack.log_lines(cloud, deployed)),
            str(account),
        ):
            self.console.print()
            self.console.print(part)
        self.console.print()
        return account.lost == 0

    def _keep(
        self, cloud: LocalCloud, deployed: stack.Stack, space: RunningSpace, spare: str
    ) -> None:
        """Say how to reach it, and wait for a signal."""
        variables = {**cloud.environment, "SAM_CLI_TELEMETRY": "0"}
        exports = " ".join(f"{name}={value}" for name, value in variables.items())
        self._say_plainly(
            "Everything stays up until Ctrl-C.",
            f"  Table             {deployed.table_name}",
            f"  Queue             {deployed.queue_url}",
            f"  SignalWire space  {space.url}",
            f"  Cloud's output    {_CLOUD_LOG.relative_to(ROOT)}",
            "",
            "Three things to try, in another terminal and this directory, after",
            f"  export {exports}",
            "",
            "1. Put one more log on the queue, a failed fax that the table does not have yet:",
            "  .tools/sam/bin/sam remote invoke Queue --config-env local --event "
            f"'{_body('fax', spare)}'",
            "2. Read its row:",
            f"  .venv/bin/python -m local.row {deployed.table_name} 'fax#{spare}'",
            "3. Call the function itself; its answer names the messages that have to come back:",
            "  .tools/sam/bin/sam remote invoke EnrichFunction --config-env local "
            "--event-file events/mixed_batch.json",
        )
        self.is_kept = True
        while True:
            signal.pause()

    def _say_plainly(self, *lines: str) -> None:
        """Print lines as they are, so that they can be copied however long they are."""
        for line in lines:
            self.console.print(line, soft_wrap=True, highlight=False)


def _spare(logs: Space) -> str:
    """Find a failed fax that was not sent, for the user to try with."""
    return next(
        log_id for log_id in list(logs.fax)[_FAXES:] if logs.fax[log_id]["status"] == "failed"
    )


def _bodies(faxes: list[str], messages: list[str]) -> list[str]:
    """Make the messages: every log, one of them twice, one unknown, and one that is no JSON."""
    # The unknown log goes first: its retries take longest.
    return [
        _body("fax", _UNKNOWN_ID),
        "not JSON",
        *(_body("fax", log_id) for log_id in faxes),
        *(_body("message", log_id) for log_id in messages),
        _body("fax", faxes[0]),
    ]


def _body(log_type: str, log_id: str) -> str:
    return json.dumps({"log_type": log_type, "log_id": log_id})


def _show_next(console: Console) -> None:
    console.print("Three things to try next:")
    for number, (command, effect) in enumerate(
        (
            ("make run KEEP=1", "the same, left up for you to look around and send messages"),
            ("make test", "the whole test suite"),
            ('README.md, "Deploy to AWS"', "the same stack in your own account"),
        ),
        start=1,
    ):
        console.print(f"  {number}. [bold]{command:28}[/] {effect}", highlight=False)


def _complain(text: str) -> None:
    """Print the sentence of an error, and the end of the output that belongs to it."""
    sentence, *output = text.splitlines()
    print("\n".join([sentence, *(f"  {line}" for line in output[-_TAIL:])]), file=sys.stderr)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    _ignore_signals()
    raise KeyboardInterrupt(number)


def _ignore_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
