"""The enrich function: an SQS batch becomes rows and metrics."""

from __future__ import annotations

import gc

gc.disable()  # Imports leave no garbage; looking for it took a tenth of the start.

import functools
import os
import random
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from hooklog.adapters.aws.clients import Clients
from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.adapters.aws.sqs import SqsQueue
from hooklog.adapters.signalwire.api import connect
from hooklog.adapters.signalwire.fetching import ConcurrentSource
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.adapters.telemetry.steps import step_lines
from hooklog.catalogue import CATALOGUE
from hooklog.clock import utc_now
from hooklog.enrich.endings import BatchResponse
from hooklog.enrich.pipeline import Enricher
from hooklog.enrich.retry import Backoff
from hooklog.enrich.settings import EnrichSettings
from hooklog.logs import KINDS
from hooklog.records.pacing import Brake

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

for kind in KINDS.values():
    _ = kind.model  # Now, while Lambda gives a starting function all of a processor.
gc.freeze()  # What is imported stays: later collections pass over it.
gc.enable()


@functools.cache
def enricher() -> Enricher:
    """Wire the function's parts, once per execution environment, at the first event.

    Raises:
        SettingsError: an environment variable is missing or malformed.

    """
    settings = EnrichSettings.load(os.environ)
    clients = Clients()
    api = connect(settings, lambda: clients.secrets, connections=settings.fetch_concurrency)
    table = DynamoTable(clients.dynamodb, settings.table_name)
    queue = SqsQueue(lambda: clients.sqs, settings.queue_url)
    logger = Logger(service="enrich", level=settings.log_level, location=None)
    return Enricher(
        source=ConcurrentSource(api, concurrency=settings.fetch_concurrency, clock=utc_now),
        table=table,
        brake=Brake(
            table,
            moment=table.moment,
            depth=queue.depth,
            known=settings.api_requests_per_second or None,
        ),
        queue=queue,
        telemetry=EnrichTelemetry(logger, EmbeddedMetrics(settings.metrics_namespace)),
        catalogue=CATALOGUE,
        clock=utc_now,
        jitter=random.random,
        settle_faxes=settings.settle_faxes,
        backoff=Backoff(first=settings.retry_first_delay),
        storage=settings.storage,
        trace=step_lines(logger),
    )


def lambda_handler(event: object, context: LambdaContext) -> BatchResponse:
    """Process one SQS event; see :mod:`hooklog.enrich.pipeline`."""
    return enricher().handle(event, lambda: context.get_remaining_time_in_millis() / 1000)
