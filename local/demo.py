"""hooklog at work on one machine: `make run`, or `make run KEEP=1` to leave it up.

The real template in a local cloud, called back by a simulated SignalWire space. Some callbacks
are dropped on purpose; the sweep finds what they would have told.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from hooklog_ops.deployment import LocalDeployment
from local import callbacks_demo, demo_logs, kept, stack, summary
from local.accounting import Accounting, Found, told
from local.afterwards import show_kept, show_next
from local.cloud import ROOT, LocalCloud, local_cloud
from local.metrics import metrics
from local.program import complain, ignore_signals, stop_on_signals
from local.space import (
    EVERY_FAX_CASE,
    EVERY_MESSAGE_CASE,
    RunningSpace,
    SendReport,
    generate,
    serve,
)
from local.steps import Say, step

#: The logs that the files in events/ name are those of this seed.
_SEED = 7
_CLOUD_LOG = ROOT / ".local/cloud.log"
_EMPTY_WITHIN = 120.0
_WIDEST = 110


def main() -> int:
    """Run the demo; the exit status is 0 only if every message is accounted for."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything up until Ctrl-C")
    keep: bool = parser.parse_args().keep
    stop_on_signals()
    demo = _Demo()
    try:
        return demo.run(keep=keep)
    except KeyboardInterrupt as stop:
        demo.console.print("Stopped; everything that was started has ended.")
        return 0 if demo.is_kept else 128 + int(stop.args[0])
    except (BotoCoreError, ClientError) as error:
        text = f"The local cloud does not answer as it should: {error}\n{_CLOUD_LOG.read_text()}"
        complain(text)
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

    def run(self, *, keep: bool) -> int:
        """Take all steps in their order."""
        self.console.print(
            "hooklog on this machine: no account is needed, no fax or message is sent.\n"
        )
        logs = generate(_SEED, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, datetime.now(UTC))
        older = demo_logs.older(logs)
        # Before the space runs, for then it also gets the logs of the sends.
        bodies, spare = demo_logs.bodies(older), demo_logs.spare(logs, older)
        with step(self.console, "Build the functions and their layers (sam build)"):
            stack.build()
        with ExitStack() as started:
            with step(
                self.console, "Start a simulated SignalWire space and a local cloud (ministack)"
            ):
                space = started.enter_context(serve(older))
                cloud = started.enter_context(local_cloud(_CLOUD_LOG))
                # A second Ctrl-C must not interrupt the ending of what was started.
                started.callback(ignore_signals)
            deployed = self._deploy(cloud, space)
            report = self._call_back(cloud, deployed, space)
            self._put_others(cloud, deployed, bodies)
            found = self._sweep(cloud, deployed)
            complete = self._show(cloud, deployed, demo_logs.truth(space), report, found)
            if keep:
                demo_logs.add_all(space, logs)
                note = LocalDeployment(
                    endpoint_url=cloud.url, stack=stack.NAME, pid=cloud.pid
                ).note(ROOT)
                started.callback(note.unlink)
                url = started.enter_context(kept.console())
                show_kept(
                    self.console, cloud, deployed, space, url=url, spare=spare, output=_CLOUD_LOG
                )
                self.is_kept = True
                kept.keep_up(cloud, stack.NAME)
        took = time.monotonic() - self._began_at
        self.console.print(f"All of this took {took:.0f} seconds; what was started has ended.\n")
        show_next(self.console)
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
                "WebhookUrl": callbacks_demo.WEBHOOK_URL,
                # The sends are over; here nobody need wait for their last callbacks.
                "SweepSettlingMinutes": "0",
                # So that a number can be looked up afterwards, and a period exported and reported.
                "IndexNumbers": "true",
                "IndexDays": "true",
            }
            deployed = stack.deploy(cloud, parameters)
            stack.put_credentials(
                cloud,
                deployed,
                space.project_id,
                space.api_token,
                [callbacks_demo.SIGNING_KEY],
            )
        return deployed

    def _call_back(
        self, cloud: LocalCloud, deployed: stack.Stack, space: RunningSpace
    ) -> SendReport:
        with step(
            self.console,
            f"SignalWire sends {callbacks_demo.SENDS} faxes and messages, "
            "drops a fifth of its callbacks",
        ):
            report = callbacks_demo.send(cloud, deployed, space)
        self._note(told(report))
        return report

    def _put_others(self, cloud: LocalCloud, deployed: stack.Stack, bodies: list[str]) -> None:
        with step(self.console, f"Put {len(bodies)} messages of other producers on the queue"):
            stack.send(cloud, deployed, bodies)
        with step(self.console, "Wait for an empty queue") as say:
            self._wait(cloud, deployed, say, "the unknown log gets its 5 tries (15 s)")

    def _sweep(self, cloud: LocalCloud, deployed: stack.Stack) -> Found:
        with step(self.console, "Sweep: compare SignalWire's lists with the table"):
            found = Found.of(stack.sweep(cloud, deployed))
        self._note(str(found))
        with step(self.console, "Wait for an empty queue") as say:
            self._wait(cloud, deployed, say, "the sweep's last log")
        return found

    def _note(self, text: str) -> None:
        self.console.print(f"    {text}", highlight=False)

    @staticmethod
    def _wait(cloud: LocalCloud, deployed: stack.Stack, say: Say, last: str) -> None:
        deadline = time.monotonic() + _EMPTY_WITHIN
        while left := stack.messages_left(cloud, deployed.queue_url):
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{left} messages are still in the queue after "
                    f"{_EMPTY_WITHIN:.0f} seconds. The cloud's output:\n{_CLOUD_LOG.read_text()}"
                )
            say(f"{left} left" if left > 1 else f"1 left: {last}")
            time.sleep(0.25)

    def _show(
        self,
        cloud: LocalCloud,
        deployed: stack.Stack,
        truth: dict[str, str],
        report: SendReport,
        found: Found,
    ) -> bool:
        items = stack.rows(cloud, deployed)
        account = Accounting.of(
            truth,
            items,
            report=report,
            found=found,
            unusable=len(demo_logs.UNUSABLE),
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
        return account.is_sound


if __name__ == "__main__":
    sys.exit(main())
