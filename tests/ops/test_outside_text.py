"""Text from outside is inert and visible, whatever command shows it."""

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import typer
from botocore.exceptions import ClientError, NoCredentialsError
from rich.table import Table
from rich.text import Text
from typer.main import get_command

from hooklog.clock import utc_now
from hooklog.errors import LogInvalidError, NotFoundError
from hooklog.publish.events import event_of
from hooklog_ops import cli
from hooklog_ops.checks import CheckStatus, Finding
from hooklog_ops.commands.terminal import Terminal, below, confirm, counting, line
from hooklog_ops.errors import FILE, USAGE, NotThereError, StackNotFoundError, own_errors
from hooklog_ops.formatting import as_json, is_visible, visible
from hooklog_ops.tapping import Arrival
from local.cloud import ROOT
from tests.builders import failed_fax, failed_message
from tests.hostile import MIXED, MIXED_SHOWN, TEXTS, Hostile
from tests.ops.conftest import EVENTS_STACK, STACK, Desk
from tests.ops.seeding import log_id, park, store
from tests.publishing import change, row

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

OPS = ROOT / "ops/hooklog_ops"
NUMBER = "+12065550123"


def assert_inert(text: str) -> None:
    """Check that nothing in a program's output acts or hides, and that no line is forged."""
    assert [one for one in text if not is_visible(one) and one != "\n"] == []
    assert [one for one in text.splitlines() if one.lstrip().startswith("FORGED")] == []


def printed(*objects: object) -> str:
    """Return what a terminal of any width gets."""
    terminal = Terminal()
    terminal.file, terminal.width = io.StringIO(), 10_000
    terminal.print(*objects)
    return terminal.file.getvalue()


# --- the terminal -------------------------------------------------------------------------------


@pytest.mark.parametrize("one", TEXTS, ids=lambda one: one.kind)
def test_a_text_is_shown_as_itself(one: Hostile) -> None:
    """In a line, below one, and in a table."""
    table = Table.grid()
    table.add_row(line(("name", "bold"), one.text))
    for told in (line(one.text), below(one.text), table):
        shown = printed(told)
        assert one.shown in shown
        assert_inert(shown)
        assert shown.count("\n") == 1


@pytest.mark.parametrize("one", TEXTS, ids=lambda one: one.kind)
def test_a_text_that_takes_another_way_is_inert(one: Hostile) -> None:
    """As a bare string, a cell of a table, or an object of Rich's; only line breaks stay."""
    table = Table.grid()
    table.add_row(one.text)
    for told in (one.text, table, Text(one.text)):
        assert_inert(printed(told))


def test_styles_are_the_only_control_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a text brings is among them."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    colours = "\x1b[31m", "\x1b[0m"
    shown = printed(line((MIXED, "red")))
    assert all(colour in shown for colour in colours)
    for colour in colours:
        shown = shown.replace(colour, "")
    assert_inert(shown)


def test_visible_characters_stay() -> None:
    """Those of all scripts, spaces, and where a text has several lines its line breaks."""
    text = "Zoë\u00a0ağ — 「山田」\n\tdağ ☎"
    assert visible(text) == text


def test_json_is_ascii_and_exact() -> None:
    """So it needs no change for a terminal, and reads back as the text that it was."""
    texts = [one.text for one in TEXTS]
    written = as_json(texts)
    assert written.isascii()
    assert_inert(written)
    assert json.loads(written) == texts


def test_a_question_and_a_bar_are_inert(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are printed on other ways than a line."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    confirm(MIXED, yes=False)
    with counting(MIXED):
        pass
    out, err = capsys.readouterr()
    assert MIXED_SHOWN in out
    assert_inert(out + err)


@pytest.mark.parametrize("path", sorted(OPS.rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_else_writes_on_the_terminal(path: Path) -> None:
    """A new command cannot take Rich's own console or its markup, or print a text itself."""
    if path == OPS / "commands/terminal.py":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rich"):
            names = {alias.name for alias in node.names}
            assert node.module != "rich.markup"
            assert not names & {"Console", "print"}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "print":
                (printed_value,) = node.args
                assert isinstance(printed_value, ast.Call)
                assert ast.unparse(printed_value.func) == "as_json"
            assert node.func.id != "Text"


# --- every command ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """How a command meets text from outside.

    Attributes:
        arguments: of the command.
        shows: whether the text is part of what it prints.
        stack: that it works on.

    """

    arguments: tuple[str, ...]
    shows: bool = True
    stack: str = STACK


HOUR = ("--since", "2h")
RUNS: dict[str, tuple[Run, ...]] = {
    "show": (
        Run(("fax", log_id(1))),
        Run(("fax", log_id(2))),
        Run(("fax", MIXED)),
        Run((MIXED, log_id(1))),
    ),
    "trace": (
        Run(("fax", log_id(1))),
        Run(("fax", log_id(2), "--no-logs")),
        Run(("fax", log_id(1), "--since", MIXED)),
        Run(("fax", MIXED)),
    ),
    "number": (Run((NUMBER,)), Run((MIXED,)), Run((f"name:{MIXED}",))),
    "failures": (Run(HOUR), Run((*HOUR, "--category", MIXED))),
    "explain": (Run((MIXED,)),),
    "export": (Run(HOUR), Run((*HOUR, "--format", "jsonl"), shows=False), Run(("--since", MIXED))),
    "report": (Run((*HOUR, "--out", MIXED)),),
    "enqueue": (Run(("fax", MIXED)),),
    "backfill": (Run(("--from", MIXED)),),
    "doctor": (Run(()),),
    "verify": (Run(("--yes",)),),
    "console": (Run(("--port", MIXED), shows=False),),
    "erase": (
        Run(("--number", NUMBER, "--dry-run")),
        Run(("--number", MIXED)),
        Run(("--number", NUMBER, "--country", MIXED)),
        Run(("--number", NUMBER, "--yes")),
    ),
    "parked list": (Run(()), Run(("--code", MIXED))),
    "parked redrive": (Run(("--dry-run",), shows=False), Run((f"--{MIXED}",))),
    "dlq peek": (Run(()),),
    "dlq redrive": (Run(("--dry-run",), shows=False), Run(("--rate", MIXED), shows=False)),
    "events tail": (Run((), stack=EVENTS_STACK),),
    "events redrive": (Run(("--dry-run",), stack=EVENTS_STACK),),
}
CASES = [
    pytest.param(name, run, id=f"{name} {number}")
    for name, runs in RUNS.items()
    for number, run in enumerate(runs)
]


def commands() -> Iterator[str]:
    """Yield every command of the program."""
    for name, command in vars(get_command(cli.app))["commands"].items():
        if inner := vars(command).get("commands"):
            yield from (f"{name} {one}" for one in inner)
        else:
            yield name


def test_every_command_is_tried() -> None:
    """A new one cannot escape."""
    assert set(commands()) == set(RUNS)


@pytest.fixture
def _hostile(desk: Desk, events_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let outside text be wherever a command reads, as a sender or a carrier may write it."""
    recently = (utc_now() - timedelta(hours=1)).isoformat()
    texts = ("error_code", "error_message", "direction", "source", "type", "from", "url")
    log = failed_fax(
        id=log_id(1),
        created_at=recently,
        to=NUMBER,
        remote_station=f"{MIXED} {NUMBER}",
        quality=MIXED,
        caller={"name": MIXED},
        charge_details=[{"description": MIXED, "charge": 0.02}],
    )
    store(
        desk,
        log | dict.fromkeys(texts, MIXED),
        failed_fax(id=log_id(2), created_at=recently, status=MIXED, error_code=None),
        failed_message(id=log_id(3), created_at=recently, kind=MIXED),
    )
    park(desk, 4, LogInvalidError(MIXED, payload=MIXED), name=f"{MIXED}{NUMBER}")
    table, erased = desk.stack.output("TableName"), f"fax#{MIXED}"
    values = {"pk": erased, "version": "1", "to": NUMBER}
    item = {name: {"S": value} for name, value in values.items()} | {"version": {"N": "1"}}
    desk.stack.dynamodb.put_item(TableName=table, Item=item)
    queue = desk.stack.output("DeadLetterQueueUrl")
    body = json.dumps({"log_type": "fax", "log_id": MIXED})
    marks: dict[str, MessageAttributeValueTypeDef] = {
        "redriven_by": {"DataType": "String", "StringValue": "me\u202e"}
    }
    desk.stack.sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=marks)
    events_desk.stack.sqs.send_message(
        QueueUrl=events_desk.stack.output("UnpublishedQueueUrl"),
        MessageBody=json.dumps({"key": MIXED, "sequence_number": "1", "code": MIXED}),
    )
    step = {"message": "step", "log": f"fax#{log_id(1)}", "timestamp": recently}
    desk.put_lines(step | dict.fromkeys(("step", "service", "status", "code", "found"), MIXED))
    finding = Finding(what=MIXED, verdict=CheckStatus.WRONG, told=MIXED, advice=MIXED)
    monkeypatch.setattr("hooklog_ops.commands.doctor.examine", lambda _: [finding])
    verification = SimpleNamespace(findings=lambda: [finding], clean_up=lambda: finding)
    monkeypatch.setattr("hooklog_ops.commands.verify.Verification", lambda _: verification)
    monkeypatch.setattr("hooklog_ops.commands.events.Tap", Tap)
    for name in ("stop_on_signals", "ignore_signals"):
        monkeypatch.setattr(f"hooklog_ops.commands.events.{name}", lambda: None)
    for name, value in desk.cloud.environment.items():
        monkeypatch.setenv(name, value)


class Tap:
    """Stands in for a tap on a bus to which anybody may send."""

    def __init__(self, *_: object, **__: object) -> None:
        """Need nothing."""

    def open(self, **_: object) -> None:
        """Create nothing."""

    def close(self) -> None:
        """Remove nothing."""

    def arrivals(self) -> Iterator[Arrival]:
        """Yield an event of hooklog's with hostile texts, and one that is none."""
        detail = json.loads(event_of(change(None, row()), masked=False).model_dump_json())
        now, told_events = utc_now(), [detail | {"error_code": MIXED}, dict[str, object]()]
        for told in told_events:
            event = {"time": now.isoformat(), "detail-type": MIXED, "detail": told}
            yield Arrival(event=event, arrived_at=now, repeated=False)


@pytest.mark.parametrize("as_program", [False, True], ids=["", "json"])
@pytest.mark.parametrize(("name", "run"), CASES)
@pytest.mark.usefixtures("_hostile")
def test_a_command_shows_text_from_outside_inert(
    name: str,
    run: Run,
    as_program: bool,  # noqa: FBT001 - pytest's parameter
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Whatever a row, a message, an event or the shell brings; with --json, too."""
    monkeypatch.chdir(tmp_path)
    # A terminal that knows no styles, so that any control character is someone else's.
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "10000")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    options = ["--json"] if as_program else []
    arguments = ["--stack", run.stack, *name.split(), *run.arguments, *options]
    monkeypatch.setattr(sys, "argv", ["hooklog", *arguments])
    with pytest.raises(SystemExit):
        cli.main()
    out, err = capsys.readouterr()
    assert_inert(out + err)
    if run.shows and not as_program:
        assert r"\x1b]52;c;eA" in out + err


# --- errors -------------------------------------------------------------------------------------


def run_main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[object, str, str]:
    """Run the program; return its exit status, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["hooklog", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, *capsys.readouterr()


def raising(error: BaseException) -> Callable[..., None]:
    """Return what raises an error when a command begins its work."""

    def begin(*_: object, **__: object) -> None:
        raise error

    return begin


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (StackNotFoundError("No stack."), "stack.not_found", 1),
        (NotThereError("No record."), "record.not_found", 3),
        (NotFoundError("No log."), "fetch.not_found", 1),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "Scan"),
            "aws.AccessDenied",
            1,
        ),
        (NoCredentialsError(), "aws.NoCredentialsError", 1),
        (FileNotFoundError(2, "No such file", "a.csv"), "file.failed", 1),
        (typer.Abort(), "command.stopped", 1),
    ],
)
def test_an_error_is_json_for_programs(
    error: BaseException,
    code: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On standard error, with a stable code, the sentence and the same exit status."""
    monkeypatch.setattr("hooklog_ops.commands.doctor.deployment", raising(error))
    ended, out, err = run_main(monkeypatch, capsys, "doctor", "--json")
    told = json.loads(err)["error"]
    assert (ended, out, told["code"]) == (status, "", code)
    ended, _, err = run_main(monkeypatch, capsys, "doctor")
    assert ended == status
    assert err == f"Error: {told['message']}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "--json"),
        ("nope", "--json"),
        ("doctor", "--nope", "--json"),
        ("number", "+1 206 555 0123", "--limit", "x", "--json"),
        ("explain", "nope", "--json"),
    ],
)
def test_a_command_that_is_not_understood_is_json_for_programs(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --json it says how the command is called."""
    ended, _, err = run_main(monkeypatch, capsys, *arguments)
    told = json.loads(err)["error"]
    assert (ended, told["code"]) == (2, "command.not_understood")
    ended, _, err = run_main(monkeypatch, capsys, *arguments[:-1])
    assert ended == 2
    assert err.startswith("Usage: ")
    assert f"Error: {told['message']}" in err


def test_a_number_without_a_country_has_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program can ask for the country."""
    for command in (("number",), ("erase", "--number")):
        ended, _, err = run_main(monkeypatch, capsys, *command, "206-555-0123", "--json")
        assert (ended, json.loads(err)["error"]["code"]) == (2, "number.no_country")


def test_codes_are_unique_and_documented() -> None:
    """Each error of the command line has one, which docs/cli.md lists."""
    codes = [one.code for one in own_errors()]
    assert len(codes) == len({*codes})
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert all(f"| `{code}` |" in page for code in (*codes, USAGE, FILE))
