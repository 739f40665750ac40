"""The publish function: a batch of the table's stream becomes events on a bus."""

from __future__ import annotations

import gc

gc.disable()  # Imports leave no garbage; looking for it took a tenth of the start.

import functools
import os
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from hooklog.adapters.aws.clients import Clients
from hooklog.adapters.aws.event_bus import EventBus
from hooklog.adapters.aws.sqs import SqsProducer
from hooklog.adapters.aws.stream import records
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.publish import PublishTelemetry
from hooklog.adapters.telemetry.steps import step_lines
from hooklog.publish.publisher import Publisher
from hooklog.publish.settings import PublishSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from hooklog.publish.publisher import StreamResponse

gc.freeze()  # What is imported stays: later collections pass over it.
gc.enable()


@functools.cache
def publisher() -> Publisher:
    """Wire the function's parts, once per execution environment, at the first event.

    Raises:
        SettingsError: an environment variable is missing or malformed.

    """
    settings = PublishSettings.load(os.environ)
    clients = Clients()
    logger = Logger(service="publish", level=settings.log_level, location=None)
    return Publisher(
        bus=EventBus(lambda: clients.events, settings.event_bus),
        unpublished=SqsProducer(lambda: clients.sqs, settings.unpublished_queue_url),
        telemetry=PublishTelemetry(logger, EmbeddedMetrics(settings.metrics_namespace)),
        wanted=settings.events,
        masked=settings.event_numbers == "masked",
        trace=step_lines(logger),
    )


def lambda_handler(event: object, context: LambdaContext) -> StreamResponse:  # noqa: ARG001 - Lambda's signature
    """Tell what one batch changed; see :mod:`hooklog.publish.publisher`."""
    return publisher().handle(records(event))
