"""Answers that depart from the document of a log, or that are not logs at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.properties.openapi import TEXT, logs

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from local.space import LogType

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
).map(json.dumps)
_NUMBERS = st.sampled_from(
    [
        *("NaN", "Infinity", "-Infinity", "-0", "-0.0", "1e400", "-1e400", "1e-400", "1E+9"),
        *("1e125", "1e-131", "1e999999999", "1e-999999999", "9" * 39, "-" + "9" * 5000),
        *("0." + "1" * 60, "2147483648", "1.0", "2.5", "01", "1_000", "0x10", "+1", "1.", ".5"),
    ]
)
_STRINGS = st.sampled_from(
    [
        *('""', '" "', '"1"', '" 1 "', '"1e3"', '"NaN"', '"1_000"', '"true"', '"null"'),
        *(r'"\ud800"', r'"\udc00\ud800"', r'"\u0000"', '"\x00"', '"\t"', '"\u2028"', r'"\x"'),
        json.dumps("x" * 20_000),
        json.dumps("𝄞" * 5_000, ensure_ascii=False),
        *('"2026-13-40T00:00:00Z"', '"2026-02-30"', '"2026-05-04 11:59:30"', '"20260504"'),
        *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59.9999999-12:00"', '"1714997000"'),
        *('"2026-05-04T24:00:00Z"', '"2026-05-04T11:59:60Z"', '"2026-05-04T11:59:30+25:00"'),
    ]
)
_NESTED = st.builds(
    lambda depth, pair: pair[0] * depth + "1" + pair[1] * depth,
    st.sampled_from([2, 31, 33, 150, 250, 5_000]),
    st.sampled_from([("[", "]"), ('{"a":', "}")]),
)
_VALUES = _JSON | _NUMBERS | _STRINGS | _NESTED


@dataclass(frozen=True)
class Answer:
    """The answer to a request for a log."""

    log_type: LogType
    log_id: str
    text: str


@st.composite
def answers(draw: DrawFn, log_type: LogType) -> Answer:
    """Return a valid log with zero to two changes, perhaps spoilt as a whole."""
    log = draw(logs(log_type))
    # Pairs of texts, because a name may occur twice and a value may be invalid JSON.
    fields = [(json.dumps(name), json.dumps(value)) for name, value in log.items()]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(fields) - 1))
        name, value = fields[place]
        match draw(st.sampled_from(["value", "name", "drop", "twice", "more"])):
            case "value":
                fields[place] = name, draw(_VALUES)
            case "name":
                fields[place] = draw(TEXT.map(json.dumps)), value
            case "drop" if len(fields) > 1:
                del fields[place]
            case "twice":
                fields.append((name, draw(_VALUES)))
            case _:
                fields.append((draw(TEXT.map(json.dumps)), draw(_VALUES)))
    text = "{" + ", ".join(f"{name}: {value}" for name, value in fields) + "}"
    return Answer(log_type, str(log["id"]), draw(_spoilt(text)))


def _spoilt(text: str) -> SearchStrategy[str]:
    """Leave most texts unchanged; cut, change, replace or wrap the others."""
    places = st.integers(0, len(text))
    return st.one_of(
        *[st.just(text)] * 12,
        places.map(lambda place: text[:place]),
        st.builds(lambda place, other: text[:place] + other + text[place + 1 :], places, TEXT),
        _VALUES,
        st.sampled_from(["", "[]", "null", "{}", f"[{text}]", f'"{text}"', "\ufeff" + text]),
    )
