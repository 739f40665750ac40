"""What the table's stream says of each row: the truth that events are held to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.cloud import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodbstreams.type_defs import AttributeValueTypeDef, RecordTypeDef

#: Outcome, and code of a failure.
type Said = tuple[str, str | None]


@dataclass(frozen=True)
class Changed:
    """One write of a row.

    Attributes:
        key: of the row.
        version: of the row.
        before: what the row said; None if it said nothing of a log, or did not exist.
        after: what it says.

    """

    key: str
    version: int
    before: Said | None
    after: Said | None


@dataclass(frozen=True)
class Place:
    """Where a record stands.

    Attributes:
        stream: ARN of the stream.
        shard: ID of the shard.
        record: the record itself.

    """

    stream: str
    shard: str
    record: RecordTypeDef


def places(cloud: LocalCloud, table_name: str) -> Iterator[Place]:
    """Read the stream of a table from its start, in the order of the writes, page by page."""
    streams = cloud.client("dynamodbstreams")
    (stream,) = streams.list_streams(TableName=table_name)["Streams"]
    arn = stream["StreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while records := (page := streams.get_records(ShardIterator=iterator))["Records"]:
        for record in records:
            yield Place(arn, shard["ShardId"], record)
        iterator = page["NextShardIterator"]


def changed(cloud: LocalCloud, table_name: str) -> Iterator[Changed]:
    """Return every write of a row, in order."""
    return (_changed(place.record) for place in places(cloud, table_name))


def _changed(record: RecordTypeDef) -> Changed:
    images = record["dynamodb"]
    old, new = images.get("OldImage", {}), images.get("NewImage", {})
    return Changed(
        key=images["Keys"]["pk"]["S"],
        version=int((new or old).get("version", {"N": "0"})["N"]),
        before=_said(old),
        after=_said(new),
    )


def _said(image: Mapping[str, AttributeValueTypeDef]) -> Said | None:
    if "outcome" not in image:
        return None
    outcome = image["outcome"]["S"]
    code = image["error_code"]["S"] if outcome == "failed" and "error_code" in image else None
    return outcome, code
