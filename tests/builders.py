"""Ordinary inputs for tests, each with the changes that a test is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from hooklog.catalogue import CATALOGUE
from hooklog.enrich.deliveries import Delivery
from hooklog.logs import KINDS
from hooklog.queue_messages import PARKED_AS, LogRequest
from hooklog.records.enrichment import Record, enrich
from hooklog.records.items import DEFAULT_STORAGE, attribute_names, row_attributes
from hooklog.records.parking import PARKED_ATTRIBUTES
from hooklog.records.rows import read_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hooklog.enrich.endings import BatchResponse
    from hooklog.records.rows import Attribute
    from local.space import Json, Log

FAX_ID = "3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11"
MESSAGE_ID = "8c2b7f40-1d35-4e69-8f02-5a9e3b6d4c22"
PROJECT_ID = "5f1c1d0e-8a0b-4a55-9d43-0c6c6e1f2a3b"
FAX_SID = "d94e1b76-20c3-4b8a-a7f5-6e0d9c3b8a33"

CREATED_AT = datetime(2026, 5, 4, 11, 59, 30, tzinfo=UTC)
SENT_AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
FETCHED_AT = SENT_AT + timedelta(seconds=7, milliseconds=250)


def fax_log(**changes: Json) -> Log:
    """Return an outbound fax of two pages that succeeded, as the API shows it."""
    account = f"https://example.signalwire.com/api/laml/2010-04-01/Accounts/{PROJECT_ID}"
    log: Log = {
        "id": FAX_ID,
        "from": "+12025550143",
        "to": "+442079460958",
        "status": "completed",
        "direction": "outbound-api",
        "source": "laml",
        "type": "laml_call",
        "url": f"{account}/Faxes/{FAX_SID}",
        "remote_station": None,
        "charge": 0.02,
        "number_of_pages": 2,
        "quality": "standard",
        "charge_details": [{"description": "Outbound Fax Minutes", "charge": 0.02}],
        "created_at": "2026-05-04T11:59:30Z",
        "error_code": None,
        "error_message": None,
    }
    return log | changes


def message_log(**changes: Json) -> Log:
    """Return an outbound SMS of one segment that was delivered, as the API shows it."""
    log: Log = {
        "id": MESSAGE_ID,
        "from": "+12025550143",
        "to": "+14155550122",
        "status": "delivered",
        "direction": "outbound",
        "kind": "sms",
        "source": "realtime_api",
        "type": "relay_message",
        "url": None,
        "number_of_segments": 1,
        "charge": 0.00415,
        "charge_details": [{"description": "Outbound SMS", "charge": 0.00415}],
        "created_at": "2026-05-04T11:59:30Z",
        "error_message": None,
        "error_code": None,
    }
    return log | changes


def without(log: Log, *names: str) -> Log:
    """Return a log that lacks these fields."""
    return {name: value for name, value in log.items() if name not in names}


def failed_fax(**changes: Json) -> Log:
    """Return a fax that failed in the documented way: the call completed, the fax did not."""
    errors: Log = {"error_code": "34004", "error_message": "The call dropped prematurely"}
    return fax_log(**(errors | changes))


def failed_message(**changes: Json) -> Log:
    """Return a message that its carrier did not deliver."""
    errors: Log = {
        "status": "undelivered",
        "error_code": "30003",
        "error_message": "Handset not reachable",
    }
    return message_log(**(errors | changes))


def record(log: Log, *, sent_at: datetime = SENT_AT, fetched_at: datetime = FETCHED_AT) -> Record:
    """Validate and enrich a log; one with segments is a message, any other a fax."""
    kind = KINDS["message" if "number_of_segments" in log else "fax"]
    return enrich(
        kind,
        kind.model.model_validate_json(json.dumps(log)),
        catalogue=CATALOGUE,
        sent_at=sent_at,
        fetched_at=fetched_at,
    )


def request(
    log_type: str = "fax",
    log_id: str = FAX_ID,
    status: str | None = None,
    error_code: str | None = None,
) -> LogRequest:
    """Return the request of a queue message."""
    return LogRequest(
        kind=KINDS[log_type],
        log_id=log_id,
        event_at=SENT_AT,
        status=status,
        error_code=error_code,
    )


def body(log_type: str = "fax", log_id: str = FAX_ID, **more: Json) -> str:
    """Return the body of a queue message."""
    return json.dumps({"log_type": log_type, "log_id": log_id, **more})


def delivery(
    text: str | None = None,
    *,
    message_id: str = "message-1",
    attempt: int = 1,
    sent_at: datetime = SENT_AT,
    parked_as: str | None = None,
) -> Delivery:
    """Return one delivery of a message, by default a request for a fax log."""
    return Delivery(
        message_id=message_id,
        receipt_handle=f"handle-of-{message_id}",
        body=body() if text is None else text,
        attempt=attempt,
        sent_at=sent_at,
        parked_as=parked_as,
    )


def history_of(item: Mapping[str, Attribute]) -> list[dict[str, str]]:
    """Return the past parkings of a row."""
    return cast("list[dict[str, str]]", item["parked_history"])


def sqs_event(*deliveries: Delivery) -> dict[str, Json]:
    """Return the event in which Lambda hands over these deliveries."""
    return {
        "Records": [
            {
                "messageId": one.message_id,
                "receiptHandle": one.receipt_handle,
                "body": one.body,
                "attributes": {
                    "ApproximateReceiveCount": str(one.attempt),
                    "SentTimestamp": str(round(one.sent_at.timestamp() * 1000)),
                    "SenderId": "AIDAEXAMPLE",
                    "ApproximateFirstReceiveTimestamp": str(round(SENT_AT.timestamp() * 1000)),
                },
                "messageAttributes": {
                    PARKED_AS: {
                        "stringValue": one.parked_as,
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": "String",
                    }
                }
                if one.parked_as
                else {},
                "md5OfBody": "00000000000000000000000000000000",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:hooklog",
                "awsRegion": "us-east-1",
            }
            for one in deliveries
        ]
    }


def returned_ids(response: BatchResponse, received: Collection[str]) -> set[str]:
    """Return the IDs of the messages that a response returns to the queue.

    Each was received, and stands there once.
    """
    returned = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
    assert len(set(returned)) == len(returned), "a message is returned twice"
    assert set(returned) <= set(received), "a message is returned that was not received"
    return set(returned)


def every_attribute() -> set[str]:
    """Return the name of every attribute that a row can have, except its key."""
    records = (record(fax_log()), record(message_log()))
    names = {name for one in records for name in row_attributes(one, DEFAULT_STORAGE)}
    names |= {name for kind in KINDS.values() for name in attribute_names(kind)}
    read = {name for kind in KINDS.values() for name in read_of(kind.key(""))}
    return {*names, *read, *PARKED_ATTRIBUTES}
