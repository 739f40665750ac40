"""`hooklog events tail`: a tap on the bus that shows what comes, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hooklog.publish.events import event_of
from hooklog_ops.errors import EventsMissingError, TapError
from hooklog_ops.tapping import PREFIX, Arrival, Tap
from local.cloud import ROOT
from tests.ops.conftest import EVENTS_STACK, Desk
from tests.publishing import change, row

NAME = f"{PREFIX}test"
#: Seconds, far more than a command needs to start or to end.
WITHIN = 60


def tap(desk: Desk) -> Tap:
    """Return a tap that nothing is created for yet."""
    stack = desk.stack
    return Tap(stack.events, stack.sqs, bus=stack.output("EventBusArn"), name=NAME)


@contextmanager
def opened(desk: Desk, **options: str) -> Iterator[Tap]:
    """Open a tap, and close it."""
    one = tap(desk)
    try:
        one.open(**options)
        yield one
    finally:
        one.close()


def left(desk: Desk) -> list[str]:
    """Name the rules and queues of taps."""
    rules = desk.cloud.client("events").list_rules(NamePrefix=PREFIX)["Rules"]
    queues = desk.cloud.client("sqs").list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", [])
    return [rule["Name"] for rule in rules] + queues


def publish(desk: Desk, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Put the event of a failed fax on the bus, with changes of its detail; return the detail."""
    event = event_of(change(None, row()), masked=False)
    detail: dict[str, Any] = json.loads(event.model_dump_json(by_alias=True)) | changes
    desk.stack.events.put_events(
        Entries=[
            {
                "Source": "hooklog",
                "DetailType": "Fax Failed",
                "Detail": json.dumps(detail),
            }
        ]
    )
    return detail


def interrupted(**_: object) -> None:
    """Act as Ctrl-C does."""
    raise KeyboardInterrupt


def refused(**_: object) -> None:
    """Act as AWS does."""
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "Something")


def test_a_queue_takes_from_its_rule_alone(events_desk: Desk) -> None:
    """It is encrypted, and an orphan would keep an event for a minute."""
    with opened(events_desk):
        url = events_desk.stack.sqs.get_queue_url(QueueName=NAME)["QueueUrl"]
        found = events_desk.stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        rule = events_desk.stack.events.describe_rule(Name=NAME)
    attributes = found["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "60"
    assert attributes["SqsManagedSseEnabled"] == "true"
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Resource"] == attributes["QueueArn"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule["Arn"]}}


def test_an_event_that_comes_twice_is_marked(events_desk: Desk) -> None:
    """It has the same ID in its detail; EventBridge gives each copy another."""
    with opened(events_desk) as one:
        publish(events_desk)
        publish(events_desk)
        publish(events_desk, id="fax#1@2")
        arrivals = list(islice(one.arrivals(), 3))
    assert [arrival.repeated for arrival in arrivals] == [False, True, False]
    assert {arrival.event["detail-type"] for arrival in arrivals} == {"Fax Failed"}


def test_the_lag_counts_from_the_write() -> None:
    """That is the event's time."""
    came = datetime(2026, 5, 4, 12, 0, 9, 500_000, tzinfo=UTC)
    arrival = Arrival(event={"time": "2026-05-04T12:00:07Z"}, arrived_at=came, repeated=False)
    assert arrival.lag == 2.5


def test_only_what_is_asked_for_comes(events_desk: Desk) -> None:
    """The rule selects type and outcome."""
    with opened(events_desk, log_type="fax", outcome="failed") as one:
        publish(events_desk, log_type="message")
        publish(events_desk, outcome="succeeded")
        publish(events_desk, id="wanted")
        arrival = next(one.arrivals())
    assert arrival.event["detail"]["id"] == "wanted"


@pytest.mark.parametrize("call", ["events.PutRule", "sqs.CreateQueue", "events.PutTargets"])
@pytest.mark.parametrize(
    ("when", "act"),
    [("before-call", refused), ("before-call", interrupted), ("after-call", interrupted)],
)
def test_nothing_is_left_of_what_was_not_completed(
    events_desk: Desk, call: str, when: str, act: Callable[..., None]
) -> None:
    """Whether AWS refuses a call, or an interrupt ends it before or after it is carried out."""
    moment = f"{when}.{call}"
    one = tap(events_desk)
    clients = (events_desk.stack.events, events_desk.stack.sqs)
    for client in clients:
        client.meta.events.register(moment, act, unique_id="act")
    try:
        with pytest.raises((KeyboardInterrupt, ClientError)):
            one.open()
    finally:
        for client in clients:
            client.meta.events.unregister(moment, unique_id="act")
    one.close()
    assert left(events_desk) == []


def test_what_cannot_be_removed_is_named(events_desk: Desk) -> None:
    """The rest is removed, and the error says what to remove by hand, and why."""
    one = tap(events_desk)
    one.open()
    sqs = events_desk.stack.sqs
    sqs.meta.events.register("before-call.sqs.DeleteQueue", refused, unique_id="act")
    with pytest.raises(TapError, match=rf"{NAME}.* by hand\. .*AccessDenied"):
        one.close()
    sqs.meta.events.unregister("before-call.sqs.DeleteQueue", unique_id="act")
    (url,) = left(events_desk)
    sqs.delete_queue(QueueUrl=url)


def test_what_somebody_else_has_removed_is_no_error(events_desk: Desk) -> None:
    """A tap closes without the queue and the rule."""
    with opened(events_desk):
        url = events_desk.stack.sqs.get_queue_url(QueueName=NAME)["QueueUrl"]
        events_desk.stack.sqs.delete_queue(QueueUrl=url)
        events_desk.stack.events.remove_targets(Rule=NAME, Ids=["queue"])
        events_desk.stack.events.delete_rule(Name=NAME)
    assert left(events_desk) == []


def test_a_stack_without_events_is_one_sentence(desk: Desk) -> None:
    """Both commands name the parameter."""
    for command in ("tail", "redrive"):
        result = desk.hooklog("events", command)
        assert isinstance(result.exception, EventsMissingError)
        assert "Events set to Failures, Ends or All" in str(result.exception)


# --- the command --------------------------------------------------------------------------------


@contextmanager
def tailing(
    desk: Desk, directory: Path, *options: str
) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """Run the command until its rule and queue are there; yields it, and what reads a line."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from hooklog_ops.cli import main; main()"),
            *("--stack", EVENTS_STACK, "events", "tail", *options),
        ],
        cwd=directory,
        env={
            **desk.cloud.environment,
            "PYTHONPATH": f"{ROOT / 'layers/hooklog'}:{ROOT / 'ops'}",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "200",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        ready = process.stderr.readline()
        assert PREFIX in ready, ready + process.stderr.read()
        yield process, process.stdout.readline
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(events_desk: Desk, tmp_path: Path, number: int) -> None:
    """The rule and the queue are gone, it says how many events came, and that is no failure."""
    with tailing(events_desk, tmp_path, "--json") as (process, line):
        sent = publish(events_desk)
        assert len(left(events_desk)) == 2
        read = json.loads(line())
        process.send_signal(number)
        _, said = process.communicate(timeout=WITHIN)
        assert process.returncode == 0, said
    assert read["event"]["detail"] == sent
    assert read["repeated"] is False
    assert 0 <= read["lag_seconds"] < WITHIN
    assert "1 event. Rule and queue are removed." in said
    assert left(events_desk) == []


def test_a_reader_that_goes_ends_it(events_desk: Desk, tmp_path: Path) -> None:
    """As with `head`: the next event has nowhere to go."""
    with tailing(events_desk, tmp_path, "--json") as (process, _):
        assert process.stdout is not None
        process.stdout.close()
        publish(events_desk)
        process.wait(WITHIN)
    assert left(events_desk) == []


def test_an_event_is_shown_in_words(events_desk: Desk, tmp_path: Path) -> None:
    """It has what a reader needs; nothing of it controls the terminal or its colours."""
    with tailing(events_desk, tmp_path) as (_, line):
        sent = publish(events_desk)
        first, cause = line(), line()
        publish(events_desk, **{"from": "\x1b[2J[red]evil"})
        repeated, _ = line(), line()
        publish(events_desk, status=7)
        strange = line()
    assert "Fax Failed" in first
    for part in (f"fax#{sent['log_id']}", sent["from"], sent["to"], "34004", "after the write"):
        assert part in first
    assert sent["explanation"]["cause"] in cause
    assert "\x1b" not in repeated
    assert "[2J[red]evil" in repeated
    assert "repeated" in repeated
    assert "not an event of this version" in strange
