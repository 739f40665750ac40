"""`hooklog explain`: what the catalogue says of a code or text, offline."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hooklog.catalogue import CATALOGUE
from hooklog.errors import BY_CODE, NEVER
from hooklog_ops.commands.options import Json
from hooklog_ops.commands.terminal import Terminal, line
from hooklog_ops.formatting import as_json, plain, summary

_NAMES = {"retry": "another try", "attempts": "tries before it is parked"}


def explain(
    what: Annotated[
        str, typer.Argument(help="Error code, text of a fax error, or hooklog's own code.")
    ],
    *,
    json: Json = False,
) -> None:
    """Say what an error code or text means and what to do, without any network.

    For example: `hooklog explain 34004`, or `hooklog explain "The call dropped prematurely"`
    """
    own = BY_CODE.get(what)
    if own is not None:
        rows: dict[str, object] = {
            "code": own.code,
            "cause": summary(own),
            "advice": own.operator,
            "attempts": None if own.max_attempts == NEVER else own.max_attempts,
        }
    else:
        found = CATALOGUE.by_text(what) or CATALOGUE.by_code(what)
        if found is None:
            raise typer.BadParameter(
                f"the catalogue does not know {what!r}; docs/error-codes.md lists all that it knows"
            )
        rows = {
            "code": found.key,
            "category": found.category,
            "cause": found.cause,
            "advice": found.advice,
            "retry": found.retry,
            "severity": found.severity,
        }
    if json:
        print(as_json(rows))
        return
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(line((_NAMES.get(name, name), "dim")), _told(name, value))
    Terminal().print(table)


def _told(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "can help" if value else "does not help"
    if value is None:
        return "none: the message waits, nine days at most"
    return plain(str(value)) if name == "category" else str(value)
