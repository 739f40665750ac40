"""The sweep function: logs that SignalWire lists and the table lacks are stored.

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
from hooklog.adapters.telemetry.steps import step_lines
from hooklog.catalogue import CATALOGUE
from hooklog.clock import utc_now
from hooklog.logs import KINDS
from hooklog.records.pacing import Brake
from hooklog.sweep.backfill import BackfillRequest, Summary, backfill, summarize
from hooklog.sweep.pacing import PacedLists
from hooklog.sweep.page_store import PageStore
from hooklog.sweep.settings import SweepSettings
from hooklog.sweep.tiers import Sweeper, tiers
from hooklog.sweep.walk import Walker

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

for kind in KINDS.values():
    _ = kind.model  # Now, while Lambda gives a starting function all of a processor.
gc.freeze()  # What is imported stays: later collections pass over it.
gc.enable()


@dataclass(frozen=True, slots=True)
class _Parts:
    sweeper: Sweeper
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
    metrics = EmbeddedMetrics(settings.metrics_namespace)
    logger = Logger(service="sweep", level=settings.log_level, location=None)
    trace = step_lines(logger)
    table = DynamoTable(clients.dynamodb, settings.table_name)
    lists = PacedLists(
        lists=LogLists(connect(settings, lambda: clients.secrets, connections=1), utc_now),
        table=table,
        brake=Brake(table, moment=table.moment, known=settings.api_requests_per_second or None),
        sleep=time.sleep,
    )
    walker = Walker(
        listing=lists,
        table=table,
        store=PageStore(
            resources=lists,
            table=table,
            catalogue=CATALOGUE,
            storage=settings.storage,
            settle_faxes=settings.settle_faxes,
            trace=trace,
        ),
        producer=SqsProducer(lambda: clients.sqs, settings.queue_url),
        clock=utc_now,
        sleep=time.sleep,
        publish=functools.partial(sweep_telemetry.emit_stored, metrics),
        allowed=lists.allowed,
        only_ends=settings.callback_statuses == "Final",
        trace=trace,
    )
    sweeper = Sweeper(
        walker=walker,
        checkpoints=TableCheckpoints(clients.dynamodb, settings.table_name),
        tiers=tiers(
            timedelta(minutes=settings.sweep_settling_minutes),
            timedelta(hours=settings.sweep_overlap_hours),
        ),
        clock=utc_now,
    )
    return _Parts(sweeper, logger, metrics)


def lambda_handler(event: dict[str, object], context: LambdaContext) -> Summary:
    """Continue the sweep, or compare the period that the event names."""
    wired = parts()

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    if "from" in event:
        request = BackfillRequest.read(event)
        result, summary = backfill(wired.sweeper.walker, request, time_left)
        results = [result]
        sweep_telemetry.log(wired.logger, "backfill", result)
    else:
        swept = wired.sweeper.sweep(time_left)
        results = [one.walk for one in swept]
        summary = summarize(results)
        for one in swept:
            sweep_telemetry.log(wired.logger, "sweep", one.walk, one.tier.name)
            sweep_telemetry.emit_found(wired.metrics, one)
    for result in results:
        # Raised last: what the others found is published, and their checkpoints are saved. The
        # end of SignalWire's history is an answer to an operator, and a gap to a sweep.
        if result.error is not None and "stopped" not in summary:
            raise result.error
    return summary
