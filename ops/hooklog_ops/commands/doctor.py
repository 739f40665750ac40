"""`hooklog doctor`: check that everything is in place."""

from __future__ import annotations

import typer

from hooklog_ops.checks import CheckStatus, examine
from hooklog_ops.commands.options import Json
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, show_finding
from hooklog_ops.formatting import as_json


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
    terminal = Terminal()
    for finding in examine(deployment(context, stack, profile, region)):
        findings.append(finding)
        if not json:
            show_finding(terminal, finding)
    if json:
        print(as_json(findings))
    if any(finding.verdict is CheckStatus.WRONG for finding in findings):
        raise typer.Exit(1)
