"""The command line `hooklog`: its commands, and how an error ends it."""

from __future__ import annotations

import sys

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from hooklog.errors import HooklogError
from hooklog_ops.commands import (
    backfill,
    console,
    dlq,
    doctor,
    enqueue,
    erase,
    events,
    explain,
    export,
    failures,
    number,
    parked,
    report,
    show,
    verify,
)
from hooklog_ops.commands.target import Profile, Region, Stack, StackOptions
from hooklog_ops.errors import ExitStatus, OperatorError, describe

app = typer.Typer(
    name="hooklog",
    help="Look at hooklog's records, and handle what waits for you.",
    epilog=(
        "Exit status: 0 success; 1 an error, or `doctor` or `verify` found something wrong;"
        " 2 the command was not understood; 3 there is no such record; 4 you said no;"
        " 130 interrupted."
    ),
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
app.command()(verify.verify)
app.command()(console.console)
app.command()(erase.erase)
app.add_typer(parked.app, name="parked")
app.add_typer(dlq.app, name="dlq")
app.add_typer(events.app, name="events")


@app.callback()
def options(
    context: typer.Context, stack: Stack = None, profile: Profile = None, region: Region = None
) -> None:
    """Look at hooklog's records, and handle what waits for you.

    Without options the commands use the local deployment of this directory, which
    `make run KEEP=1` keeps up; without one, the stack `hooklog` and the AWS CLI's settings.
    """
    # The stack is not opened yet: some commands need none.
    context.obj = StackOptions(stack=stack, profile=profile, region=region)


def main() -> None:
    """Run the command line; an error is one sentence on standard error and an exit status."""
    try:
        app()
    except (OperatorError, HooklogError, ClientError, BotoCoreError) as error:
        problem = describe(error)
        status = error.status if isinstance(error, OperatorError) else ExitStatus.FAILED
    except OSError as error:
        # A file that cannot be read or written; network errors are caught above.
        problem = f"{error.filename or 'The system'}: {error.strerror or error}."
        status = ExitStatus.FAILED
    else:
        return
    Console(stderr=True).print(f"[red]Error:[/] {escape(problem)}", highlight=False, soft_wrap=True)
    sys.exit(status)
