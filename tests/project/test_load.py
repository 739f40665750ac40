"""A load run: its plan, its figures, and the comparison that finds every difference."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import urllib3

from hooklog.logs import FAX, KINDS
from hooklog.records.items import record_attributes
from local.cloud import ROOT
from local.load import __main__ as program
from local.load.comparison import STORAGE, differences, record_of
from local.load.faults import ALL
from local.load.figures import Conditions, Figures, FinalState, Lag, Outage
from local.load.plan import Plan, logs
from local.load.report import terminal_table
from local.load.run import Outcome, Rig, current_conditions, run, wait_until_empty
from local.space import FaultKind, Log, Requests, serve
from tests.project.test_demo_summary import text

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

type Row = dict[str, Any]
type Rows = dict[str, Row]


def plan_of(count: int) -> Plan:
    """Return a plan in which a fifth of the logs have a fault, and a fifth have two messages."""
    return Plan.make(count, NOW, cases=ALL, faulty=0.2, duplicated=0.2)


PLAN = plan_of(5 * len(ALL))
LOGS = logs(PLAN.space)
CONDITIONS = Conditions(
    measured_on=NOW.date(),
    cores=2,
    load_before=0.5,
    architecture="x86_64",
    batches_at_once=10,
    fetches_at_once=25,
    first_delay_s=1,
    latency_ms=100,
    rate_limit=200,
)
REQUESTS = Requests({"fax_one": 70, "message_one": 30}, 40, [], {"rate_limited": 4}, 5)


def stored(key: str, log: Log) -> Row:
    """Return the row that hooklog derives from a log."""
    record = record_of(KINDS[key.partition("#")[0]], log, NOW + timedelta(seconds=1))
    row = {"pk": key, "version": Decimal(1), **record_attributes(record, STORAGE)}
    row["lag_ms"] = Decimal(1000)
    return row | ({"first_failed_at": "then"} if record.outcome == "failed" else {})


def parked(key: str, code: str) -> Row:
    """Return the row of a log whose message is parked."""
    log_type, _, log_id = key.partition("#")
    body = json.dumps({"log_type": log_type, "log_id": log_id})
    return {"pk": key, "version": Decimal(1), "parked_code": code, "parked_body": body}


@pytest.fixture
def rows() -> Rows:
    """Return the table as it should be, by key."""
    codes = {key: fault.parked_as for key, fault in PLAN.faults.items()}
    return {
        key: parked(key, code) if (code := codes.get(key)) else stored(key, log)
        for key, log in LOGS.items()
    }


def found(rows: Rows, dead_letters: tuple[str, ...] = ()) -> list[str]:
    """Compare a table."""
    return differences(LOGS, PLAN.faults, rows.values(), dead_letters)


def first(holds: Callable[[Row], bool], rows: Rows) -> Row:
    """Return the first row for which the predicate holds."""
    return next(row for row in rows.values() if holds(row))


def test_faults_are_spread_evenly() -> None:
    """A run has every kind of fault that the space can simulate, equally often."""
    assert {case.fault.kind for case in ALL} == set(FaultKind)
    numbers = Counter(case.name for case in plan_of(10 * len(ALL)).faults.values())
    assert numbers == dict.fromkeys((case.name for case in ALL), 2)


def test_a_lost_log_is_found(rows: Rows) -> None:
    """A log without any row is reported as lost."""
    stored_key = first(lambda row: "outcome" in row, rows)["pk"]
    parked_key = first(lambda row: "parked_code" in row, rows)["pk"]
    for key in (stored_key, parked_key):
        left = {other: row for other, row in rows.items() if other != key}
        assert found(left) == [f"{key}: lost, it has neither a row nor a parked message"]


def test_every_attribute_is_compared(rows: Rows) -> None:
    """A changed or missing attribute is found, except for those of the fetch."""
    of_the_fetch = {"pk", "version", "fetched_at", "lag_ms", "first_failed_at"}
    sorts = {frozenset(row): key for key, row in rows.items() if "outcome" in row}
    for key in sorts.values():
        row = rows[key]
        for name in row.keys() - of_the_fetch:
            without = {one: value for one, value in row.items() if one != name}
            for other in (row | {name: "changed"}, without):
                sentences = differences({key: LOGS[key]}, {}, [other])
                assert any(one.startswith(f"{key}: {name} is ") for one in sentences), (key, name)


def test_the_log_itself_is_compared(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong status is found even if the domain code derives the same wrong status."""
    key = next(key for key, row in rows.items() if row.get("status") == "delivered")
    row = rows[key] | {"status": "sent"}
    expected = {name: value for name, value in row.items() if name not in {"pk", "version"}}
    monkeypatch.setattr("local.load.comparison.record_attributes", lambda *_: expected)
    (only,) = differences({key: LOGS[key]}, {}, [row])
    assert only == f"{key}: status is 'sent', SignalWire has 'delivered'"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"parked_code": "fetch.timeout"}, "parked as fetch.timeout, and not as"),
        ({"parked_body": '{"log_type": "fax", "log_id": "x"}'}, "parked with the message"),
        ({"outcome": "failed"}, "stored with an outcome too"),
    ],
)
def test_a_message_that_is_parked_wrongly_is_found(rows: Rows, change: Row, sentence: str) -> None:
    """A wrong code, a wrong body, or a record in the same row is a difference."""
    row = first(lambda row: row.get("parked_code") == "log.mismatch", rows)
    row.update(change)
    (only,) = found(rows)
    assert sentence in only


def test_a_log_that_cannot_be_fetched_must_not_have_a_record(rows: Rows) -> None:
    """A record that agrees with the space is wrong too, because it cannot come from a fetch."""
    key = next(key for key, fault in PLAN.faults.items() if fault.parked_as is not None)
    (only,) = found(rows | {key: stored(key, LOGS[key])})
    assert only.startswith(f"{key}: parked as None, and not as ")


def test_a_log_that_can_be_fetched_must_not_be_parked(rows: Rows) -> None:
    """A transient fault, and the faults of other messages, park nothing."""
    transient = next(key for key, fault in PLAN.faults.items() if fault.parked_as is None)
    healthy = next(iter(LOGS.keys() - PLAN.faults.keys()))
    for key in (transient, healthy):
        assert any("parked as" in one for one in found(rows | {key: parked(key, "fetch.timeout")}))


def test_only_failures_are_counted(rows: Rows) -> None:
    """`first_failed_at` is in the row of a failed log, and in no other."""
    failed = first(lambda row: row.get("outcome") == "failed", rows)
    del failed["first_failed_at"]
    first(lambda row: row.get("outcome") == "succeeded", rows)["first_failed_at"] = "then"
    assert len(found(rows)) == 2


def test_a_dead_letter_is_found(rows: Rows) -> None:
    """It is a difference even if its log is stored, because nothing crashed in the run."""
    key = next(iter(LOGS))
    assert found(rows, (key, key)) == [f"{key}: a message about it is in the dead-letter queue"]


def test_percentiles_are_by_nearest_rank() -> None:
    """Each percentile is one of the values."""
    assert Lag.of(range(1, 201)) == Lag(p50=100, p90=180, p99=198, max=200)
    assert Lag.of([7]) == Lag(p50=7, p90=7, p99=7, max=7)


def batch(received: int, **counts: dict[str, int]) -> str:
    """Return the line that the function prints about a batch."""
    line = {"level": "INFO", "message": "batch", "received": received, **counts}
    return json.dumps(line, separators=(",", ":"))


def figures(
    rows: Rows,
    *,
    conditions: Conditions = CONDITIONS,
    requests: Requests = REQUESTS,
    before_outage: Requests | None = None,
    dead_letters: tuple[str, ...] = (),
) -> Figures:
    """Return the figures of a run with this table."""
    end = FinalState(
        items=[*rows.values(), {"pk": "fax#another", "outcome": "failed"}],
        lines=["no JSON", '{"_aws": {}}', batch(10), batch(len(PLAN.bodies), skipped={"fax": 3})],
        requests=requests,
        before_outage=before_outage,
        dead_letters=dead_letters,
        left=0,
        began_at=NOW,
        took_s=2.0,
    )
    return Figures.of(conditions, PLAN, end, differences=0)


def test_the_figures_of_a_run(rows: Rows) -> None:
    """Rows and parked logs add up to all logs; deliveries after the first are redeliveries."""
    run = figures(rows)
    assert run.logs == len(LOGS) == run.rows + sum(run.parked.values())
    assert run.messages == len(PLAN.bodies)
    assert (run.redelivered, run.skipped, run.lost) == (10, 3, 0)
    assert (run.requests, run.rate_limited, run.injected_429) == (100, 5, 4)
    assert (run.max_in_flight, run.max_allowed) == (40, 250)
    assert run.bulk_s == 1.0
    assert run.throughput == pytest.approx(run.rows * 0.99)
    assert run.lag.p50 == 1000


def test_a_log_in_the_dead_letter_queue_is_not_lost(rows: Rows) -> None:
    """Only a log that is nowhere is lost."""
    key = next(iter(rows))
    del rows[key]
    assert figures(rows).lost == 1
    run = figures(rows, dead_letters=(key,))
    assert (run.lost, run.dead_letters) == (0, 1)


def test_the_terminal_shows_the_figures(rows: Rows) -> None:
    """Each figure has its name."""
    shown = text(terminal_table(figures(rows)))
    for part in (
        "Redelivered 10",
        "Duplicates skipped 3",
        "429 by the rate limit 5 (5.0%)",
        "429 by a fault 4 (4.0%)",
        "at the same time, at most 40 of 250 allowed",
        "fetch.rejected 1",
        "Lag, p99 1.0 s",
    ):
        assert part in shown
    for part in ("after the first", "outage"):
        assert part not in shown


def test_later_refusals_have_a_share_of_their_own(rows: Rows) -> None:
    """Those of the first ten seconds are left out; a shorter run has none."""
    came, refused = [8] * 10 + [10, 10], [0] * 9 + [4, 1, 0]
    requests = replace(REQUESTS, per_second=came, limited_per_second=refused)
    run = figures(rows, requests=requests)
    assert (run.later_requests, run.later_limited) == (20, 1)
    assert "429 by that limit after the first 10 s 1 (5.0%)" in text(terminal_table(run))


@pytest.mark.parametrize(
    ("limits", "per_second", "name"),
    [
        ({"rate_limit": 48}, 48, "429 by the rate limit 5"),
        ({"rate_limit": None, "open_limit": 6}, 60, "429 by the limit on open requests 5"),
    ],
)
def test_a_run_is_compared_with_what_its_limit_allows(
    rows: Rows, limits: dict[str, int | None], per_second: int, name: str
) -> None:
    """Each message needs a request, and an open request lasts as long as the latency."""
    run = figures(rows, conditions=CONDITIONS.model_copy(update=limits))
    assert run.least_s == len(PLAN.bodies) / per_second
    shown = text(terminal_table(run))
    assert name in shown
    assert f"as fast as the limit allows {run.least_s:.0f} s" in shown


def test_an_outage_is_compared_with_the_rate_before(rows: Rows) -> None:
    """The average leaves out the second in which the outage began, because it was not full."""
    run = figures(
        rows,
        conditions=CONDITIONS.model_copy(update={"outage_s": 60}),
        requests=replace(REQUESTS, while_down=321),
        before_outage=Requests(per_second=[10, 30, 7]),
    )
    assert run.outage == Outage(came=321, expected=1200)
    shown = text(terminal_table(run))
    assert "during the outage of 60 s 321" in shown
    assert "at the rate before 1,200" in shown


def test_an_outage_comes_when_half_of_the_messages_are_done(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The space is down for its seconds, then the run goes on until the queue is empty."""
    messages = len(PLAN.bodies)
    half = messages // 2
    looks = iter([messages, half + 1, half, half, 1, 0, 0])
    course: list[str] = []
    reported: list[int] = []

    def happens(what: str) -> None:
        # Without credentials, a space that is up answers with 401.
        answer = urllib3.request("GET", f"{space.url}{FAX.path}", retries=False)
        course.append(f"{what}: {answer.status}")

    def left(_: Rig) -> int:
        number = next(looks)
        happens(f"{number} left")
        return number

    def sleep(seconds: float) -> None:
        if seconds == 60:
            happens("60 s")

    for name in ("pause", "warm", "resume"):
        monkeypatch.setattr(Rig, name, lambda _: None)
    monkeypatch.setattr(Rig, "left", left)
    monkeypatch.setattr(Rig, "rows", lambda _: list(rows.values()))
    monkeypatch.setattr(Rig, "dead_letters", lambda _: [])
    monkeypatch.setattr("local.stack.send", lambda *_: None)
    monkeypatch.setattr("local.stack.log_lines", lambda *_: [batch(messages)])
    monkeypatch.setattr("time.sleep", sleep)
    unused: Any = None
    with serve(PLAN.space) as space:
        outcome = run(
            Rig(
                cloud=unused,
                stack=unused,
                space=space,
                log=tmp_path / "cloud.log",
                batches_at_once=1,
            ),
            PLAN,
            CONDITIONS.model_copy(update={"outage_s": 60}),
            timeout_s=60,
            report=reported.append,
        )
    assert course == [
        f"{messages} left: 401",
        f"{half + 1} left: 401",
        f"{half} left: 401",
        "60 s: 503",
        f"{half} left: 401",
        "1 left: 401",
        "0 left: 401",
        "0 left: 401",
    ]
    assert reported == [messages, half + 1, half, 1]
    assert outcome.differences == []
    assert outcome.figures.outage is not None
    assert outcome.figures.outage.came == 1


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Redirect the program's output file, and return its path."""
    monkeypatch.setattr(program, "ROOT", tmp_path)
    monkeypatch.setattr("local.load.figures.FILE", tmp_path / "measured.json")
    return tmp_path / "measured.json"


def exit_status(monkeypatch: pytest.MonkeyPatch, end: Outcome | Exception, *arguments: str) -> int:
    """Run the program with this end of its run, and return its exit status."""

    def load(*_: object, **__: object) -> Outcome:
        if isinstance(end, Exception):
            raise end
        return end

    monkeypatch.setattr(program, "_load", load)
    monkeypatch.setattr(program, "stop_on_signals", lambda: None)
    monkeypatch.setattr("sys.argv", ["load", *arguments])
    return program.main()


def test_a_run_without_a_difference_writes_its_figures(
    rows: Rows, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unusual run, and a run with differences, write nothing."""
    run = figures(rows)
    for unusual in ("2000", "--rate 40", "--open 20", "--outage 60"):
        assert exit_status(monkeypatch, Outcome(run, []), *unusual.split()) == 0
    assert exit_status(monkeypatch, Outcome(run, ["fax#1: lost"])) == 1
    assert not written.exists()
    assert exit_status(monkeypatch, Outcome(run, [])) == 0
    assert Figures.model_validate_json(written.read_bytes()) == run


@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        ("", (200, None, 0)),
        ("--rate 40", (40, None, 0)),
        ("--open 20", (None, 20, 0)),
        ("--open 20 --outage 60", (None, 20, 60)),
    ],
)
def test_the_options_decide_the_conditions(
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    limits: tuple[int | None, int | None, int],
) -> None:
    """A limit on open requests replaces the one per second; an outage comes on demand."""
    used: list[Conditions] = []

    def remember(*, rate_limit: int | None, open_limit: int | None, outage_s: int) -> Conditions:
        used.append(
            current_conditions(rate_limit=rate_limit, open_limit=open_limit, outage_s=outage_s)
        )
        return used[-1]

    monkeypatch.setattr(program, "current_conditions", remember)
    exit_status(monkeypatch, Outcome(figures(rows), ["fax#1: lost"]), *arguments.split())
    (only,) = used
    assert (only.rate_limit, only.open_limit, only.outage_s) == limits


def test_make_passes_the_options_on() -> None:
    """Each variable of `make load` becomes its option."""
    make = shutil.which("make")
    assert make is not None
    variables = ["N=2000", "RATE=40", "OPEN=20", "OUTAGE=60"]
    command = [make, "--dry-run", "load", *variables]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = " ".join(printed.replace("\\", " ").split()).partition("local.load ")[2]
    assert options.startswith("2000 --rate 40 --open 20 --outage 60")


def test_a_run_that_does_not_end_times_out(tmp_path: Path) -> None:
    """The error has the number of messages left, and the cloud's output below."""
    log = tmp_path / "cloud.log"
    log.write_text("out of order")
    with pytest.raises(TimeoutError) as timeout:
        wait_until_empty(lambda: 7, log, timeout_s=0, report=lambda _: None)
    sentence, output = str(timeout.value).splitlines()
    assert sentence.startswith("7 messages are still in the queue")
    assert output == "out of order"


def test_a_timeout_prints_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cloud's output follows, indented."""
    assert exit_status(monkeypatch, TimeoutError("7 messages are left. Output:\nline")) == 1
    assert capsys.readouterr().err == "7 messages are left. Output:\n  line\n"
