"""Which stack a command works on; the options may stand before the command or after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import boto3
import typer
from rich.console import Console

from hooklog_ops.deployment import DEFAULT_STACK, Deployment, LocalDeployment

_PANEL = "Which stack"
# Plain names: Typer does not look into type aliases.
Stack = Annotated[
    str | None,
    typer.Option(
        help=f"Name of the deployed stack; {DEFAULT_STACK} unless said otherwise.",
        rich_help_panel=_PANEL,
    ),
]
Profile = Annotated[
    str | None, typer.Option(help="Profile of the AWS CLI.", rich_help_panel=_PANEL)
]
Region = Annotated[
    str | None, typer.Option(help="AWS region of the stack.", rich_help_panel=_PANEL)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the options say of a stack; what they leave out is None."""

    stack: str | None
    profile: str | None
    region: str | None

    def open(self) -> Deployment:
        """Reach the stack; unless another is named, that of this directory's local cloud.

        Raises:
            StackNotFoundError: there is none of that name.

        """
        local = None if self.profile or self.region else LocalDeployment.find(Path.cwd())
        if local is not None and self.stack in {None, local.stack}:
            Console(stderr=True).print(f"[dim]The local deployment {local.stack}[/]")
            session = boto3.session.Session(
                aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1"
            )
            return Deployment.open(session, local.stack, endpoint_url=local.endpoint_url)
        session = boto3.session.Session(profile_name=self.profile, region_name=self.region)
        return Deployment.open(session, self.stack or DEFAULT_STACK)


def deployment(
    context: typer.Context, stack: str | None, profile: str | None, region: str | None
) -> Deployment:
    """Reach the stack that a command's options name, or those before the command."""
    before = cast("Place", context.obj)
    return Place(
        stack=stack or before.stack,
        profile=profile or before.profile,
        region=region or before.region,
    ).open()
