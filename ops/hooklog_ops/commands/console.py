"""`hooklog console`: a web page on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from hooklog.clock import utc_now
from hooklog_ops.commands.options import Country, Json
from hooklog_ops.commands.target import Profile, Region, Stack, deployment
from hooklog_ops.commands.terminal import Terminal
from hooklog_ops.errors import ExtraMissingError
from hooklog_ops.formatting import as_json


def console(
    context: typer.Context,
    *,
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes any free one.", min=0, max=65535)
    ] = 0,
    allow_actions: Annotated[
        bool,
        typer.Option("--allow-actions", help="Let the page redrive and refetch, not only read."),
    ] = False,
    country: Country = None,
    json: Json = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Serve a web page with records, failures and parked messages to this machine, until Ctrl-C."""
    try:
        from hooklog_ops.console.server import serve  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as error:
        raise ExtraMissingError("The console's pages", "console") from error
    out = Terminal()

    def ready(url: str) -> None:
        if json:
            print(as_json({"url": url, "allow_actions": allow_actions}), flush=True)
            return
        told = "may redrive and refetch" if allow_actions else "only reads"
        out.print(f"Open {url} (it {told}; Ctrl-C ends it)", soft_wrap=True)

    serve(
        deployment(context, stack, profile, region),
        port=port,
        country=country,
        allow_actions=allow_actions,
        clock=utc_now,
        ready=ready,
    )
