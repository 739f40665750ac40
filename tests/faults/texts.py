"""Odd texts for the bodies of messages and for SignalWire's answers."""

from __future__ import annotations

import json

from local.space import Json
from tests.faults.canary import NUMBER, TEXT
from tests.faults.messages import Message, Text

ANOTHER_ID = "ffffffff-ffff-4fff-8fff-ffffffffffff"


def text(literal: str) -> Text:
    """Return the same text for every message."""
    return lambda _: literal


def body(**changes: Json) -> Text:
    """Return the message's own body with changes."""
    return lambda message: json.dumps(json.loads(message.body) | changes)


def log(**changes: Json) -> Text:
    """Return the log with changes."""
    return lambda message: json.dumps(message.log | changes)


def units(number: int) -> Text:
    """Return the log with this number of pages or segments."""
    name = {"fax": "number_of_pages", "message": "number_of_segments"}
    return lambda message: json.dumps(message.log | {name[message.kind]: number})


def without(name: str) -> Text:
    """Return the log without a field."""
    return lambda message: json.dumps({k: v for k, v in message.log.items() if k != name})


def raw(name: str, literal: str) -> Text:
    """Return the log with a field appended as literal JSON; the last of two values counts."""
    return lambda message: json.dumps(message.log)[:-1] + f', "{name}": {literal}}}'


def twice_in_body(name: str, first: Json) -> Text:
    """Return the message's own body with a second value for a field, before the first."""
    return lambda message: f'{{"{name}": {json.dumps(first)}, {message.body[1:]}'


def half(message: Message) -> str:
    """Return the first half of the log."""
    whole = json.dumps(message.log)
    return whole[: len(whole) // 2]


def nested(depth: int) -> str:
    """Return JSON arrays nested this deep."""
    return "[" * depth + "]" * depth


def enveloped(content: str) -> str:
    """Return the envelope that SNS puts around a text."""
    return json.dumps({"Type": "Notification", "Message": content, "Subject": f"{NUMBER} {TEXT}"})
