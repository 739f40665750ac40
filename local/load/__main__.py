"""Many messages at once through the deployed stack: `make load`, `make load N=2000`.

The real template in a local cloud, and a simulated SignalWire space with a rate limit. A
twentieth of its logs is hard to get, in all ways that the space knows, and a twentieth of them
is announced twice. Afterwards the table is compared with the space, row by row.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local import stack
from local.cloud import ROOT
from local.load import figures
from local.load.faults import LATE_PARKED, PASSING, SOON_PARKED
from local.load.figures import Conditions
from local.load.plan import Plan
from local.load.shown import table
from local.load.site import RATE_LIMIT, Outcome, conditions_now, run, site
from local.terminal import complain, ignore_signals, step, stop_on_signals

_FAULTY = 0.05
_REPEATED = 0.05
_CLOUD_LOG = ROOT / ".local/load.log"
_SHORT = (*PASSING, *SOON_PARKED)
_ALL = (*_SHORT, *LATE_PARKED)
#: Ten attempts last nine minutes at most; a burst is counted with twenty messages a second.
_ATTEMPTS_S = 540.0
_SLOWEST = 20
_SHOWN = 10
_MANY = 10_000
_FEW = 300
#: With fewer, hardly any would meet a fault.
_FEWEST = 100


def main() -> int:
    """Run the load; the exit status is 0 only if nothing is lost and no row differs."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument(
        "count", type=_at_least(_FEWEST), nargs="?", help=f"logs, at least {_FEWEST}"
    )
    parser.add_argument(
        "--short",
        action="store_true",
        help="without the faults that are parked after minutes only; writes no figures",
    )
    parser.add_argument(
        "--rate",
        type=_at_least(1),
        default=RATE_LIMIT,
        help="requests a second that the space answers (default: %(default)s)",
    )
    arguments = parser.parse_args()
    stop_on_signals()
    console = Console()
    try:
        count = arguments.count or (_FEW if arguments.short else _MANY)
        outcome = _load(
            console, count, conditions_now(rate_limit=arguments.rate), short=arguments.short
        )
    except KeyboardInterrupt as stop:
        console.print("Stopped; everything that was started has ended.")
        return 128 + int(stop.args[0])
    except (BotoCoreError, ClientError) as error:
        complain(f"The local cloud does not answer as it should: {error}\n{_CLOUD_LOG.read_text()}")
        return 1
    except (RuntimeError, OSError) as error:
        complain(str(error))
        return 1
    _show(console, outcome)
    if outcome.differences:
        return 1
    # Only this run is comparable with the one before.
    if count == _MANY and arguments.rate == RATE_LIMIT and not arguments.short:
        figures.FILE.write_text(outcome.figures.model_dump_json(indent=2) + "\n", encoding="utf-8")
        console.print(f"Wrote {figures.FILE.relative_to(ROOT)}; `make docs` takes it up.")
    return 0


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}: {text}")
        return int(text)

    return number


def _load(console: Console, count: int, conditions: Conditions, *, short: bool) -> Outcome:
    plan = Plan.make(
        count,
        datetime.now(UTC),
        kinds=_SHORT if short else _ALL,
        faulty=_FAULTY,
        repeated=_REPEATED,
    )
    total = len(plan.bodies)
    with step(console, "Build the functions and their layers (sam build)"):
        stack.build()
    with ExitStack() as started:
        with step(console, "Deploy template.yaml into a local cloud, beside a simulated space"):
            at = started.enter_context(site(plan, _CLOUD_LOG, conditions))
            # A second Ctrl-C must not interrupt the ending of what was started.
            started.callback(ignore_signals)
        with step(console, f"Send {total:,} messages, and let the function have them") as say:
            return run(
                at,
                plan,
                conditions,
                within_s=_ATTEMPTS_S + total / _SLOWEST,
                say=lambda left: say(_told(left, total)),
            )


def _told(left: int, total: int) -> str:
    """Say how far it is; in whole tenths, for each is a line of its own in a log file."""
    tenths = (total - left) * 10 // total
    return f"{tenths * 10} % done" if left > total / 100 else "only retries are left"


def _show(console: Console, outcome: Outcome) -> None:
    console.print()
    console.print(table(outcome.figures))
    console.print()
    for difference in outcome.differences[:_SHOWN]:
        console.print(difference, style="red", highlight=False, soft_wrap=True)
    if hidden := outcome.differences[_SHOWN:]:
        console.print(f"… and {len(hidden):,} more", style="red")
    if not outcome.differences:
        console.print("Nothing is lost, and every row says what the space says.")


if __name__ == "__main__":
    sys.exit(main())
