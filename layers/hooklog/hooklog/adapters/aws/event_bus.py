"""The event bus in EventBridge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from hooklog.errors import EventRefusedError, PublishError, PublishUnavailableError
from hooklog.publish.events import SOURCE
from hooklog.publish.publisher import Entry

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsResultEntryTypeDef

#: Codes by which EventBridge says that an event itself is wrong. Everything else, such as a missing
#: permission, can be put right, and the event is sent again.
_REFUSED = frozenset({"InvalidArgument", "MalformedDetail", "ValidationException"})


class EventBus:
    """Implements :class:`hooklog.publish.publisher.Bus`."""

    def __init__(self, client: Callable[[], EventBridgeClient], bus: str) -> None:
        """Make no client yet; most batches need none.

        Args:
            client: of EventBridge.
            bus: name or ARN.

        """
        self._client = client
        self._bus = bus

    def put(self, entries: Sequence[Entry]) -> Sequence[PublishError | None]:
        """Send events in one call."""
        try:
            answer = self._client().put_events(
                Entries=[
                    {
                        "EventBusName": self._bus,
                        "Source": SOURCE,
                        "DetailType": entry.detail_type,
                        "Detail": entry.detail,
                        "Time": entry.at,
                    }
                    for entry in entries
                ]
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _REFUSED and len(entries) > 1:
                # It refuses the whole call. Each event is sent alone, so that the bad one does not
                # affect its neighbours.
                return [result for entry in entries for result in self.put([entry])]
            return [_failure(code)] * len(entries)
        except BotoCoreError as error:
            return [_failure(type(error).__name__)] * len(entries)
        return [_result(entry) for entry in answer["Entries"]]


def _result(entry: PutEventsResultEntryTypeDef) -> PublishError | None:
    code = entry.get("ErrorCode")
    return None if code is None else _failure(code)


def _failure(code: str) -> PublishError:
    if code in _REFUSED:
        return EventRefusedError(f"EventBridge refuses the event ({code}).")
    return PublishUnavailableError(f"EventBridge did not take the event ({code}).")
