"""Every documented `sam deploy` does what its page says, as SAM's own code reads it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.cloud import ROOT, environment_without_aws
from tests.template import template

PAGES = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]
#: What a reader has to fill in.
PLACEHOLDER = re.compile(r"<\w+>|…")


def documented() -> list[str]:
    """Return the command lines of all pages."""
    fences = re.compile(r"^ *```\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
    blocks = [block for page in PAGES for block in fences.findall(page.read_text(encoding="utf-8"))]
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return sorted({" ".join(line.split()) for line in lines if line.startswith("sam deploy")})


@cache
def taken(line: str) -> dict[str, Any]:
    """Return what SAM takes from a command line and samconfig.toml."""
    run = subprocess.run(
        [
            *(ROOT / ".tools/sam/bin/python", ROOT / "local/deploy_arguments.py"),
            *shlex.split(line.removeprefix("sam deploy")),
        ],
        cwd=ROOT,
        env=environment_without_aws()
        | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def allows(parameter: dict[str, Any], value: str) -> bool:
    """Return whether CloudFormation takes a value for a parameter."""
    if parameter["Type"] == "Number":
        least, most = parameter.get("MinValue", 0), parameter.get("MaxValue", 10**9)
        if not value.isdigit() or not least <= int(value) <= most:
            return False
    allowed = parameter.get("AllowedValues")
    return (allowed is None or value in map(str, allowed)) and bool(
        re.fullmatch(parameter.get("AllowedPattern", ".*"), value)
    )


@pytest.mark.parametrize("line", documented())
def test_each_line_names_parameters_and_values_of_the_template(line: str) -> None:
    """CloudFormation would refuse any other."""
    overrides: dict[str, str] = taken(line)["parameter_overrides"]
    assert overrides
    for name, value in overrides.items():
        filled_in = PLACEHOLDER.search(value) is not None
        assert filled_in or allows(PARAMETERS[name], value), f"{name}={value}"


def first_deployments() -> list[str]:
    """Return the lines that create a stack."""
    return [line for line in documented() if "--guided" in line or "--config-env" in line]


@pytest.mark.parametrize("line", first_deployments())
def test_a_first_deployment_has_every_parameter_without_a_default(line: str) -> None:
    """It succeeds, without a file that somebody has to edit first."""
    needed = {name for name, parameter in PARAMETERS.items() if "Default" not in parameter}
    assert needed <= set(taken(line)["parameter_overrides"])
    assert "CAPABILITY_IAM" in taken(line)["capabilities"]
    assert taken(line)["resolve_s3"]


def test_production_keeps_its_logs_for_a_year_and_its_table() -> None:
    """The line that the README prints asks first, and loses nothing that it promises."""
    (line,) = [line for line in first_deployments() if "prod" in line]
    found = taken(line)
    assert found["stack_name"] == "hooklog-prod"
    assert found["confirm_changeset"] is True
    assert found["parameter_overrides"]["LogRetentionDays"] == "365"
    assert PARAMETERS["TableDeletionProtection"]["Default"] == "true"


def test_no_environment_has_parameters_that_a_command_line_would_replace() -> None:
    """SAM takes the list of the command line or that of the file, and never both."""
    file = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    environments = [name for name, content in file.items() if isinstance(content, dict)]
    assert {"default", "local", "prod"} <= set(environments)
    for name in environments:
        for command in file[name].values():
            assert "parameter_overrides" not in command["parameters"], name


def test_a_list_on_the_command_line_replaces_the_files(tmp_path: Path) -> None:
    """The rule above is needed: so SAM does."""
    config = tmp_path / "samconfig.toml"
    config.write_text("""
version = 0.1
[default.deploy.parameters]
parameter_overrides = ["LogRetentionDays=365"]
""")
    line = f"sam deploy --stack-name hooklog --config-file {config}"
    assert taken(line)["parameter_overrides"] == {"LogRetentionDays": "365"}
    overridden = taken(f"{line} --parameter-overrides SignalWireSpace=a.example")
    assert overridden["parameter_overrides"] == {"SignalWireSpace": "a.example"}
