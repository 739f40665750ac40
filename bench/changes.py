"""What the publish function uses for a batch of the table's changes once it is warm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from math import ceil
from typing import Any, Final

from boto3.dynamodb.types import TypeSerializer

from bench.logs import log_id, response_body
from bench.measured import Changes, Spread
from bench.processes import Invocation, Stub, Subject
from bench.workloads import NO_LATENCY
from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog.publish.publisher import MAX_EVENTS
from hooklog.records.enrichment import enrich
from hooklog.records.recording import StoreRecord

type Event = Mapping[str, Any]

#: Environment variables of a function that tells every change; nothing is set aside.
VARIABLES: Final = {"EVENTS": "All", "UNPUBLISHED_QUEUE_URL": "http://127.0.0.1/0/unpublished"}
NOTHING: Final[Event] = {"Records": []}
TOLD: Final[Event] = {"batchItemFailures": []}
#: Changes per batch: the smallest batch, and the largest that the template allows.
SIZES: Final = (1, 100)
_AT: Final = datetime(2026, 5, 4, 12, 0, 8, tzinfo=UTC)


def of_new_rows(size: int) -> Event:
    """Return a stream's event in which that many logs got their row."""
    return {"Records": [_inserted(number) for number in range(size)]}


def measure(stub: Stub, subject: Subject, size: int, rounds: int) -> Changes:
    """Measure batches of new rows.

    Args:
        stub: that the subject uses.
        subject: the publish function; it is warm after one round more, which is not measured.
        size: changes per batch, all of which are told.
        rounds: number of measured rounds.

    Raises:
        RuntimeError: not all changes were told, or not in as few calls as possible.

    """
    event = of_new_rows(size)
    expected = {"PutEvents": ceil(size / MAX_EVENTS)}
    _, *measured = [_round(stub, subject, event, expected) for _ in range(rounds + 1)]
    return Changes(
        size=size,
        rounds=rounds,
        cpu_ms=Spread.of(used.cpu_ms for used in measured),
        wall_ms=Spread.of(used.wall_ms for used in measured),
        log_bytes=len(measured[-1].printed),
        calls=expected,
        peak_mb=measured[-1].peak_kib / 1024,
    )


def _round(stub: Stub, subject: Subject, event: Event, expected: Mapping[str, int]) -> Invocation:
    stub.reset(NO_LATENCY)
    used = subject.invoke(event)
    calls = stub.reset(NO_LATENCY).calls
    if used.response != TOLD or calls != expected:
        raise RuntimeError(f"The function returned {used.response} and called {calls}.")
    return used


@cache
def _inserted(number: int) -> Event:
    """Return the stream's record of a log's first write."""
    kind = KINDS["message" if number % 2 else "fax"]
    log = kind.model.model_validate_json(response_body(log_id(number)))
    record = enrich(kind, log, catalogue=CATALOGUE, sent_at=_AT, fetched_at=_AT)
    write = StoreRecord(record).plan(None)
    if write is None:
        raise RuntimeError("A new log has to be written.")
    row = {"pk": write.key, **write.values, "version": write.version}
    image = {name: TypeSerializer().serialize(value) for name, value in row.items()}
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/bench/stream/2026",
        "dynamodb": {
            "ApproximateCreationDateTime": _AT.timestamp(),
            "Keys": {"pk": image["pk"]},
            "NewImage": image,
            "SequenceNumber": f"{number + 1:021}",
            "SizeBytes": 1000,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
