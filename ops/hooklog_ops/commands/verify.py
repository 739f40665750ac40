"""`hooklog verify`: prove that a deployed stack does what it should."""

from __future__ import annotations

import typer

from hooklog_ops.checks import CheckStatus, Finding
from hooklog_ops.commands.options import Json, Yes
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal, confirm, show_finding
from hooklog_ops.formatting import as_json
from hooklog_ops.verification import Verification

_QUESTION = (
    "This writes rows of its own into the table, calls the webhook twice, has one message parked,"
    " and removes the rows. Go on?"
)


def verify(
    context: typer.Context,
    *,
    yes: Yes = False,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Prove that a deployment works: write, call back, park, and look at metrics and policies.

    Works on rows of its own and removes them, also after Ctrl-C. Asks first. Costs about $0.0013 at
    AWS's list prices, an estimate, and at most a few minutes. The exit status is 1 if something is
    wrong.
    """
    deployed = deployment(context, stack, profile, region)
    confirm(_QUESTION, yes=yes)
    findings: list[Finding] = []
    terminal = Terminal()

    def note(finding: Finding) -> None:
        findings.append(finding)
        if not json:
            show_finding(terminal, finding)

    verification = Verification(deployed)
    try:
        for finding in verification.findings():
            note(finding)
    finally:
        note(verification.clean_up())
    if json:
        print(as_json(findings))
    if any(finding.verdict is CheckStatus.WRONG for finding in findings):
        raise typer.Exit(1)
