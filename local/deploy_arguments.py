"""Print, as JSON, what `sam deploy` takes from its command line and samconfig.toml.

The program runs in the SAM CLI's own environment, on SAM's own code, and deploys nothing. Its
arguments are those of `sam deploy`.
"""

from __future__ import annotations

import inspect
import json
import sys
from unittest import mock

from samcli.commands.deploy import command  # type: ignore[import-not-found]

_CARRIED_OUT = inspect.signature(command.do_cli)


def _show(*values: object, **named: object) -> None:
    taken = _CARRIED_OUT.bind(*values, **named).arguments
    print(json.dumps(taken, default=str))


if __name__ == "__main__":
    with mock.patch.object(command, "do_cli", _show):
        command.cli.main(sys.argv[1:], prog_name="deploy")
