"""The stack that a command works on; its options can stand before the command or after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import boto3
import typer

from hooklog_ops.commands.terminal import Terminal, line
from hooklog_ops.deployment import DEFAULT_STACK, Deployment, LocalDeployment

_PANEL = "Which stack"
# Plain names: Typer does not look into type aliases.
Stack = Annotated[
    str | None,
    typer.Option(
        help=f"Name of the deployed stack; {DEFAULT_STACK} by default.", rich_help_panel=_PANEL
    ),
]
Profile = Annotated[
    str | None, typer.Option(help="Profile of the AWS CLI.", rich_help_panel=_PANEL)
]
Region = Annotated[
    str | None, typer.Option(help="AWS region of the stack.", rich_help_panel=_PANEL)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """The options that name a stack; None for those that were not given."""

    stack: str | None
    profile: str | None
    region: str | None

    def open(self) -> Deployment:
        """Open the stack, by default that of this directory's local cloud.

        Raises:
            StackNotFoundError: there is no stack of that name.

        """
        local = None if self.profile or self.region else LocalDeployment.find(Path.cwd())
        if local is not None and self.stack in {None, local.stack}:
            told = line((f"The local deployment {local.stack}", "dim"))
            Terminal(stderr=True).print(told)
            session = boto3.session.Session(
                aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1"
            )
            return Deployment.open(session, local.stack, endpoint_url=local.endpoint_url)
        session = boto3.session.Session(profile_name=self.profile, region_name=self.region)
        return Deployment.open(session, self.stack or DEFAULT_STACK)


def chosen(
    context: typer.Context, stack: str | None, profile: str | None, region: str | None
) -> StackOptions:
    """Return the options after the command, and where there are none those before it."""
    before = cast("StackOptions", context.obj)
    return StackOptions(
        stack=stack or before.stack,
        profile=profile or before.profile,
        region=region or before.region,
    )


def deployment(
    context: typer.Context, stack: str | None, profile: str | None, region: str | None
) -> Deployment:
    """Open the stack that the options after the command name, or those before it."""
    return chosen(context, stack, profile, region).open()
