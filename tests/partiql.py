"""Reads the PartiQL statements that hooklog writes, and refuses what DynamoDB refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from hooklog.records.rows import Attribute, Write

_INSERT = re.compile(r"INSERT INTO \"\w+\" VALUE \{'\w+': \?(, '\w+': \?)*\}")
_UPDATE = re.compile(
    r"UPDATE \"\w+\"( SET \"\w+\" = \?)+( REMOVE \"\w+\")* WHERE \"pk\" = \? AND \"version\" = \?"
)


def write_of(statement: Mapping[str, Any]) -> Write:
    """Return the write that a statement makes.

    Raises:
        ValueError: DynamoDB would refuse the statement, or it is none that hooklog writes.

    """
    text = statement["Statement"]
    deserialize = TypeDeserializer().deserialize
    parameters = [deserialize(parameter) for parameter in statement["Parameters"]]
    expected: object = None
    removed: list[str] = []
    if _INSERT.fullmatch(text):
        values = _assigned(re.findall(r"'(\w+)'", text), parameters)
        key = values.pop("pk", None)
    elif _UPDATE.fullmatch(text):
        *parameters, key, expected = parameters
        names, removed = re.findall(r'SET "(\w+)"', text), re.findall(r'REMOVE "(\w+)"', text)
        _check_paths([*names, *removed, "pk"])
        values = _assigned(names, parameters)
    else:
        raise ValueError(text)
    version = values.pop("version", None)
    if key is None or version is None:
        raise ValueError(f"There is no key, or no version: {text}")
    write = Write(
        key=str(key),
        expected_version=None if expected is None else int(str(expected)),
        values=values,
        remove=removed,
    )
    if write.version != version:
        raise ValueError(f"The version does not count up: {text}")
    return write


def _assigned(names: list[str], values: list[Attribute]) -> dict[str, Attribute]:
    _check_paths(names)
    return dict(zip(names, values, strict=True))


def _check_paths(names: Iterable[str]) -> None:
    """Refuse a path that occurs twice, even if one clause sets it and one removes it."""
    names = list(names)
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Paths overlap: {sorted(twice)}")
