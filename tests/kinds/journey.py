"""A voice log's journey through hooklog; ``test_new_kind.py`` runs it with voice as a kind."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.adapters.aws.stream import records
from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.fetching import ConcurrentSource
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.catalogue import CATALOGUE
from hooklog.clock import utc_now
from hooklog.enrich.pipeline import Enricher
from hooklog.logs import KINDS
from hooklog.records.items import StorageOptions
from hooklog.records.pacing import Brake
from hooklog.sweep.backfill import BackfillRequest, backfill
from hooklog.sweep.page_store import PageStore
from hooklog.sweep.tiers import Checkpoints, Sweeper, tiers
from hooklog.sweep.walk import Checkpoint, Walker
from hooklog.webhook.front_door import FrontDoor
from local.space import Json, Log, RunningSpace, Space, serve
from tests.adapters.aws.test_stream import item as stream_record
from tests.builders import delivery, sqs_event
from tests.console.conftest import Site, get
from tests.fakes import FakeDoorTelemetry, FakeKeys, FakeProducer, FakeQueue, FakeTelemetry
from tests.ops.conftest import Desk
from tests.publishing import Harness
from tests.webhook import BASE, KEY, form_request

pytest_plugins = ["tests.ops.conftest", "tests.console.conftest"]

CALL_ID = "5e2a7d10-4c1b-4f3e-9a76-0d8b1c2e3f44"
FAILED_ID = "6f3b8e21-5d2c-4a4f-8b87-1e9c2d3f4055"
INDEXES = StorageOptions(index_numbers=True, index_days=True)


def voice_log(log_id: str = CALL_ID, **changes: Json) -> Log:
    """Return an outbound call of 90 seconds, created an hour ago."""
    created_at = utc_now() - timedelta(hours=1)
    log: Log = {
        "id": log_id,
        "from": "+12025550143",
        "to": "+14155550122",
        "status": "completed",
        "direction": "outbound-api",
        "source": "laml",
        "type": "laml_call",
        "url": None,
        "duration": 90,
        "charge": 0.018,
        "charge_details": [],
        "created_at": created_at.isoformat(),
        "error_code": None,
        "error_message": None,
    }
    return log | changes


@pytest.fixture
def space() -> Iterator[RunningSpace]:
    """Serve a space with a completed and a failed call."""
    with serve(Space()) as running:
        running.put_log("voice", voice_log())
        running.put_log("voice", voice_log(FAILED_ID, status="busy", charge=0, duration=0))
        yield running


def api(space: RunningSpace) -> SignalWireApi:
    """Return a client of the space."""
    return SignalWireApi(
        space.url,
        FixedCredentials(Credentials(space.project_id, space.api_token)),
        connections=1,
        connect_timeout=5,
        read_timeout=5,
    )


def store_both(desk: Desk, space: RunningSpace) -> FakeTelemetry:
    """Fetch, explain and store both calls, as the enrich function does."""
    telemetry = FakeTelemetry()
    table = DynamoTable(desk.stack.dynamodb, desk.stack.output("TableName"))
    Enricher(
        source=ConcurrentSource(api(space), concurrency=2, clock=utc_now),
        table=table,
        brake=Brake(table, moment=table.moment),
        queue=FakeQueue(),
        telemetry=telemetry,
        catalogue=CATALOGUE,
        clock=utc_now,
        jitter=lambda: 0,
        storage=INDEXES,
    ).handle(
        sqs_event(
            *(
                delivery(json.dumps({"log_type": "voice", "log_id": one}), message_id=one)
                for one in (CALL_ID, FAILED_ID)
            )
        ),
        lambda: 60,
    )
    return telemetry


def test_the_callback_becomes_a_message() -> None:
    """The front door recognizes a call's status callback by its fields."""
    queue = FakeProducer()
    door = FrontDoor(BASE, FakeKeys((KEY,)), queue, FakeDoorTelemetry())
    fields = {"CallSid": CALL_ID, "CallStatus": "completed", "Timestamp": "2026-05-04T11:59:58Z"}
    assert door.handle(form_request(fields).event()) == {"statusCode": 204}
    assert [json.loads(body) for body in queue.bodies] == [
        {
            "log_type": "voice",
            "log_id": CALL_ID,
            "status": "completed",
            "occurred_at": "2026-05-04T11:59:58+00:00",
            "origin": "webhook",
        }
    ]


def test_the_logs_become_rows(desk: Desk, space: RunningSpace) -> None:
    """Rows have an outcome, an explanation and a cost per second, and metrics are emitted."""
    telemetry = store_both(desk, space)
    assert space.requests().counts == {"voice_one": 2}
    assert telemetry.defects == []
    (report,) = telemetry.reports
    assert report.enriched == {"voice": 2}
    assert dict(report.failures) == {("voice", "none", "unknown"): 1}
    shown = desk.json("show", "voice", CALL_ID)["record"]
    assert shown["outcome"] == "succeeded"
    assert (shown["duration"], shown["unit_charge"]) == (90, 0.0002)
    failed = desk.json("show", "voice", FAILED_ID)["record"]
    assert (failed["outcome"], failed["explanation"]) == ("failed", "unknown")


class NoCheckpoints(Checkpoints):
    """Checkpoints as a first sweep finds them."""

    def load(self, kind: object, tier: str) -> None:
        """Return none."""

    def save(self, kind: object, tier: str, checkpoint: Checkpoint) -> None:
        """Discard the checkpoint."""


class Sent:
    """A queue that keeps what is sent."""

    def __init__(self) -> None:
        """Start empty."""
        self.bodies: list[str] = []

    def send_all(self, bodies: Sequence[str]) -> None:
        """Keep messages."""
        self.bodies += bodies


def test_sweep_and_backfill_find_what_is_missing(desk: Desk, space: RunningSpace) -> None:
    """Both page through the kind's own list, and store what it shows."""
    lists = LogLists(api(space), utc_now)
    table = DynamoTable(desk.stack.dynamodb, desk.stack.output("TableName"))
    sent = Sent()
    walker = Walker(
        listing=lists,
        table=table,
        store=PageStore(resources=lists, table=table, catalogue=CATALOGUE),
        producer=sent,
        clock=utc_now,
        sleep=lambda _: None,
    )
    event = {"from": "2026-01-01", "to": utc_now().isoformat(), "log_type": "voice"}
    request = BackfillRequest.read({**event, "dry_run": True})
    _, summary = backfill(walker, request, lambda: 900)
    assert summary["found"] == {"voice": {"missing": 2}}
    ages = tiers(timedelta(0), timedelta(hours=72))
    sweeper = Sweeper(walker=walker, checkpoints=NoCheckpoints(), tiers=ages, clock=utc_now)
    swept = [one for one in sweeper.sweep(lambda: 900) if one.tier.is_first]
    walks = {one.walk.kind.name: one.walk for one in swept}
    assert dict(+walks["voice"].found) == {"missing": 2}
    _, summary = backfill(walker, BackfillRequest.read(event), lambda: 900)
    assert summary["found"] == {"voice": {"present": 2}}
    assert sent.bodies == []
    assert set(table.read([f"voice#{CALL_ID}", f"voice#{FAILED_ID}"])) == {
        f"voice#{CALL_ID}",
        f"voice#{FAILED_ID}",
    }


def test_the_outcomes_become_events(desk: Desk, space: RunningSpace) -> None:
    """The publish function tells a call under the kind's own name."""
    store_both(desk, space)
    stored = desk.stack.dynamodb.scan(TableName=desk.stack.output("TableName"))["Items"]
    changes = [
        stream_record("INSERT", Keys={"pk": row["pk"]}, OldImage=None, NewImage=row)
        for row in stored
    ]
    harness = Harness()
    assert harness.handle(*records({"Records": changes})) is None
    assert {entry.detail_type: json.loads(entry.detail)["id"] for entry in harness.bus.taken} == {
        "Voice Succeeded": f"voice#{CALL_ID}@1",
        "Voice Failed": f"voice#{FAILED_ID}@1",
    }


def test_the_command_line_knows_the_kind(desk: Desk, space: RunningSpace, tmp_path: Path) -> None:
    """It shows, counts, exports and reports calls under their own name."""
    store_both(desk, space)
    assert "duration" in desk.hooklog("show", "voice", CALL_ID).output
    (group,) = desk.json("failures", "--since", "24h", "--type", "voice")
    assert (group["explanation"], group["log_types"]) == ("unknown", {"voice": 1})
    assert "1 voice" in desk.hooklog("failures", "--since", "24h").output
    exported = tmp_path / "calls.csv"
    desk.hooklog("export", "--since", "24h", "--out", str(exported))
    rows = list(csv.DictReader(exported.read_text(encoding="utf-8").splitlines()))
    assert {(row["log_type"], row["duration"]) for row in rows} == {("voice", "90"), ("voice", "0")}
    page = tmp_path / "report.html"
    result = desk.hooklog("report", "--since", "24h", "--out", str(page))
    assert result.exit_code == 0, result.exception
    assert KINDS["voice"].colour in page.read_text(encoding="utf-8").lower()
    help_text = desk.hooklog("enqueue", "--help").output
    assert "voice" in help_text


def test_the_console_calls_a_call_a_call(site: Site, space: RunningSpace) -> None:
    """Its pages use the kind's own words and attributes."""
    store_both(site, space)
    client = site.client(clock=utc_now)
    status, page = get(client, f"/records/voice/{CALL_ID}")
    assert status == 200
    assert "Duration" in page
    assert "per second" in page
    status, page = get(client, "/failures")
    assert status == 200
    assert "calls" in page
    assert get(client, "/")[0] == 200
    assert get(client, "/completeness")[0] == 200
    assert get(client, f"/search?{urlencode({'q': CALL_ID})}")[0] in {200, 302}
