"""What every command shares: finding the stack, and errors as one sentence."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hooklog_ops import cli
from hooklog_ops.commands.shared import moment
from hooklog_ops.deployment import LocalDeployment
from tests.ops.conftest import STACK, Desk


def run_main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int | str | None, str]:
    """Run the program as the shell does; give its exit status and what it complained of."""
    monkeypatch.setattr(sys, "argv", ["hooklog", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, capsys.readouterr().err


@pytest.fixture
def _in_the_cloud(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the shell's environment that of the local cloud."""
    for name, value in desk.cloud.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_in_the_cloud")
def test_an_unknown_stack_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the stack, the region, and the options to correct it."""
    code, said = run_main(monkeypatch, capsys, "--stack", "nope", "parked", "list")
    assert code == 1
    assert "no stack nope in us-east-1" in said
    assert "--stack" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"AWS_DEFAULT_REGION": ""}, "--region"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "--profile"),
        ({"AWS_PROFILE": "nobody"}, "aws configure list-profiles"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS_ENDPOINT_URL"),
    ],
)
@pytest.mark.usefixtures("_in_the_cloud")
def test_what_aws_misses_is_one_sentence(
    variables: dict[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """It says what to do, and shows no traceback."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    code, said = run_main(monkeypatch, capsys, "--stack", STACK, "parked", "list")
    assert code == 1
    assert told in said
    assert "Traceback" not in said


def test_a_stack_that_is_not_hooklogs_is_told(desk: Desk) -> None:
    """A stack without our outputs is named, with a question."""
    desk.cloud.client("cloudformation").create_stack(
        StackName="other",
        TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}',
    )
    result = desk.hooklog("parked", "list", stack="other")
    assert result.exit_code == 1
    assert "has no output TableName" in str(result.exception)


def test_a_local_deployment_is_found_by_itself(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the directory where it runs, without options or environment."""
    monkeypatch.chdir(tmp_path)
    LocalDeployment(endpoint_url=desk.cloud.url, stack=STACK, pid=os.getpid()).note(tmp_path)
    code, said = run_main(monkeypatch, capsys, "parked", "list")
    assert code == 0
    assert f"local deployment {STACK}" in said


def test_the_note_of_a_cloud_that_has_ended_is_passed_over(tmp_path: Path) -> None:
    """Its process is gone, whatever the file says."""
    assert LocalDeployment.find(tmp_path) is None
    LocalDeployment(endpoint_url="http://127.0.0.1:1", stack=STACK, pid=2**22 + 1).note(tmp_path)
    assert LocalDeployment.find(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-04", "2026-05-04T00:00:00+00:00"),
        ("2026-05-04T12:00+02:00", "2026-05-04T10:00:00+00:00"),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(text: str, expected: str) -> None:
    """As in the API and the table."""
    assert moment(text).isoformat() == expected


@pytest.mark.parametrize("what", ["34004", "The call dropped prematurely", "fetch.not_found"])
def test_explain_needs_no_network(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code, a text or one of our own codes, offline and without a stack."""
    from typer.testing import CliRunner  # noqa: PLC0415 - only this test runs without a desk

    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection"))
    result = CliRunner().invoke(cli.app, ["explain", what])
    assert result.exit_code == 0
    assert "advice" in result.output


def test_explain_says_where_to_look_for_what_it_does_not_know(desk: Desk) -> None:
    """An unknown code is a usage error that names the list."""
    result = desk.hooklog("explain", "nope")
    assert result.exit_code == 2
    assert "docs/error-codes.md" in result.output
