"""The sweep's checkpoints: one item per kind and tier, beside the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from hooklog.adapters.aws.checkpoints import TableCheckpoints
from hooklog.errors import StoreUnavailableError
from hooklog.logs import FAX, MESSAGE
from hooklog.sweep.walk import Checkpoint
from tests.fakes import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATER = NOW + timedelta(minutes=5)


class Items:
    """A DynamoDB with the items of one table, which it may fail to reach."""

    def __init__(self, error: Exception | None = None) -> None:
        """Raise the error at each call."""
        self.error = error
        self.items: dict[str, dict[str, Any]] = {}

    def get_item(
        self,
        *,
        TableName: str,  # noqa: N803 - as in boto3
        Key: dict[str, Any],  # noqa: N803 - as in boto3
        ConsistentRead: bool,  # noqa: N803 - as in boto3
    ) -> dict[str, Any]:
        """Answer as AWS does: without an item if there is none."""
        assert (TableName, ConsistentRead) == ("rows", True)
        if self.error is not None:
            raise self.error
        item = self.items.get(Key["pk"]["S"])
        return {} if item is None else {"Item": item}

    def put_item(self, *, TableName: str, Item: dict[str, Any]) -> None:  # noqa: N803 - as in boto3
        """Replace an item."""
        assert TableName == "rows"
        if self.error is not None:
            raise self.error
        self.items[Item["pk"]["S"]] = Item

    def checkpoints(self) -> TableCheckpoints:
        """Return the checkpoints in this table."""
        return TableCheckpoints(cast("DynamoDBClient", self), "rows")


@pytest.mark.parametrize("page", [None, "7"])
def test_a_checkpoint_is_loaded_as_it_was_saved(page: str | None) -> None:
    """A page is kept if the walk has one."""
    checkpoints = Items().checkpoints()
    checkpoint = Checkpoint(NOW, LATER, page=page)
    checkpoints.save(FAX, "24h", checkpoint)
    assert checkpoints.load(FAX, "24h") == checkpoint


def test_each_kind_and_tier_has_its_own() -> None:
    """The first tier's key has no name of a tier; nothing saved is nothing loaded."""
    table = Items()
    checkpoints = table.checkpoints()
    checkpoints.save(FAX, "", Checkpoint(NOW, LATER))
    checkpoints.save(MESSAGE, "24h", Checkpoint(NOW, LATER))
    assert table.items == {
        key: {
            "pk": {"S": key},
            "watermark": {"S": "2026-05-04T12:00:00.000Z"},
            "end": {"S": "2026-05-04T12:05:00.000Z"},
        }
        for key in ("sweep#fax", "sweep#message#24h")
    }
    assert checkpoints.load(FAX, "24h") is None


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException", "Message": "?"}}, "GetItem"),
        EndpointConnectionError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com"),
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda checkpoints: checkpoints.load(FAX, ""),
        lambda checkpoints: checkpoints.save(FAX, "", Checkpoint(NOW, LATER)),
    ],
    ids=["load", "save"],
)
def test_a_table_out_of_reach_is_a_store_error(
    call: Callable[[TableCheckpoints], object], error: Exception
) -> None:
    """The sweep stops there; its error names what happened."""
    with pytest.raises(StoreUnavailableError, match=f"checkpoint .*{type(error).__name__}"):
        call(Items(error).checkpoints())
