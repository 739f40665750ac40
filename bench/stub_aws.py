"""The few AWS operations that the subjects call, with the rows in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

#: A dummy, like everything in the secret.
SIGNING_KEY: Final = "PSK-bench"
_SECRET = {"project_id": "p", "api_token": "t", "signing_keys": [SIGNING_KEY]}
#: Start of the keys of the sweep's checkpoints, which are written unconditionally and not kept.
_CHECKPOINT: Final = "sweep#"
#: The only supported condition: both peers send it.
_PUT_CONDITION: Final = "attribute_not_exists(pk) OR fetched_at < :fetched_at"

type Item = dict[str, dict[str, Any]]
type Json = dict[str, Any]


class AwsError(Exception):
    """An error that AWS would return; the message is its code."""


class Aws:
    """A DynamoDB table, a secret, a queue and an event bus."""

    def __init__(self) -> None:
        """Start with an empty table."""
        self.rows: dict[str, Item] = {}
        self.sent = 0
        self._operations: Mapping[str, Callable[[Json], Json]] = {
            "DynamoDB_20120810.BatchGetItem": self._batch_get_item,
            "DynamoDB_20120810.BatchExecuteStatement": self._batch_execute_statement,
            "DynamoDB_20120810.PutItem": self._put_item,
            # No sweep has a checkpoint, so each compares the same period.
            "DynamoDB_20120810.GetItem": lambda _: {},
            "secretsmanager.GetSecretValue": lambda _: {"SecretString": json.dumps(_SECRET)},
            "AmazonSQS.SendMessage": self._send_message,
            "AWSEvents.PutEvents": self._put_events,
        }

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each row, by key."""
        return {key: row["outcome"]["S"] for key, row in self.rows.items() if "alias_of" not in row}

    def call(self, target: str, request: Json) -> Json:
        """Carry out an operation, named as in the header ``X-Amz-Target``.

        Raises:
            AwsError: a condition does not hold, or the stub does not support the operation.

        """
        operation = self._operations.get(target)
        if operation is None:
            raise AwsError("UnknownOperationException")
        return operation(request)

    def _batch_get_item(self, request: Json) -> Json:
        ((table, wanted),) = request["RequestItems"].items()
        found = (self.rows.get(key["pk"]["S"]) for key in wanted["Keys"])
        items = [row for row in found if row]
        return {"Responses": {table: items}, "UnprocessedKeys": {}}

    def _batch_execute_statement(self, request: Json) -> Json:
        return {"Responses": [self._insert(one) for one in request["Statements"]]}

    def _insert(self, statement: Json) -> Json:
        row: Item = dict(
            zip(_inserted(statement["Statement"]), statement["Parameters"], strict=True)
        )
        if row["pk"]["S"] in self.rows:
            return {"Error": {"Code": "DuplicateItem", "Message": "The item exists."}}
        self.rows[row["pk"]["S"]] = row
        return {"TableName": "bench"}

    def _put_item(self, request: Json) -> Json:
        if request["Item"]["pk"]["S"].startswith(_CHECKPOINT):
            return {}
        if request["ConditionExpression"] != _PUT_CONDITION:
            raise AwsError("ValidationException")
        row: Item = request["Item"]
        before = self.rows.get(row["pk"]["S"])
        fetched_at = request["ExpressionAttributeValues"][":fetched_at"]["S"]
        if before is not None and not before["fetched_at"]["S"] < fetched_at:
            raise AwsError("ConditionalCheckFailedException")
        self.rows[row["pk"]["S"]] = row
        return {}

    def _send_message(self, _: Json) -> Json:
        self.sent += 1
        return {"MessageId": str(self.sent)}

    def _put_events(self, request: Json) -> Json:
        entries = [{"EventId": str(number)} for number, _ in enumerate(request["Entries"])]
        return {"FailedEntryCount": 0, "Entries": entries}


@cache
def _inserted(statement: str) -> tuple[str, ...]:
    """Return the attribute names of a PartiQL INSERT, in order."""
    if not statement.startswith("INSERT INTO"):
        raise AwsError("ValidationException")
    return tuple(re.findall(r"'(\w+)': \?", statement))
