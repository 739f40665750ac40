"""The sweep function: logs that SignalWire lists and the table lacks go on the queue.

On its schedule it goes on where it stopped. Invoked with a period, it compares that period::

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

from aws_lambda_powertools import Logger

from hooklog.adapters.aws.checkpoints import TableCheckpoints
from hooklog.adapters.aws.clients import Clients
from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.adapters.aws.sqs import SqsProducer
from hooklog.adapters.signalwire.api import connect
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.adapters.telemetry import sweep as sweep_telemetry
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.clock import utc_now
from hooklog.records.pacing import Brake
from hooklog.sweep.backfill import BackfillRequest, Summary, backfill, summarize
from hooklog.sweep.pacing import PacedListing
from hooklog.sweep.settings import SweepSettings
from hooklog.sweep.walk import Sweeper, SweepWindow

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

gc.freeze()  # What is imported stays: later collections pass over it.
gc.enable()


@dataclass(frozen=True, slots=True)
class _Parts:
    sweeper: Sweeper
    checkpoints: TableCheckpoints
    logger: Logger
    metrics: EmbeddedMetrics


@functools.cache
def parts() -> _Parts:
    """Wire the function's parts, once per execution environment, at the first event.

    Raises:
        SettingsError: an environment variable is missing or malformed.

    """
    settings = SweepSettings.load(os.environ)
    clients = Clients()
    table = DynamoTable(clients.dynamodb, settings.table_name)
    brake = Brake(table, moment=table.moment, known=settings.api_requests_per_second or None)
    listing = PacedListing(
        listing=LogLists(connect(settings, lambda: clients.secrets, connections=1)),
        table=table,
        brake=brake,
        sleep=time.sleep,
    )
    sweeper = Sweeper(
        listing=listing,
        table=table,
        producer=SqsProducer(lambda: clients.sqs, settings.queue_url),
        clock=utc_now,
        sleep=time.sleep,
        allowed=listing.allowed,
        window=SweepWindow(
            overlap=timedelta(hours=settings.sweep_overlap_hours),
            settling=timedelta(minutes=settings.sweep_settling_minutes),
        ),
    )
    logger = Logger(service="sweep", level=settings.log_level, location=None)
    return _Parts(
        sweeper,
        TableCheckpoints(clients.dynamodb, settings.table_name),
        logger,
        EmbeddedMetrics(settings.metrics_namespace),
    )


def lambda_handler(event: dict[str, object], context: LambdaContext) -> Summary:
    """Continue the sweep, or compare the period that the event names."""
    wired = parts()

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    if "from" in event:
        request = BackfillRequest.read(event)
        results, summary = backfill(wired.sweeper, request, time_left)
        sweep_telemetry.log(wired.logger, "backfill", results)
    else:
        results = wired.sweeper.sweep(wired.checkpoints, time_left)
        summary = summarize(results)
        sweep_telemetry.log(wired.logger, "sweep", results)
        sweep_telemetry.emit(wired.metrics, results)
    for result in results.values():
        # Raised last: what the others found is published, and their checkpoints are saved. The
        # end of SignalWire's history is an answer to an operator, and a gap to a sweep.
        if result.error is not None and "stopped" not in summary:
            raise result.error
    return summary
