"""The command line, run on the deployed stack as an operator runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner, Result

from hooklog_ops.cli import app
from local.stack import NAME
from tests.integration.conftest import Deployment


@dataclass(frozen=True)
class CommandLine:
    """`hooklog --stack hooklog-local …`, with the local cloud's environment."""

    deployment: Deployment

    def result(self, *arguments: str) -> Result:
        """Run a command without a terminal, and return its result."""
        return CliRunner().invoke(
            app,
            ["--stack", NAME, *arguments],
            env={**self.deployment.cloud.environment, "COLUMNS": "120"},
        )

    def run(self, *arguments: str) -> str:
        """Run a command that succeeds, and return its output."""
        result = self.result(*arguments)
        assert result.exit_code == 0, result.output or result.exception
        return result.stdout

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - parsed JSON
        """Run a command that prints JSON, and return the parsed JSON."""
        return json.loads(self.run(*arguments, "--json"))
