"""Whether ministack still lacks what the local cloud adds to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.cloud import MINISTACK, LocalCloud, local_cloud
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
    """As soon as it does, `local/cloud_with_streams.py` can go, and this test with it."""
    with local_cloud(tmp_path / "cloud.log", program=MINISTACK) as cloud:
        write(cloud)
        assert [change.key for change in changed(cloud, TABLE)] == ["put"]


def test_the_local_cloud_puts_every_write_into_the_stream(tmp_path: Path) -> None:
    """As DynamoDB does."""
    with local_cloud(tmp_path / "cloud.log") as cloud:
        write(cloud)
        assert [change.key for change in changed(cloud, TABLE)] == ["put", "stated"]
