"""`hooklog doctor`: whether everything is in its place."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape

from hooklog_ops.checks import Verdict, examine
from hooklog_ops.commands.place import Profile, Region, Stack, deployment
from hooklog_ops.commands.shared import Json, as_json

_MARKS = {
    Verdict.OK: "[green]ok[/]  ",
    Verdict.WARNING: "[yellow]look[/]",
    Verdict.WRONG: "[red]bad[/] ",
}


def doctor(
    context: typer.Context,
    *,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Check credentials, SignalWire's API, secret, queue, table and functions, a line each.

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
    if any(finding.verdict is Verdict.WRONG for finding in findings):
        raise typer.Exit(1)
