"""DynamoDB, SQS and Secrets Manager behind one local address, with faults on request.

A :class:`tests.fakes.MemoryTable` holds the rows. What hooklog does not use is missing or
differs from AWS.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config

from hooklog.records.rows import Write
from hooklog.records.store import Conflict
from tests.fakes import MemoryTable
from tests.faults.canary import NUMBER, TEXT, TOKEN
from tests.partiql import write_of
from tests.write_purpose import Purpose

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

TABLE = "table"
#: One attempt and short timeouts, because the retries of botocore are not under test.
_HASTY = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
_MESSAGE = f"{NUMBER} {TEXT} {TOKEN}"

type Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Refusal:
    """AWS refuses a call or a single statement with a code and a message that quotes values."""

    code: str
    message: str = _MESSAGE
    status: int = 400


@dataclass(frozen=True)
class Silence:
    """AWS does not answer a call, although it may have carried it out."""

    carries_out: bool = False


@dataclass(frozen=True)
class HangUp:
    """The connection ends without an answer."""


@dataclass
class Aws:
    """The state of the simulated services, and their faults."""

    table: MemoryTable = field(default_factory=MemoryTable)
    #: Visibility timeouts in seconds, by receipt handle.
    waits: dict[str, int] = field(default_factory=dict)
    secret: str = ""
    #: Faults of whole calls, by operation.
    calls: dict[str, Refusal | Silence | HangUp] = field(default_factory=dict)
    #: Refusals of single statements, by purpose and key.
    statements: dict[tuple[Purpose, str], Refusal] = field(default_factory=dict)
    #: Faults of the writing calls that contain a key, by key.
    writes: dict[str, Refusal | Silence | HangUp] = field(default_factory=dict)
    #: Refusals of every call that contains a key, by key.
    poison: dict[str, Refusal] = field(default_factory=dict)
    #: Keys that `BatchGetItem` leaves unread.
    unread: set[str] = field(default_factory=set)
    #: Receipt handles whose visibility timeout is not changed.
    unset: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    def recover(self) -> None:
        """Remove all faults; calls that still wait for an answer get none."""
        for faults in (self.calls, self.statements, self.writes, self.poison):
            faults.clear()
        for names in (self.unread, self.unset):
            names.clear()
        self._over.set()
        self._over = threading.Event()

    def call(self, operation: str, body: dict[str, Any]) -> Answer | None:
        """Answer a call; None means no answer."""
        try:
            writes = [write_of(one) for one in body.get("Statements", ())]
        except ValueError as error:
            return _refused(Refusal("ValidationException", str(error)))
        failing = (self.writes[one.key] for one in writes if one.key in self.writes)
        fault = self.calls.get(operation) or next(failing, None)
        if isinstance(fault, Refusal):
            return _refused(fault)
        if isinstance(fault, HangUp):
            return None
        if isinstance(fault, Silence):
            over = self._over
            if fault.carries_out:
                self._carry_out(operation, body, writes)
            over.wait(30)
            return None
        return self._carry_out(operation, body, writes)

    def _carry_out(self, operation: str, body: dict[str, Any], writes: list[Write]) -> Answer:
        match operation:
            case "BatchGetItem":
                return self._read(body["RequestItems"][TABLE]["Keys"])
            case "BatchExecuteStatement":
                return self._write(writes)
            case "ChangeMessageVisibilityBatch":
                return self._hide(body["Entries"])
            case "GetQueueAttributes":
                return 200, {"Attributes": dict.fromkeys(body["AttributeNames"], "0")}
            case _:
                return 200, {"ARN": body["SecretId"], "Name": "x", "SecretString": self.secret}

    def _read(self, keys: list[dict[str, Any]]) -> Answer:
        names = [key["pk"]["S"] for key in keys]
        if refusals := [self.poison[name] for name in names if name in self.poison]:
            return _refused(refusals[0])
        serialize = TypeSerializer().serialize
        found = [
            {"pk": {"S": name}} | {key: serialize(value) for key, value in item.items()}
            for name in names
            if name not in self.unread and (item := self.table.items.get(name))
        ]
        left = [key for key in keys if key["pk"]["S"] in self.unread]
        unprocessed = {TABLE: {"Keys": left}} if left else {}
        return 200, {"Responses": {TABLE: found}, "UnprocessedKeys": unprocessed}

    def _write(self, writes: list[Write]) -> Answer:
        if refusals := [self.poison[one.key] for one in writes if one.key in self.poison]:
            return _refused(refusals[0])
        return 200, {"Responses": [self._execute(write) for write in writes]}

    def _execute(self, write: Write) -> dict[str, Any]:
        if refusal := self.statements.get((Purpose.of(write), write.key)):
            return {"Error": {"Code": refusal.code, "Message": refusal.message}}
        if isinstance(self.table.write([write])[write.key], Conflict):
            return {"Error": {"Code": "DuplicateItem" if write.version == 1 else _LOST}}
        return {"TableName": TABLE}

    def _hide(self, entries: list[dict[str, Any]]) -> Answer:
        taken = {one["Id"]: one for one in entries if one["ReceiptHandle"] not in self.unset}
        for entry in taken.values():
            self.waits[entry["ReceiptHandle"]] = entry["VisibilityTimeout"]
        failed = [
            {"Id": one["Id"], "SenderFault": True, "Code": "x", "Message": _MESSAGE}
            for one in entries
            if one["Id"] not in taken
        ]
        return 200, {"Successful": [{"Id": name} for name in taken], "Failed": failed}


_LOST = "ConditionalCheckFailed"


class Clients(NamedTuple):
    """boto3 clients for the local address."""

    dynamodb: DynamoDBClient
    sqs: SQSClient
    secrets: SecretsManagerClient


@contextmanager
def serve_aws() -> Iterator[tuple[Aws, Clients]]:
    """Serve until the block ends."""
    aws = Aws()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave together: the kernel would hold the body back for 40 ms.
        wbufsize = -1

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = aws.call(self.headers["X-Amz-Target"].rpartition(".")[2], body)
            if answer is None:
                self.close_connection = True
                return
            status, content = answer[0], json.dumps(answer[1]).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield aws, _clients(f"http://127.0.0.1:{server.server_port}")
        finally:
            aws.recover()
            server.shutdown()
            thread.join()


def _clients(url: str) -> Clients:
    session = boto3.Session("test", "test", region_name="us-east-1")
    return Clients(
        session.client("dynamodb", endpoint_url=url, config=_HASTY),
        session.client("sqs", endpoint_url=url, config=_HASTY),
        session.client("secretsmanager", endpoint_url=url, config=_HASTY),
    )


def _refused(refusal: Refusal) -> Answer:
    return refusal.status, {"__type": f"prefix#{refusal.code}", "message": refusal.message}
