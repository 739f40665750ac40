"""`hooklog backfill`: days, progress, price, and how to go on. The sweep has tests of its own."""

from __future__ import annotations

import io
import json
import shlex
import signal
import threading
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
import typer
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from typer.testing import Result

from hooklog.logs import KINDS
from hooklog.sweep.backfill import Summary
from hooklog_ops.backfilling import Event, Walk, split
from hooklog_ops.commands import backfill
from hooklog_ops.commands.target import StackOptions
from hooklog_ops.errors import ExitStatus, OperatorError
from hooklog_ops.pricing import FunctionUse, price
from local.cloud import ROOT
from tests.ops.conftest import STACK, Desk
from tests.template import properties

_DAYS = 3
_PERIOD = ("--from", "2026-05-01", "--to", "2026-05-04")
#: Without a second type of log and one at a time, the days follow one another.
_IN_ORDER = (*_PERIOD, "--type", "message", "--parallel", "1")
_PRICES = tomllib.loads((ROOT / "ops/hooklog_ops/prices.toml").read_text(encoding="utf-8"))
_STOPPED = "Days under way may still be finished in Lambda, which harms nothing. Go on with: "


class Clock:
    """Seconds that pass only when somebody lets them."""

    def __init__(self) -> None:
        """Begin anywhere."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Sweep:
    """Stands in for the sweep function; it finds the same on each day, in two steps."""

    def __init__(self) -> None:
        """Find logs of every verdict."""
        self.events: list[dict[str, Any]] = []
        self.found = {"missing": 2, "stale": 1, "unfinished": 1, "present": 5, "parked": 1}
        #: Called with each event before it is answered; may raise, wait, or return an error.
        self.meanwhile: Callable[[dict[str, Any]], str | None] = lambda _: None
        self.stopped: str | None = None
        self.variables: dict[str, str] = {}
        self.refusal: ClientError | None = None
        self.config: Any = None

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Answer as Lambda does; the first answer of a day names the next event."""
        assert FunctionName == "sweep"
        event = json.loads(Payload)
        self.events.append(event)
        if error := self.meanwhile(event):
            return self._answer({"errorMessage": error}, FunctionError="Unhandled")
        stored, enqueued = (0, 0) if event["dry_run"] else (3, 1)
        summary: dict[str, Any] = {
            "found": {event["log_type"]: self.found},
            "complete": "page" in event,
            "stored": stored,
            "enqueued": enqueued,
        }
        if self.stopped:
            summary["stopped"] = self.stopped
        elif "page" not in event:
            summary["next_event"] = {**event, "page": "next"}
        return self._answer(summary)

    @staticmethod
    def _answer(summary: dict[str, Any], **more: str) -> dict[str, Any]:
        return {"Payload": io.BytesIO(json.dumps(summary).encode()), **more}


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Deploy the sweep function's stand-in."""
    sweep = Sweep()

    class Deployed:
        functions = sweep

        def with_config(self, config: Config) -> Deployed:
            sweep.config = config
            return self

        def output(self, _name: str) -> str:
            return "sweep"

        def function(self, output: str) -> dict[str, int]:
            assert output == "SweepFunctionName"
            if sweep.refusal:
                raise sweep.refusal
            return {"MemorySize": 512}

        def variables(self, output: str) -> dict[str, str]:
            assert output == "SweepFunctionName"
            return {
                "TABLE_NAME": "table",
                "QUEUE_URL": "https://queue",
                "SIGNALWIRE_SPACE": "example.signalwire.com",
                "SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:1:secret:s",
                **sweep.variables,
            }

    monkeypatch.setattr(StackOptions, "open", lambda _: Deployed())
    return sweep


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the command's clock."""
    clock = Clock()
    monkeypatch.setattr(backfill, "monotonic", clock)
    return clock


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sit at a terminal where somebody agrees; returns the questions."""
    asked: list[str] = []
    monkeypatch.setattr(backfill, "need_terminal", lambda: None)
    monkeypatch.setattr(backfill, "confirm", lambda question, **_: asked.append(question))
    return asked


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Return what invocations wait for that are to end only after the test."""
    event = threading.Event()
    # A shell lets what it runs in the background ignore Ctrl-C, and the tests with it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield event
    signal.signal(signal.SIGINT, before)
    event.set()


def day_of(event: dict[str, Any]) -> str:
    """Return the day that an event ends before: ``02`` for that of the first of May."""
    return str(event["to"])[8:10]


def problem(result: Result) -> str:
    """Return the sentence with which a command failed."""
    assert isinstance(result.exception, OperatorError), result.output
    return str(result.exception)


# --- days ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "parts"),
    [
        ("2026-05-01", "2026-05-02", ["2026-05-01 00:00 2026-05-02 00:00"]),
        ("2026-05-01T09:30", "2026-05-01T17:00", ["2026-05-01 09:30 2026-05-01 17:00"]),
        (
            "2026-05-01T23:59",
            "2026-05-02T00:01",
            ["2026-05-01 23:59 2026-05-02 00:00", "2026-05-02 00:00 2026-05-02 00:01"],
        ),
        (
            "2024-02-28T12:00",
            "2024-03-01T00:00",
            ["2024-02-28 12:00 2024-02-29 00:00", "2024-02-29 00:00 2024-03-01 00:00"],
        ),
        ("2026-05-02", "2026-05-02", []),
        ("2026-05-02", "2026-05-01", []),
    ],
)
def test_a_period_is_split_at_midnight(since: str, until: str, parts: list[str]) -> None:
    """Its parts touch, and have its own beginning and end."""
    days = split(*(datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (since, until)))
    assert [f"{day.start:%Y-%m-%d %H:%M} {day.end:%Y-%m-%d %H:%M}" for day in days] == parts


def test_a_long_period_has_all_its_days() -> None:
    """Years of them, each begun where the last one ended."""
    days = split(datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    assert len(days) == 365 + 366 + 365
    assert all(last.end == day.start for last, day in pairwise(days))


def test_an_empty_period_is_refused(desk: Desk, sweep: Sweep) -> None:
    """It would look like a period without logs."""
    result = desk.hooklog("backfill", "--from", "2026-05-02", "--to", "2026-05-02", "--dry-run")
    assert problem(result) == "The period is empty; --to has to be later than --from."
    assert not sweep.events


def test_each_day_and_kind_is_followed_to_its_end(desk: Desk, sweep: Sweep) -> None:
    """Oldest first, and a day's steps one after another."""
    desk.json("backfill", *_PERIOD, "--parallel", "1", "--dry-run")
    days = [
        ("2026-05-01T00:00:00.000Z", "2026-05-02T00:00:00.000Z"),
        ("2026-05-02T00:00:00.000Z", "2026-05-03T00:00:00.000Z"),
        ("2026-05-03T00:00:00.000Z", "2026-05-04T00:00:00.000Z"),
    ]
    assert [(one["from"], one["to"], one["log_type"], one.get("page")) for one in sweep.events] == [
        (*day, kind, page) for day in days for kind in KINDS for page in (None, "next")
    ]


def test_invocations_run_in_parallel_up_to_the_bound(desk: Desk, sweep: Sweep) -> None:
    """As many as allowed at once, and never more."""
    together, lock = threading.Barrier(4, timeout=30), threading.Lock()
    running = most = 0

    def count(_: dict[str, Any]) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1

    sweep.meanwhile = count
    month = ("--from", "2026-05-01", "--to", "2026-05-31", "--parallel", "4")
    desk.json("backfill", *month, "--dry-run")
    assert most == 4
    assert len(sweep.events) == 30 * len(KINDS) * 2


# --- counting and storing -----------------------------------------------------------------------


def test_a_dry_run_counts_what_would_be_stored(desk: Desk, sweep: Sweep) -> None:
    """Missing, stale and unfinished logs of all days, steps and kinds; every walk is a dry one."""
    answer = desk.json("backfill", *_PERIOD, "--dry-run")
    assert answer["would_store"] == len(KINDS) * _DAYS * 2 * (2 + 1 + 1)
    assert answer["found"]["fax"]["present"] == _DAYS * 2 * 5
    assert answer["gaps"] == []
    assert all(event["dry_run"] for event in sweep.events)
    shown = desk.hooklog("backfill", *_PERIOD, "--type", "fax", "--dry-run").output
    assert "fax logs: 12 missing, 6 stale, 6 unfinished" in shown
    assert "24 logs would be stored." in shown


def test_yes_stores_without_counting_first(desk: Desk, sweep: Sweep) -> None:
    """Each day is walked once; the answer has what was found, stored and enqueued."""
    answer = desk.json("backfill", *_PERIOD, "--yes")
    assert not any(event["dry_run"] for event in sweep.events)
    assert len(sweep.events) == _DAYS * len(KINDS) * 2
    assert answer == {
        "found": {
            kind: {name: _DAYS * 2 * count for name, count in sweep.found.items()} for kind in KINDS
        },
        "gaps": [],
        "stored": _DAYS * len(KINDS) * 2 * 3,
        "enqueued": _DAYS * len(KINDS) * 2,
    }
    shown = desk.hooklog("backfill", *_PERIOD, "--yes").stdout
    assert "message logs: 12 missing" in shown
    assert shown.endswith("36 logs stored, 12 put on the queue.\n")


def test_at_a_terminal_it_counts_and_asks_before_it_stores(
    desk: Desk, sweep: Sweep, questions: list[str]
) -> None:
    """The question has the number, and stands below the price."""
    result = desk.hooklog("backfill", *_IN_ORDER)
    assert questions == ["Store 24 logs?"]
    assert [event["dry_run"] for event in sweep.events] == [True] * 6 + [False] * 6
    assert "Storing them costs about" in result.stdout
    assert result.stdout.endswith("18 logs stored, 6 put on the queue.\n")


def test_json_at_a_terminal_is_the_whole_output(
    desk: Desk, sweep: Sweep, questions: list[str]
) -> None:
    """Counts and price stand before the question only for people."""
    answer = desk.json("backfill", *_IN_ORDER)
    assert questions
    assert answer["found"] == {"message": {name: 6 * count for name, count in sweep.found.items()}}
    assert (answer["stored"], answer["enqueued"]) == (18, 6)


@pytest.mark.usefixtures("questions")
def test_nothing_is_stored_if_the_answer_is_no(
    desk: Desk, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status says so."""

    def decline(_: str, **_options: bool) -> None:
        raise typer.Exit(ExitStatus.DECLINED)

    monkeypatch.setattr(backfill, "confirm", decline)
    assert desk.hooklog("backfill", *_PERIOD).exit_code == ExitStatus.DECLINED
    assert all(event["dry_run"] for event in sweep.events)


def test_a_backfill_without_a_terminal_needs_yes(desk: Desk, sweep: Sweep) -> None:
    """It says so before it counts for a question that nobody can answer."""
    result = desk.hooklog("backfill", *_PERIOD)
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert not sweep.events


def test_nothing_to_store_needs_no_question(desk: Desk, sweep: Sweep, questions: list[str]) -> None:
    """The command says so and ends."""
    sweep.found = {"present": 5}
    shown = desk.hooklog("backfill", *_PERIOD).stdout
    assert shown.endswith("0 logs stored, 0 put on the queue.\n")
    assert not questions
    assert all(event["dry_run"] for event in sweep.events)


def test_invocations_share_the_rate(desk: Desk, sweep: Sweep) -> None:
    """Together they send no more messages per second than the option says."""
    desk.json("backfill", *_PERIOD, "--rate", "10", "--parallel", "4", "--yes")
    assert {event["messages_per_second"] for event in sweep.events} == {10 / 4}
    sweep.events.clear()
    desk.json("backfill", *_PERIOD, "--type", "fax", "--rate", "10", "--parallel", "4", "--yes")
    assert {event["messages_per_second"] for event in sweep.events} == {10 / _DAYS}
    result = desk.hooklog("backfill", *_PERIOD, "--rate", "3", "--yes")
    assert result.exit_code == ExitStatus.NOT_UNDERSTOOD
    assert "--parallel" in result.output


def test_the_call_lasts_as_long_as_the_function_may(desk: Desk, sweep: Sweep) -> None:
    """The function is not invoked twice, the silent connection stays open, and each has its own."""
    desk.json("backfill", *_PERIOD, "--dry-run")
    assert sweep.config.read_timeout > properties("SweepFunction")["Timeout"]
    # botocore completes the dictionary once a client was made with it.
    assert sweep.config.retries["total_max_attempts"] == 1
    assert sweep.config.tcp_keepalive
    assert sweep.config.max_pool_connections == 16
    assert desk.hooklog("backfill", *_PERIOD, "--parallel", "17", "--dry-run").exit_code == 2


def test_what_signalwire_no_longer_lists_is_told_once(desk: Desk, sweep: Sweep) -> None:
    """Per kind, up to the last day concerned; these days do not hold up the others."""
    sweep.stopped = "Too old."
    answer = desk.json("backfill", *_PERIOD, "--dry-run")
    assert answer["gaps"] == [
        {"log_type": kind, "before": "2026-05-04T00:00:00.000Z", "told": "Too old."}
        for kind in answer["found"]
    ]
    shown = desk.hooklog("backfill", *_PERIOD, "--type", "fax", "--dry-run").output
    assert shown.count("fax logs before 2026-05-04: Too old.") == 1


# --- progress -----------------------------------------------------------------------------------


def test_progress_says_how_far_how_fast_and_how_long(clock: Clock) -> None:
    """Measured from this run's beginning; the time left is that of the days done, by length."""

    def invoke(event: Event) -> Summary:
        clock.now += 90
        return {"found": {str(event["log_type"]): {"present": 600}}, "stored": 0, "enqueued": 0}

    walk = Walk(
        invoke=invoke,
        days=split(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 4, 12, tzinfo=UTC)),
        log_types=["fax", "message"],
        parallel=1,
        clock=clock,
    )
    assert walk.progress == "0 logs, 0 of 4 days"
    told = []
    for day in walk.run({}):
        clock.now += 10
        told.append((day and f"{day.start:%d}", walk.progress))
    assert told == [
        (None, "600 logs, 6 per second, 0 of 4 days"),
        ("01", "1,200 logs, 6 per second, 1 of 4 days, 8 min left"),
        (None, "1,800 logs, 6 per second, 1 of 4 days, 12 min left"),
        ("02", "2,400 logs, 6 per second, 2 of 4 days, 5 min left"),
        (None, "3,000 logs, 6 per second, 2 of 4 days, 6 min left"),
        ("03", "3,600 logs, 6 per second, 3 of 4 days, 1 min left"),
        (None, "4,200 logs, 6 per second, 3 of 4 days, 1 min left"),
        ("04", "4,800 logs, 6 per second, 4 of 4 days"),
    ]


def test_without_a_terminal_each_day_is_a_line(desk: Desk, sweep: Sweep, clock: Clock) -> None:
    """On standard error, when it is done."""

    def pass_time(_: dict[str, Any]) -> None:
        clock.now += 5

    sweep.meanwhile = pass_time
    result = desk.hooklog("backfill", *_IN_ORDER, "--yes", "--json")
    assert result.stderr.splitlines() == [
        "2026-05-01 is done: 20 logs, 2 per second, 1 of 3 days, 20 s left",
        "2026-05-02 is done: 40 logs, 2 per second, 2 of 3 days, 10 s left",
        "2026-05-03 is done: 60 logs, 2 per second, 3 of 3 days",
    ]
    assert json.loads(result.stdout)["stored"] == 18


@pytest.mark.usefixtures("sweep")
def test_on_a_terminal_a_bar_shows_the_progress(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of the lines, and on standard error."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    result = desk.hooklog("backfill", *_IN_ORDER, "--yes", "--json")
    assert "Storing" in result.stderr
    assert "3 of 3 days" in result.stderr
    assert "is done" not in result.stderr
    assert json.loads(result.stdout)["stored"] == 18


# --- price --------------------------------------------------------------------------------------


def test_the_price_counts_writes_reads_and_lambda() -> None:
    """A fax's SID and each optional index is one more write; a read is half a unit."""
    use = FunctionUse(invocations=3, seconds=200, memory_mb=512)
    found = {
        "fax": {"missing": 100, "stale": 10, "present": 5, "unreadable": 7},
        "message": {"missing": 1000, "unfinished": 20, "parked": 1},
    }
    cost = price(found, use, indexes=2)
    units = cost.writes / _PRICES["dynamodb"]["write_unit"]
    assert units == pytest.approx(100 * (1 + 1 + 2) + 10 + 1000 * (1 + 2) + 20)
    units = cost.reads / _PRICES["dynamodb"]["read_unit"]
    assert units == pytest.approx((100 + 10 + 5 + 1000 + 20 + 1) / 2)
    assert cost.functions == pytest.approx(
        3 * _PRICES["lambda"]["request"] + 200 * 0.5 * _PRICES["lambda"]["arm_gb_second"]
    )
    assert cost.total == pytest.approx(cost.writes + cost.reads + cost.functions)


def test_a_dry_run_has_the_price(desk: Desk, sweep: Sweep, clock: Clock) -> None:
    """Of its own counts, of the indexes deployed, and of the time that its invocations took."""

    def pass_time(_: dict[str, Any]) -> None:
        clock.now += 50_000

    sweep.meanwhile = pass_time
    sweep.variables = {"INDEX_DAYS": "true", "INDEX_NUMBERS": "false"}
    sweep.found = {"missing": 1_000_000, "present": 2_000_000}
    cost = desk.json("backfill", *_IN_ORDER, "--dry-run")["price"]
    assert cost == {
        "writes": pytest.approx(6e6 * 2 * _PRICES["dynamodb"]["write_unit"]),
        "reads": pytest.approx(18e6 / 2 * _PRICES["dynamodb"]["read_unit"]),
        "functions": pytest.approx(
            6 * _PRICES["lambda"]["request"] + 300_000 / 2 * _PRICES["lambda"]["arm_gb_second"]
        ),
        "as_of": str(_PRICES["as_of"]),
        "total": pytest.approx(cost["writes"] + cost["reads"] + cost["functions"]),
    }
    shown = " ".join(desk.hooklog("backfill", *_IN_ORDER, "--dry-run").stdout.split())
    assert f"about ${cost['total']:.2f}, at AWS's list prices" in shown
    assert f"${cost['writes']:.2f}" in shown
    assert "Not covered: the logs that have to go on the queue" in shown


def test_a_missing_permission_costs_no_count(desk: Desk, sweep: Sweep) -> None:
    """What the price needs is read first; storing without a count does not need it."""
    sweep.refusal = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "No."}}, "GetFunctionConfiguration"
    )
    assert desk.hooklog("backfill", *_PERIOD, "--dry-run").exception is sweep.refusal
    assert not sweep.events
    assert desk.json("backfill", *_PERIOD, "--yes")["stored"]


# --- going on -----------------------------------------------------------------------------------


def interrupt_at(day: str, released: threading.Event) -> Callable[[dict[str, Any]], None]:
    """Return what presses Ctrl-C while a day is under way, which then goes on."""

    def press(event: dict[str, Any]) -> None:
        if day_of(event) == day:
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGINT)
            released.wait()

    return press


def test_an_interrupted_backfill_names_the_command_that_goes_on(
    desk: Desk, sweep: Sweep, released: threading.Event
) -> None:
    """From the first day that is not done, with the same options; nobody waits for Lambda."""
    sweep.meanwhile = interrupt_at("03", released)
    options = ("--type", "message", "--parallel", "1", "--rate", "7.5", "--yes", "--json")
    result = desk.hooklog("backfill", *_PERIOD, *options, "--region", "eu-west-1")
    command = (
        "hooklog backfill --from 2026-05-02 --to 2026-05-04 --type message --parallel 1 --rate 7.5"
        f" --yes --json --stack {STACK} --region eu-west-1"
    )
    assert problem(result) == f"Stopped. {_STOPPED}{command}"
    assert isinstance(result.exception, OperatorError)
    assert result.exception.status == ExitStatus.INTERRUPTED
    assert [day_of(event) for event in sweep.events] == ["02", "02", "03"]


def test_that_command_goes_on(desk: Desk, sweep: Sweep, released: threading.Event) -> None:
    """It is understood, and has the days that are left."""
    sweep.meanwhile = interrupt_at("03", released)
    told = problem(desk.hooklog("backfill", *_IN_ORDER, "--yes"))
    sweep.meanwhile = lambda _: None
    sweep.events.clear()
    assert desk.hooklog(*shlex.split(told.partition("hooklog ")[2])).exit_code == 0
    assert [day_of(event) for event in sweep.events] == ["03", "03", "04", "04"]


@pytest.mark.usefixtures("questions")
def test_an_interrupted_count_before_the_question_begins_again(
    desk: Desk, sweep: Sweep, released: threading.Event
) -> None:
    """The days that were counted are not stored yet."""
    sweep.meanwhile = interrupt_at("04", released)
    result = desk.hooklog("backfill", *_IN_ORDER)
    assert "hooklog backfill --from 2026-05-01 --to 2026-05-04" in problem(result)


def test_an_interrupted_dry_run_goes_on(
    desk: Desk, sweep: Sweep, released: threading.Event
) -> None:
    """The days that were counted need not be counted again."""
    sweep.meanwhile = interrupt_at("04", released)
    result = desk.hooklog("backfill", *_IN_ORDER, "--dry-run")
    assert "--from 2026-05-03 --to 2026-05-04" in problem(result)
    assert "--dry-run" in problem(result)


def test_ages_become_times_in_the_command_that_goes_on(desk: Desk, sweep: Sweep) -> None:
    """Otherwise it would be another period; a first day that is not whole keeps its time."""
    sweep.meanwhile = lambda _: "settings.invalid"
    told = problem(desk.hooklog("backfill", "--from", "2026-05-01T06:30", "--dry-run"))
    assert "--from 2026-05-01T06:30:00.000Z --to 20" in told
    told = problem(desk.hooklog("backfill", "--from", "36h", "--to", "2h", "--dry-run"))
    (since, until) = (word for word in shlex.split(told) if word.endswith("Z"))
    assert datetime.fromisoformat(until) > datetime.fromisoformat(since)


def test_a_function_that_fails_stops_the_rest(desk: Desk, sweep: Sweep) -> None:
    """The error has the function's own words and the command that goes on; no day begins later."""
    sweep.meanwhile = lambda event: "settings.invalid" if day_of(event) == "03" else None
    result = desk.hooklog("backfill", *_IN_ORDER, "--yes")
    assert problem(result) == (
        f"The sweep function failed: settings.invalid. {_STOPPED}hooklog backfill --from 2026-05-02"
        f" --to 2026-05-04 --type message --parallel 1 --yes --stack {STACK}"
    )
    assert result.stdout == ""
    assert [day_of(event) for event in sweep.events] == ["02", "02", "03"]


def test_a_failure_does_not_wait_for_other_days(
    desk: Desk, sweep: Sweep, released: threading.Event
) -> None:
    """Days that are under way are not done, so the command that goes on has them."""

    def fail_beside_another(event: dict[str, Any]) -> str | None:
        if day_of(event) == "02":
            released.wait()
        return "settings.invalid" if day_of(event) == "04" else None

    sweep.meanwhile = fail_beside_another
    result = desk.hooklog("backfill", *_PERIOD, "--type", "fax", "--parallel", "2", "--yes")
    assert "settings.invalid" in problem(result)
    assert "--from 2026-05-01 --to" in problem(result)


def test_a_refusal_of_aws_names_the_command_too(desk: Desk, sweep: Sweep) -> None:
    """Also a connection that breaks."""

    def time_out(_: dict[str, Any]) -> None:
        raise ReadTimeoutError(endpoint_url="https://lambda")

    sweep.meanwhile = time_out
    result = desk.hooklog("backfill", *_IN_ORDER, "--yes")
    assert "Read timeout" in problem(result)
    assert "Go on with: hooklog backfill --from 2026-05-01 --to 2026-05-04" in problem(result)
