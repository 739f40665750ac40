"""`hooklog backfill`: store the logs of a period that the table lacks."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Final

import typer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from hooklog.clock import iso, utc_now
from hooklog.sweep.settings import SweepSettings
from hooklog_ops.backfilling import Day, Event, Walk, invoke, split
from hooklog_ops.commands.options import Json, LogType, log_types, moment
from hooklog_ops.commands.target import Profile, Region, Stack, chosen
from hooklog_ops.commands.terminal import Terminal, confirm, described_bar, line, need_terminal
from hooklog_ops.errors import FunctionError, OperatorError, PeriodError, StoppedError, describe
from hooklog_ops.formatting import as_json, counted
from hooklog_ops.pricing import FunctionUse, Price, price

if TYPE_CHECKING:
    from hooklog_ops.deployment import Deployment

_RATE: Final = 20
_PARALLEL: Final = 4
_MOST_PARALLEL: Final = 16
#: The function may take its whole fifteen minutes, and must not be invoked again meanwhile. No byte
#: comes before its end, and a NAT gateway drops a connection that is idle for 350 s; how early the
#: first probe is sent, the operating system decides (Linux: ``net.ipv4.tcp_keepalive_time``).
_CONFIG = Config(
    read_timeout=910,
    retries={"total_max_attempts": 1},
    tcp_keepalive=True,
    max_pool_connections=_MOST_PARALLEL,
)


def backfill(
    context: typer.Context,
    *,
    since: Annotated[
        datetime, typer.Option("--from", parser=moment, metavar="AGE|TIME", help="Begin there.")
    ],
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to", parser=moment, metavar="AGE|TIME", help="End before then; now by default."
        ),
    ] = None,
    log_type: LogType = None,
    parallel: Annotated[
        int,
        typer.Option(
            help="Invocations at a time, each for a day of one type.", min=1, max=_MOST_PARALLEL
        ),
    ] = _PARALLEL,
    rate: Annotated[
        float,
        typer.Option(help="Messages per second, for what goes on the queue.", min=1, max=1000),
    ] = _RATE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count, say what it costs, and change nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Store at once: do not count first, do not ask.")
    ] = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Compare a period with SignalWire's lists, and store what the table lacks.

    Those are logs that are missing, stale, or in progress for over an hour. Counts first, and asks.
    After an interruption or an error, it prints the command that goes on.

    For example: `hooklog backfill --from 2026-01-01 --to 2026-02-01 --dry-run`
    """
    if not (dry_run or yes):
        need_terminal()
    end = until or utc_now()
    days, kinds = split(since, end), log_types(log_type)
    if not days:
        raise PeriodError("The period is empty; --to has to be later than --from.")
    width = min(parallel, len(days) * len(kinds))
    if rate < width:
        raise typer.BadParameter(
            f"--rate is for {width} invocations together, and each sends at least one message per"
            " second: raise it, or lower --parallel"
        )
    target = chosen(context, stack, profile, region)

    def go_on_at(begin: datetime) -> str:
        return _command(
            {
                "--from": _written(begin),
                "--to": _written(end),
                "--type": log_type,
                "--parallel": str(parallel) if parallel != _PARALLEL else None,
                "--rate": f"{rate:g}" if rate != _RATE else None,
                "--dry-run": dry_run,
                "--yes": yes,
                "--json": json,
                "--stack": target.stack,
                "--profile": target.profile,
                "--region": target.region,
            }
        )

    job = _Job(
        deployed=target.open().with_config(_CONFIG),
        days=days,
        log_types=kinds,
        parallel=parallel,
        rate=rate / width,
        go_on_at=go_on_at,
    )
    if dry_run:
        _tell_count(*job.count(), json=json)
        return
    done = job.store() if yes else _ask_and_store(job, json=json)
    if json:
        print(as_json({**_found(done), "stored": done.stored, "enqueued": done.enqueued}))
        return
    if yes:
        _show(done)
    Terminal().print(f"{counted(done.stored, 'log')} stored, {done.enqueued:,} put on the queue.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What the options ask for.

    Attributes:
        deployed: the stack.
        days: of the period.
        log_types: the kinds of log.
        parallel: invocations at a time, at most.
        rate: messages per second of one invocation.
        go_on_at: returns the command that goes on at a time.

    """

    deployed: Deployment
    days: Sequence[Day]
    log_types: Sequence[str]
    parallel: int
    rate: float
    go_on_at: Callable[[datetime], str]

    def count(self, *, before_question: bool = False) -> tuple[Walk, Price]:
        """Count what the table lacks, and price it with the table's indexes.

        A count before the question begins again after an interruption: nothing is stored yet.
        """
        # Read first, so that a missing permission costs no long count.
        settings = SweepSettings.load(self.deployed.variables("SweepFunctionName"))
        memory_mb = self.deployed.function("SweepFunctionName")["MemorySize"]
        count = self._walk(dry=True, begin=self.days[0].start if before_question else None)
        use = FunctionUse(invocations=count.invocations, seconds=count.seconds, memory_mb=memory_mb)
        return count, price(count.found, use, indexes=settings.index_numbers + settings.index_days)

    def store(self) -> Walk:
        """Store what the table lacks."""
        return self._walk(dry=False)

    def _walk(self, *, dry: bool, begin: datetime | None = None) -> Walk:
        function = self.deployed.output("SweepFunctionName")
        walk = Walk(
            invoke=partial(invoke, self.deployed.functions, function),
            days=self.days,
            log_types=self.log_types,
            parallel=self.parallel,
            clock=monotonic,
        )
        try:
            _follow(walk, {"dry_run": dry, "messages_per_second": self.rate})
        except (KeyboardInterrupt, FunctionError, ClientError, BotoCoreError) as error:
            raise _stopped(error, self.go_on_at(begin or walk.goes_on_at)) from None
        return walk


def _ask_and_store(job: _Job, *, json: bool) -> Walk:
    """Count, ask and store; without anything to store, return the count."""
    count, cost = job.count(before_question=True)
    if not json:
        _tell_count(count, cost, json=False)
    if not count.wanted:
        return count
    confirm(f"Store {counted(count.wanted, 'log')}?", yes=False)
    # The function compares again; what was stored meanwhile is not stored twice.
    return job.store()


def _tell_count(count: Walk, cost: Price, *, json: bool) -> None:
    """Tell what a count found, and what it would cost to store it."""
    if json:
        told = {"would_store": count.wanted, "price": {**asdict(cost), "total": cost.total}}
        print(as_json({**_found(count), **told}))
        return
    _show(count)
    terminal = Terminal()
    terminal.print(f"{counted(count.wanted, 'log')} would be stored.")
    if count.wanted:
        terminal.print(str(cost))


def _follow(walk: Walk, options: Event) -> None:
    """Let the walk go through its days, and show how far it is."""
    terminal = Terminal(stderr=True)
    title = "Counting" if options["dry_run"] else "Storing"
    with described_bar(title, len(walk.days)) as show:
        for day in walk.run(options):
            show(walk.days_done, walk.progress)
            if day is not None and not terminal.is_terminal:
                told = f"{day.start:%Y-%m-%d} is done: {walk.progress}"
                terminal.print(told, soft_wrap=True)


def _stopped(
    error: KeyboardInterrupt | FunctionError | ClientError | BotoCoreError, command: str
) -> OperatorError:
    """Say why the walk stopped, and how to go on."""
    advice = (
        "Days under way may still be finished in Lambda, which harms nothing."
        f" Go on with: {command}"
    )
    if isinstance(error, KeyboardInterrupt):
        return StoppedError(f"Stopped. {advice}")
    return FunctionError(f"{describe(error).rstrip('.')}. {advice}")


def _command(options: Mapping[str, str | bool | None]) -> str:
    """Write a command for the shell, without the options that have no value."""
    words = [
        word
        for name, value in options.items()
        if value
        for word in ([name] if value is True else [name, str(value)])
    ]
    return shlex.join(["hooklog", "backfill", *words])


def _written(then: datetime) -> str:
    """Write a time for the command line: a midnight as its day."""
    written = iso(then)
    return written.removesuffix("T00:00:00.000Z")


def _found(walk: Walk) -> dict[str, object]:
    return {"found": walk.found, "gaps": walk.gaps}


def _show(walk: Walk) -> None:
    """Show what was found, and what SignalWire no longer lists."""
    terminal = Terminal()
    for kind, counts in walk.found.items():
        told = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items())
        terminal.print(line(f"{kind} logs: {told or 'none in this period'}"))
    for gap in walk.gaps:
        told = f"{gap.log_type} logs before {_written(gap.before)}: {gap.told}"
        terminal.print(line(told), soft_wrap=True)
