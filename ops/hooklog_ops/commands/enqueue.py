"""`hooklog enqueue`: have logs fetched and stored."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from hooklog.logs import KINDS
from hooklog_ops.commands.options import DryRun, Json, Kind, Rate, Yes, uuid
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, confirm, progress_bar
from hooklog_ops.errors import SendError, StoppedError
from hooklog_ops.formatting import as_json, counted
from hooklog_ops.queues import at_rate, send
from hooklog_ops.records import Records, may_be_sid
from hooklog_ops.requesting import manual_request


def enqueue(
    context: typer.Context,
    log_type: Kind,
    log_ids: Annotated[
        list[str] | None, typer.Argument(help="IDs of logs or SIDs of faxes, UUIDs.", metavar="ID…")
    ] = None,
    *,
    file: Annotated[
        typer.FileText | None,
        typer.Option(help="Also the IDs in a file, one per line; - is standard input."),
    ] = None,
    skip: Annotated[
        int,
        typer.Option(help="Leave out this many IDs; an interrupted run tells the number.", min=0),
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

    Asks before it sends the IDs of a file. Sending a log twice costs one read. A fax may be named
    by its SID; if the table does not know it, SignalWire's list of the last day is searched for it.

    For example: `hooklog enqueue fax 3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11`
    """
    ids = [*map(uuid, log_ids or ()), *(_of_file(file) if file else ())][skip:]
    if not ids:
        raise typer.BadParameter("there is nothing to enqueue; give IDs, or a file with --file")
    if dry_run:
        if json:
            print(as_json({"would_enqueue": len(ids)}))
        else:
            Terminal().print(f"{counted(len(ids), 'log')} would be put on the queue.")
        return
    deployed = deployment(context, stack, profile, region)
    if file:
        confirm(f"Put {counted(len(ids), 'log')} on the queue?", yes=yes)
    client, url = deployed.sqs, deployed.output("QueueUrl")
    names = [KINDS[log_type].key(log_id) for log_id in ids]
    known = Records(deployed.dynamodb, deployed.output("TableName")).log_keys(
        [name for name in names if may_be_sid(name)]
    )
    sent = 0
    with progress_bar("Sending", len(ids)) as done:
        try:
            for chunk in at_rate(names, rate, time.sleep):
                send(client, url, [manual_request(name, known.get(name)) for name in chunk])
                sent += len(chunk)
                done(len(chunk))
        except SendError as error:
            raise SendError(f"{error} Continue with --skip {skip + sent}.") from None
        except KeyboardInterrupt:
            raise StoppedError(f"Stopped. Continue with --skip {skip + sent}.") from None
    sids = [
        {"sid": name.partition("#")[2], "log_id": key.partition("#")[2]}
        for name, key in known.items()
        if key != name
    ]
    if json:
        print(as_json({"enqueued": sent, "sids": sids}))
        return
    named = f", {len(sids)} of them named by SID" if sids else ""
    Terminal().print(f"{counted(sent, 'log')} on the queue{named}.")


def _of_file(lines: Iterable[str]) -> Iterator[str]:
    """Read IDs, one per line; empty lines are skipped."""
    for number, line in enumerate(lines, 1):
        if not (text := line.strip()):
            continue
        try:
            yield uuid(text)
        except typer.BadParameter as error:
            raise typer.BadParameter(f"line {number}: {error.message}") from None
