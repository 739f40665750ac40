"""The limits that SQS and Lambda set to the functions, as the template has them."""

from __future__ import annotations

from datetime import timedelta

from tests.template import template

_RESOURCES = {name: one.get("Properties", {}) for name, one in template()["Resources"].items()}
_QUEUE = _RESOURCES["Queue"]

#: A received message stays hidden for this long, unless it is delayed.
VISIBILITY_TIMEOUT = timedelta(seconds=_QUEUE["VisibilityTimeout"])
#: After this number of deliveries, SQS moves a message to the dead-letter queue.
MAX_RECEIVES: int = _QUEUE["RedrivePolicy"]["maxReceiveCount"]
#: At this age, SQS drops a message.
RETENTION = timedelta(seconds=_QUEUE["MessageRetentionPeriod"])
#: Lambda ends an invocation after this long.
ENRICH_TIMEOUT = timedelta(seconds=_RESOURCES["EnrichFunction"]["Timeout"])
SWEEP_TIMEOUT = timedelta(seconds=_RESOURCES["SweepFunction"]["Timeout"])


class KilledByLambda(BaseException):
    """Lambda ends the process; no code of the function runs after it."""
