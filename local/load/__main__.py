"""Send thousands of messages through the deployed stack: `make load`, `make load N=2000`.

The real template runs in a local cloud, with a simulated SignalWire space that limits the requests
per second, or with `OPEN=20` the open ones; with `OUTAGE=60` it is down for a minute. One log in
twenty has a fault, of every kind that the space can simulate, and one in twenty has two messages.
Afterwards the table is compared with the space, row by row. `BACKFILL=1` stores logs without faults
by a backfill instead, and then the same logs through the queue.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from hooklog_ops.interrupting import ignore_signals, stop_on_signals
from local import stack
from local.cloud import ROOT
from local.load import backfill, figures
from local.load.backfill import Way
from local.load.faults import ALL
from local.load.figures import Conditions
from local.load.plan import Plan
from local.load.report import terminal_table
from local.load.run import RATE_LIMIT, Outcome, Rig, current_conditions, rig, run
from local.terminal import complain, step

_FAULTY = 0.05
_DUPLICATED = 0.05
_CLOUD_LOG = ROOT / ".local/load.log"
#: A few attempts last at most a minute; the slowest burst has twenty messages per second.
_ATTEMPTS_S = 120.0
_SLOWEST = 20
_SHOWN = 10
_FULL_COUNT = 10_000
#: With fewer logs, hardly any would have a fault.
_MIN_COUNT = 100


def main() -> int:
    """Run the load; return 0 only if nothing is lost and no row differs."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument(
        "count",
        type=_at_least(_MIN_COUNT),
        nargs="?",
        help=f"number of logs, at least {_MIN_COUNT}",
    )
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument(
        "--rate",
        type=_at_least(1),
        help=f"requests per second that the space answers (default: {RATE_LIMIT})",
    )
    limit.add_argument(
        "--open",
        type=_at_least(1),
        help="requests that the space answers at the same time, instead of a limit per second",
    )
    parser.add_argument(
        "--outage",
        type=_at_least(1),
        default=0,
        help="seconds that the space is down when half of the messages are done (default: none)",
    )
    parser.add_argument(
        "--backfill",
        action="store_true",
        help="store logs without faults by a backfill, and then through the queue, instead",
    )
    arguments = parser.parse_args()
    conditions = current_conditions(
        rate_limit=None if arguments.open else arguments.rate or RATE_LIMIT,
        open_limit=arguments.open,
        outage_s=arguments.outage,
    )
    stop_on_signals()
    console = Console()
    try:
        count = arguments.count or _FULL_COUNT
        if arguments.backfill:
            print(backfill.table(_both_ways(console, count)))
            return 0
        outcome = _load(console, count, conditions)
    except KeyboardInterrupt as stop:
        console.print("Stopped; everything that was started has been shut down.")
        return 128 + int(stop.args[0])
    except (BotoCoreError, ClientError) as error:
        complain(f"The local cloud returned an error: {error}\n{_CLOUD_LOG.read_text()}")
        return 1
    except (RuntimeError, OSError) as error:
        complain(str(error))
        return 1
    _show(console, outcome)
    if outcome.differences:
        return 1
    # Only such a run is comparable with the one before.
    is_usual = conditions.rate_limit == RATE_LIMIT and not conditions.outage_s
    if count == _FULL_COUNT and is_usual:
        figures.FILE.write_text(outcome.figures.model_dump_json(indent=2) + "\n", encoding="utf-8")
        console.print(f"wrote {figures.FILE.relative_to(ROOT)}")
    return 0


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}: {text}")
        return int(text)

    return number


def _both_ways(console: Console, count: int) -> list[Way]:
    plan = Plan.make(count, datetime.now(UTC), cases=(), faulty=0, duplicated=0)
    with (
        _deployed(console, plan, current_conditions(rate_limit=None)) as target,
        step(console, f"Store {count:,} logs by a backfill, then through the queue") as say,
    ):
        return backfill.compare(target, plan, say)


@contextmanager
def _deployed(console: Console, plan: Plan, conditions: Conditions) -> Iterator[Rig]:
    with step(console, "Build the functions and their layers (sam build)"):
        stack.build()
    with ExitStack() as started:
        with step(console, "Deploy template.yaml into a local cloud, with a simulated space"):
            target = started.enter_context(rig(plan, _CLOUD_LOG, conditions))
            # A second Ctrl-C must not interrupt the shutdown.
            started.callback(ignore_signals)
        yield target


def _load(console: Console, count: int, conditions: Conditions) -> Outcome:
    plan = Plan.make(
        count,
        datetime.now(UTC),
        cases=ALL,
        faulty=_FAULTY,
        duplicated=_DUPLICATED,
    )
    total = len(plan.bodies)
    with (
        _deployed(console, plan, conditions) as target,
        step(console, f"Send {total:,} messages, and wait until the queue is empty") as say,
    ):
        return run(
            target,
            plan,
            conditions,
            timeout_s=_ATTEMPTS_S + total / _SLOWEST,
            report=lambda left: say(_progress(left, total)),
        )


def _progress(left: int, total: int) -> str:
    """Return the progress in whole tenths, because each text is one line in a log file."""
    tenths = (total - left) * 10 // total
    return f"{tenths * 10} % done" if left > total / 100 else "only retries are left"


def _show(console: Console, outcome: Outcome) -> None:
    console.print()
    console.print(terminal_table(outcome.figures))
    console.print()
    for difference in outcome.differences[:_SHOWN]:
        console.print(difference, style="red", highlight=False, soft_wrap=True)
    if hidden := outcome.differences[_SHOWN:]:
        console.print(f"… and {len(hidden):,} more", style="red")
    if not outcome.differences:
        console.print("Nothing is lost, and every row agrees with the space.")


if __name__ == "__main__":
    sys.exit(main())
