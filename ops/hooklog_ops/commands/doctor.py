"""`hooklog doctor`: check that everything is in place."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape

from hooklog_ops.checks import CheckStatus, examine
from hooklog_ops.commands.options import Json
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.formatting import as_json

_MARKS = {
    CheckStatus.OK: "[green]ok[/]  ",
    CheckStatus.WARNING: "[yellow]look[/]",
    CheckStatus.WRONG: "[red]bad[/] ",
}


def doctor(
    context: typer.Context,
    *,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Check credentials, SignalWire's API, secret, pace, queue, table and functions, a line each.

    The exit status is 1 if something is wrong.
    """
    findings = []
    console = Console()
    for finding in examine(deployment(context, stack, profile, region)):
        findings.append(finding)
        if not json:
            console.print(
                f"{_MARKS[finding.verdict]}  {finding.what}: {escape(finding.told)}",
                highlight=False,
                soft_wrap=True,
            )
            if finding.advice:
                console.print(f"      {escape(finding.advice)}", highlight=False, soft_wrap=True)
    if json:
        print(as_json(findings))
    if any(finding.verdict is CheckStatus.WRONG for finding in findings):
        raise typer.Exit(1)
