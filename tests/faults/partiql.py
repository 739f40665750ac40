"""Parsing of the PartiQL statements that hooklog writes."""

from __future__ import annotations

import re
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from hooklog.records.rows import Write

_INSERT = re.compile(r"INSERT INTO \"\w+\" VALUE \{('\w+': \?(, )?)+\}")
_UPDATE = re.compile(
    r"UPDATE \"\w+\"( SET \"\w+\" = \?)+( REMOVE \"\w+\")* WHERE \"pk\" = \? AND \"version\" = \?"
)


def write_of(statement: dict[str, Any]) -> Write:
    """Return the write that a statement makes.

    Raises:
        ValueError: the statement has an unknown form.

    """
    text = statement["Statement"]
    deserialize = TypeDeserializer().deserialize
    parameters = [deserialize(parameter) for parameter in statement["Parameters"]]
    if _INSERT.fullmatch(text):
        values = dict(zip(re.findall(r"'(\w+)'", text), parameters, strict=True))
        key, expected, removed = values.pop("pk"), None, []
    elif _UPDATE.fullmatch(text):
        *parameters, key, expected = parameters
        values = dict(zip(re.findall(r'SET "(\w+)"', text), parameters, strict=True))
        removed = re.findall(r'REMOVE "(\w+)"', text)
        paths = re.findall(r'(?:SET|REMOVE) "(\w+)"', text)
        if len({*paths}) != len(paths):
            # DynamoDB refuses two paths of one update that overlap.
            raise ValueError(text)
    else:
        raise ValueError(text)
    version = values.pop("version")
    write = Write(
        key=key,
        expected_version=None if expected is None else int(expected),
        values=values,
        remove=removed,
    )
    assert write.version == version, "the version does not count up"
    return write
