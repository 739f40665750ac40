"""A DynamoDB client that refuses the items that DynamoDB refuses."""

from __future__ import annotations

import re
from typing import Any, cast

from boto3.dynamodb.types import TypeDeserializer

from hooklog.adapters.aws.dynamodb import DynamoTable
from tests.fakes import Item
from tests.item_size import item_size

_LARGEST = 400 * 1024
_TOO_LARGE = {"Code": "ValidationError", "Message": "Item size has exceeded the maximum"}


class Inserted:
    """An empty table that keeps inserted items as they go over the wire."""

    def __init__(self) -> None:
        """Start without items."""
        self.items: dict[str, Item] = {}
        self.table = DynamoTable(cast("Any", self), "table")
        self._deserialize = TypeDeserializer().deserialize

    def batch_get_item(self, **_: object) -> dict[str, Any]:
        """Find nothing."""
        return {"Responses": {}, "UnprocessedKeys": {}, "ResponseMetadata": {}}

    def batch_execute_statement(self, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3
        """Insert items."""
        return {"Responses": [self._insert(**statement) for statement in Statements]}

    def _insert(self, Statement: str, Parameters: list[Any]) -> dict[str, Any]:  # noqa: N803 - boto3
        assert Statement.startswith("INSERT INTO "), Statement
        names = re.findall(r"'(\w+)': \?", Statement)
        values = [self._deserialize(value) for value in Parameters]
        item = dict(zip(names, values, strict=True))
        if item_size(item) > _LARGEST:
            return {"Error": _TOO_LARGE}
        self.items[str(item.pop("pk"))] = item
        return {}
