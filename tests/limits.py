"""The limits that SQS and Lambda set to the functions, as the template has them."""

from __future__ import annotations

from datetime import timedelta

from tests.template import properties

_QUEUE = properties("Queue")

#: A received message stays hidden for this long, unless it is delayed.
VISIBILITY_TIMEOUT = timedelta(seconds=_QUEUE["VisibilityTimeout"])
#: After this number of deliveries, SQS moves a message to the dead-letter queue.
MAX_RECEIVES: int = _QUEUE["RedrivePolicy"]["maxReceiveCount"]
#: At this age, SQS drops a message.
RETENTION = timedelta(seconds=_QUEUE["MessageRetentionPeriod"])


def function_timeout(function: str) -> timedelta:
    """Return the time after which Lambda ends an invocation of this resource."""
    return timedelta(seconds=properties(function)["Timeout"])


class KilledByLambda(BaseException):
    """Lambda ends the process; no code of the function runs after it."""
