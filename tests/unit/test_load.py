"""What a load run is made of, and that its comparison finds whatever is not as it has to be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog.records.enrichment import enrich
from hooklog.records.items import record_attributes
from local.load import __main__ as program
from local.load.comparison import KEEPING, differences
from local.load.faults import LATE_PARKED, PASSING, SOON_PARKED
from local.load.figures import Conditions, End, Figures, Lag
from local.load.plan import Plan, logs
from local.load.shown import table
from local.load.site import Outcome, empty
from local.space import FaultKind, Log, Requests
from tests.unit.test_demo_summary import text

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL = (*PASSING, *SOON_PARKED, *LATE_PARKED)

type Row = dict[str, Any]
type Rows = dict[str, Row]


def plan_of(count: int) -> Plan:
    """Draw a run with a fault for every fifth log, and every fifth named twice."""
    return Plan.make(count, NOW, kinds=ALL, faulty=0.2, repeated=0.2)


PLAN = plan_of(5 * len(ALL))
LOGS = logs(PLAN.space)


def stored(key: str, log: Log) -> Row:
    """Give the row that hooklog makes of a log."""
    kind = KINDS[key.partition("#")[0]]
    record = enrich(
        kind,
        kind.model.model_validate_json(json.dumps(log)),
        catalogue=CATALOGUE,
        sent_at=NOW,
        fetched_at=NOW + timedelta(seconds=1),
    )
    row = {"pk": key, "version": Decimal(1), **record_attributes(record, KEEPING)}
    return row | ({"first_failed_at": "then"} if record.outcome == "failed" else {})


def parked(key: str, code: str) -> Row:
    """Give the row of a log whose message is parked."""
    log_type, _, log_id = key.partition("#")
    body = json.dumps({"log_type": log_type, "log_id": log_id})
    return {"pk": key, "version": Decimal(1), "parked_code": code, "parked_body": body}


@pytest.fixture
def rows() -> Rows:
    """Give the table as it has to be, by key."""
    codes = {key: trouble.parked_as for key, trouble in PLAN.troubles.items()}
    return {
        key: parked(key, code) if (code := codes.get(key)) else stored(key, log)
        for key, log in LOGS.items()
    }


def found(rows: Rows, dead: tuple[str, ...] = ()) -> list[str]:
    """Compare a table."""
    return differences(LOGS, PLAN.troubles, rows.values(), dead)


def sole(holds: Callable[[Row], bool], rows: Rows) -> Row:
    """Give the first row of which something holds."""
    return next(row for row in rows.values() if holds(row))


def test_every_kind_of_fault_befalls_as_many_logs() -> None:
    """All that the space knows are among them, and none is left out of a run."""
    assert {trouble.fault.kind for trouble in ALL} == set(FaultKind)
    befallen = Counter(trouble.name for trouble in plan_of(10 * len(ALL)).troubles.values())
    assert befallen == dict.fromkeys((trouble.name for trouble in ALL), 2)


def test_each_log_is_named_and_some_are_named_twice() -> None:
    """The duplicates are spread among the messages."""
    named = Counter(f"{body['log_type']}#{body['log_id']}" for body in map(json.loads, PLAN.bodies))
    assert named.keys() == LOGS.keys()
    assert Counter(named.values()) == {1: len(LOGS) * 4 // 5, 2: len(LOGS) // 5}


def test_a_table_as_it_has_to_be(rows: Rows) -> None:
    """Nothing is found, and rows of other logs are none of its business."""
    assert found(rows | {"fax#another": {"pk": "fax#another"}}) == []


def test_a_lost_log_is_found(rows: Rows) -> None:
    """It has no row at all."""
    stored_key = sole(lambda row: "outcome" in row, rows)["pk"]
    parked_key = sole(lambda row: "parked_code" in row, rows)["pk"]
    for key in (stored_key, parked_key):
        left = {other: row for other, row in rows.items() if other != key}
        assert found(left) == [f"{key}: lost, it has neither a row nor a parked message"]


def test_any_field_of_a_row_counts(rows: Rows) -> None:
    """Each attribute but those that tell of the fetch, changed or gone."""
    of_the_fetch = {"pk", "version", "fetched_at", "lag_ms", "first_failed_at"}
    sorts = {frozenset(row): key for key, row in rows.items() if "outcome" in row}
    for key in sorts.values():
        row = rows[key]
        for name in row.keys() - of_the_fetch:
            without = {one: value for one, value in row.items() if one != name}
            for other in (row | {name: "changed"}, without):
                told = differences({key: LOGS[key]}, {}, [other])
                assert any(one.startswith(f"{key}: {name} is ") for one in told), (key, name)


def test_the_log_itself_counts_whatever_the_domain_code_makes_of_it(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row with another status is found even where the derived row would have it too."""
    key = next(key for key, row in rows.items() if row.get("status") == "delivered")
    row = rows[key] | {"status": "sent"}
    expected = {name: value for name, value in row.items() if name not in {"pk", "version"}}
    monkeypatch.setattr("local.load.comparison.record_attributes", lambda *_: expected)
    (only,) = differences({key: LOGS[key]}, {}, [row])
    assert only == f"{key}: status is 'sent', SignalWire has 'delivered'"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"parked_code": "fetch.timeout"}, "parked as fetch.timeout, and not as"),
        ({"parked_body": '{"log_type": "fax", "log_id": "x"}'}, "parked with the message"),
        ({"outcome": "failed"}, "stored with an outcome too"),
    ],
)
def test_a_message_that_is_parked_otherwise_is_found(rows: Rows, change: Row, told: str) -> None:
    """Under another code, with another message, or beside a record."""
    row = sole(lambda row: row.get("parked_code") == "log.mismatch", rows)
    row.update(change)
    (only,) = found(rows)
    assert told in only


def test_a_log_that_cannot_be_had_may_not_have_a_record(rows: Rows) -> None:
    """Even one that says what the space says: nobody could know it."""
    key = next(key for key, trouble in PLAN.troubles.items() if trouble.parked_as is not None)
    (only,) = found(rows | {key: stored(key, LOGS[key])})
    assert only.startswith(f"{key}: parked as None, and not as ")


def test_a_log_that_should_have_a_row_may_not_be_parked(rows: Rows) -> None:
    """A fault that passes, and other messages' faults, park nothing."""
    passing = next(key for key, trouble in PLAN.troubles.items() if trouble.parked_as is None)
    untroubled = next(iter(LOGS.keys() - PLAN.troubles.keys()))
    for key in (passing, untroubled):
        assert any("parked as" in one for one in found(rows | {key: parked(key, "fetch.timeout")}))


def test_a_failure_is_counted_if_and_only_if_it_is_one(rows: Rows) -> None:
    """The row says so itself."""
    failed = sole(lambda row: row.get("outcome") == "failed", rows)
    del failed["first_failed_at"]
    sole(lambda row: row.get("outcome") == "succeeded", rows)["first_failed_at"] = "then"
    assert len(found(rows)) == 2


def test_a_dead_letter_is_found(rows: Rows) -> None:
    """Though its log is there: nothing crashed, so none belongs there."""
    key = next(iter(LOGS))
    assert found(rows, (key, key)) == [f"{key}: a message about it is in the dead-letter queue"]


def test_percentiles_are_by_nearest_rank() -> None:
    """Each is a value that was measured."""
    assert Lag.of(range(1, 201)) == Lag(p50=100, p90=180, p99=198, most=200)
    assert Lag.of([7]) == Lag(p50=7, p90=7, p99=7, most=7)


def batch(received: int, **counts: dict[str, int]) -> str:
    """Give the line that the function prints about a batch."""
    line = {"level": "INFO", "message": "batch", "received": received, **counts}
    return json.dumps(line, separators=(",", ":"))


def figures(rows: Rows, *, dead: tuple[str, ...] = ()) -> Figures:
    """Count a run with this table."""
    end = End(
        items=[*rows.values(), {"pk": "fax#another", "outcome": "failed"}],
        lines=["no JSON", '{"_aws": {}}', batch(10), batch(len(PLAN.bodies), skipped={"fax": 3})],
        requests=Requests({"fax_one": 70, "message_one": 30}, 40, [], {"rate_limited": 4}, 5),
        dead=dead,
        left=0,
        began_at=NOW,
        took_s=2.0,
    )
    conditions = Conditions(
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
    return Figures.of(conditions, PLAN, end, different=0)


def test_the_figures_of_a_run(rows: Rows) -> None:
    """Rows and parked logs add up to all logs; deliveries beyond the first are redeliveries."""
    run = figures(rows)
    assert run.logs == len(LOGS) == run.rows + sum(run.parked.values())
    assert run.messages == len(PLAN.bodies)
    assert (run.redelivered, run.skipped, run.lost) == (10, 3, 0)
    assert (run.requests, run.limited, run.planted_429) == (100, 5, 4)
    assert (run.most_in_flight, run.most_allowed) == (40, 250)
    assert run.bulk_s == 1.0
    assert run.throughput == pytest.approx(run.rows * 0.99)
    assert run.lag.p50 == 1000


def test_a_log_in_the_dead_letter_queue_is_not_lost(rows: Rows) -> None:
    """Only one that is nowhere is."""
    key = next(iter(rows))
    del rows[key]
    assert figures(rows).lost == 1
    run = figures(rows, dead=(key,))
    assert (run.lost, run.dead) == (0, 1)


def test_the_table_of_a_run_says_what_is_asked(rows: Rows) -> None:
    """The figures that an operator would want, each with its name."""
    shown = text(table(figures(rows)))
    for part in (
        "Redelivered 10",
        "Duplicates skipped, for the row was there 3",
        "429 by the rate limit 5 (5.0%)",
        "429 by a fault 4 (4.0%)",
        "open at the same time, at most 40 of 250 allowed",
        "Lag, p99 1.0 s",
    ):
        assert part in shown


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the program from overwriting the figures that are kept; give the file it writes."""
    monkeypatch.setattr(program, "ROOT", tmp_path)
    monkeypatch.setattr("local.load.figures.FILE", tmp_path / "measured.json")
    return tmp_path / "measured.json"


def ends(monkeypatch: pytest.MonkeyPatch, end: Outcome | Exception, *arguments: str) -> int:
    """Let the program's run end like that; give its exit status."""

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
    """Only then, and not after a quick look, or with other numbers than the usual ones."""
    run = figures(rows)
    for unusual in (["--short"], ["2000"], ["--rate", "40"]):
        assert ends(monkeypatch, Outcome(run, []), *unusual) == 0
    assert ends(monkeypatch, Outcome(run, ["fax#1: lost"])) == 1
    assert not written.exists()
    assert ends(monkeypatch, Outcome(run, [])) == 0
    assert Figures.model_validate_json(written.read_bytes()) == run


@pytest.mark.usefixtures("written")
def test_the_first_differences_are_named(
    rows: Rows, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are counted."""
    lost = [f"fax#{number}: lost" for number in range(13)]
    assert ends(monkeypatch, Outcome(figures(rows), lost)) == 1
    told = capsys.readouterr().out
    assert all(one in told for one in lost[:10])
    assert "… and 3 more" in told
    assert lost[10] not in told


def test_a_run_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    """It says how many messages are left, and shows the cloud's output below."""
    log = tmp_path / "cloud.log"
    log.write_text("out of order")
    with pytest.raises(TimeoutError) as given_up:
        empty(lambda: 7, log, within_s=0, say=lambda _: None)
    sentence, output = str(given_up.value).splitlines()
    assert sentence.startswith("7 messages are still in the queue")
    assert output == "out of order"


def test_a_run_that_does_not_end_fails_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cloud's output stands below it."""
    assert ends(monkeypatch, TimeoutError("7 messages are left. Output:\nline")) == 1
    assert capsys.readouterr().err == "7 messages are left. Output:\n  line\n"
