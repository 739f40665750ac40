"""What arrives from the queue: deliveries, and the log that each of them asks for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from aws_lambda_powertools.utilities.parser import ValidationError, parse
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)

from hooklog.errors import EventError, MessageMalformedError, UnsupportedTypeError
from hooklog.logs import KINDS, LogKind
from hooklog.logs.base import as_utc

#: A log ID goes into a URL path as it is, so nothing but this form is let through.
type LogId = Annotated[
    str,
    StringConstraints(
        to_lower=True,
        pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    ),
]

#: Milliseconds up to the year 9999, the last that a datetime can have.
_LAST_MOMENT = 253_402_300_799_999
#: Before SignalWire, and after what the calendar's first day would break.
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
#: EventBridge through SNS to SQS is two envelopes; more is nobody's design.
_MAX_ENVELOPES = 2
#: SQS message attribute of a message that an operator redrives: where it was parked.
PARKED_AS = "parked_as"
_PARKED_KEY = re.compile(rf"(parked|{'|'.join(KINDS)})#[A-Za-z0-9-]{{1,100}}")


class Origin(StrEnum):
    """Who put the message on the queue."""

    WEBHOOK = "webhook"
    SWEEP = "sweep"
    BACKFILL = "backfill"
    REDRIVE = "redrive"
    MANUAL = "manual"


class _Body(BaseModel):
    """The body of a queue message; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    log_type: str
    log_id: LogId | None = None
    resource_sid: LogId | None = None
    status: str | None = None
    origin: Origin = Origin.MANUAL
    occurred_at: Annotated[AwareDatetime, AfterValidator(as_utc)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """What one message asks for.

    Attributes:
        kind: of log.
        log_id: lower-case UUID to ask for. It is the resource's SID where only that is known,
            which then may or may not be the log's own ID.
        event_at: when the event happened, or else when the message was sent.
        status: that the callback announced, in the callback's words.
        origin: who asked.
        resource_sid: LaML SID of the fax or message, by which its log can be found in a list.

    """

    kind: LogKind
    log_id: str
    event_at: datetime
    status: str | None = None
    origin: Origin = Origin.MANUAL
    resource_sid: str | None = None

    @property
    def key(self) -> str:
        """The table's partition key of the log, if ``log_id`` is its ID."""
        return self.kind.key(self.log_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One SQS record of the batch.

    Attributes:
        message_id: what a partial batch response names.
        receipt_handle: what a change of visibility names.
        body: as it came.
        attempt: 1 for the first delivery (SQS ``ApproximateReceiveCount``).
        sent_at: when the message was put on the queue (SQS ``SentTimestamp``).
        parked_as: key of the row in which the message was parked, if an operator redrives it.

    """

    message_id: str
    receipt_handle: str
    body: str
    attempt: int
    sent_at: datetime
    parked_as: str | None = None

    @property
    def parking_key(self) -> str:
        """The key under which to park this message while its log's is not known."""
        return self.parked_as or f"parked#{self.message_id}"


class _Attributes(BaseModel):
    receive_count: int = Field(alias="ApproximateReceiveCount", ge=1)
    sent_timestamp: int = Field(alias="SentTimestamp", ge=0, le=_LAST_MOMENT)


class _Record(BaseModel):
    message_id: str = Field(alias="messageId", min_length=1)
    receipt_handle: str = Field(alias="receiptHandle")
    event_source: Literal["aws:sqs"] = Field(alias="eventSource")
    body: str
    attributes: _Attributes
    message_attributes: JsonValue = Field(default=None, alias="messageAttributes")


class _SqsEvent(BaseModel):
    records: list[_Record] = Field(alias="Records")


def deliveries(event: object) -> list[Delivery]:
    """Read the records of an SQS event; an empty list of records is a valid event.

    Raises:
        EventError: this is not an SQS event.

    """
    if not isinstance(event, dict):
        raise EventError("The event is not an SQS event: it is no JSON object.")
    try:
        records = parse(event=event, model=_SqsEvent).records
    except ValidationError as error:
        raise EventError(f"The event is not an SQS event: {describe(error)}.") from None
    return [
        Delivery(
            message_id=record.message_id,
            receipt_handle=record.receipt_handle,
            body=record.body,
            attempt=record.attributes.receive_count,
            sent_at=datetime.fromtimestamp(record.attributes.sent_timestamp / 1000, UTC),
            parked_as=_parked_as(record.message_attributes),
        )
        for record in records
    ]


def _parked_as(attributes: JsonValue) -> str | None:
    """Read the attribute of a redriven message; what is no parked row's key is passed over."""
    attribute = attributes.get(PARKED_AS) if isinstance(attributes, dict) else None
    key = attribute.get("stringValue") if isinstance(attribute, dict) else None
    return key if isinstance(key, str) and _PARKED_KEY.fullmatch(key) else None


def log_request(body: str, sent_at: datetime) -> LogRequest:
    """Read one message's body, out of an SNS or EventBridge envelope if it has one.

    Args:
        body: as it came.
        sent_at: when the message was put on the queue.

    Raises:
        MessageMalformedError: not JSON, or a field is missing or malformed.
        UnsupportedTypeError: well-formed, but no kind of log that hooklog knows.

    """
    try:
        content = _unwrapped(json.loads(body))
    except (ValueError, RecursionError):
        raise MessageMalformedError("The body is not JSON.") from None
    if not isinstance(content, dict):
        raise MessageMalformedError("The body is not a JSON object.")
    try:
        fields = parse(event=content, model=_Body)
    except ValidationError as error:
        raise MessageMalformedError(f"The body is malformed: {describe(error)}.") from None
    kind = KINDS.get(fields.log_type)
    if kind is None:
        raise UnsupportedTypeError(f"The log_type is none of {', '.join(KINDS)}.")
    log_id = fields.log_id or fields.resource_sid
    if log_id is None:
        raise MessageMalformedError("The body has neither log_id nor resource_sid.")
    return LogRequest(
        kind=kind,
        log_id=log_id,
        event_at=_event_time(fields.occurred_at, sent_at),
        status=fields.status,
        origin=fields.origin,
        resource_sid=fields.resource_sid,
    )


def _event_time(occurred_at: datetime | None, sent_at: datetime) -> datetime:
    """Take the producer's word, unless no fax or message can have happened then."""
    if occurred_at is None or not _EARLIEST <= occurred_at <= sent_at + timedelta(days=1):
        return sent_at
    return occurred_at


def describe(error: ValidationError) -> str:
    """Say which fields are wrong and how, without the values: they may be personal data."""
    wrong = [
        f"{'.'.join(map(str, problem['loc'])) or 'the whole'}: {problem['type']}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join(wrong[:5]) + ("; …" if len(wrong) > 5 else "")  # noqa: PLR2004


def _unwrapped(content: JsonValue) -> JsonValue:
    for _ in range(_MAX_ENVELOPES):
        if not isinstance(content, dict):
            break
        if content.get("Type") == "Notification" and isinstance(content.get("Message"), str):
            content = json.loads(str(content["Message"]))
        elif "detail-type" in content and "detail" in content:
            content = content["detail"]
        else:
            break
    return content
