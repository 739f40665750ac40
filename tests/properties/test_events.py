"""Every changed outcome is told at least once, and the last event of a log tells its row's truth.

The publish function, down to the bus, reads the stream as Lambda does: in order, from a checkpoint,
with a batch halved after a crash, given up after hours, or delivered again. Hypothesis decides what
the rows become, and at each call of the bus what goes wrong.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hooklog.errors import EventRefusedError, PublishError, PublishUnavailableError
from hooklog.publish.changes import Change, Wanted, told
from hooklog.publish.publisher import MAX_EVENTS, Entry, Publisher, StreamRecord
from tests.builders import failed_fax, fax_log
from tests.properties.profiles import examples
from tests.publishing import FakePublishTelemetry, FakeUnpublished, change, row

#: What a write can make of a row; None repeats what is there.
STATES: dict[str, dict[str, Any] | None] = {
    "in progress": row(fax_log(status="ringing")),
    "succeeded": row(fax_log()),
    "failed": row(failed_fax()),
    "failed otherwise": row(failed_fax(error_code="34005")),
    "failed without a text": row(failed_fax(error_message=None)),
    "erased": {"erased_at": "2026-05-05T00:00:00.000Z"},
    # It has an outcome, and lacks what an event needs.
    "poisoned": row(failed_fax(), status=None),
    "again": None,
    "parked": None,
}
#: Rows: few, so that many writes meet the same one.
KEYS = ("fax#1", "fax#2", "fax#3")
WRITES = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from([*STATES])), min_size=8, max_size=40
)
#: What goes wrong with a call of the bus.
BUS_FAULTS = (
    "crash before",
    "crash after",
    "throttled",
    "some throttled",
    "one refused",
    "no queue",
)
#: What Lambda does next.
LAMBDA_STEPS = (*["deliver"] * 8, "give up", "deliver again")


class CrashError(Exception):
    """The function ends without an answer."""


@dataclass
class Stage:
    """The table, its stream, and the bus with what arrived on it."""

    data: st.DataObject
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    stream: list[Change] = field(default_factory=list)
    #: How many calls may still fail.
    faults: int = 12
    arrived: list[dict[str, Any]] = field(default_factory=list)
    #: Keys of rows that are to be redriven.
    aside: set[str] = field(default_factory=set)
    unpublished: FakeUnpublished = field(default_factory=FakeUnpublished)
    calls: int = 0

    def write(self, key: str, state: str) -> None:
        """Write a row, as the other functions do: nothing writes an erased row again."""
        before = self.rows.get(key)
        if before is not None and "erased_at" in before:
            return
        content = STATES[state]
        after = dict(before or {}) if content is None else dict(content)
        after |= {"parked_code": "fetch.not_found"} if state == "parked" else {}
        after |= {"pk": key, "version": (before or {"version": 0})["version"] + 1}
        self.rows[key] = after
        self.stream.append(change(before, after, key))

    def put(self, entries: Sequence[Entry]) -> Sequence[PublishError | None]:
        """Take events, unless something goes wrong."""
        self.calls += 1
        self.unpublished.is_down = False
        assert len(entries) <= MAX_EVENTS
        fault = "none"
        if self.faults and self.data.draw(st.booleans(), "does something go wrong"):
            self.faults -= 1
            fault = self.data.draw(st.sampled_from(BUS_FAULTS), "what goes wrong")
        errors: list[PublishError | None] = [None] * len(entries)
        place = self.data.draw(st.integers(0, len(entries) - 1), "where") if fault != "none" else 0
        match fault:
            case "crash before":
                raise CrashError
            case "throttled":
                errors = [PublishUnavailableError()] * len(entries)
            case "some throttled":
                errors[place] = PublishUnavailableError()
            case "one refused" | "no queue":
                self.unpublished.is_down = fault == "no queue"
                errors[place] = EventRefusedError()
        self.arrived += [
            json.loads(entry.detail)
            for entry, error in zip(entries, errors, strict=True)
            if error is None
        ]
        if fault == "crash after":
            raise CrashError
        return errors


def _same(one: Change) -> Change:
    return one


def demanded(stream: Sequence[Change], wanted: Wanted) -> list[tuple[str, int]]:
    """Return key and version of each change that has to be told."""
    found = []
    for one in stream:
        assert one.after is not None
        before, after = told(one.key, one.before), told(one.key, one.after)
        outcomes = {side.outcome for side in (before, after) if side is not None}
        if after is not None and before != after and any(map(wanted.has, outcomes)):
            found.append((one.key, int(str(one.after["version"]))))
    return found


def deliver(stage: Stage, publisher: Publisher) -> None:
    """Deliver the whole stream, as Lambda does for one shard."""
    records = [
        StreamRecord(sequence_number=str(place), key=one.key, read=partial(_same, one))
        for place, one in enumerate(stage.stream)
    ]
    place, size, patience = 0, 100, 60
    while place < len(records):
        patience -= 1
        assert patience, "the stream does not come to its end"
        step = (
            stage.data.draw(st.sampled_from(LAMBDA_STEPS), "what Lambda does")
            if patience > 30
            else "deliver"
        )
        batch = records[place : place + size]
        match step:
            case "give up":
                stage.aside |= {record.key or "" for record in batch}
                place, size = place + len(batch), 100
                continue
            case "deliver again":
                place = stage.data.draw(st.integers(0, place), "from")
                continue
        stage.calls = 0
        try:
            failures = publisher.handle(batch)["batchItemFailures"]
        except CrashError:
            size = max(1, len(batch) // 2)
            continue
        assert stage.calls <= -(-len(batch) // MAX_EVENTS)
        if failures:
            size = max(1, len(batch) // 2)
            place = int(failures[0]["itemIdentifier"])
        else:
            place, size = place + len(batch), 100


def redrive(stage: Stage, publisher: Publisher) -> None:
    """Tell each row that was set aside as it is now, as if it had failed otherwise before."""
    stage.faults, stage.unpublished.is_down = 0, False
    stage.aside |= {str(body["key"]) for body in stage.unpublished.bodies}
    otherwise = {"outcome": "failed", "error_code": "redriven"}
    for key in stage.aside:
        present = change(otherwise, stage.rows[key], key)
        record = StreamRecord(sequence_number="0", key=key, read=partial(_same, present))
        assert publisher.handle([record]) == {"batchItemFailures": []}


@examples(4)
@given(data=st.data(), writes=WRITES, wanted=st.sampled_from(Wanted))
def test_every_change_is_told_and_the_last_event_is_true(
    data: st.DataObject, writes: list[tuple[str, str]], wanted: Wanted
) -> None:
    """Whatever fails between the table and the bus, and however often."""
    stage = Stage(data)
    for key, state in writes:
        stage.write(key, state)
    publisher = Publisher(
        bus=stage,
        unpublished=stage.unpublished,
        telemetry=FakePublishTelemetry(),
        wanted=wanted,
    )
    deliver(stage, publisher)

    wanted_changes = set(demanded(stage.stream, wanted))
    seen = {(event["id"].partition("@")[0], event["version"]) for event in stage.arrived}
    assert seen <= wanted_changes, "an event tells no change"
    given_up = stage.aside | {str(body["key"]) for body in stage.unpublished.bodies}
    untold = {key for key, _ in wanted_changes - seen}
    assert untold <= given_up, "a change was neither told nor set aside"

    redrive(stage, publisher)
    for key in {key for key, _ in wanted_changes}:
        truth = told(key, stage.rows[key])
        if truth is None or "status" not in stage.rows[key]:
            continue  # It was erased, or is poisoned still.
        last = [event for event in stage.arrived if event["id"].startswith(f"{key}@")][-1]
        if wanted.has(truth.outcome):
            why = last["explanation"] and last["explanation"]["key"]
            said = last["outcome"], last["error_code"], why
            assert said == (truth.outcome, truth.error_code, truth.explanation)
        else:
            assert not wanted.has(last["outcome"])
