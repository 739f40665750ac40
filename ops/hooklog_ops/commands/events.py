"""`hooklog events`: changed outcomes as they are told, and those that could not be."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

import typer
from botocore.config import Config

from hooklog.clock import utc_now
from hooklog.parsing import ValidationError, parse
from hooklog.publish.events import LogEvent
from hooklog.records.enrichment import Outcome as LogOutcome
from hooklog_ops.commands.options import DryRun, Json, LogType, Yes, one_of
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import (
    Terminal,
    below,
    confirm,
    counting,
    line,
    progress_bar,
    watched,
)
from hooklog_ops.errors import EventsMissingError, RedriveError
from hooklog_ops.formatting import age, ago, as_json, counted, moment
from hooklog_ops.interrupting import ignore_signals, stop_on_signals
from hooklog_ops.queues import delete, receive, release
from hooklog_ops.records import Records
from hooklog_ops.tapping import PREFIX, Arrival, Tap
from hooklog_ops.unpublished import Plan, Redrive, Redriven, Untold, invoke, plan, set_aside

if TYPE_CHECKING:
    from hooklog_ops.deployment import Deployment

app = typer.Typer(
    help="Changed outcomes as events: as they come, and those that could not be told.",
    no_args_is_help=True,
)

#: Seconds that messages are hidden from others while they are looked at, and redriven.
_PEEK, _REDRIVE = 30, 900
#: Messages of one redrive; one may name a hundred rows.
_MOST = 1_000
#: A receive takes 20 s. A clean-up over a broken network should not take minutes.
_TAIL_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3}
)
#: The function may take a minute, and must not be invoked again meanwhile.
_INVOKE_CONFIG: Final = Config(read_timeout=90, retries={"total_max_attempts": 1})
_OUTCOMES: Final[tuple[str, ...]] = get_args(LogOutcome.__value__)


def _known(outcome: str | None) -> str | None:
    return one_of(outcome, _OUTCOMES, "outcome")


Outcome = Annotated[
    str | None,
    typer.Option(
        help=f"Only this outcome: {', '.join(_OUTCOMES)}.",
        autocompletion=lambda: list(_OUTCOMES),
        callback=_known,
    ),
]


@app.command()
def tail(
    context: typer.Context,
    *,
    log_type: LogType = None,
    outcome: Outcome = None,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show events as they come, until Ctrl-C; with --json, one line of JSON each.

    Makes a rule on the event bus and a queue, and removes both at its end. The rule takes effect
    after some seconds; stacks that share the bus are shown together. An event can come twice; then
    it is shown again, marked as repeated. The lag is the time from the write of the row to the
    arrival of the event, up to a second too long.

    For example: `hooklog events tail --type fax --outcome failed`
    """
    deployed = _with_events(deployment(context, stack, profile, region)).with_config(_TAIL_CONFIG)
    bus, name = deployed.output("EventBusArn"), f"{PREFIX}{secrets.token_hex(4)}"
    told, out = Terminal(stderr=True), Terminal()
    tap = Tap(deployed.events, deployed.sqs, bus=bus, name=name)
    count = 0
    stop_on_signals()
    try:
        tap.open(log_type=log_type, outcome=outcome)
        ready = f"Rule and queue {name} are there; Ctrl-C ends this, and removes them."
        told.print(line((ready, "dim")), soft_wrap=True)
        for arrival in tap.arrivals():
            count += 1
            if json:
                # Rich ends quietly if a reader such as `head` has gone.
                out.out(as_json(_public(arrival), indent=None))
            else:
                _show_event(out, arrival)
    except KeyboardInterrupt:
        pass  # It is the way to end this.
    finally:
        ignore_signals()
        tap.close()
    told.print(line((f"{counted(count, 'event')}. Rule and queue are removed.", "dim")))


@app.command()
def redrive(
    context: typer.Context,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Tell what could not be told as events, as the rows are now.

    Lists what was set aside, and asks. A message leaves the queue once the publish function has
    taken every row that it names; a row that fails again comes back as a new message. The table's
    stream keeps a day, and messages that name older changes stay.
    """
    deployed = _with_events(deployment(context, stack, profile, region))
    client, url = deployed.sqs, deployed.output("UnpublishedQueueUrl")
    with counting("Looking", "messages") as seen:
        received = receive(client, url, _MOST, visibility_timeout=_REDRIVE)
        messages = [set_aside(one) for one in watched(received, seen)]
    held = {one.receipt_handle for one in messages}
    terminal = Terminal(stderr=json)
    result, again = Redriven(), set[str]()
    try:
        with progress_bar("Reading the stream", len(messages)) as done:
            plans = [plan(one, deployed.streams) for one in watched(iter(messages), done)]
        able = [one for one in plans if one.problem is None]
        if not json:
            _show_plans(terminal, plans)
        if able and not dry_run:
            confirm(f"Redrive {counted(len(able), 'message')}?", yes=yes)
            result = _run(deployed, able)
            finished = {
                one.message.receipt_handle
                for one in able
                if all(row.key in result for row in one.rows)
            }
            delete(client, url, finished)
            held -= finished
            again = _back_again(deployed, result, max(one.set_aside_at for one in messages))
    finally:
        release(client, url, held)
    left = [one.message for one in plans if one.message.receipt_handle in held]
    if json:
        print(as_json(_summary(plans, result, again, left=len(left), dry_run=dry_run)))
    elif dry_run:
        terminal.print(f"{counted(len(able), 'message')} would be redriven.")
    elif plans:
        _tell(terminal, result, again, redriven=len(plans) - len(left))
    if not dry_run:
        _complain(plans, result)


def _with_events(deployed: Deployment) -> Deployment:
    """Return the deployment if it tells events.

    Raises:
        EventsMissingError: it does not.
        StackNotFoundError: the stack is not hooklog's.

    """
    deployed.output("TableName")
    if "EventBusArn" not in deployed.outputs:
        raise EventsMissingError(deployed.name)
    return deployed


def _public(arrival: Arrival) -> dict[str, Any]:
    return {
        "event": arrival.event,
        "lag_seconds": round(arrival.lag, 3),
        "repeated": arrival.repeated,
    }


def _show_event(terminal: Terminal, arrival: Arrival) -> None:
    """Show what an event tells; anybody who may send to the bus can have written it."""
    at = f"{moment(arrival.written_at)}  "
    kind = (str(arrival.event["detail-type"]), "bold")
    lag = f"{age(arrival.lag)} after the write{', repeated' if arrival.repeated else ''}"
    try:
        log = parse(arrival.event["detail"], LogEvent)
    except ValidationError:
        terminal.print(line(at, kind, f"  not an event of this version of hooklog, {lag}"))
        return
    ends = f"{log.sender or 'unknown'} → {log.recipient or 'unknown'}"
    words = [f"{log.log_type}#{log.log_id}", ends, log.error_code or "", lag]
    told = "  ".join(word for word in words if word)
    terminal.print(line(at, kind, f"  {told}"), soft_wrap=True)
    if log.explanation is not None:
        terminal.print(below(log.explanation.cause))


def _run(deployed: Deployment, plans: Sequence[Plan]) -> Redriven:
    """Hand the rows that messages name to the publish function, each once."""
    # Of several changes of a row, the first counts: the row before it is what was told last. One
    # that must be told comes before them all.
    named = [row for one in plans for row in one.rows]
    rows: dict[str, Untold] = {}
    for row in sorted(named, key=lambda row: (not row.is_news, int(row.sequence_number))):
        rows.setdefault(row.key, row)
    table = deployed.output("TableName")
    redrive = Redrive(
        read=Records(deployed.dynamodb, table).raw_rows,
        invoke=partial(
            invoke,
            deployed.with_config(_INVOKE_CONFIG).functions,
            deployed.output("PublishFunctionName"),
        ),
        stream=deployed.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"],
        region=deployed.session.region_name,
    )
    with progress_bar("Redriving", len(rows)) as done:
        return redrive.run(list(rows.values()), done)


def _back_again(deployed: Deployment, result: Redriven, newest: datetime) -> set[str]:
    """Return the keys of rows that the function has set aside again."""
    client, url = deployed.sqs, deployed.output("UnpublishedQueueUrl")
    found = [set_aside(one) for one in receive(client, url, _MOST, visibility_timeout=_PEEK)]
    release(client, url, (one.receipt_handle for one in found))
    return {
        one.key
        for one in found
        if one.key is not None and one.key in result.handed and one.set_aside_at > newest
    }


def _show_plans(terminal: Terminal, plans: Sequence[Plan]) -> None:
    if not plans:
        terminal.print("Nothing is set aside.")
        return
    terminal.print(line((f"Set aside: {counted(len(plans), 'message')}", "bold")))
    for one in plans:
        message = one.message
        name = message.key or f"message {message.message_id}"
        terminal.print()
        terminal.print(line(name))
        reason = f"{message.reason}, " if message.reason else ""
        terminal.print(below(f"{reason}{ago(message.set_aside_at, utc_now())}"))
        if one.problem is not None:
            terminal.print(below(f"It {one.problem}.", style="yellow"))
        elif message.range is not None:
            place = message.range
            told = f"{counted(len(one.rows), 'row')}, {place.first_at} to {place.last_at}"
            terminal.print(below(told))
    terminal.print()


def _tell(terminal: Terminal, result: Redriven, again: set[str], *, redriven: int) -> None:
    told = f"{counted(redriven, 'message')} redriven; {counted(len(result.handed), 'row')} told"
    if result.silent:
        told += f"; {counted(len(result.silent), 'row')} had nothing to tell"
    terminal.print(f"{told}.")
    if again:
        told = f"{counted(len(again), 'row')} failed again, and came back as new messages."
        terminal.print(line((told, "yellow")))


def _summary(
    plans: Sequence[Plan], result: Redriven, again: set[str], *, left: int, dry_run: bool
) -> dict[str, Any]:
    able = sum(one.problem is None for one in plans)
    counts = (
        {"would_redrive": able}
        if dry_run
        else {
            "redriven": len(plans) - left,
            "rows_taken": len(result.handed),
            "rows_silent": len(result.silent),
            "rows_back_again": sorted(again),
        }
    )
    messages = [
        {
            "message_id": one.message.message_id,
            "set_aside_at": one.message.set_aside_at,
            "reason": one.message.reason,
            "rows": [row.key for row in one.rows],
            "problem": one.problem,
        }
        for one in plans
    ]
    return {**counts, "messages": messages}


def _complain(plans: Sequence[Plan], result: Redriven) -> None:
    """Say what stays on the queue, and what to do about it.

    Raises:
        RedriveError: something does.

    """
    told = []
    if result.stopped is not None:
        told.append(
            f"{result.stopped.rstrip('.')}. The messages stay on the queue: fix the cause, which"
            " the log group of the publish function has, and run the same command again."
        )
    if stuck := [one for one in plans if one.problem is not None]:
        told.append(f"{counted(len(stuck), 'message')} cannot be redriven, and left on the queue.")
    if lost := [one.message.range for one in stuck if one.message.range is not None]:
        told.append(
            f"Of changes written between {min(one.first_at for one in lost)} and"
            f" {max(one.last_at for one in lost)}, the stream no longer says which rows they"
            " changed: compare what `hooklog failures` or `hooklog export` shows of that time with"
            " what was told. docs/operations.md#events-set-aside has the steps."
        )
    if told:
        raise RedriveError(" ".join(told))
