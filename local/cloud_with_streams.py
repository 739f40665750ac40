"""Run ministack, the local cloud, with what it lacks: stream records of PartiQL writes.

DynamoDB puts every write into the table's stream. ministack 1.5.33 leaves out those of PartiQL
statements, which are hooklog's; so this wraps its two functions that carry them out. The program
runs in ministack's own environment, and imports nothing of hooklog.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import dynamodb  # type: ignore[import-not-found]

type Json = dict[str, Any]
type Statement = Callable[..., object]


def streamed(statement: Statement, key_of: Callable[[Json, Json], str | None]) -> Statement:
    """Return a statement that puts what it changes into the stream of the table."""

    def run(table: Json, parsed: Json, *rest: object) -> object:
        key = key_of(table, parsed)
        before = _item(table, key)
        answer = statement(table, parsed, *rest)
        after = _item(table, key)
        # ministack replaces an item that a statement changes, and changes none in its place.
        if after is not before:
            name = "MODIFY" if before else "INSERT"
            dynamodb._emit_stream_event(table["TableName"], name, before, after)  # noqa: SLF001
        return answer

    return run


def _item(table: Json, key: str | None) -> Json | None:
    items: dict[str | None, dict[str, Json]] = table["items"]
    return items.get(key, {}).get("__no_sort__")


def _inserted(table: Json, parsed: Json) -> str | None:
    item: Json = parsed.get("item", {})
    key: str | None = dynamodb._extract_key_val(item.get("M", item).get(table["pk_name"]))  # noqa: SLF001
    return key


def _updated(table: Json, parsed: Json) -> str | None:
    key: str | None = dynamodb._partiql_key_target(table, parsed)[0]  # noqa: SLF001
    return key


if __name__ == "__main__":
    dynamodb._partiql_insert = streamed(dynamodb._partiql_insert, _inserted)  # noqa: SLF001
    dynamodb._partiql_update = streamed(dynamodb._partiql_update, _updated)  # noqa: SLF001
    main()
