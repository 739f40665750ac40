"""The enrichment function: an SQS batch becomes rows and metrics."""

from __future__ import annotations

import functools
import os
import random
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from hooklog.adapters.credentials import Credentials, FixedCredentials, SecretCredentials
from hooklog.adapters.dynamodb import DynamoTable
from hooklog.adapters.fetching import ConcurrentSource
from hooklog.adapters.signalwire import SignalWireApi
from hooklog.adapters.sqs import SqsQueue
from hooklog.adapters.telemetry import CloudWatchTelemetry
from hooklog.catalogue import catalogue
from hooklog.pipeline import BatchResponse, Enricher
from hooklog.ports import utc_now
from hooklog.retry import Backoff
from hooklog.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from hooklog.adapters.credentials import CredentialsSource

#: AWS calls are few and small: better a quick failure and a redelivery than a long wait.
_AWS = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)


@functools.cache
def enricher() -> Enricher:
    """Wire the function's parts, once per execution environment, at the first event.

    Raises:
        SettingsError: an environment variable is missing or malformed.

    """
    settings = Settings.load(os.environ)
    api = SignalWireApi(
        settings.signalwire_url,
        _credentials(settings),
        connections=settings.fetch_concurrency,
        connect_timeout=settings.fetch_connect_timeout,
        read_timeout=settings.fetch_read_timeout,
    )
    return Enricher(
        source=ConcurrentSource(api, concurrency=settings.fetch_concurrency, clock=utc_now),
        table=DynamoTable(boto3.client("dynamodb", config=_AWS), settings.table_name),
        queue=SqsQueue(
            functools.cache(lambda: boto3.client("sqs", config=_AWS)), settings.queue_url
        ),
        telemetry=CloudWatchTelemetry(
            Logger(service="enrich", level=settings.log_level, location=None)
        ),
        catalogue=catalogue,
        clock=utc_now,
        jitter=random.random,
        backoff=Backoff(first=settings.retry_first_delay),
        ttl=timedelta(days=settings.record_ttl_days) if settings.record_ttl_days else None,
    )


def lambda_handler(event: object, context: LambdaContext) -> BatchResponse:
    """Process one SQS event; see :mod:`hooklog.pipeline`."""
    return enricher().handle(event, lambda: context.get_remaining_time_in_millis() / 1000)


def _credentials(settings: Settings) -> CredentialsSource:
    if settings.signalwire_secret_arn:
        return SecretCredentials(
            lambda: boto3.client("secretsmanager", config=_AWS), settings.signalwire_secret_arn
        )
    return FixedCredentials(
        Credentials(
            settings.signalwire_project_id, settings.signalwire_api_token.get_secret_value()
        )
    )
