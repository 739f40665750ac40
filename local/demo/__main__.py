"""hooklog at work on one machine: `make run`, or `make run KEEP=1` to leave it up.

The real template runs in a local cloud, and a simulated SignalWire space calls it back. Some
callbacks are dropped on purpose; the sweep finds the logs that they were about. What became of each
fax and message arrives as an event in a queue, as an application would have it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from hooklog.errors import QueueUnavailableError
from hooklog_ops.deployment import LocalDeployment
from hooklog_ops.records import Records
from local import stack
from local.cloud import ROOT, LocalCloud, local_cloud
from local.demo import callbacks, keep, logs, summary
from local.demo.accounting import Accounting, delivered, found
from local.event_tap import EventTap, untold
from local.serve import SEED
from local.space import EVERY_FAX_CASE, EVERY_MESSAGE_CASE, RunningSpace, generate, serve
from local.terminal import complain, ignore_signals, step, stop_on_signals

_CLOUD_LOG = ROOT / ".local/cloud.log"
_EMPTY_WITHIN = 120.0
_TOLD_WITHIN = 30.0
_WIDEST = 110
_NEXT = (
    ("make run KEEP=1", "the same, left up, with a web page to look around"),
    ("make test", "the whole test suite"),
    ('README.md, "Deploy to AWS"', "the same stack in your own account"),
)


def main() -> int:
    """Run the demo; the exit status is 0 only if every log and message is accounted for."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything up until Ctrl-C")
    keep_up: bool = parser.parse_args().keep
    stop_on_signals()
    demo = _Demo()
    try:
        return demo.run(keep_up=keep_up)
    except KeyboardInterrupt as stop:
        demo.console.print("Stopped; everything that was started has ended.")
        return 0 if demo.is_kept else 128 + int(stop.args[0])
    except (BotoCoreError, ClientError, QueueUnavailableError, TimeoutError) as error:
        complain(f"The local cloud does not answer as it should: {error}\n{_CLOUD_LOG.read_text()}")
    except (RuntimeError, OSError) as error:
        complain(str(error))
    return 1


class _Demo:
    """One run, from the build to the summary."""

    def __init__(self) -> None:
        self.console = Console()
        self.console.width = min(self.console.width, _WIDEST)
        self.is_kept = False
        self._began_at = time.monotonic()

    def run(self, *, keep_up: bool) -> int:
        """Take all steps in order."""
        self.console.print(
            "hooklog on this machine: no account is needed, and nothing is really sent.\n"
        )
        generated = generate(SEED, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, datetime.now(UTC))
        older = logs.older(generated)
        bodies = logs.bodies(older)
        with step(self.console, "Build the functions and their layers (sam build)"):
            stack.build()
        with ExitStack() as started:
            with step(
                self.console, "Start a simulated SignalWire space and a local cloud (ministack)"
            ):
                space = started.enter_context(serve(older))
                cloud = started.enter_context(local_cloud(_CLOUD_LOG))
                # A second Ctrl-C must not interrupt the clean-up.
                started.callback(ignore_signals)
            with step(self.console, "Deploy template.yaml into the local cloud (sam deploy)"):
                deployed = _deploy(cloud, space)
                tap = EventTap(cloud, "application")
            account = self._process(cloud, deployed, space, bodies, tap)
            records = Records(cloud.client("dynamodb"), deployed.table_name)
            self._show(account, stack.log_lines(cloud, deployed), records)
            if keep_up:
                spare = logs.spare(generated, space)
                logs.add_all(space, generated)
                note = LocalDeployment(
                    endpoint_url=cloud.url, stack=stack.NAME, pid=cloud.pid
                ).note(ROOT)
                started.callback(note.unlink)
                url = started.enter_context(keep.console())
                keep.show(
                    self.console, cloud, deployed, space, url=url, spare=spare, output=_CLOUD_LOG
                )
                self.is_kept = True
                keep.extract_metrics(cloud, deployed)
        took = time.monotonic() - self._began_at
        self.console.print(
            f"Done in {took:.0f} seconds; everything that was started has ended. Try next:"
        )
        for command, effect in _NEXT:
            self.console.print(f"  [bold]{command:28}[/] {effect}", highlight=False)
        return 0 if account.is_sound else 1

    def _process(
        self,
        cloud: LocalCloud,
        deployed: stack.Stack,
        space: RunningSpace,
        bodies: Sequence[str],
        tap: EventTap,
    ) -> Accounting:
        """Let hooklog process callbacks, queue messages and a sweep, and account for all logs."""
        with step(
            self.console,
            f"Send {callbacks.SENDS} faxes and messages; a fifth of their callbacks is dropped",
        ):
            report = callbacks.send(cloud, deployed, space)
        self._note(delivered(report))
        with step(self.console, f"Put {len(bodies)} messages from other producers on the queue"):
            stack.send(cloud, deployed, bodies)
        self._wait(cloud, deployed, "the unknown log, which is tried 5 times (15 s)")
        with step(self.console, "Sweep: compare SignalWire's lists with the table"):
            sweep = stack.sweep(cloud, deployed)
        self._note(found(sweep))
        self._wait(cloud, deployed, "the last log that the sweep found")
        items = stack.rows(cloud, deployed)
        with step(self.console, "Wait until the application's queue has an event of every log"):
            events = tap.receive_until(
                lambda received: not untold(items, received), within_s=_TOLD_WITHIN
            )
        return Accounting(
            truth=logs.truth(space),
            items=items,
            events=events,
            report=report,
            sweep=sweep,
            unusable=len(logs.UNUSABLE),
            left=stack.messages_left(cloud, deployed.queue_url),
            dead=stack.messages_left(cloud, deployed.dead_letter_queue_url),
        )

    def _wait(self, cloud: LocalCloud, deployed: stack.Stack, last: str) -> None:
        with step(self.console, "Wait until the queue is empty") as say:
            stack.wait_until_empty(
                lambda: stack.messages_left(cloud, deployed.queue_url),
                within_s=_EMPTY_WITHIN,
                say=lambda left: say(f"{left} left" if left > 1 else f"1 left: {last}"),
            )

    def _show(self, account: Accounting, log_lines: Sequence[str], records: Records) -> None:
        for part in (
            summary.records(account.items),
            summary.events(account.events),
            summary.parked(account.items),
            summary.metrics(log_lines),
            summary.by_sid(account.items, records),
            str(account),
        ):
            self.console.print()
            self.console.print(part)
        self.console.print()

    def _note(self, text: str) -> None:
        self.console.print(f"    {text}", highlight=False)


def _deploy(cloud: LocalCloud, space: RunningSpace) -> stack.Stack:
    parameters = {
        "SignalWireSpace": space.host,
        "DelaySeconds": "0",
        "BatchingWindowSeconds": "1",
        "RetryFirstDelaySeconds": "1",
        # More execution environments would only compete for one machine's processors.
        "MaximumConcurrency": "2",
        "WebhookUrl": callbacks.WEBHOOK_URL,
        # The sends are over, so the sweep need not wait for their last callbacks.
        "SweepSettlingMinutes": "0",
        "Events": "All",
        # For a number's history, and to export and report a period.
        "IndexNumbers": "true",
        "IndexDays": "true",
    }
    deployed = stack.deploy(cloud, parameters)
    keys = [callbacks.SIGNING_KEY]
    stack.put_credentials(cloud, deployed, space.project_id, space.api_token, keys)
    return deployed


if __name__ == "__main__":
    sys.exit(main())
