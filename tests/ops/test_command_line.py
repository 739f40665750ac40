"""What all commands share: the stack, and errors as one sentence."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from hooklog_ops import cli
from hooklog_ops.commands.options import moment
from hooklog_ops.commands.terminal import confirm
from hooklog_ops.deployment import LocalDeployment
from hooklog_ops.errors import AwsError, ExitStatus, describe
from tests.ops.conftest import STACK, Desk
from tests.ops.seeding import log_id


def run_main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int | str | None, str]:
    """Run the program as the shell does; return its exit status and standard error."""
    monkeypatch.setattr(sys, "argv", ["hooklog", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, capsys.readouterr().err


@pytest.fixture
def _in_the_cloud(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment of the local cloud."""
    for name, value in desk.cloud.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--stack", "nope", "parked", "list"),
        ("parked", "list", "--stack", "nope"),
        ("--stack", "other", "show", "fax", log_id(1), "--json", "--stack", "nope"),
    ],
)
@pytest.mark.usefixtures("_in_the_cloud")
def test_an_unknown_stack_is_one_sentence(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has the stack, wherever that was named, the region, and the options to correct it."""
    code, said = run_main(monkeypatch, capsys, *arguments)
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
def test_an_error_of_botocore_is_one_sentence(
    variables: dict[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """It says what to do, without a traceback."""
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


def refused(code: str) -> ClientError:
    """Return what boto3 raises for an error code of AWS."""
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "Query")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refused("ExpiredTokenException"), "(ExpiredTokenException): No. Log in to AWS"),
        (refused("AccessDeniedException"), "(AccessDeniedException): No. Have it allowed"),
        (refused("ThrottlingException"), "Try again in a minute."),
        (refused("SomethingNew"), "AWS refused Query (SomethingNew): No."),
        (EndpointConnectionError(endpoint_url="http://x"), "Check --region, the network"),
        (ReadTimeoutError(endpoint_url="http://x"), "Check --region, the network"),
    ],
)
def test_an_error_of_aws_says_what_to_do(error: AwsError, told: str) -> None:
    """Where that is known; otherwise AWS's message stands alone."""
    assert told in describe(error)


@pytest.mark.usefixtures("_in_the_cloud")
def test_a_missing_record_has_an_exit_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script can tell it from an error."""
    code, _ = run_main(monkeypatch, capsys, "show", "fax", log_id(1), "--stack", STACK)
    assert code == ExitStatus.NOT_THERE


def test_a_file_that_cannot_be_written_is_one_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It names the file."""
    for name, value in desk.cloud.environment.items():
        monkeypatch.setenv(name, value)
    out = str(tmp_path / "nowhere" / "logs.csv")
    code, said = run_main(
        monkeypatch, capsys, "export", "--since", "1h", "--out", out, "--stack", STACK
    )
    assert code == ExitStatus.FAILED
    assert f"{out}: No such file or directory." in said


class Terminal(io.StringIO):
    """A terminal at which an answer has been typed already."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_question_that_is_not_agreed_to_ends_the_command(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A no, no answer and the end of the input share an exit status of their own."""
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    with pytest.raises(typer.Exit) as ended:
        confirm("Really?", yes=False)
    assert ended.value.exit_code == ExitStatus.DECLINED


def test_a_question_is_agreed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the terminal or by an option."""
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    confirm("Really?", yes=False)
    confirm("Really?", yes=True)


def test_a_stack_of_another_project_is_an_error(desk: Desk) -> None:
    """The error names the missing output."""
    desk.cloud.client("cloudformation").create_stack(
        StackName="other",
        TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}',
    )
    result = desk.hooklog("parked", "list", stack="other")
    assert result.exit_code == 1
    assert "has no output TableName" in str(result.exception)


@pytest.mark.parametrize("options", [(), ("--stack", STACK)])
def test_a_local_deployment_is_the_default(
    options: tuple[str, ...],
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the directory where it runs, without any environment; also when it is named."""
    monkeypatch.chdir(tmp_path)
    LocalDeployment(endpoint_url=desk.cloud.url, stack=STACK, pid=os.getpid()).note(tmp_path)
    code, said = run_main(monkeypatch, capsys, "parked", "list", *options)
    assert code == 0
    assert f"local deployment {STACK}" in said


def test_the_note_of_an_ended_cloud_is_ignored(tmp_path: Path) -> None:
    """Its process is gone."""
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
def test_a_time_without_a_zone_is_utc(text: str, expected: str) -> None:
    """As in the API and the table."""
    assert moment(text).isoformat() == expected


def test_explain_has_typed_json(desk: Desk) -> None:
    """Booleans and numbers are not strings."""
    assert (
        desk.json("explain", "30007").items()
        >= {
            "category": "carrier_filtering",
            "retry": False,
        }.items()
    )
    assert desk.json("explain", "fetch.not_found")["attempts"] == 5
    assert "does not help" in desk.hooklog("explain", "30007").output


def test_explain_says_that_a_message_waits(desk: Desk) -> None:
    """An error that is no failure of the log uses up no tries."""
    assert desk.json("explain", "fetch.rate_limited")["attempts"] is None
    assert (
        "the message waits, nine days at most"
        in desk.hooklog("explain", "fetch.rate_limited").output
    )


@pytest.mark.parametrize("what", ["34004", "The call dropped prematurely", "fetch.not_found"])
def test_explain_needs_no_network(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code, a text and hooklog's own codes, without a stack."""
    from typer.testing import CliRunner  # noqa: PLC0415 - only this test runs without a desk

    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection"))
    result = CliRunner().invoke(cli.app, ["explain", what])
    assert result.exit_code == 0
    assert "advice" in result.output


def test_explain_names_the_list_of_codes(desk: Desk) -> None:
    """An unknown code is a usage error that says where the known ones are."""
    result = desk.hooklog("explain", "nope")
    assert result.exit_code == 2
    assert "docs/error-codes.md" in result.output
