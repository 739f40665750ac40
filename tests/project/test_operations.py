"""The queries of the operators' page find lines, and its commands exist."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

import botocore.session
import pytest
from botocore import xform_name
from typer.core import TyperGroup
from typer.main import get_command

from hooklog.errors import BY_CODE
from hooklog_ops.cli import app
from tests.emitted import everything_printed
from tests.operations import PAGE, commands, entries

QUERIES = [query for entry in entries().values() for query in entry.queries]
#: Fields that CloudWatch adds to each line.
OF_AWS = {"@timestamp", "@message"}
#: Words of the query language, and its units of time.
WORDS = {"fields", "filter", "stats", "sort", "limit", "by", "as", "and", "or", "in", "like"}
WORDS |= {"desc", "asc"}
#: Options of the AWS CLI itself, and one that is called `endpoint` in SNS's own interface.
OF_THE_CLI = {"query", "max-items", "cli-binary-format", "notification-endpoint"}


def fields_of(query: str) -> set[str]:
    """Return the fields that a query reads, roughly: the words without another meaning."""
    bare = re.sub(r"\"[^\"]*\"|/(?:\\/|[^/])*/|\bbin\([^)]*\)", " ", query)
    named = set(re.findall(r"\bas (\w+)", bare))
    words = re.findall(r"@?[A-Za-z_][\w.]*(?!\w*\()", bare)
    functions = set(re.findall(r"(\w+)\(", bare))
    return set(words) - WORDS - named - functions


def flat(value: object, name: str = "") -> Iterator[str]:
    """Yield the fields of a line, named as in Logs Insights: ``found.missing``, ``at.0``."""
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    yield name
    for key, part in parts:
        yield from flat(part, f"{name}.{key}" if name else str(key))


def test_fields_are_told_from_words() -> None:
    """The parser finds the fields of a query, and only those."""
    query = 'filter a.b = "c d" and ispresent(e) or @message like /f \\/ g/\n'
    query += "| stats sum(h) as i, count(*) as j by k, bin(5m)\n| sort i desc | limit 10"
    assert fields_of(query) == {"a.b", "e", "@message", "h", "k"}


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_queries_fit_the_lines(query: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each field that a query names is in a line that the functions print."""
    lines = [json.loads(line) for line in everything_printed(capsys)]
    printed = {name for line in lines for name in flat(line)}
    assert fields_of(query) <= printed | OF_AWS


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_queries_look_for_lines_that_there_are(
    query: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message or code that a query looks for is one that a line has."""
    lines = [json.loads(line) for line in everything_printed(capsys)]
    for name, value in re.findall(r"(\w+) = \"([^\"]+)\"", query):
        assert any(line.get(name) == value for line in lines)
    for name, values in re.findall(r"(\w+) in \[([^\]]+)\]", query):
        for value in json.loads(f"[{values}]"):
            assert any(line.get(name) == value for line in lines)


def aws_commands() -> list[list[str]]:
    """Return the page's calls of the AWS CLI, without its name."""
    return [words[1:] for line in commands() if (words := shlex.split(line))[0] == "aws"]


@pytest.mark.parametrize("words", aws_commands(), ids=" ".join)
def test_commands_of_the_aws_cli_exist(words: list[str]) -> None:
    """The operation is one of the service, and the options are its parameters."""
    service, command, *rest = words
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert command in operations
    shape = model.operation_model(operations[command]).input_shape
    known = {xform_name(name, "-") for name in shape.members} if shape else set()
    for option in (word.removeprefix("--") for word in rest if word.startswith("--")):
        assert option in known | OF_THE_CLI
        known.discard(option)


def own_commands() -> list[list[str]]:
    """Return the page's calls of `hooklog`, in fences and in the text, without its name."""
    inline = re.findall(r"`hooklog ([^`]+)`", PAGE)
    fenced = [line.removeprefix("hooklog ") for line in commands() if line.startswith("hooklog ")]
    return [shlex.split(one, comments=True) for one in [*inline, *fenced]]


@pytest.mark.parametrize("words", own_commands(), ids=" ".join)
def test_commands_of_hooklog_exist(words: list[str]) -> None:
    """The command line knows the command and its options, and the codes are ours."""
    command, rest = get_command(app), list(words)
    while isinstance(command, TyperGroup) and rest:
        word = rest.pop(0)
        if word.startswith("--"):
            assert word in {option for one in command.params for option in one.opts}
            rest.pop(0)  # its value
        else:
            command = command.commands[word]
    options = {option for one in command.params for option in one.opts}
    assert {word for word in rest if word.startswith("--")} <= options
    codes = [words[at + 1] for at, word in enumerate(words) if word == "--code"]
    assert set(codes) <= set(BY_CODE)
