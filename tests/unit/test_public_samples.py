"""Payloads that telephony APIs of this family are publicly known to send, each with its source.

``public_samples.json`` lists them. Numbers, names and IDs are fictional; the
oddity of a sample is as its source shows it. Logs and list entries hold only the fields that
differ from the builders' ordinary log; ``row`` is the log that the table already has. Forms are as
on the wire.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import parse_qsl

import pytest
from pydantic import JsonValue, TypeAdapter

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog.logs.listing import Page
from hooklog.records.recording import StoreRecord
from hooklog.sweep.comparison import WANTED, Verdict
from hooklog.sweep.page_store import PageStore
from hooklog.sweep.walk import Checkpoint, Walker
from hooklog.webhook.front_door import FrontDoor
from tests.builders import FAX_ID, MESSAGE_ID, body, fax_log, message_log, record
from tests.fakes import NOW, Clock, FakeDoorTelemetry, FakeKeys, FakeProducer, MemoryTable
from tests.unit.enrich.test_pipeline import WAITED, Harness, sent
from tests.webhook import BASE, FORM, JSON, KEY, SHA1, Request, scheme_a, scheme_b

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hooklog.logs import LogKind
    from hooklog.logs.listing import RawLog
    from local.space import Log

type Form = Literal["log", "callback-form", "callback-json", "list-entry"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One payload, and what hooklog does with it.

    Attributes:
        name: of the sample.
        source: where it was seen: an address, or a repository and a path.
        what: the oddity.
        form: in which it arrives.
        log_type: name of a kind of log.
        payload: described in the module's docstring.
        row: changes of the log that the table has; None if it has none.
        expect: exactly one of ``stored`` (attributes of the row; null is absent), ``parked``,
            ``enqueued`` (what the queue message says), ``refused`` and ``verdict``.

    """

    name: str
    source: str
    what: str
    form: Form
    log_type: Literal["fax", "message"]
    payload: Any
    expect: dict[Literal["stored", "parked", "enqueued", "refused", "verdict"], Any]
    row: dict[str, JsonValue] | None = None

    @property
    def log_id(self) -> str:
        """The ID of the ordinary log."""
        return FAX_ID if self.log_type == "fax" else MESSAGE_ID

    def log(self, changes: dict[str, JsonValue]) -> Log:
        """Return the ordinary log with these changes."""
        return fax_log(**changes) if self.log_type == "fax" else message_log(**changes)


DATA = Path(__file__).parent / "public_samples.json"
# Python's own parser: pydantic's refuses halves of surrogate pairs.
SAMPLES = TypeAdapter(list[Sample]).validate_python(json.loads(DATA.read_text(encoding="utf-8")))


#: An address, or a repository and a path.
SOURCE = re.compile(r"https://\S+|[\w.-]+/[\w.-]+ \S+")


def of_form(form: Form) -> pytest.MarkDecorator:
    """Run a test with each sample of a form."""
    samples = [sample for sample in SAMPLES if sample.form == form]
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: sample.name)


def test_each_sample_has_a_source_of_its_own() -> None:
    """Each sample names a public source, and the sources are many enough to be of use."""
    assert all(sample.what and sample.name for sample in SAMPLES)
    assert len({sample.name for sample in SAMPLES}) == len(SAMPLES)
    sources = {sample.source for sample in SAMPLES}
    assert len(sources) >= 25
    assert [source for source in sources if not SOURCE.fullmatch(source)] == []
    assert {sample.form for sample in SAMPLES} == set(get_args(Form.__value__))


# --- logs ---------------------------------------------------------------------------------------


@of_form("log")
def test_logs_are_stored_or_parked_for_a_reason(sample: Sample) -> None:
    """A usable log is stored with its drift; any other is parked with its payload."""
    harness = Harness()
    key, text = f"{sample.log_type}#{sample.log_id}", json.dumps(sample.log(sample.payload))
    harness.source.answers[key] = text
    assert harness.run(sent(body(sample.log_type, sample.log_id))) == []
    assert harness.telemetry.defects == []
    row = harness.table.items[key]
    if "stored" in sample.expect:
        expected = {"drift": None} | sample.expect["stored"]
        assert {name: row.get(name) for name in expected} == expected
        assert "parked_code" not in row
    else:
        assert (row["parked_code"], row["parked_payload"]) == (sample.expect["parked"], text)


# --- callbacks ----------------------------------------------------------------------------------


def knock(request: Request, sample: Sample) -> None:
    """Hand a signed callback to the front door, and compare the result with the expected one."""
    queue, telemetry = FakeProducer(), FakeDoorTelemetry()
    answer = FrontDoor(BASE, FakeKeys((KEY,)), queue, telemetry).handle(request.event())
    assert telemetry.defects == []
    if "enqueued" in sample.expect:
        assert answer == {"statusCode": 204}
        message = {"log_type": sample.log_type, "origin": "webhook", **sample.expect["enqueued"]}
        assert [json.loads(text) for text in queue.bodies] == [message]
    else:
        assert answer == {"statusCode": 400}
        assert [error.code for error in telemetry.refusals] == [sample.expect["refused"]]
        assert queue.bodies == []


@of_form("callback-form")
def test_forms_are_enqueued_or_refused(sample: Sample) -> None:
    """A form has the same result by POST and by GET."""
    post = Request(body=sample.payload)
    fields = parse_qsl(sample.payload, keep_blank_values=True)
    post.headers = {"content-type": FORM, SHA1: scheme_b(KEY, post.url, fields)}
    knock(post, sample)
    get = Request(method="GET", query=sample.payload)
    get.headers = {SHA1: scheme_b(KEY, get.url, [])}
    knock(get, sample)


@of_form("callback-json")
def test_json_callbacks_are_enqueued_or_refused(sample: Sample) -> None:
    """A JSON callback is enqueued, or refused if it names no log."""
    text = json.dumps(sample.payload)
    request = Request(body=text)
    request.headers = {"content-type": JSON, SHA1: scheme_a(KEY, request.url, text)}
    knock(request, sample)


# --- entries of lists ---------------------------------------------------------------------------


@dataclass
class OneEntry:
    """A listing with one entry."""

    kind: LogKind
    entry: RawLog

    def page(
        self,
        kind: LogKind,
        start: datetime,  # noqa: ARG002 - the sweep's interface
        end: datetime,  # noqa: ARG002
        page: str | None,  # noqa: ARG002
        time_left: float,  # noqa: ARG002
    ) -> Page:
        """Return the entry for its own kind, and an empty page for any other."""
        return Page([self.entry] if kind is self.kind else [], None, NOW + WAITED)

    def resources(
        self,
        path: str,  # noqa: ARG002 - the sweep's interface
        start: datetime,  # noqa: ARG002
        end: datetime,  # noqa: ARG002
        page: str | None,  # noqa: ARG002
        time_left: float,  # noqa: ARG002
    ) -> Page:
        """Return an empty page."""
        return Page([], None, NOW + WAITED)


@dataclass
class Enqueued:
    """Keeps the IDs of the enqueued logs."""

    log_ids: list[str]

    def send_all(self, bodies: Sequence[str]) -> None:
        """Take messages."""
        self.log_ids += [json.loads(text)["log_id"] for text in bodies]


@of_form("list-entry")
def test_entries_of_lists_have_a_verdict(sample: Sample) -> None:
    """An entry is compared by its readable values; none with a usable ID is skipped."""
    kind, table, enqueued = KINDS[sample.log_type], MemoryTable(), Enqueued([])
    if sample.row is not None:
        write = StoreRecord(record(sample.log(sample.row))).plan(None)
        assert write is not None
        table.items[write.key] = dict(write.values) | {"version": 1}
    clock = Clock()
    clock.advance(days=1)
    listing = OneEntry(kind, sample.log(sample.payload))
    walker = Walker(
        listing=listing,
        table=table,
        store=PageStore(resources=listing, table=table, catalogue=CATALOGUE),
        producer=enqueued,
        clock=clock,
        sleep=lambda _: None,
    )
    begun = Checkpoint(NOW - WAITED, NOW)
    result = walker.walk(kind, begun, NOW, lambda: 900, save=lambda _: None)
    verdict = Verdict(sample.expect["verdict"])
    assert (+result.found, result.error) == ({verdict: 1}, None)
    assert enqueued.log_ids in ([], [sample.log_id])
    assert bool(result.stored or result.enqueued) == (verdict in WANTED)
