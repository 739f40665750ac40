"""Erase one person's number: find every row that holds it, and empty that row for good.

Nothing else scans the table. No index would do: the optional one has the number at the other end
alone, and a parked message holds numbers wherever its producer put them.

The key, the version and the time of the erasure stay in the row. It is not deleted, because the
sweep would then find the log missing and store it again. What an erased row means to the functions
is in :mod:`hooklog.records.recording`, :mod:`hooklog.records.parking` and
:mod:`hooklog.sweep.comparison`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from hooklog.clock import Clock, iso
from hooklog.logs import KINDS
from hooklog_ops.errors import ErasureError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

#: Attributes whose text comes from outside, and may hold a number.
MAY_HOLD_NUMBERS: Final = (
    *("from", "to", "number", "remote_station", "url", "error_message", "unknown_fields"),
    *("parked_body", "parked_payload"),
)
#: Attributes that are searched: those, and to be safe all that only one kind of log has.
_SEARCHED: Final = tuple(
    dict.fromkeys((*MAY_HOLD_NUMBERS, *(name for kind in KINDS.values() for name in kind.details)))
)
_E164 = re.compile(r"\+([1-9]\d{6,14})")
#: Attempts to empty a row that others change at the same time.
_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A row that holds the number.

    Attributes:
        key: of the row.
        version: when it was read.
        attributes: that hold the number.

    """

    key: str
    version: int
    attributes: Sequence[str]


def digits(number: str) -> str:
    """Return the digits of an E.164 number.

    Raises:
        ErasureError: the number is not in E.164 form.

    """
    found = _E164.fullmatch(number)
    if found is None:
        raise ErasureError(
            "The number is not in E.164 form: a plus sign, the country code and the rest, such as"
            " +12065550123."
        )
    return found[1]


class Eraser:
    """Finds and erases the rows of one number."""

    def __init__(self, client: DynamoDBClient, table_name: str, number: str) -> None:
        """Look for that number in that table.

        Raises:
            ErasureError: the number is not in E.164 form.

        """
        self._client = client
        self._table_name = table_name
        self._digits = digits(number)
        # Within a longer run of digits they belong to another number.
        self._found = re.compile(rf"(?<!\d){self._digits}(?!\d)")
        self._names = {f"#{index}": name for index, name in enumerate(_SEARCHED)}

    def holders(self, read: Callable[[int], None]) -> Iterator[Holder]:
        """Read the whole table once, and yield the rows that hold the number.

        Any form counts in which the digits stand together, such as ``whatsapp:+…`` and ``sip:…``.

        Args:
            read: is called with the number of rows of each page.

        """
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table_name,
            # Rows that were written a moment ago count, too.
            ConsistentRead=True,
            ProjectionExpression=", ".join(("pk", "version", *self._names)),
            FilterExpression=" OR ".join(f"contains({name}, :digits)" for name in self._names),
            ExpressionAttributeNames=self._names,
            ExpressionAttributeValues={":digits": {"S": self._digits}},
        )
        for page in pages:
            read(page["ScannedCount"])
            for item in page["Items"]:
                if holder := self._holder(item):
                    yield holder

    def erase(self, holder: Holder, clock: Clock) -> bool:
        """Empty one row for good; return False if it no longer holds the number.

        Raises:
            ErasureError: others keep changing the row.

        """
        found: Holder | None = holder
        for _ in range(_ROUNDS):
            if found is None:
                return False
            if self._empty(found, clock):
                return True
            answer = self._client.get_item(
                TableName=self._table_name, Key={"pk": {"S": holder.key}}, ConsistentRead=True
            )
            found = self._holder(answer.get("Item", {}))
        raise ErasureError(f"The row {holder.key} keeps changing; run the same command again.")

    def _empty(self, holder: Holder, clock: Clock) -> bool:
        """Replace the row that was read by one without the number; False if it has changed."""
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item={
                    "pk": {"S": holder.key},
                    # A function that read the row before meets a conflict, reads it again and
                    # finds that there is nothing to write.
                    "version": {"N": str(holder.version + 1)},
                    "erased_at": {"S": iso(clock())},
                },
                # The time to live may have removed the row; then the log could be stored again.
                ConditionExpression="attribute_not_exists(pk) OR version = :version",
                ExpressionAttributeValues={":version": {"N": str(holder.version)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _holder(self, item: Mapping[str, AttributeValueTypeDef]) -> Holder | None:
        """Return where a row holds the number, if it does."""
        attributes = [
            name for name in _SEARCHED if self._found.search(item.get(name, {}).get("S", ""))
        ]
        if not attributes:
            return None
        return Holder(key=item["pk"]["S"], version=int(item["version"]["N"]), attributes=attributes)
