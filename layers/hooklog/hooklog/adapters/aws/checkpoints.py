"""The sweep's checkpoints, one item per kind of log and tier in the table."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.clock import iso
from hooklog.errors import StoreUnavailableError
from hooklog.logs import LogKind
from hooklog.sweep.walk import Checkpoint

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


class TableCheckpoints:
    """Implements :class:`hooklog.sweep.tiers.Checkpoints`."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        """Use the table of the rows: the keys are ``sweep#<log type>``, with ``#<tier>``."""
        self._client = client
        self._table_name = table_name

    def load(self, kind: LogKind, tier: str) -> Checkpoint | None:
        """Read the checkpoint, consistently."""
        try:
            answer = self._client.get_item(
                TableName=self._table_name, Key=_key(kind, tier), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None
        item = answer.get("Item")
        if item is None:
            return None
        watermark, end = (datetime.fromisoformat(item[name]["S"]) for name in ("watermark", "end"))
        return Checkpoint(watermark, end, page=item["page"]["S"] if "page" in item else None)

    def save(self, kind: LogKind, tier: str, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        item: dict[str, AttributeValueTypeDef] = {
            **_key(kind, tier),
            "watermark": {"S": iso(checkpoint.watermark)},
            "end": {"S": iso(checkpoint.end)},
        }
        if checkpoint.page is not None:
            item["page"] = {"S": checkpoint.page}
        try:
            self._client.put_item(TableName=self._table_name, Item=item)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None


def _key(kind: LogKind, tier: str) -> dict[str, AttributeValueTypeDef]:
    return {"pk": {"S": "#".join(part for part in ("sweep", kind.name, tier) if part)}}


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"The sweep's checkpoint cannot be reached ({type(error).__name__})."
    )
