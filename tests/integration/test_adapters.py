"""The real adapters on the deployed table: the calls of a batch, and concurrent writers."""

from __future__ import annotations

import itertools
import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.adapters.aws.sqs import SqsQueue
from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.fetching import ConcurrentSource
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.catalogue import CATALOGUE
from hooklog.clock import utc_now
from hooklog.enrich.pipeline import Enricher
from hooklog.errors import NotFoundError
from hooklog.queue_messages import Origin, message_body
from hooklog.records.enrichment import weigh
from hooklog.records.items import record_attributes
from hooklog.records.pacing import Brake
from hooklog.records.parking import Park
from hooklog.records.recording import StoreRecord
from hooklog.records.rows import Change
from hooklog.records.signals import Signal
from hooklog.records.store import Stored, StoreResult, UpToDate, apply
from local.space import OFFICIAL_FAX_ID, OFFICIAL_MESSAGE_ID, Json, RunningSpace, generate, serve
from local.stack import rows
from tests.builders import FETCHED_AT, PROJECT_ID, body, delivery, fax_log, record, sqs_event
from tests.integration.conftest import Deployment
from tests.template import properties

pytestmark = pytest.mark.integration


PROJECT_URL = f"https://example.signalwire.com/api/laml/2010-04-01/Accounts/{PROJECT_ID}/Faxes"


class Wired:
    """An enricher with real adapters, whose AWS calls are counted."""

    def __init__(self, deployment: Deployment, space: RunningSpace) -> None:
        """Wire the enricher as the function does."""
        dynamodb = deployment.cloud.client("dynamodb")
        sqs = deployment.cloud.client("sqs")
        self.calls: Counter[str] = Counter()
        for client in (dynamodb, sqs):
            client.meta.events.register("before-call", self._count)
        api = SignalWireApi(
            space.url,
            FixedCredentials(Credentials(space.project_id, space.api_token)),
            connections=25,
            connect_timeout=3,
            read_timeout=10,
        )
        table = DynamoTable(dynamodb, deployment.stack.table_name)
        queue = SqsQueue(lambda: sqs, deployment.stack.queue_url)
        self.enricher = Enricher(
            source=ConcurrentSource(api, concurrency=25, clock=utc_now),
            table=table,
            brake=Brake(table, moment=table.moment, depth=queue.depth),
            queue=queue,
            telemetry=EnrichTelemetry(Logger(service="test"), EmbeddedMetrics("Hooklog")),
            catalogue=CATALOGUE,
            clock=utc_now,
            jitter=random.random,
        )

    def _count(self, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's own model
        self.calls[model.name] += 1

    def take_calls(self) -> dict[str, int]:
        """Return the calls since the last time."""
        calls = dict(self.calls)
        self.calls.clear()
        return calls


@pytest.fixture
def fresh_space() -> Iterator[RunningSpace]:
    """Serve a hundred logs of this test alone, and the two official examples."""
    with serve(generate(seed=100, fax=51, message=51, now=datetime.now(UTC))) as running:
        yield running


def test_what_a_full_batch_costs(deployment: Deployment, fresh_space: RunningSpace) -> None:
    """New: one BatchGetItem, four BatchExecuteStatement for rows and two for aliases.

    Repeated: one BatchGetItem, no fetch. The pace is read with the rows.
    """
    size: int = properties("EnrichFunction")["Events"]["Queue"]["Properties"]["BatchSize"]
    wired = Wired(deployment, fresh_space)
    # Sent a minute ago, beyond the tolerance for clocks that differ.
    sent_at = datetime.now(UTC) - timedelta(minutes=1)
    deliveries = [
        delivery(body(log_type, log_id), message_id=log_id, sent_at=sent_at)
        for log_type, ids in fresh_space.ids().items()
        for log_id in ids
        if log_id not in {OFFICIAL_FAX_ID, OFFICIAL_MESSAGE_ID}
    ]
    event = sqs_event(*deliveries[:size])
    assert wired.enricher.handle(event, lambda: 60) == {"batchItemFailures": []}
    assert wired.take_calls() == {"BatchGetItem": 1, "BatchExecuteStatement": 6}
    counts = fresh_space.requests().counts
    assert sum(counts.values()) - counts["fax_resource"] == size

    fresh_space.reset_requests()
    assert wired.enricher.handle(event, lambda: 60) == {"batchItemFailures": []}
    assert wired.take_calls() == {"BatchGetItem": 1}
    assert sum(fresh_space.requests().counts.values()) == 0


@pytest.mark.parametrize("is_sid", [True, False], ids=["the SID is the ID", "another ID"])
def test_later_callbacks_of_a_fax_cost_no_request(
    deployment: Deployment, fresh_space: RunningSpace, *, is_sid: bool
) -> None:
    """The first one finds the log and how the fax ended; the others need two reads at most."""
    wired, now = Wired(deployment, fresh_space), datetime.now(UTC)
    log_id = str(uuid.uuid4())
    sid = log_id if is_sid else str(uuid.uuid4())
    url = f"{PROJECT_URL}/{sid}"
    created_at = now.isoformat(timespec="seconds")
    fresh_space.put_log("fax", fax_log(id=log_id, url=url, created_at=created_at))

    def call_back(status: str, attempt: int = 1) -> None:
        text = message_body(log_type="fax", resource_sid=sid, status=status, origin=Origin.WEBHOOK)
        fresh_space.reset_requests()
        wired.take_calls()
        event = sqs_event(delivery(text, sent_at=datetime.now(UTC), attempt=attempt))
        assert wired.enricher.handle(event, lambda: 60) == {"batchItemFailures": []}

    call_back("sending")
    counts = fresh_space.requests().counts
    assert counts == {"fax_one": 1, "fax_resource": 1} | ({} if is_sid else {"fax_list": 1})
    for status in ("sending", "delivered"):
        call_back(status)
        assert fresh_space.requests().counts == {}
        assert wired.take_calls() == {"BatchGetItem": 1 if is_sid else 2}
    (row,) = [
        one for one in rows(deployment.cloud, deployment.stack) if one["pk"] == f"fax#{log_id}"
    ]
    assert (row["outcome"], row["settled_by"], row["fax_status"]) == (
        "succeeded",
        "fax",
        "delivered",
    )


def test_a_fax_whose_callback_told_its_end_costs_no_further_request(
    deployment: Deployment, fresh_space: RunningSpace
) -> None:
    """The resource is not fetched."""
    wired = Wired(deployment, fresh_space)
    log_id = str(uuid.uuid4())
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    fresh_space.put_log("fax", fax_log(id=log_id, created_at=created_at))
    text = body("fax", log_id, status="delivered")
    event = sqs_event(delivery(text, sent_at=datetime.now(UTC)))
    assert wired.enricher.handle(event, lambda: 60) == {"batchItemFailures": []}
    assert fresh_space.requests().counts == {"fax_one": 1}


# --- the same conditions as in the unit tests, on the real table ------------------------------

STATES: tuple[dict[str, Json], ...] = (
    {"status": "queued"},
    {"status": "in-progress"},
    {"status": "completed", "error_code": "34004"},
    {"status": "completed"},
)


def fetched(log_id: str, index: int, second: int) -> StoreRecord:
    """Return what a fetch of that fax at that second saw."""
    log = fax_log(id=log_id, **STATES[index])
    return StoreRecord(record(log, fetched_at=FETCHED_AT + timedelta(seconds=second)))


def table_of(deployment: Deployment) -> DynamoTable:
    """Return the deployed table."""
    return DynamoTable(deployment.cloud.client("dynamodb"), deployment.stack.table_name)


def stored_log(deployment: Deployment, key: str) -> dict[str, Any]:
    """Read one row, without the attributes that do not come from the log."""
    (row,) = (row for row in rows(deployment.cloud, deployment.stack) if row["pk"] == key)
    bookkeeping = {"pk", "version", "first_failed_at"}
    return {name: value for name, value in row.items() if name not in bookkeeping}


def test_every_order_of_arrival_ends_in_the_same_row(deployment: Deployment) -> None:
    """All 24 orders of four fetches: one lags behind, and no success undoes a failure."""
    table = table_of(deployment)
    # At second 4 the API lagged: the log seems in progress again. Its end at second 3 counts.
    seen = ((0, 1), (2, 2), (3, 3), (1, 4))
    by_key = {}
    for order in itertools.permutations(seen):
        log_id = str(uuid.uuid4())
        counted = 0
        for index, second in order:
            change = fetched(log_id, index, second)
            result = apply(table, [change], table.read([change.key]))[change.key]
            counted += isinstance(result, Stored) and result.write.counts_failure
        by_key[f"fax#{log_id}"] = (order, counted)
    items = {row["pk"]: row for row in rows(deployment.cloud, deployment.stack)}
    for key, (order, counted) in by_key.items():
        end = fetched(key.removeprefix("fax#"), 3, 3).record
        failure = Signal(by="log", status="completed", error_code="34004")
        expected = record_attributes(weigh(end, failure, is_last=True))
        item = items[key]
        assert {name: item[name] for name in expected} == expected, order
        assert set(item) - set(expected) <= {"pk", "version", "first_failed_at"}, order
        assert counted == 1, order


@pytest.mark.parametrize("attempt", range(3))
def test_writers_at_the_same_time_end_in_the_same_row(deployment: Deployment, attempt: int) -> None:
    """Eight threads, all of which read before any of them writes."""
    table = table_of(deployment)
    log_id = str(uuid.uuid4())
    changes: list[Change] = [fetched(log_id, index % 4, index) for index in range(7)]
    changes.append(
        Park(
            key=f"fax#{log_id}",
            error=NotFoundError(),
            body=body("fax", log_id),
            attempts=5,
            at=FETCHED_AT - timedelta(seconds=1),
            log_type="fax",
        )
    )
    random.Random(attempt).shuffle(changes)  # noqa: S311 - a reproducible order
    everyone_has_read = threading.Barrier(len(changes))

    def deliver(change: Change) -> list[StoreResult]:
        known = table.read([change.key])
        everyone_has_read.wait(timeout=20)
        results = [apply(table, [change], known)[change.key]]
        while not isinstance(results[-1], Stored | UpToDate):
            results.append(apply(table, [change], table.read([change.key]))[change.key])
        return results

    with ThreadPoolExecutor(len(changes)) as threads:
        outcomes = [result for run in threads.map(deliver, changes) for result in run]
    # The last one is index 6, a completed fax with an error code. The threads' order decides
    # whether it was parked before.
    stored = stored_log(deployment, f"fax#{log_id}")
    stored.pop("parked_history", None)
    assert stored == record_attributes(fetched(log_id, 6 % 4, 6).record)
    counted = [o for o in outcomes if isinstance(o, Stored) and o.write.counts_failure]
    assert len(counted) == 1


def test_parking_and_lifting_on_the_real_table(deployment: Deployment) -> None:
    """A parked log that is stored later leaves the parked list, and keeps the history."""
    table = table_of(deployment)
    log_id = str(uuid.uuid4())
    park = Park(
        key=f"fax#{log_id}",
        error=NotFoundError(),
        body=body("fax", log_id),
        attempts=5,
        at=FETCHED_AT,
        log_type="fax",
    )
    assert isinstance(apply(table, [park], {})[park.key], Stored)
    change = fetched(log_id, 3, 60)
    written = apply(table, [change], table.read([change.key]))[change.key]
    assert isinstance(written, Stored)
    assert written.write.counts_end
    stored = stored_log(deployment, change.key)
    (entry,) = stored.pop("parked_history")
    assert entry["code"] == "fetch.not_found"
    assert stored == record_attributes(change.record)
