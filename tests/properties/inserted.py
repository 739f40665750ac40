"""A DynamoDB client that refuses the items that DynamoDB refuses."""

from __future__ import annotations

import re
from typing import Any, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from hooklog.adapters.aws.dynamodb import DynamoTable
from tests.fakes import Item
from tests.item_size import item_size

_LARGEST = 400 * 1024
_TOO_LARGE = {"Code": "ValidationError", "Message": "Item size has exceeded the maximum"}


class Inserted:
    """A table that keeps items as they go over the wire."""

    def __init__(self) -> None:
        """Start without items."""
        self.items: dict[str, Item] = {}
        self.table = DynamoTable(cast("Any", self), "table")
        self._deserialize = TypeDeserializer().deserialize
        self._serialize = TypeSerializer().serialize

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3
        """Return the items that there are."""
        keys = [key["pk"]["S"] for key in RequestItems["table"]["Keys"]]
        items = [{"pk": key} | self.items[key] for key in keys if key in self.items]
        found = [{name: self._serialize(item[name]) for name in item} for item in items]
        return {"Responses": {"table": found}, "UnprocessedKeys": {}, "ResponseMetadata": {}}

    def batch_execute_statement(self, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3
        """Insert or update items."""
        return {"Responses": [self._write(**statement) for statement in Statements]}

    def _write(self, Statement: str, Parameters: list[Any]) -> dict[str, Any]:  # noqa: N803 - boto3
        values = [self._deserialize(value) for value in Parameters]
        if Statement.startswith("INSERT INTO "):
            item = dict(zip(re.findall(r"'(\w+)': \?", Statement), values, strict=True))
        else:
            *values, key, version = values
            assert self.items[key]["version"] == version
            changed = dict(zip(re.findall(r'SET "(\w+)" = \?', Statement), values, strict=True))
            item = {"pk": key} | self.items[key] | changed
            for name in re.findall(r'REMOVE "(\w+)"', Statement):
                del item[name]
        if item_size(item) > _LARGEST:
            return {"Error": _TOO_LARGE}
        self.items[str(item.pop("pk"))] = item
        return {}
