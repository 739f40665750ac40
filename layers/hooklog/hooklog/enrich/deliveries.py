"""What arrives from the queue: deliveries, and the log that each of them asks for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
)

from hooklog.clock import as_utc
from hooklog.errors import EventError, MessageMalformedError, UnsupportedTypeError
from hooklog.logs import KINDS
from hooklog.logs.model import LogId
from hooklog.parsing import ValidationError, describe, parse
from hooklog.queue_messages import PARKED_AS, LogRequest, Origin, as_error_code

#: Milliseconds up to the year 9999, the last that a datetime can hold.
_LAST_MOMENT = 253_402_300_799_999
#: Before SignalWire existed; later than dates that overflow when a day is subtracted.
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
#: EventBridge through SNS to SQS makes two envelopes; deeper nesting is rejected.
_MAX_ENVELOPES = 2


class QueueMessage(BaseModel):
    """The body of a queue message; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    log_type: str
    log_id: LogId | None = None
    resource_sid: LogId | None = None
    status: str | None = None
    error_code: Annotated[str | None, BeforeValidator(as_error_code)] = None
    origin: Origin | None = None
    occurred_at: Annotated[AwareDatetime, AfterValidator(as_utc)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One SQS record of the batch.

    Attributes:
        message_id: that a partial batch response names.
        receipt_handle: that a change of the visibility timeout names.
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
        """The key under which to park this message while its log's key is unknown."""
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
        raise EventError("The event is not an SQS event: it is not a JSON object.")
    try:
        records = parse(event, _SqsEvent).records
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
    """Return the attribute of a redriven message; ignore what cannot be a parked row's key."""
    attribute = attributes.get(PARKED_AS) if isinstance(attributes, dict) else None
    key = attribute.get("stringValue") if isinstance(attribute, dict) else None
    if not isinstance(key, str):
        return None
    return key if re.fullmatch(rf"(parked|{'|'.join(KINDS)})#[A-Za-z0-9-]{{1,100}}", key) else None


def log_request(body: str, sent_at: datetime) -> LogRequest:
    """Read one message's body, out of an SNS or EventBridge envelope if it has one.

    Args:
        body: as it came.
        sent_at: when the message was put on the queue.

    Raises:
        MessageMalformedError: the body is not JSON, or a field is missing or malformed.
        UnsupportedTypeError: hooklog does not know this kind of log.

    """
    try:
        content = _unwrapped(json.loads(body))
    except (ValueError, RecursionError):
        raise MessageMalformedError("The body is not JSON.") from None
    if not isinstance(content, dict):
        raise MessageMalformedError("The body is not a JSON object.")
    try:
        fields = parse(content, QueueMessage)
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
        error_code=fields.error_code,
        origin=fields.origin or Origin.MANUAL,
        resource_sid=fields.resource_sid,
    )


def _event_time(occurred_at: datetime | None, sent_at: datetime) -> datetime:
    """Trust the producer, unless no fax or message can have happened then."""
    if occurred_at is None or not _EARLIEST <= occurred_at <= sent_at + timedelta(days=1):
        return sent_at
    return occurred_at


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
