"""`hooklog dlq`: messages that crashed the function or timed out on every delivery."""

from __future__ import annotations

import time
from textwrap import shorten
from typing import Annotated

import typer

from hooklog.clock import utc_now
from hooklog_ops.commands.options import DryRun, Json, LogType, Rate, Since, Until, Yes
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, confirm, counting, line, progress_bar, watched
from hooklog_ops.dead_letters import REDRIVEN_AT, REDRIVEN_BY, DeadLetter, DeadLetters
from hooklog_ops.formatting import ago, as_json, counted
from hooklog_ops.queues import queue_depth

app = typer.Typer(
    help="Messages that crashed the function or timed out on every delivery.",
    no_args_is_help=True,
)

#: Seconds that messages are hidden from others; redriving a thousand takes under a minute.
_PEEK, _REDRIVE = 30, 900
_MOST = 10_000
_LONGEST_BODY = 100


@app.command()
def peek(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(help="Most messages to show.", min=1, max=_MOST)] = 20,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show dead letters, and leave them where they are."""
    deployed = deployment(context, stack, profile, region)
    client, url = deployed.sqs, deployed.output("DeadLetterQueueUrl")
    total = queue_depth(client, url).total
    letters = DeadLetters(client, url)
    shown = list(letters.receive(limit, visibility_timeout=_PEEK))
    letters.release(shown)
    if json:
        print(as_json({"count": total, "messages": [_public(letter) for letter in shown]}))
        return
    terminal = Terminal()
    if not shown:
        busy = f"{counted(total, 'message')}, in use just now; look again in a minute."
        terminal.print(busy if total else "The dead-letter queue is empty.")
        return
    terminal.print(line((f"Dead letters: {total}", "bold")))
    for letter in shown:
        log = f"{letter.log_type}#{letter.log_id}" if letter.log_id else letter.body
        terminal.print()
        terminal.print(line(shorten(log, _LONGEST_BODY, placeholder=" …")))
        told = f"{counted(letter.attempts, 'attempt')}, sent {ago(letter.sent_at, utc_now())}"
        terminal.print(line(f"  {told}, message {letter.message_id}"))
        if REDRIVEN_BY in letter.attributes:
            marks = (letter.attributes.get(name) for name in (REDRIVEN_AT, REDRIVEN_BY))
            terminal.print(line("  redriven {} by {}".format(*marks)))
    terminal.print("\nFix what crashed, then: hooklog dlq redrive --dry-run")


@app.command()
def redrive(
    context: typer.Context,
    *,
    log_type: LogType = None,
    since: Since = None,
    until: Until = None,
    rate: Rate = 20,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Put dead letters on the queue again, marked with who did it and when.

    Counts first, and asks. After an interruption, the same command continues where it stopped.
    """
    deployed = deployment(context, stack, profile, region)
    letters = DeadLetters(deployed.sqs, deployed.output("DeadLetterQueueUrl"))
    with counting("Looking", "messages") as seen:
        held = list(watched(letters.receive(_MOST, visibility_timeout=_REDRIVE), seen))
    wanted = [
        letter
        for letter in held
        if log_type in (None, letter.log_type)
        and (since is None or letter.sent_at >= since)
        and (until is None or letter.sent_at < until)
    ]
    try:
        if dry_run or not wanted:
            if json:
                print(as_json({"would_redrive": len(wanted)}))
            else:
                Terminal().print(f"{counted(len(wanted), 'message')} would be redriven.")
            return
        confirm(f"Redrive {counted(len(wanted), 'message')}?", yes=yes)
        with progress_bar("Redriving", len(wanted)) as done:
            letters.redrive(
                wanted,
                deployed.output("QueueUrl"),
                by=deployed.caller,
                per_second=rate,
                clock=utc_now,
                sleep=time.sleep,
                done=done,
            )
        held = [letter for letter in held if letter not in wanted]
    finally:
        letters.release(held)
    if json:
        print(as_json({"redriven": len(wanted)}))
    else:
        Terminal().print(f"{counted(len(wanted), 'message')} redriven.")


def _public(letter: DeadLetter) -> dict[str, object]:
    """Leave out the receipt handle, which is useless afterwards."""
    return {
        "message_id": letter.message_id,
        "log_type": letter.log_type,
        "log_id": letter.log_id,
        "sent_at": letter.sent_at,
        "attempts": letter.attempts,
        "attributes": letter.attributes,
        "body": letter.body,
    }
