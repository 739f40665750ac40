"""How a message may end, and how it did end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hooklog.enrich.endings import BatchResponse
from tests.builders import returned_ids
from tests.fakes import Item
from tests.faults.messages import Message

#: How a message ended: "row", "parked" or "returned", with its status, code or wait.
type Seen = tuple[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Stored:
    """Acknowledged: the log's row was written with this status; None means the log's own."""

    status: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Acknowledged: the log's row already reflected the message and was left unchanged."""

    status: str


@dataclass(frozen=True, slots=True)
class Parked:
    """Acknowledged: the message is parked under this code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Back on the queue.

    Attributes:
        code: of the failure.
        after: shortest and longest first wait in seconds; None means the queue's own.
        deliveries: number of the delivery that ends differently if the fault stays; None if
            none does, so that SQS moves the message to the dead-letter queue.
        then: how that delivery ends.
        is_counted: whether its log's row counts the failure.

    """

    code: str
    after: tuple[int, int] | None = (15, 30)
    deliveries: int | None
    then: Stored | Parked | None = None
    is_counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Back on the queue through no fault of its log, and parked at nine days of age.

    Attributes:
        code: under which it is parked then.
        after: shortest and longest first wait in seconds; None means the queue's own.
        counts: code that is counted meanwhile, if one is.
        is_counted: whether its log's row counts it, too.
        is_outage: whether it waits for the end of an outage that this batch finds.

    """

    code: str
    after: tuple[int, int] | None = (1, 1)
    counts: str | None = None
    is_counted: bool = False
    is_outage: bool = False


type Ending = Stored | Known | Parked | Returned | Waits


def retried(code: str, deliveries: int = 10, after: tuple[int, int] = (15, 30)) -> Returned:
    """Return the ending of a message that is parked at its last delivery."""
    return Returned(code=code, after=after, deliveries=deliveries, then=Parked(code))


def never_parked(code: str) -> Returned:
    """Return the ending of a message that cannot even be parked."""
    return Returned(code=code, deliveries=None, is_counted=False)


def uncounted(code: str) -> Returned:
    """Return the ending of a message whose log's row cannot be read, nor count how often."""
    return Returned(code=code, deliveries=None)


def limited(after: tuple[int, int] = (1, 1)) -> Waits:
    """Return the ending of a message whose request was one too many."""
    code = "fetch.rate_limited"
    return Waits(code=code, after=after, counts=code, is_counted=True)


def outage(code: str) -> Waits:
    """Return the ending of a message that waits for the end of an outage."""
    return Waits(code=code, after=(5, 5), counts=code, is_outage=True)


def as_seen(ending: Ending, message: Message, jitter: float) -> Seen:
    """Return what `account` finds for an ending with the shortest (0) or longest (1) wait."""
    match ending:
        case Stored(status):
            return "row", status or str(message.log["status"])
        case Known(status):
            return "row", status
        case Parked(code):
            return "parked", code
        case Returned() | Waits():
            return "returned", ending.after[int(jitter)] if ending.after else None


def account(
    messages: Sequence[Message],
    response: BatchResponse,
    before: Mapping[str, Item],
    after: Mapping[str, Item],
    waits: Mapping[str, int],
) -> dict[str, Seen]:
    """Return how each message of a batch ended; assert that each is in exactly one place.

    Args:
        messages: the batch.
        response: the answer to Lambda.
        before: the table's items before the batch.
        after: the table's items after the batch.
        waits: the waits that were set, in seconds, by receipt handle.

    """
    returned = returned_ids(response, {message.name for message in messages})
    assert set(waits) <= {message.handle for message in messages if message.name in returned}
    written = {key: item for key, item in after.items() if item != before.get(key)}
    ends: dict[str, Seen] = {}
    for message in messages:
        rows = (item for key, item in written.items() if key in message.keys)
        parked = [item for item in rows if "parked_code" in item]
        own = [item for item in parked if item["parked_body"] == message.body]
        row = after.get(message.key, {})
        if message.name in returned:
            # A redriven message may be parked again and returned so that it leaves the list.
            assert message.parked_as or not own, f"{message.name} is in two places"
            ends[message.name] = "returned", waits.get(message.handle)
        elif parked:
            (item,) = parked
            ends[message.name] = "parked", str(item["parked_code"])
        else:
            assert {"fetched_at", "erased_at"} & set(row), f"{message.name} is lost"
            ends[message.name] = "row", str(row.get("status", "erased"))
    return ends
