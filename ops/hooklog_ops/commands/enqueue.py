"""`hooklog enqueue`: let hooklog fetch a log and store it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from rich.console import Console

from hooklog_ops.commands.place import Profile, Region, Stack, deployment
from hooklog_ops.commands.progress import through
from hooklog_ops.commands.shared import (
    DryRun,
    Json,
    Kind,
    Rate,
    Yes,
    as_json,
    confirm,
    uuid,
)
from hooklog_ops.problems import SendError, StoppedError
from hooklog_ops.sending import at_rate, by_hand, send
from hooklog_ops.words import counted


def enqueue(
    context: typer.Context,
    log_type: Kind,
    log_ids: Annotated[
        list[str] | None, typer.Argument(help="IDs of logs, UUIDs.", metavar="ID…")
    ] = None,
    *,
    file: Annotated[
        typer.FileText | None,
        typer.Option(help="Also those of a file, one a line; - is standard input."),
    ] = None,
    skip: Annotated[
        int, typer.Option(help="Leave out the first; an interrupted run says how many.", min=0)
    ] = 0,
    rate: Rate = 20,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Put logs on the queue by their IDs; each is fetched and stored a few seconds later.

    Asks before it sends the IDs of a file. A log that is sent twice costs a read.

    For example: `hooklog enqueue fax 3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11`
    """
    ids = [*map(uuid, log_ids or ()), *(_of_file(file) if file else ())][skip:]
    if not ids:
        raise typer.BadParameter("there is nothing to enqueue; give IDs, or a file with --file")
    if dry_run:
        told = f"{counted(len(ids), 'log')} would be put on the queue."
        print(as_json({"would_enqueue": len(ids)}) if json else told)
        return
    deployed = deployment(context, stack, profile, region)
    if file:
        confirm(f"Put {counted(len(ids), 'log')} on the queue?", yes=yes)
    client, url = deployed.sqs, deployed.output("QueueUrl")
    done = 0
    with through("Sending", len(ids)) as sent:
        try:
            for chunk in at_rate(ids, rate, time.sleep):
                send(client, url, [by_hand(log_type, log_id) for log_id in chunk])
                done += len(chunk)
                sent(len(chunk))
        except SendError as error:
            raise SendError(f"{error} Go on with --skip {skip + done}.") from None
        except KeyboardInterrupt:
            raise StoppedError(f"Stopped. Go on with --skip {skip + done}.") from None
    if json:
        print(as_json({"enqueued": done}))
    else:
        Console().print(f"{counted(done, 'log')} on the queue.")


def _of_file(lines: Iterable[str]) -> Iterator[str]:
    """Read IDs, one a line; empty lines are passed over."""
    for number, line in enumerate(lines, 1):
        if not (text := line.strip()):
            continue
        try:
            yield uuid(text)
        except typer.BadParameter as error:
            raise typer.BadParameter(f"line {number}: {error.message}") from None
