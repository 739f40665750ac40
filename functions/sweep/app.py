"""The sweep function: what SignalWire lists and the table lacks goes on the queue.

On a schedule it goes on where it stopped. Called with a period it compares that period::

    {"from": "2026-01-01", "to": "2026-02-01", "log_type": "fax", "dry_run": true}
"""

from __future__ import annotations

import gc

gc.disable()  # Imports leave no garbage; looking for it took a tenth of the start.

import functools
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger

from hooklog.adapters.aws.checkpoints import TablePlaces
from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.adapters.aws.sqs import SqsProducer
from hooklog.adapters.signalwire.listing import SpaceListing
from hooklog.adapters.telemetry import sweep as sweep_telemetry
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.wiring import AWS, signalwire_api
from hooklog.ports import utc_now
from hooklog.settings import SweepSettings
from hooklog.sweep.backfill import BackfillRequest, Summary, backfill, summarize
from hooklog.sweep.walk import PAGE_TIME, Extent, Sweeper

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

gc.freeze()  # What is imported stays: later collections pass over it.
gc.enable()


@dataclass(frozen=True, slots=True)
class _Parts:
    sweeper: Sweeper
    places: TablePlaces
    logger: Logger
    metrics: EmbeddedMetrics


@functools.cache
def parts() -> _Parts:
    """Wire the function's parts, once per execution environment, at the first event.

    Raises:
        SettingsError: an environment variable is missing or malformed.

    """
    settings = SweepSettings.load(os.environ)
    api = signalwire_api(settings, connections=1)
    dynamodb = boto3.client("dynamodb", config=AWS)
    sweeper = Sweeper(
        listing=SpaceListing(api, PAGE_TIME),
        table=DynamoTable(dynamodb, settings.table_name),
        producer=SqsProducer(
            functools.cache(lambda: boto3.client("sqs", config=AWS)), settings.queue_url
        ),
        clock=utc_now,
        extent=Extent(
            overlap=timedelta(hours=settings.sweep_overlap_hours),
            settling=timedelta(minutes=settings.sweep_settling_minutes),
        ),
    )
    logger = Logger(service="sweep", level=settings.log_level, location=None)
    return _Parts(
        sweeper,
        TablePlaces(dynamodb, settings.table_name),
        logger,
        EmbeddedMetrics(settings.metrics_namespace),
    )


def lambda_handler(event: dict[str, object], context: LambdaContext) -> Summary:
    """Sweep on from the last time, or compare the period that the event names."""
    wired = parts()

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    if "from" in event:
        request = BackfillRequest.read(event)
        walks, summary = backfill(wired.sweeper, request, time_left, sleep=time.sleep)
        sweep_telemetry.log(wired.logger, "backfill", walks)
    else:
        walks = wired.sweeper.sweep(wired.places, time_left)
        summary = summarize(walks)
        sweep_telemetry.log(wired.logger, "sweep", walks)
        sweep_telemetry.emit(wired.metrics, walks)
    for walked in walks.values():
        # Only now: what the others found is published, and their places are kept. The end of
        # SignalWire's history is an answer to a person who asks, and a gap to a sweep.
        if walked.error is not None and "stopped" not in summary:
            raise walked.error
    return summary
