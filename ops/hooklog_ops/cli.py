"""The command line `hooklog`: what every command shares, and the list of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from hooklog.errors import HooklogError
from hooklog_ops.commands import (
    backfill,
    console,
    dlq,
    doctor,
    enqueue,
    erase,
    explain,
    export,
    failures,
    number,
    parked,
    report,
    show,
)
from hooklog_ops.deployment import DEFAULT_STACK, Deployment, LocalDeployment
from hooklog_ops.problems import OperatorError, sentence

app = typer.Typer(
    name="hooklog",
    help="Look at hooklog's records, and put right what waits for you.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(show.show)
app.command()(number.number)
app.command()(failures.failures)
app.command()(explain.explain)
app.command()(export.export)
app.command()(report.report)
app.command()(enqueue.enqueue)
app.command()(backfill.backfill)
app.command()(doctor.doctor)
app.command()(console.console)
app.command()(erase.erase)
app.add_typer(parked.app, name="parked")
app.add_typer(dlq.app, name="dlq")


@app.callback()
def options(
    context: typer.Context,
    stack: Annotated[
        str | None, typer.Option(help=f"Name of the deployed stack. [default: {DEFAULT_STACK}]")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Profile of the AWS CLI.")] = None,
    region: Annotated[str | None, typer.Option(help="AWS region of the stack.")] = None,
) -> None:
    """Look at hooklog's records, and put right what waits for you.

    Without options, a local deployment that `make run KEEP=1` keeps up in this directory is
    used; else the stack `hooklog`, with the AWS CLI's own settings.
    """

    def connect() -> Deployment:
        local = None if stack or profile or region else LocalDeployment.find(Path.cwd())
        if local is not None:
            Console(stderr=True).print(f"[dim]The local deployment {local.stack}[/]")
            session = boto3.session.Session(
                aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1"
            )
            return Deployment.open(session, local.stack, endpoint_url=local.endpoint_url)
        session = boto3.session.Session(profile_name=profile, region_name=region)
        return Deployment.open(session, stack or DEFAULT_STACK)

    # Commands that need no stack must not ask for one.
    context.obj = connect


def main() -> None:
    """Run the command line; what goes wrong is one sentence, and exit status 1."""
    try:
        app()
    except (OperatorError, HooklogError) as error:
        problem = str(error)
    except (ClientError, BotoCoreError) as error:
        problem = sentence(error)
    else:
        return
    Console(stderr=True).print(f"[red]Error:[/] {problem}", highlight=False, soft_wrap=True)
    sys.exit(1)
