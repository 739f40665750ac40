"""The webhook function: SignalWire's callback becomes a message on the queue."""

from __future__ import annotations

import gc

gc.disable()  # Imports leave no garbage; looking for it took a tenth of the start.

import functools
import os
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.config import Config

from hooklog.adapters.aws.clients import Clients
from hooklog.adapters.aws.signing_keys import SecretSigningKeys
from hooklog.adapters.aws.sqs import SqsProducer
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.steps import step_lines
from hooklog.adapters.telemetry.webhook import WebhookTelemetry
from hooklog.webhook.front_door import FrontDoor
from hooklog.webhook.settings import WebhookSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from hooklog.webhook.front_door import Answer

gc.freeze()  # What is imported stays: later collections pass over it.
gc.enable()

#: SignalWire waits five seconds for the whole answer, and calls again after a 503.
_BOTO_CONFIG = Config(
    connect_timeout=0.5, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2}
)


@functools.cache
def front_door() -> FrontDoor:
    """Wire the function's parts, once per execution environment, at the first event.

    Raises:
        SettingsError: an environment variable is missing or malformed.

    """
    settings = WebhookSettings.load(os.environ)
    clients = Clients(_BOTO_CONFIG)
    logger = Logger(service="webhook", level=settings.log_level, location=None)
    return FrontDoor(
        url=settings.webhook_url,
        keys=SecretSigningKeys(lambda: clients.secrets, settings.signalwire_secret_arn),
        queue=SqsProducer(lambda: clients.sqs, settings.queue_url),
        telemetry=WebhookTelemetry(logger, EmbeddedMetrics(settings.metrics_namespace)),
        only_ends=settings.callback_statuses == "Final",
        trace=step_lines(logger),
    )


def lambda_handler(event: object, context: LambdaContext) -> Answer:  # noqa: ARG001 - Lambda's signature
    """Answer one request; see :mod:`hooklog.webhook.front_door`."""
    return front_door().handle(event)
