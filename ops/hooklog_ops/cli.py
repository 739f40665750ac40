"""The command line `hooklog`: what every command shares, and the list of them."""

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
    explain,
    export,
    failures,
    number,
    parked,
    report,
    show,
)
from hooklog_ops.commands.place import Place, Profile, Region, Stack
from hooklog_ops.problems import ExitStatus, OperatorError, advised, sentence

app = typer.Typer(
    name="hooklog",
    help="Look at hooklog's records, and put right what waits for you.",
    epilog=(
        "Exit status: 0 all went well; 1 something failed, or `doctor` found something wrong;"
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
app.command()(console.console)
app.command()(erase.erase)
app.add_typer(parked.app, name="parked")
app.add_typer(dlq.app, name="dlq")


@app.callback()
def options(
    context: typer.Context, stack: Stack = None, profile: Profile = None, region: Region = None
) -> None:
    """Look at hooklog's records, and put right what waits for you.

    Without options, a local deployment that `make run KEEP=1` keeps up in this directory is
    used; else the stack `hooklog`, with the AWS CLI's own settings.
    """
    # Commands that need no stack must not ask for one, so nothing is opened yet.
    context.obj = Place(stack=stack, profile=profile, region=region)


def main() -> None:
    """Run the command line; what goes wrong is one sentence, and an exit status of its own."""
    status = ExitStatus.FAILED
    try:
        app()
    except OperatorError as error:
        problem, status = str(error), error.status
    except HooklogError as error:
        problem = advised(error)
    except (ClientError, BotoCoreError) as error:
        problem = sentence(error)
    except OSError as error:
        # A file that cannot be read or written; networks have errors of their own above.
        problem = f"{error.filename or 'The system'}: {error.strerror or error}."
    else:
        return
    Console(stderr=True).print(f"[red]Error:[/] {escape(problem)}", highlight=False, soft_wrap=True)
    sys.exit(status)
