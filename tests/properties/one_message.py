"""How one message ends after one answer, with a table that accepts only what DynamoDB accepts."""

from __future__ import annotations

from dataclasses import dataclass

from hooklog.catalogue import CATALOGUE
from hooklog.clock import iso
from hooklog.enrich.pipeline import Enricher
from hooklog.errors import BadPayloadError
from hooklog.records.pacing import Brake
from tests.builders import body, delivery, sqs_event
from tests.fakes import Clock, FakeQueue, FakeSource, FakeTelemetry, Item
from tests.properties.strict_dynamodb import StrictDynamoDB


@dataclass(frozen=True)
class Ending:
    """How a message ended after SignalWire's answer."""

    #: The row; None if there is none.
    item: Item | None
    is_returned: bool
    #: hooklog's own error codes.
    errors: list[str]


def ending(log_type: str, log_id: str, answer: str, *, earlier: int = 0) -> Ending:
    """Return how a message ends if SignalWire gives this answer, and earlier gave no JSON."""
    clock, dynamodb, telemetry = Clock(), StrictDynamoDB(), FakeTelemetry()
    key = f"{log_type}#{log_id}"
    if earlier:
        tries: Item = {"count": earlier, "at": iso(clock())}
        dynamodb.items[key] = {"version": 1, "tries": {BadPayloadError.code: tries}}
    response = Enricher(
        source=FakeSource(clock, {key: answer}),
        table=dynamodb.table,
        brake=Brake(dynamodb.table, moment=clock.moment),
        queue=FakeQueue(),
        telemetry=telemetry,
        catalogue=CATALOGUE,
        clock=clock,
        jitter=lambda: 0.5,
    ).handle(
        sqs_event(delivery(body(log_type, log_id))),
        lambda: 60.0,
    )
    assert telemetry.defects == [], f"defects: {telemetry.defects}"
    (report,) = telemetry.reports
    others = [item for name, item in dynamodb.items.items() if name != key]
    assert others in ([], [{"alias_of": key, "version": 1}]), "a row of another log was written"
    return Ending(dynamodb.items.get(key), bool(response["batchItemFailures"]), list(report.errors))
