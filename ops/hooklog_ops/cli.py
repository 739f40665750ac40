"""The command line `hooklog`: its commands, and how an error ends it."""

from __future__ import annotations

import sys

import typer
from botocore.exceptions import BotoCoreError, ClientError

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
    trace,
    verify,
)
from hooklog_ops.commands.target import Profile, Region, Stack, StackOptions
from hooklog_ops.commands.terminal import Terminal, line
from hooklog_ops.errors import (
    FILE,
    USAGE,
    ExitStatus,
    OperatorError,
    StoppedError,
    code_of,
    describe,
)
from hooklog_ops.formatting import as_json

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
app.command()(trace.trace)
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
    sys.exit(_run())


def _run() -> int:
    try:
        # Without a value from an exit, the command has ended well.
        return app(standalone_mode=False) or ExitStatus.DONE
    except typer.Abort:
        return _tell(StoppedError.code, "Stopped.", ExitStatus.FAILED)
    except typer.TyperException as error:
        return _tell_usage(error)
    except (OperatorError, HooklogError, ClientError, BotoCoreError) as error:
        status = error.status if isinstance(error, OperatorError) else ExitStatus.FAILED
        return _tell(code_of(error), describe(error), status)
    except OSError as error:
        # A file that cannot be read or written; network errors are caught above.
        told = f"{error.filename or 'The system'}: {error.strerror or error}."
        return _tell(FILE, told, ExitStatus.FAILED)


def _tell(code: str, told: str, status: int) -> int:
    """Say what went wrong, as JSON if the command should print JSON; return the exit status."""
    if _wants_json():
        print(as_json({"error": {"code": code, "message": told}}), file=sys.stderr)
    else:
        Terminal(stderr=True).print(line(("Error:", "red"), f" {told}"), soft_wrap=True)
    return status


def _tell_usage(error: typer.TyperException) -> int:
    """Say why a command was not understood, and how it is called."""
    told, context = error.format_message(), getattr(error, "ctx", None)
    if not told:
        # Help was asked for, and is shown already.
        return error.exit_code
    if context is not None and not _wants_json():
        terminal = Terminal(stderr=True)
        terminal.print(line(" ".join(context.get_usage().split())), soft_wrap=True)
        terminal.print(line(f"Try '{context.command_path} --help' for help."), soft_wrap=True)
    return _tell(USAGE, told, error.exit_code)


def _wants_json() -> bool:
    # A command that was not understood has no options yet.
    return "--json" in sys.argv
