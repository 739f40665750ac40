"""The table in DynamoDB: one BatchGetItem to read, PartiQL batches to write."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import mktime_tz, parsedate_tz
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
from hooklog.records.rows import Attribute, Row, Write, read_of
from hooklog.records.store import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        BatchGetItemOutputTypeDef,
        BatchStatementErrorTypeDef,
        BatchStatementRequestTypeDef,
    )

#: DynamoDB's limits for one call.
MAX_KEYS = 100
_MAX_STATEMENTS = 25
#: Calls for one chunk. An answer ends at 16 MB and names the keys that it left unread; a hundred
#: rows have at most 40 MB.
_READ_ROUNDS = 3
#: Concurrent calls: as many as a batch of a hundred logs needs; botocore keeps ten connections.
_CONCURRENT_WRITES = 4

_CONFLICTS = frozenset({"DuplicateItem", "ConditionalCheckFailed"})
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
    """Implements :class:`hooklog.records.store.Table`."""

    def __init__(
        self, client: DynamoDBClient, name: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Use the table of that name; the clock is this machine's, in seconds since 1970."""
        self._client = client
        self._name = name
        self._clock = clock
        self._ahead = 0.0
        self._threads = ThreadPoolExecutor(_CONCURRENT_WRITES)
        self._serializer = TypeSerializer()
        self._deserialize = TypeDeserializer().deserialize

    def moment(self) -> float:
        """Return the seconds since 1970 by DynamoDB's clock, which all instances share."""
        return self._clock() - self._ahead

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Row]:
        """Read rows, a hundred per call."""
        rows: dict[str, Row] = {}
        for chunk in batched(keys, MAX_KEYS, strict=False):
            rows |= self._read_chunk(chunk, consistent=consistent)
        return rows

    def write(self, writes: Sequence[Write]) -> dict[str, Conflict | StoreError | None]:
        """Write rows, twenty-five per call; each statement has its own condition and result."""
        results: dict[str, Conflict | StoreError | None] = {}
        chunks = batched(writes, _MAX_STATEMENTS, strict=False)
        for written in self._threads.map(self._write_chunk, chunks):
            results |= written
        return results

    def _read_chunk(self, keys: Sequence[str], *, consistent: bool) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        missing = [{"pk": {"S": key}} for key in keys]
        for _ in range(_READ_ROUNDS):
            try:
                answer = self._client.batch_get_item(
                    RequestItems={
                        # Whole items cost the same read units as a projection, and tell which
                        # attributes an update has to remove.
                        self._name: {"Keys": missing, "ConsistentRead": consistent}
                    }
                )
            except (ClientError, BotoCoreError) as error:
                raise _call_error(error) from None
            self._compare_clocks(answer)
            if "Responses" not in answer:
                # botocore makes an empty answer of a body that is not JSON.
                raise StoreUnavailableError("DynamoDB's answer cannot be read.")
            for item in answer["Responses"].get(self._name, []):
                # An item without a version, or with one that does not count, is not ours. An insert
                # of this key then meets a conflict each time, and its neighbours are not affected.
                if "N" in item.get("version", {}):
                    rows[item["pk"]["S"]] = self._row(item)
            unread = answer["UnprocessedKeys"].get(self._name)
            if not unread:
                return rows
            missing = [{"pk": {"S": key["pk"]["S"]}} for key in unread["Keys"]]
        raise StoreThrottledError("DynamoDB left keys unread.")

    def _compare_clocks(self, answer: BatchGetItemOutputTypeDef) -> None:
        """Correct this clock as far as the answer's date proves it wrong.

        The header has whole seconds, so it says only within a second how far this clock is ahead::

            Date ──────────── one second ────────────▶
            │◀──────── the answer was sent ─────────▶│
            now - Date - 1 ≤ ahead ≤ now - Date

        Each answer narrows that; a clock that drifts is followed.
        """
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        date = parsedate_tz(headers.get("date"))
        if date is not None:
            most = self._clock() - mktime_tz(date)
            self._ahead = min(max(self._ahead, most - 1), most)

    def _row(self, item: Mapping[str, AttributeValueTypeDef]) -> Row:
        # The rest of an item is not needed, and would cost time.
        key = item["pk"]["S"]
        values = {name: self._deserialize(item[name]) for name in read_of(key) & item.keys()}
        return Row.of(key, values, names=frozenset(item))

    def _write_chunk(self, writes: Sequence[Write]) -> dict[str, Conflict | StoreError | None]:
        results: dict[str, Conflict | StoreError | None] = {}
        statements: list[tuple[str, BatchStatementRequestTypeDef]] = []
        for write in writes:
            try:
                statements.append((write.key, self._statement(write)))
            except (TypeError, ArithmeticError) as error:
                msg = f"A value has no DynamoDB form ({type(error).__name__})."
                results[write.key] = StoreRejectedError(msg)
        return results | self._execute(statements) if statements else results

    def _execute(
        self, chunk: Sequence[tuple[str, BatchStatementRequestTypeDef]]
    ) -> dict[str, Conflict | StoreError | None]:
        try:
            answer = self._client.batch_execute_statement(
                Statements=[statement for _, statement in chunk]
            )
        except (ClientError, BotoCoreError) as error:
            failure = _call_error(error)
            if isinstance(failure, StoreRejectedError) and len(chunk) > 1:
                # DynamoDB refuses the whole call for one statement that it cannot read. Each
                # statement is sent alone, so that the bad one does not affect its neighbours.
                return {
                    key: result for pair in chunk for key, result in self._execute([pair]).items()
                }
            return {key: failure for key, _ in chunk}
        return {
            key: _result(response.get("Error"))
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
        # Most values are text, which boto3's serializer tries last.
        match value:
            case str():
                return {"S": value}
            case list():
                return {"L": [self._serialize(part) for part in value]}
            case dict():
                return {"M": {name: self._serialize(part) for name, part in value.items()}}
            case _:
                return self._serializer.serialize(value)


def _result(error: BatchStatementErrorTypeDef | None) -> Conflict | StoreError | None:
    if error is None:
        return None
    code = error.get("Code", "")
    return Conflict() if code in _CONFLICTS else _store_error(code, error.get("Message", ""))


def _call_error(error: ClientError | BotoCoreError) -> StoreError:
    if isinstance(error, ClientError):
        problem = error.response["Error"]
        return _store_error(problem["Code"], problem["Message"])
    return StoreUnavailableError(f"DynamoDB could not be reached ({type(error).__name__}).")


def _store_error(code: str, message: str) -> StoreError:
    """Translate DynamoDB's code; drop its message, which may quote values."""
    msg = f"DynamoDB answered {code}."
    if code in _THROTTLED:
        return StoreThrottledError(msg)
    if code in _REJECTED:
        too_large = "size" in message.lower() and "exceed" in message.lower()
        return StoreTooLargeError(msg) if too_large else StoreRejectedError(msg)
    return StoreUnavailableError(msg)
