"""One metric line per refused callback, without anything from the request.

Lambda counts all callbacks for nothing, and a line for each would cost.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.emf import EmbeddedMetrics, log_defect
from hooklog.errors import HooklogError


class WebhookTelemetry:
    """Implements :class:`hooklog.webhook.front_door.FrontDoorTelemetry`."""

    def __init__(self, logger: Logger, metrics: EmbeddedMetrics) -> None:
        """Write log lines through the logger, and metrics to standard output."""
        self._logger = logger
        self._metrics = metrics

    def refused(self, error: HooklogError) -> None:
        """Count a callback that is not on the queue; the detail is hooklog's own sentence."""
        self._metrics.emit(
            {"code": error.code},
            counts={"CallbacksRefused": 1},
            properties={"detail": error.detail},
        )

    def closed(self, reason: str) -> None:
        """Log why every callback is refused."""
        self._logger.error("closed", extra={"reason": reason})

    def defect(self, key: str, error: BaseException) -> None:
        """Log where a defect is."""
        log_defect(self._logger, key, error)
