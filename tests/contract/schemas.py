"""SignalWire's schemas of its logs, and a validator that also checks formats."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

from hooklog.logs import UUID_PATTERN

if TYPE_CHECKING:
    from local.space import Json, LogType

GET_ONE = {"fax": "Fax.LogResponse", "message": "Message.LogRetrieveResponse"}
#: The kinds of log that have a document here, and generated logs in the simulated space.
SPECIFIED: tuple[LogType, ...] = tuple(GET_ONE)
LIST = {"fax": "Fax.LogListResponse", "message": "Message.LogListResponse"}
GET_ONE_422 = {
    "fax": "Fax.FaxLogShowStatusCode422",
    "message": "Message.MessageLogShowStatusCode422",
}
LIST_422 = {
    "fax": "Fax.FaxLogsListStatusCode422",
    "message": "Message.MessageLogsListStatusCode422",
}

_FOLDER = Path(__file__).parent / "openapi"
_UUID = re.compile(UUID_PATTERN)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_INT32 = range(-(2**31), 2**31)

# Without further packages jsonschema leaves most formats unchecked.
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("uuid")
def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


@_FORMATS.checks("date-time")
def _is_date_time(value: object) -> bool:
    return isinstance(value, str) and _DATE_TIME.fullmatch(value) is not None


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    # The null branch of an anyOf has no format, and its value is not a string.
    return not isinstance(value, str) or urlsplit(value).scheme == "https"


@_FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or value in _INT32


def document(log_type: LogType) -> dict[str, Json]:
    """Return the whole schema document of a kind of log."""
    value: Json = json.loads((_FOLDER / f"{log_type}_logs.json").read_text())
    assert isinstance(value, dict)
    return value


def member(value: Json, *names: str) -> dict[str, Json]:
    """Return the object at this path of nested objects."""
    for name in names:
        assert isinstance(value, dict)
        value = value[name]
    assert isinstance(value, dict)
    return value


def members(value: dict[str, Json], name: str) -> list[Json]:
    """Return the items of an array; an absent one is empty."""
    found = value.get(name, [])
    assert isinstance(found, list)
    return found


def properties(log_type: LogType) -> dict[str, dict[str, Json]]:
    """Return the schema of each field of a log, in the order of the specification."""
    found = member(document(log_type), "$defs", GET_ONE[log_type], "properties")
    return {name: member(found, name) for name in found}


def validator(log_type: LogType, name: str) -> Draft202012Validator:
    """Return a validator of one named schema."""
    schema = {"$defs": document(log_type)["$defs"], "$ref": f"#/$defs/{name}"}
    return Draft202012Validator(schema, format_checker=_FORMATS)
