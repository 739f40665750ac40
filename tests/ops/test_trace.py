"""`hooklog trace`: a log's way from its row and from lines in real log groups."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from hooklog.clock import utc_now
from hooklog.logs import KINDS
from hooklog.steps import Step
from hooklog_ops.deployment import Deployment
from hooklog_ops.errors import NotThereError, QueryError
from hooklog_ops.insights import PATIENCE, lines_with
from hooklog_ops.tracing import Tracer, Way
from tests.builders import message_log
from tests.ops.conftest import Desk
from tests.ops.seeding import count_tries, log_id, park, sid, store, store_with_alias

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef
    from mypy_boto3_logs import CloudWatchLogsClient

MESSAGE, NAME = log_id(1), f"message#{log_id(1)}"
CREATED = utc_now() - timedelta(hours=2)


def step(
    at: timedelta, step: str, service: str = "enrich", log: str = NAME, **facts: object
) -> dict[str, object]:
    """Return the line of a step so long after the log was created."""
    moment = CREATED + at
    stamp = f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03}+0000"
    of_all = {"level": "DEBUG", "message": "step", "timestamp": stamp, "service": service}
    return {**of_all, "log": log, "step": step, **facts}


def seconds(count: float) -> timedelta:
    """Return a time after the creation."""
    return timedelta(seconds=count)


@dataclass(frozen=True, kw_only=True)
class Stack(Deployment):
    """The desk's stack, and functions beside it.

    Attributes:
        levels: of the functions.
        deployed_at: when they were deployed last.

    """

    levels: Mapping[str, str]
    deployed_at: datetime = CREATED - timedelta(days=1)

    def function(self, output: str) -> FunctionConfigurationResponseTypeDef:
        """Return the configuration of a function."""
        found = {
            "Environment": {"Variables": {"LOG_LEVEL": self.levels[self.output(output)]}},
            "LastModified": f"{self.deployed_at:%Y-%m-%dT%H:%M:%S}.000+0000",
        }
        return cast("FunctionConfigurationResponseTypeDef", found)


def tracing(desk: Desk, **more: Any) -> Tracer:  # noqa: ANN401
    """Return a tracer of the desk's stack, whose functions tell their steps by default."""
    levels: Mapping[str, str] = more.pop("levels", {"enrich": "DEBUG", "webhook": "DEBUG"})
    outputs = {f"{name.title()}FunctionName": name for name in levels}
    stack = Stack(
        name=desk.stack.name,
        outputs={**desk.stack.outputs, **outputs},
        session=desk.stack.session,
        endpoint_url=desk.stack.endpoint_url,
        levels=levels,
        **more,
    )
    return Tracer(stack=stack, clock=utc_now, sleep=lambda _: None)


@pytest.fixture
def tracer(desk: Desk) -> Tracer:
    """Return a tracer of the desk's stack, whose functions tell their steps."""
    return tracing(desk)


def way_of(
    tracer: Tracer,
    kind: str = "message",
    name: str = MESSAGE,
    **more: Any,  # noqa: ANN401
) -> Way:
    """Trace a log, by default with its lines."""
    return tracer.way(KINDS[kind], name, **({"since": None, "with_lines": True} | more))


def told(way: Way) -> list[tuple[str, str, str]]:
    """Return what a way tells, in its order."""
    return [(one.source, one.what, one.more) for one in way.entries]


def gaps(way: Way) -> str:
    """Return what a way cannot know, in one text."""
    return "\n".join(way.unknown)


def a_message(desk: Desk) -> None:
    """Store a message that was delivered."""
    store(desk, message_log(id=MESSAGE, created_at=CREATED.isoformat()))


# --- the way ------------------------------------------------------------------------------------


def test_row_and_lines_are_one_way_in_order_of_time(desk: Desk, tracer: Tracer) -> None:
    """The oldest first, each with its source; lines of other logs are not among them."""
    a_message(desk)
    desk.put_lines(
        step(seconds(90), "published", "publish", version=1),
        step(seconds(61), "written", version=1, outcome="succeeded"),
        step(seconds(1), "accepted", "webhook", status="delivered"),
        step(seconds(2), "delivered", attempt=1, origin="webhook", status="delivered"),
        step(seconds(3), "retried", code="fetch.not_found", tries=1, delay=30),
        step(seconds(3), "retried", log=f"message#{log_id(2)}", code="fetch.not_found"),
        {"message": "batch", "received": 1, "log": MESSAGE},
    )
    assert told(way_of(tracer)) == [
        ("row", "Message created", ""),
        ("webhook", "Callback accepted, and sent to the queue", "status delivered"),
        ("enrich", "Message delivered", "by webhook, delivery 1, status delivered"),
        ("enrich", "Sent back to the queue", "fetch.not_found, try 1, back in 30 s"),
        ("row", "Event that led to the fetch", ""),
        ("row", "Fetched and stored", "status delivered"),
        ("enrich", "Row written", "version 1, succeeded"),
        ("publish", "Event accepted by the bus", "version 1"),
    ]


def test_steps_of_one_moment_have_the_order_of_the_way(desk: Desk, tracer: Tracer) -> None:
    """CloudWatch returns them in any."""
    steps = [Step.ACCEPTED, Step.DELIVERED, Step.FETCHED, Step.WRITTEN, Step.PUBLISHED]
    desk.put_lines(*(step(seconds(1), one) for one in reversed(steps)))
    assert [one.step for one in way_of(tracer).entries] == steps


def test_each_step_is_told_in_words(desk: Desk, tracer: Tracer) -> None:
    """None of them by its bare name; one of a later version is."""
    desk.put_lines(*(step(seconds(1), one) for one in [*Step, "of_later"]))
    whats = [one.what for one in way_of(tracer).entries]
    assert "of_later" in whats
    assert len({*whats}) == len(Step) + 1
    assert not {*whats} & {*Step}


def test_a_fax_is_traced_under_both_names(desk: Desk, tracer: Tracer) -> None:
    """Its callbacks name the SID, and its row stands under the ID."""
    key, other = store_with_alias(desk, 1, created_at=CREATED.isoformat())
    desk.put_lines(
        step(seconds(1), "accepted", "webhook", log=other),
        step(seconds(61), "written", log=key, version=1, outcome="failed"),
    )
    by_id, by_sid = (way_of(tracer, "fax", name) for name in (log_id(1), sid(1)))
    for way in (by_id, by_sid):
        assert way.key == key
        assert [one.source for one in way.entries if one.step] == ["webhook", "enrich"]
    assert by_id.relation == f"Its SID is {other}."
    assert by_sid.relation == f"It is the SID of {key}, which is stored as failed."


def test_a_defect_is_told_whatever_the_level(desk: Desk, tracer: Tracer) -> None:
    """By the type of its exception."""
    line = step(seconds(1), "") | {"message": "defect", "log_key": NAME, "error": "KeyError"}
    desk.put_lines({name: value for name, value in line.items() if name not in {"log", "step"}})
    assert told(way_of(tracer)) == [("enrich", "Defect of hooklog", "KeyError")]


@pytest.mark.parametrize(
    "change", [{"timestamp": "soon"}, {"timestamp": None}, {"log": 1}, {"step": 1}], ids=repr
)
def test_a_line_that_is_not_hooklogs_is_left_out(
    change: dict[str, object], desk: Desk, tracer: Tracer
) -> None:
    """Whoever may write to the log group can write anything there."""
    desk.put_lines(step(seconds(1), "queued") | change | {"more": MESSAGE}, [NAME], MESSAGE)
    desk.put_lines(step(seconds(2), "delivered"))
    assert [one.step for one in way_of(tracer).entries] == ["delivered"]


def test_since_bounds_the_search(desk: Desk, tracer: Tracer) -> None:
    """Without it, it begins before the row's first moment, or a day ago."""
    desk.put_lines(step(seconds(1), "queued"))
    now = utc_now()
    way = way_of(tracer)
    assert way.search is not None
    assert now - timedelta(hours=25) < way.search.since < now - timedelta(hours=23)
    a_message(desk)
    way = way_of(tracer)
    assert way.search is not None
    assert CREATED - timedelta(minutes=2) < way.search.since < CREATED
    assert way.search.scanned > 0
    # The local cloud stamps the lines with the time at which they are put.
    way = way_of(tracer, since=now + timedelta(minutes=1))
    assert [one.source for one in way.entries if one.step] == []


def test_no_row_and_no_line_is_an_error(desk: Desk, tracer: Tracer) -> None:
    """It says how to know more."""
    with pytest.raises(NotThereError, match=r"no line about it since .* UTC\. --since searches"):
        way_of(tracer)
    with pytest.raises(NotThereError, match="Without --no-logs its lines are searched"):
        way_of(tracer, with_lines=False)
    quiet = tracing(desk, levels={"enrich": "INFO"})
    with pytest.raises(NotThereError, match=r"LogLevel is not DEBUG: enrich \(INFO\)"):
        way_of(quiet)


# --- what it cannot know ------------------------------------------------------------------------

LINES_MISSING = "their LogLevel is not DEBUG"
DEPLOYED = "was deployed last"
DELETED = "those lines are deleted"
BEGINS = "--since begins earlier"
YOUNG = "some time after it"
WRITES = "it keeps the latest times only"
IN_FLIGHT = "SQS shows no single message"
SIGNALWIRE = "What SignalWire did in between"
CLOCKS = "SignalWire's clock"
NO_ROW = "RecordTtlDays"
BUS = "behind the bus"
CUT = "--since shows others"
ERASED = "before it was erased"
ALL = {
    *(LINES_MISSING, DEPLOYED, DELETED, BEGINS, YOUNG, WRITES, IN_FLIGHT, SIGNALWIRE, CLOCKS),
    *(NO_ROW, BUS, CUT, ERASED),
}


def unknown(way: Way) -> set[str]:
    """Return which gaps a way names; each of its sentences is one of them."""
    found = {gap for gap in ALL if gap in "\n".join(way.unknown)}
    assert len(found) == len(way.unknown), way.unknown
    return found


def test_a_way_without_gaps_still_ends_at_signalwire(desk: Desk, tracer: Tracer) -> None:
    """A log that has ended, with a line of its write, lacks nothing else but one clock."""
    a_message(desk)
    desk.put_lines(step(seconds(61), "written", version=1, outcome="succeeded"))
    assert unknown(way_of(tracer)) == {SIGNALWIRE, CLOCKS}


def test_functions_that_tell_no_steps_are_named(desk: Desk) -> None:
    """With their levels."""
    a_message(desk)
    way = way_of(tracing(desk, levels={"enrich": "DEBUG", "sweep": "INFO", "publish": "ERROR"}))
    assert unknown(way) == {LINES_MISSING, SIGNALWIRE}
    assert "sweep (INFO), publish (ERROR)." in gaps(way)


def test_a_deployment_may_have_changed_the_level(desk: Desk) -> None:
    """What was done before may have no lines."""
    a_message(desk)
    way = way_of(tracing(desk, deployed_at=CREATED + timedelta(hours=1)))
    assert unknown(way) == {DEPLOYED, SIGNALWIRE}


def test_lines_that_are_deleted_are_named(desk: Desk) -> None:
    """The log groups keep them for 30 days by default."""
    created = utc_now() - timedelta(days=40)
    store(desk, message_log(id=MESSAGE, created_at=created.isoformat()))
    way = way_of(tracing(desk, deployed_at=created - timedelta(days=1)))
    assert unknown(way) == {DELETED, SIGNALWIRE}
    assert "more than 30 days ago" in gaps(way)


def test_a_search_that_begins_late_is_named(desk: Desk, tracer: Tracer) -> None:
    """With the option that begins it earlier; also of a log without a row."""
    a_message(desk)
    assert unknown(way_of(tracer, since=CREATED + seconds(1))) == {BEGINS, SIGNALWIRE}
    desk.put_lines(step(seconds(1), "queued", log=f"message#{log_id(2)}"))
    way = way_of(tracer, name=log_id(2))
    assert unknown(way) == {BEGINS, YOUNG, IN_FLIGHT, NO_ROW, SIGNALWIRE}


def test_without_lines_that_is_the_first_gap(desk: Desk, tracer: Tracer) -> None:
    """Nothing else is said of lines."""
    a_message(desk)
    way = way_of(tracer, with_lines=False)
    assert (way.search, way.unknown[0]) == (
        None,
        "What the functions did: their lines were not searched.",
    )
    assert len(way.unknown) == 2


def test_a_message_may_be_on_the_queue(desk: Desk, tracer: Tracer) -> None:
    """While the log has not ended, has tries, or is parked."""
    created_at = CREATED.isoformat()
    store(desk, message_log(id=log_id(1), status="sent", created_at=created_at))
    store(desk, message_log(id=log_id(2), created_at=created_at))
    count_tries(desk, 2, log_type="message")
    park(desk, 3, log_type="message", at=CREATED)
    for number in (1, 2, 3):
        assert IN_FLIGHT in unknown(way_of(tracer, name=log_id(number)))


def test_writes_without_a_line_are_counted(desk: Desk, tracer: Tracer) -> None:
    """The row keeps the times of its latest only."""
    for status in ("sent", "delivered"):
        created = CREATED + seconds(status == "delivered")
        store(desk, message_log(id=MESSAGE, status=status, created_at=created.isoformat()))
    assert WRITES in unknown(way_of(tracer))
    desk.put_lines(*(step(seconds(61 + one), "written", version=one) for one in (1, 2)))
    assert unknown(way_of(tracer)) == {SIGNALWIRE, CLOCKS}


def test_lines_beyond_the_first_are_named(
    desk: Desk, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest are shown."""
    monkeypatch.setattr("hooklog_ops.tracing.MOST", 2)
    a_message(desk)
    for one in ("queued", "delivered", "fetched"):
        desk.put_lines(step(seconds(61), one))
        time.sleep(0.002)
    way = way_of(tracer)
    assert [one.step for one in way.entries if one.step] == ["queued", "delivered"]
    assert unknown(way) == {CUT, SIGNALWIRE, CLOCKS}


def test_of_an_erased_log_only_that_is_known(desk: Desk, tracer: Tracer) -> None:
    """No message about it is waited for."""
    erased = {"pk": {"S": NAME}, "version": {"N": "1"}, "erased_at": {"S": CREATED.isoformat()}}
    desk.stack.dynamodb.put_item(TableName=desk.stack.output("TableName"), Item=erased)
    way = way_of(tracer)
    assert told(way) == [("row", "Erased", "")]
    assert unknown(way) == {ERASED, SIGNALWIRE}


def test_of_events_the_bus_is_the_end(desk: Desk) -> None:
    """Where they are told."""
    a_message(desk)
    way = way_of(tracing(desk, levels={"enrich": "DEBUG", "publish": "DEBUG"}))
    assert unknown(way) == {BUS, SIGNALWIRE}


# --- the query ----------------------------------------------------------------------------------


class Insights:
    """Logs Insights with these answers, one after the other."""

    def __init__(self, *statuses: str) -> None:
        """Answer with these, and then always with the last."""
        self.statuses = [*statuses]
        self.started: dict[str, Any] = {}
        self.slept: list[float] = []
        self.stopped: list[str] = []

    def start_query(self, **asked: object) -> dict[str, str]:
        """Start the query."""
        self.started = asked
        return {"queryId": "1"}

    def get_query_results(self, queryId: str) -> dict[str, object]:  # noqa: N803 - boto3's name
        """Return the next answer."""
        assert queryId == "1"
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        row = [{"field": "@timestamp", "value": "now"}, {"field": "@message", "value": "a line"}]
        return {"status": status, "results": [row], "statistics": {"bytesScanned": 1234.0}}

    def stop_query(self, queryId: str) -> None:  # noqa: N803 - boto3's name
        """Stop the query."""
        self.stopped.append(queryId)

    def ask(self, words: Sequence[str] = ("a-1", "b-2")) -> tuple[Sequence[str], int]:
        """Run the query."""
        answer = lines_with(
            cast("CloudWatchLogsClient", self),
            ["one", "two"],
            words,
            since=CREATED,
            until=CREATED + timedelta(hours=1),
            most=7,
            sleep=self.slept.append,
        )
        return answer.lines, answer.scanned


def test_a_query_waits_for_its_results() -> None:
    """Over all log groups at once, for any of the words."""
    insights = Insights("Scheduled", "Running", "Complete")
    assert insights.ask() == (["a line"], 1234)
    assert len(insights.slept) == 2
    asked = insights.started
    assert asked["logGroupNames"] == ["one", "two"]
    assert asked["endTime"] - asked["startTime"] == 3601
    assert "like /a-1|b-2/" in asked["queryString"]
    assert "limit 7" in asked["queryString"]
    assert "#" not in asked["queryString"], "it begins a comment"


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
def test_a_query_that_fails_is_an_error(status: str) -> None:
    """It says how, and what to do."""
    with pytest.raises(QueryError, match=rf"ended as {status}\. Begin later with --since"):
        Insights("Running", status).ask()


def test_a_query_that_takes_too_long_is_stopped() -> None:
    """It would go on, and cost, for an hour."""
    insights = Insights("Running")
    with pytest.raises(QueryError, match="took more than 180 seconds"):
        insights.ask()
    assert insights.stopped == ["1"]
    assert sum(insights.slept) == PATIENCE


# --- the command --------------------------------------------------------------------------------


def test_the_command_tells_the_way_and_its_gaps(desk: Desk) -> None:
    """A line for each thing that happened, and a sentence for each gap."""
    a_message(desk)
    desk.put_lines(step(seconds(61), "written", version=1, outcome="succeeded"))
    result = desk.hooklog("trace", "message", MESSAGE)
    assert result.exit_code == 0
    name, *lines = result.stdout.splitlines()
    assert name.rstrip() == NAME
    at = CREATED + seconds(61)
    written = f"{at:%b %Y, %H:%M:%S}.{at.microsecond // 1000:03}  enrich  Row written: version 1"
    assert any(f"{at.day} {written}" in line for line in lines)
    assert "What this cannot know:" in lines


def test_programs_get_steps_and_facts(desk: Desk) -> None:
    """Beside the words for people."""
    a_message(desk)
    desk.put_lines(step(seconds(61), "written", version=1, outcome="succeeded"))
    way = desk.json("trace", "message", MESSAGE)
    assert way["key"] == NAME
    (entry,) = [one for one in way["entries"] if one["source"] == "enrich"]
    assert (entry["step"], entry["facts"]) == ("written", {"version": 1, "outcome": "succeeded"})
    assert way["search"]["scanned"] > 0
    assert way["unknown"]
    assert desk.json("trace", "message", MESSAGE, "--no-logs")["search"] is None
