"""A DynamoDB client that refuses the statements and the items that DynamoDB refuses."""

from __future__ import annotations

from typing import Any, cast

from boto3.dynamodb.types import TypeSerializer

from hooklog.adapters.aws.dynamodb import DynamoTable
from tests.fakes import Item, MemoryTable
from tests.item_size import item_size
from tests.partiql import write_of

_LARGEST = 400 * 1024
_TOO_LARGE = {"Code": "ValidationError", "Message": "Item size has exceeded the maximum"}


class StrictDynamoDB:
    """A table that keeps items as they go over the wire."""

    def __init__(self) -> None:
        """Start without items."""
        self._rows = MemoryTable()
        self.table = DynamoTable(cast("Any", self), "table")
        self._serialize = TypeSerializer().serialize

    @property
    def items(self) -> dict[str, Item]:
        """The items by key."""
        return self._rows.items

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3
        """Return the items that there are."""
        keys = [key["pk"]["S"] for key in RequestItems["table"]["Keys"]]
        items = [{"pk": key} | self.items[key] for key in keys if key in self.items]
        found = [{name: self._serialize(item[name]) for name in item} for item in items]
        return {"Responses": {"table": found}, "UnprocessedKeys": {}, "ResponseMetadata": {}}

    def batch_execute_statement(self, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3
        """Insert or update items."""
        return {"Responses": [self._execute(statement) for statement in Statements]}

    def _execute(self, statement: dict[str, Any]) -> dict[str, Any]:
        write = write_of(statement)
        before = self.items.get(write.key, {})
        # DynamoDB documents no REMOVE of an absent attribute.
        assert set(write.remove) <= before.keys(), "an absent attribute is removed"
        assert self._rows.write([write]) == {write.key: None}, "nobody else writes"
        if item_size({"pk": write.key} | self.items[write.key]) > _LARGEST:
            self.items[write.key] = before
            if not before:
                del self.items[write.key]
            return {"Error": _TOO_LARGE}
        return {}
