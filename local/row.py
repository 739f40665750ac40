"""Show one row of the table: `python -m local.row TABLE KEY`, in the cloud that boto3 finds."""

from __future__ import annotations

import json
import sys

import boto3
from boto3.dynamodb.types import TypeDeserializer


def main() -> int:
    """Print the row as JSON."""
    try:
        _, table, key = sys.argv
    except ValueError:
        print(__doc__, file=sys.stderr)
        return 2
    answer = boto3.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": key}})
    if "Item" not in answer:
        print(f"There is no row {key} yet.", file=sys.stderr)
        return 1
    read = TypeDeserializer().deserialize
    row = {name: read(value) for name, value in answer["Item"].items()}
    print(json.dumps(row, indent=2, default=_number))
    return 0


def _number(value: object) -> int | float:
    number = float(str(value))
    return int(number) if number.is_integer() else number


if __name__ == "__main__":
    sys.exit(main())
