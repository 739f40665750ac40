"""What powertools' documentation suggests: its BatchProcessor, one record after the other."""
# ruff: noqa: INP001 - a Lambda function's folder is its root, not a package

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

import boto3
import urllib3
from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.parser import BaseModel, parse
from pydantic import UUID4, AwareDatetime, Field

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

NAMESPACE = "Sequential"
PATHS = {"fax": "/api/fax/logs", "message": "/api/messaging/logs"}
FAILED = {"busy", "failed", "no-answer", "canceled", "undelivered"}
FINISHED = {"completed", "delivered", "received", "read"}


class Message(BaseModel):
    """The body of a queue message."""

    log_type: Literal["fax", "message"]
    log_id: UUID4


class ChargeDetail(BaseModel):
    """One line of the charge."""

    description: str
    charge: Decimal


class Log(BaseModel):
    """The fields that fax and message logs share, and those that only one of them has."""

    id: UUID4
    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    status: str
    direction: str | None = None
    source: str
    type: str
    url: str | None = None
    charge: Decimal
    charge_details: list[ChargeDetail]
    created_at: AwareDatetime
    error_code: str | None = None
    error_message: str | None = None
    remote_station: str | None = None
    number_of_pages: int | None = None
    quality: str | None = None
    kind: str | None = None
    number_of_segments: int | None = None

    @property
    def outcome(self) -> str:
        """The outcome of the fax or message."""
        if self.status in FAILED or self.error_code:
            return "failed"
        return "succeeded" if self.status in FINISHED else "in_progress"


SPACE = os.environ["SIGNALWIRE_SPACE"]
SCHEME = "http" if SPACE.startswith("127.0.0.1:") else "https"

logger = Logger(service="sequential")
metrics = Metrics(namespace=NAMESPACE, service="sequential")
processor = BatchProcessor(event_type=EventType.SQS)
http = urllib3.PoolManager(
    headers=urllib3.make_headers(
        basic_auth=f"{os.environ['SIGNALWIRE_PROJECT_ID']}:{os.environ['SIGNALWIRE_API_TOKEN']}",
        keep_alive=True,
    ),
    timeout=urllib3.Timeout(connect=3, read=10),
)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def record_handler(record: SQSRecord) -> None:
    """Fetch, validate and store the log that one message names."""
    message = parse(event=record.json_body, model=Message)
    fetched_at = datetime.now(UTC)
    response = http.request("GET", f"{SCHEME}://{SPACE}{PATHS[message.log_type]}/{message.log_id}")
    if response.status != HTTPStatus.OK:
        raise RuntimeError(f"SignalWire answered {response.status}.")
    log = Log.model_validate_json(response.data)
    store(message.log_type, log, fetched_at)
    metrics.add_metric(name="LogsStored", unit=MetricUnit.Count, value=1)
    if log.outcome == "failed":
        with single_metric(
            name="FailedLogs", unit=MetricUnit.Count, value=1, namespace=NAMESPACE
        ) as metric:
            metric.add_dimension(name="log_type", value=message.log_type)
            metric.add_dimension(name="error_code", value=log.error_code or "none")


def store(log_type: str, log: Log, fetched_at: datetime) -> None:
    """Write the row, unless the stored row was fetched later."""
    at = fetched_at.isoformat(timespec="milliseconds")
    item = log.model_dump(by_alias=True, exclude_none=True, exclude={"id"}) | {
        "pk": f"{log_type}#{log.id}",
        "log_type": log_type,
        "outcome": log.outcome,
        "created_at": log.created_at.isoformat(),
        "fetched_at": at,
    }
    try:
        table.put_item(
            Item=item,
            ConditionExpression="attribute_not_exists(pk) OR fetched_at < :fetched_at",
            ExpressionAttributeValues={":fetched_at": at},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        logger.debug("The stored row was fetched later.")


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    """Process one SQS batch."""
    return process_partial_response(
        event=event, record_handler=record_handler, processor=processor, context=context
    )
