"""A strategy for logs from the schemas of SignalWire's OpenAPI documents.

Only the keywords that these documents use are supported; any other is an error, so that a new
one is not ignored silently.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.contract.schemas import GET_ONE, document, member

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from local.space import Json, Log, LogType

_UNDERSTOOD = frozenset(
    {
        *("$ref", "allOf", "anyOf", "enum", "format", "items", "properties", "required", "type"),
        *("description", "examples", "unevaluatedProperties"),
    }
)
#: SQS, DynamoDB and JSON in UTF-8 have no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_URLS = st.builds(
    "https://example.signalwire.com/api/laml/2010-04-01/Accounts/{}/{}/{}".format,
    st.uuids(),
    st.sampled_from(["Faxes", "Messages"]),
    st.uuids(),
)
_MOMENTS = st.datetimes(timezones=st.just(UTC)).map(
    lambda moment: moment.isoformat().replace("+00:00", "Z")
)
#: Strategies by type and format.
_SCALARS: dict[tuple[Json, Json], SearchStrategy[Json]] = {
    ("string", "uuid"): st.uuids().map(str),
    ("string", "uri"): _URLS | st.just("https://example.com/"),
    ("string", "date-time"): _MOMENTS,
    ("string", None): TEXT,
    # A charge in dollars, which unlike a double has limits.
    ("number", "double"): st.decimals(-1000, 1_000_000, places=6).map(float) | st.integers(0, 9),
    ("integer", "int32"): st.integers(-(2**31), 2**31 - 1) | st.integers(0, 9),
    ("null", None): st.none(),
}


def logs(log_type: LogType) -> SearchStrategy[Log]:
    """Return logs of this type, each valid by its document."""
    defs = member(document(log_type), "$defs")
    return _objects(member(defs, GET_ONE[log_type]), defs)


def _values(schema: Json, defs: dict[str, Json]) -> SearchStrategy[Json]:
    assert isinstance(schema, dict)
    assert schema.keys() <= _UNDERSTOOD, f"a schema with {sorted(schema)}"
    match schema:
        case {"$ref": str(ref)}:
            found = _values(defs[ref.rpartition("/")[2]], defs)
        case {"allOf": [one]}:
            found = _values(one, defs)
        case {"anyOf": list(some)}:
            found = st.one_of(*(_values(one, defs) for one in some))
        case {"type": "string", "enum": list(words)}:
            found = st.sampled_from(words)
        case {"type": "array", "items": items}:
            found = st.lists(_values(items, defs), max_size=3)
        case {"type": "object"}:
            found = _objects(schema, defs)
        case _:
            found = _SCALARS[schema["type"], schema.get("format")]
    return found


def _objects(schema: dict[str, Json], defs: dict[str, Json]) -> SearchStrategy[Log]:
    properties = member(schema, "properties")
    fields = {name: _values(member(properties, name), defs) for name in properties}
    required = schema["required"]
    assert isinstance(required, list)
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )
