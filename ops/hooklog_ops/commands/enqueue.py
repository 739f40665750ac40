"""`hooklog enqueue`: let hooklog fetch a log and store it."""

from __future__ import annotations

import json as json_
from typing import Annotated

import typer
from rich.console import Console

from hooklog.queue_messages import Origin
from hooklog_ops.commands.shared import Json, Kind, as_json, counted, deployment, uuid
from hooklog_ops.sending import Message, send


def enqueue(
    context: typer.Context,
    log_type: Kind,
    log_ids: Annotated[list[str], typer.Argument(help="IDs of logs, UUIDs.", metavar="ID…")],
    *,
    json: Json = False,
) -> None:
    """Put logs on the queue by their IDs; each is fetched and stored a few seconds later."""
    ids = [uuid(log_id) for log_id in log_ids]
    stack = deployment(context)
    bodies = [
        json_.dumps({"log_type": log_type, "log_id": log_id, "origin": Origin.MANUAL})
        for log_id in ids
    ]
    send(stack.sqs, stack.output("QueueUrl"), [Message(body=body) for body in bodies])
    if json:
        print(as_json({"enqueued": len(ids)}))
    else:
        Console().print(f"{counted(len(ids), 'log')} on the queue.")
