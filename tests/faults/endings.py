"""How a message may end, and how it did: each is somewhere, and in one place only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hooklog.enrich.endings import BatchResponse
from tests.fakes import Item
from tests.faults.messages import Message

#: How a message ended: a word of this module's, and what goes with it.
type Seen = tuple[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Stored:
    """Acknowledged: its log's row was written, and has this status; None is the log's own."""

    status: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Acknowledged: its log's row showed as much already, and was left alone."""

    status: str


@dataclass(frozen=True, slots=True)
class Parked:
    """Acknowledged: it waits for a person under this code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Back on the queue.

    Attributes:
        code: of the failure.
        after: least and most seconds of its wait, the first time; None is the queue's own.
        deliveries: the last of so many ends otherwise, if nothing changes; None: none does,
            and in the end SQS puts the message into the dead-letter queue.
        then: how that one ends.

    """

    code: str
    after: tuple[int, int] | None = (15, 30)
    deliveries: int | None
    then: Stored | Parked | None = None


type Ending = Stored | Known | Parked | Returned


def retried(code: str, deliveries: int = 10, after: tuple[int, int] = (15, 30)) -> Returned:
    """Return the end of what is tried again so often, and then parked."""
    return Returned(code=code, after=after, deliveries=deliveries, then=Parked(code))


def never_parked(code: str) -> Returned:
    """Return the end of what cannot even be parked."""
    return Returned(code=code, deliveries=None)


def looks(ending: Ending, message: Message, jitter: float) -> Seen:
    """Say how an ending shows when the wait is drawn shortest (0) or longest (1)."""
    match ending:
        case Stored(status):
            return "row", status or str(message.log["status"])
        case Known(status):
            return "row", status
        case Parked(code):
            return "parked", code
        case Returned():
            return "returned", ending.after[int(jitter)] if ending.after else None


def account(
    messages: Sequence[Message],
    response: BatchResponse,
    before: Mapping[str, Item],
    after: Mapping[str, Item],
    waits: Mapping[str, int],
) -> dict[str, Seen]:
    """Find every message of a batch: this is the invariant, whatever the faults were.

    Args:
        messages: the batch.
        response: to Lambda.
        before: the table's items before the batch.
        after: and after it.
        waits: that were set, by receipt handle.

    """
    returned = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
    assert len(set(returned)) == len(returned), "a message was returned twice"
    assert set(returned) <= {message.name for message in messages}, "who was that?"
    assert set(waits) <= {message.handle for message in messages if message.name in returned}
    written = {key: item for key, item in after.items() if item != before.get(key)}
    ends: dict[str, Seen] = {}
    for message in messages:
        rows = (item for key, item in written.items() if key in message.keys)
        parked = [item for item in rows if "parked_code" in item]
        own = [item for item in parked if item["parked_body"] == message.body]
        row = after.get(message.key, {})
        if message.name in returned:
            # A redriven message may be parked again, and returned so that it leaves the list.
            assert message.parked_as or not own, f"{message.name} is in two places"
            ends[message.name] = "returned", waits.get(message.handle)
        elif parked:
            (item,) = parked
            ends[message.name] = "parked", str(item["parked_code"])
        else:
            assert {"fetched_at", "erased_at"} & set(row), f"{message.name} is lost"
            ends[message.name] = "row", str(row.get("status", "erased"))
    return ends
