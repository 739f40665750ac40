"""Where the sweep is, as one item a kind of log in the table."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.errors import StoreUnavailableError
from hooklog.logs import LogKind
from hooklog.records.items import iso
from hooklog.sweep.walk import Place

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


class TablePlaces:
    """Implements :class:`hooklog.sweep.walk.Places`."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        """Use the records' own table: ``sweep#<log type>`` beside the rows."""
        self._client = client
        self._table_name = table_name

    def load(self, kind: LogKind) -> Place | None:
        """Read the place, consistently."""
        try:
            answer = self._client.get_item(
                TableName=self._table_name, Key=_key(kind), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None
        item = answer.get("Item")
        if item is None:
            return None
        watermark, start, end = (
            datetime.fromisoformat(item[name]["S"]) for name in ("watermark", "start", "end")
        )
        return Place(watermark, start, end, page=item["page"]["S"] if "page" in item else None)

    def save(self, kind: LogKind, place: Place) -> None:
        """Replace the place."""
        item: dict[str, AttributeValueTypeDef] = {
            **_key(kind),
            "watermark": {"S": iso(place.watermark)},
            "start": {"S": iso(place.start)},
            "end": {"S": iso(place.end)},
        }
        if place.page is not None:
            item["page"] = {"S": place.page}
        try:
            self._client.put_item(TableName=self._table_name, Item=item)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None


def _key(kind: LogKind) -> dict[str, AttributeValueTypeDef]:
    return {"pk": {"S": f"sweep#{kind.name}"}}


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"The sweep's place is out of reach ({type(error).__name__}).")
