"""Callbacks are dropped, repeated, reordered and delayed: one sweep recovers all logs.

Meanwhile each outcome that a row has is told as an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hooklog.sweep.comparison import WANTED
from local.event_tap import EventTap, repeated
from local.space import DeliveryFaults, Send, Target, run_sends, simulate_sends
from local.stack import rows, send, sweep
from tests.builders import body
from tests.integration.conftest import Deployment, drain, forget_sweeps
from tests.integration.door import open_door
from tests.integration.stream import Said, changed
from tests.webhook import BASE, KEY

pytestmark = pytest.mark.integration

SENDS = 1000
#: So many are stored as they are at first.
_EARLY = 10
_WITHIN = 300.0
#: Seconds in which the last events arrive.
_TOLD_WITHIN = 60.0
#: Seconds between the statuses of a send, in which some logs are stored as they are meanwhile.
_STEP_S = 1.0
#: Records that the publish function gets at once.
_BATCH = 100
_FAILED = {"failed", "busy", "no-answer", "canceled", "undelivered"}


@dataclass(frozen=True)
class Course:
    """What a thousand sends have come to.

    Attributes:
        sends: by the key of their rows.
        lost: keys whose row was missing or wrong before the sweep.
        wanted: number of logs that the sweep stored or enqueued.
        tap: has received the events since before the first send.

    """

    sends: dict[str, Send]
    lost: set[str]
    wanted: int
    tap: EventTap


@pytest.fixture(scope="module")
def course(deployment: Deployment) -> Course:
    """Drop a fifth of the callbacks of a thousand sends, repeat and reorder the others, sweep."""
    tap = EventTap(deployment.cloud, "no-log-lost")
    sends = simulate_sends(seed=21, count=SENDS, now=datetime.now(UTC))
    by_key = {f"{send.log_type}#{send.log_id}": send for send in sends}
    assert len(by_key) == SENDS
    # However slow the machine is, these rows change their outcome.
    early = sends[:_EARLY]
    for one in early:
        deployment.space.put_log(one.log_type, one.steps[0].log)
    send(deployment.cloud, deployment.stack, [body(one.log_type, one.log_id) for one in early])
    drain(deployment)
    faults = DeliveryFaults(drop=0.2, repeat=0.3, reorder=True, delay_s=(0, 0.2), seed=21)
    with open_door(deployment.cloud, deployment.stack, BASE, KEY) as url:
        target = Target(url, signed_base=BASE)
        report = run_sends(
            deployment.space, sends, target, KEY, faults, step_s=_STEP_S, within_s=_WITHIN
        )
    assert report.refused == 0
    assert report.dropped > SENDS / 2
    drain(deployment)
    lost = differing(deployment, by_key)
    # Another test's sweep may have passed the time at which these logs were created.
    forget_sweeps(deployment)
    found = sweep(deployment.cloud, deployment.stack)
    drain(deployment)
    wanted = sum(counts.get(verdict, 0) for counts in found.values() for verdict in WANTED)
    return Course(by_key, lost, wanted, tap)


def differing(deployment: Deployment, sends: dict[str, Send]) -> set[str]:
    """Return the keys whose row is missing or differs from the truth."""
    stored = {
        row["pk"]: (row.get("status"), row.get("charge"), row.get("error_code"))
        for row in rows(deployment.cloud, deployment.stack)
    }
    truth = {
        key: (str(send.final["status"]), Decimal(str(send.final["charge"])), code_of(send))
        for key, send in sends.items()
    }
    return {key for key, expected in truth.items() if stored.get(key) != expected}


def code_of(send: Send) -> str | None:
    """Return the error code that the log finally has."""
    return None if send.final["error_code"] is None else str(send.final["error_code"])


def said_of(send: Send) -> Said:
    """Return what the last event about a send has to tell; every send has ended."""
    if send.final["error_message"] or send.final["status"] in _FAILED:
        return "failed", code_of(send)
    return "succeeded", None


def test_one_sweep_later_every_row_equals_the_truth(deployment: Deployment, course: Course) -> None:
    """A fifth of the callbacks is dropped, but no row is missing or wrong."""
    assert course.lost, "no dropped callback mattered, so the test would prove nothing"
    assert course.wanted >= len(course.lost)
    assert differing(deployment, course.sends) == set()


def test_every_change_of_an_outcome_is_told_and_the_last_event_is_the_truth(
    deployment: Deployment, course: Course
) -> None:
    """The events are those that the table's stream demands, whatever became of the callbacks."""
    demanded = {
        f"{change.key}@{change.version}": change.after
        for change in changed(deployment.cloud, deployment.stack.table_name)
        if change.key in course.sends and change.after not in {None, change.before}
    }
    received = course.tap.receive_until(
        lambda received: demanded.keys() <= {one.event.id for one in received},
        within_s=_TOLD_WITHIN,
    )
    # Other tests' logs are told, too.
    events = [one for one in received if one.key in course.sends]
    assert {one.event.id: (one.event.outcome, one.event.error_code) for one in events} == demanded
    # More than one event about some logs, or their order would not matter.
    assert len(demanded) >= SENDS + _EARLY
    last = {one.key: one.told for one in sorted(events, key=lambda one: one.event.version)}
    assert {key: (told.outcome, told.error_code) for key, told in last.items()} == {
        key: said_of(send) for key, send in course.sends.items()
    }
    # An event may come twice, but here no batch fails.
    assert repeated(events) <= _BATCH, f"{repeated(events)} of {len(events)} events are repeated"
