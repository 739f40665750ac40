"""What the local cloud adds to ministack, and whether it still lacks the streams' records."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from local.cloud import MINISTACK, ROOT, LocalCloud, local_cloud
from local.log_group import lines
from tests.integration.stream import changed

pytestmark = pytest.mark.integration

TABLE = "streamed"


def write(cloud: LocalCloud) -> None:
    """Make a table with a stream, and write a row with PutItem and one with PartiQL."""
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "put"}})
    statement = f"INSERT INTO \"{TABLE}\" VALUE {{'pk': 'stated'}}"
    answer = dynamodb.batch_execute_statement(Statements=[{"Statement": statement}])
    assert "Error" not in answer["Responses"][0]


def test_ministack_puts_no_partiql_write_into_the_stream(tmp_path: Path) -> None:
    """As soon as it does, that part of `local/cloud_program.py` can go, and this test with it."""
    with local_cloud(tmp_path / "cloud.log", program=MINISTACK) as cloud:
        write(cloud)
        assert [change.key for change in changed(cloud, TABLE)] == ["put"]


def test_the_local_cloud_puts_every_write_into_the_stream(tmp_path: Path) -> None:
    """As DynamoDB does."""
    with local_cloud(tmp_path / "cloud.log") as cloud:
        write(cloud)
        assert [change.key for change in changed(cloud, TABLE)] == ["put", "stated"]


LINES = 2000
TALKATIVE = f"""
import os, sys

def lambda_handler(event, context):
    for number in range({LINES}):
        print("line", number)
    if event["ends"] == "raises":
        raise ValueError
    if event["ends"] == "exits":
        print("line without an end", end="")
        sys.stdout.flush()
        os._exit(1)
"""
#: The thread that reads what a function prints never gets to it.
BUSY = f"""
import sys, time
sys.path.insert(0, {str(ROOT / "local")!r})
import cloud_program

def starved(worker):
    worker.begun = b""
    time.sleep(600)

cloud_program.install()
cloud_program.lambda_runtime.Worker._read_stderr = starved
cloud_program.main()
"""


def printed(cloud: LocalCloud, ends: str) -> list[str]:
    """Return the lines that the log group has when the function has answered."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("app.py", TALKATIVE)
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName="talkative",
        Runtime="python3.13",
        Handler="app.lambda_handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": archive.getvalue()},
    )
    answer = functions.invoke(FunctionName="talkative", Payload=json.dumps({"ends": ends}))
    assert ("FunctionError" in answer) == (ends != "returns")
    texts = "\n".join(lines(cloud.client("logs"), "/aws/lambda/talkative"))
    return [line for line in texts.splitlines() if line.startswith("line ")]


_ALL = [f"line {number}" for number in range(LINES)]


def test_an_invocation_that_fails_leaves_all_its_lines(tmp_path: Path) -> None:
    """As one that succeeds; the last line of a process that ends may have no end."""
    with local_cloud(tmp_path / "cloud.log") as cloud:
        assert printed(cloud, "raises") == _ALL
        cloud.client("lambda").delete_function(FunctionName="talkative")
        assert printed(cloud, "exits")[-LINES - 1 :] == [*_ALL, "line without an end"]


def test_a_busy_machine_takes_no_lines_from_an_invocation(tmp_path: Path) -> None:
    """The answer waits for them."""
    program = tmp_path / "program.py"
    program.write_text(BUSY)
    with local_cloud(tmp_path / "cloud.log", program=program) as cloud:
        assert printed(cloud, "returns") == _ALL
