"""The table in DynamoDB: one BatchGetItem to read, PartiQL batches to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from hooklog.errors import (
    StoreError,
    StoreRejectedError,
    StoreThrottledError,
    StoreTooLargeError,
    StoreUnavailableError,
)
from hooklog.ports import Lost
from hooklog.records.items import Attribute
from hooklog.records.rows import Row, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        BatchStatementErrorTypeDef,
        BatchStatementRequestTypeDef,
    )

#: DynamoDB's limits for one call.
_MAX_KEYS = 100
_MAX_STATEMENTS = 25
#: Keys that DynamoDB left unread are asked for again this often, at once.
_READ_ROUNDS = 3
#: As many as a batch of a hundred logs needs; botocore keeps ten connections.
_WRITES_AT_ONCE = 4

_LOST = frozenset({"DuplicateItem", "ConditionalCheckFailed"})
_THROTTLED = frozenset(
    {
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)
_REJECTED = frozenset({"ValidationError", "ValidationException"})


class DynamoTable:
    """Implements :class:`hooklog.ports.Table`."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        """Use a table by its name."""
        self._client = client
        self._name = name
        self._threads = ThreadPoolExecutor(_WRITES_AT_ONCE)
        self._serializer = TypeSerializer()
        self._deserialize = TypeDeserializer().deserialize
        self._names = {f"#{index}": name for index, name in enumerate(("pk", *Row.ATTRIBUTES))}

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Row]:
        """Read rows, a hundred a call."""
        rows: dict[str, Row] = {}
        for chunk in batched(keys, _MAX_KEYS, strict=False):
            rows |= self._read_chunk(chunk, consistent=consistent)
        return rows

    def write(self, writes: Sequence[Write]) -> dict[str, Lost | StoreError | None]:
        """Write rows, twenty-five a call; each statement has its own condition and result."""
        fates: dict[str, Lost | StoreError | None] = {}
        chunks = batched(writes, _MAX_STATEMENTS, strict=False)
        for written in self._threads.map(self._write_chunk, chunks):
            fates |= written
        return fates

    def _read_chunk(self, keys: Sequence[str], *, consistent: bool) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        missing = [{"pk": {"S": key}} for key in keys]
        for _ in range(_READ_ROUNDS):
            try:
                answer = self._client.batch_get_item(
                    RequestItems={
                        self._name: {
                            "Keys": missing,
                            "ConsistentRead": consistent,
                            "ProjectionExpression": ",".join(self._names),
                            "ExpressionAttributeNames": self._names,
                        }
                    }
                )
            except (ClientError, BotoCoreError) as error:
                raise _call_error(error) from None
            for item in answer["Responses"].get(self._name, []):
                # Without a version it is none of ours. Whoever then inserts a row of this key
                # loses the race each time, and its neighbours are not concerned.
                if "version" in item:
                    rows[item["pk"]["S"]] = self._row(item)
            unread = answer["UnprocessedKeys"].get(self._name)
            if not unread:
                return rows
            missing = [{"pk": {"S": key["pk"]["S"]}} for key in unread["Keys"]]
        raise StoreThrottledError("DynamoDB left keys unread.")

    def _row(self, item: Mapping[str, AttributeValueTypeDef]) -> Row:
        values = {name: self._deserialize(value) for name, value in item.items() if name != "pk"}
        for name in ("version", "parked_attempts"):
            if name in values:
                values[name] = int(values[name])
        for name in Row.TIMES:
            if name in values:
                values[name] = datetime.fromisoformat(values[name])
        return Row(**values)

    def _write_chunk(self, writes: Sequence[Write]) -> dict[str, Lost | StoreError | None]:
        fates: dict[str, Lost | StoreError | None] = {}
        statements: list[tuple[str, BatchStatementRequestTypeDef]] = []
        for write in writes:
            try:
                statements.append((write.key, self._statement(write)))
            except (TypeError, ArithmeticError) as error:
                msg = f"A value has no DynamoDB form ({type(error).__name__})."
                fates[write.key] = StoreRejectedError(msg)
        return fates | self._execute(statements) if statements else fates

    def _execute(
        self, chunk: Sequence[tuple[str, BatchStatementRequestTypeDef]]
    ) -> dict[str, Lost | StoreError | None]:
        try:
            answer = self._client.batch_execute_statement(
                Statements=[statement for _, statement in chunk]
            )
        except (ClientError, BotoCoreError) as error:
            failure = _call_error(error)
            if isinstance(failure, StoreRejectedError) and len(chunk) > 1:
                # DynamoDB refuses the whole call for one statement that it cannot read, so
                # each goes alone: the bad one must not cost its neighbours anything.
                return {key: fate for pair in chunk for key, fate in self._execute([pair]).items()}
            return {key: failure for key, _ in chunk}
        return {
            key: _fate(response.get("Error"))
            for (key, _), response in zip(chunk, answer["Responses"], strict=True)
        }

    def _statement(self, write: Write) -> BatchStatementRequestTypeDef:
        values = {"version": write.version, **write.values}
        if write.expected_version is None:
            names = ", ".join(f"'{name}': ?" for name in ("pk", *values))
            text = f'INSERT INTO "{self._name}" VALUE {{{names}}}'
            parameters = [write.key, *values.values()]
        else:
            clauses = [f'SET "{name}" = ?' for name in values]
            clauses += [f'REMOVE "{name}"' for name in write.remove]
            text = f'UPDATE "{self._name}" {" ".join(clauses)} WHERE "pk" = ? AND "version" = ?'
            parameters = [*values.values(), write.key, write.expected_version]
        return {"Statement": text, "Parameters": [self._serialize(value) for value in parameters]}

    def _serialize(self, value: Attribute) -> AttributeValueTypeDef:
        # Most values are text, for which boto3 first rules out everything else.
        match value:
            case str():
                return {"S": value}
            case list():
                return {"L": [self._serialize(part) for part in value]}
            case dict():
                return {"M": {name: self._serialize(part) for name, part in value.items()}}
            case _:
                return self._serializer.serialize(value)


def _fate(error: BatchStatementErrorTypeDef | None) -> Lost | StoreError | None:
    if error is None:
        return None
    code = error.get("Code", "")
    return Lost() if code in _LOST else _store_error(code, error.get("Message", ""))


def _call_error(error: ClientError | BotoCoreError) -> StoreError:
    if isinstance(error, ClientError):
        problem = error.response["Error"]
        return _store_error(problem["Code"], problem["Message"])
    return StoreUnavailableError(f"DynamoDB could not be reached ({type(error).__name__}).")


def _store_error(code: str, message: str) -> StoreError:
    """Translate DynamoDB's code; its message may quote values, so it is not kept."""
    msg = f"DynamoDB answered {code}."
    if code in _THROTTLED:
        return StoreThrottledError(msg)
    if code in _REJECTED:
        too_large = "size" in message.lower() and "exceed" in message.lower()
        return StoreTooLargeError(msg) if too_large else StoreRejectedError(msg)
    return StoreUnavailableError(msg)
