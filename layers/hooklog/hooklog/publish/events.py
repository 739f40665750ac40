"""The event that tells a log's outcome: the contract with whoever consumes it.

Within a version of the schema, keys are added, and never removed, renamed or given another meaning.
``docs/events/`` has a JSON Schema per version, which ``make docs`` writes from this model.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from hooklog.logs import KINDS
from hooklog.parsing import parse
from hooklog.publish.changes import Change, Image, told

SOURCE = "hooklog"
VERSION = 1
_PHRASES = {"failed": "Failed", "succeeded": "Succeeded", "in_progress": "In Progress"}
_NUMBER = re.compile(r"\+[0-9]{6,15}")
#: Characters. With texts of these lengths, ten events always fit into one call, which EventBridge
#: limits to 256 KB, whatever the characters.
_LONGEST, _LONGEST_SENTENCE = 200, 500


def _clipped(length: int) -> BeforeValidator:
    return BeforeValidator(lambda value: value[:length] if isinstance(value, str) else value)


Text = Annotated[str, _clipped(_LONGEST), Field(max_length=_LONGEST)]
Sentence = Annotated[str, _clipped(_LONGEST_SENTENCE), Field(max_length=_LONGEST_SENTENCE)]
#: As the row has it: ISO 8601 in UTC, with milliseconds.
Moment = Annotated[str, Field(max_length=30, json_schema_extra={"format": "date-time"})]
Dollars = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


class Explanation(BaseModel):
    """Why a fax or message failed."""

    model_config = ConfigDict(frozen=True)

    key: Text = Field(description="The catalogue's name of the explanation.")
    category: Text = Field(description="What kind of thing went wrong, such as destination.")
    cause: Sentence = Field(description="What went wrong.")
    advice: Sentence = Field(description="What to do about it.")
    retry: bool = Field(description="Whether sending it again unchanged can help.")
    severity: Text = Field(description="error needs a person; warning may heal; info is expected.")


class LogEvent(BaseModel):
    """The outcome of a fax or message, as hooklog knows it since one write of its row."""

    model_config = ConfigDict(frozen=True, title="hooklog's event, version 1")

    schema_version: Literal[1] = Field(description="Version of this schema.")
    id: Text = Field(
        description="Key and version of the row. An event that arrives twice has the same one."
    )
    version: int = Field(
        ge=1,
        description="Number of the row's writes; the greatest of a log's events is the latest.",
    )
    log_type: Text = Field(description="Kind of log: fax or message.")
    log_id: Text = Field(description="ID of the log at SignalWire.")
    resource_sid: Text | None = Field(
        description="SID of the fax or message, which the answer to sending it has."
    )
    outcome: Literal["failed", "succeeded", "in_progress"] = Field(
        description="What became of the fax or message."
    )
    status: Text = Field(description="The log's status at SignalWire; a fax log's is its call's.")
    direction: Text | None = Field(description="Direction, in SignalWire's words.")
    sender: Text | None = Field(
        alias="from", description="Number or address of the sender, masked on demand."
    )
    recipient: Text | None = Field(
        alias="to", description="Number or address of the recipient, masked on demand."
    )
    error_code: Text | None = Field(description="Code of the failure, if one is known.")
    explanation: Explanation | None = Field(description="Of a failure; null for all else.")
    charge: Dollars | None = Field(description="What SignalWire charged so far, in dollars.")
    created_at: Moment = Field(description="When the log was created at SignalWire.")
    fetched_at: Moment = Field(description="When hooklog fetched what the event tells.")

    @property
    def detail_type(self) -> str:
        """EventBridge's ``detail-type``, such as ``Fax Failed``."""
        return f"{self.log_type.title()} {_PHRASES[self.outcome]}"


def event_of(change: Change, *, masked: bool) -> LogEvent:
    """Return the event that tells the row after a change.

    Args:
        change: of a row with an outcome.
        masked: whether the event shows of numbers only their last two digits.

    Raises:
        ValidationError: the row lacks what every stored log has.

    """
    image, key = change.after or {}, change.key
    log_type, _, log_id = key.partition("#")
    said = told(key, image)
    fields = {
        "schema_version": VERSION,
        "id": f"{key}@{image.get('version')}",
        "log_type": log_type,
        "log_id": log_id,
        "error_code": said.error_code if said is not None else None,
        "explanation": _explanation(image),
        **{name: image.get(name) for name in _AS_STORED},
        **{name: _party(image.get(name), masked=masked) for name in ("from", "to")},
    }
    return parse(fields, LogEvent)


def detail_types() -> list[str]:
    """Name every ``detail-type`` that an event can have."""
    return [f"{name.title()} {phrase}" for name in KINDS for phrase in _PHRASES.values()]


#: Attributes of the row that the event has under the same name.
_AS_STORED = (
    *("version", "resource_sid", "outcome", "status", "direction", "charge"),
    *("created_at", "fetched_at"),
)


def _explanation(image: Image) -> dict[str, object] | None:
    if "explanation" not in image:
        return None
    names = Explanation.model_fields.keys() - {"key"}
    return {"key": image["explanation"], **{name: image.get(name) for name in names}}


def _party(address: object, *, masked: bool) -> object:
    """Return a number or address; masked, a number keeps its last two digits, and no other."""
    if not masked or not isinstance(address, str):
        return address
    hidden = "*" * (len(address) - 3)
    return f"+{hidden}{address[-2:]}" if _NUMBER.fullmatch(address) else "***"
