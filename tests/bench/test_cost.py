"""The price model: what it counts and how it adds up."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from bench.cost import (
    ALARM_METRICS,
    COMPARISONS,
    DASHBOARD_METRICS,
    EVENT_ALARM_METRICS,
    EVENT_METRICS,
    METRICS,
    SECRET_READS_PER_HOUR,
    Events,
    Prices,
    Use,
    changes_seconds,
    cold_seconds,
    cpu_share,
    fixed,
    fixed_of_events,
    of_events,
    of_hooklog,
    of_sequential,
    secret_reads,
    whole,
)
from bench.cost_tables import TARGETS, total_table
from bench.measured import Measured
from bench.scale import sweep_table
from hooklog.adapters.aws.signing_keys import SecretSigningKeys
from hooklog.logs import KINDS
from hooklog.logs.listing import PAGE_SIZE
from hooklog.webhook.front_door import FrontDoor
from tests.adapters.aws.secrets_manager import ARN, SecretsManager
from tests.dashboard import metrics
from tests.emitted import NAMESPACE, everything
from tests.fakes import FakeDoorTelemetry, FakeProducer
from tests.template import properties, template
from tests.webhook import BASE as URL
from tests.webhook import KEY, json_request, message_status

RUN = Measured.load()
PRICES = Prices.load()
BASE = Use(logs=1e6)
ENDS = replace(BASE, only_ends=True)


def only(name: str) -> Prices:
    """Return prices of which this one is a dollar, and all others are nothing."""
    names = [one.name for one in fields(Prices) if one.name != "as_of"]
    assert name in names
    return Prices(as_of=PRICES.as_of, **{other: float(other == name) for other in names})


def test_every_price_is_used_and_positive() -> None:
    """A missing or zero price would hide a part of the bill."""
    assert all(getattr(PRICES, one.name) > 0 for one in fields(Prices) if one.name != "as_of")


def test_ten_times_the_logs_cost_at_most_ten_times() -> None:
    """Larger batches cost less per log, and nothing costs more."""
    small, large = (
        sum(whole(RUN, replace(BASE, logs=logs), PRICES).values()) for logs in (1e6, 1e7)
    )
    assert 5 * small < large < 10.001 * small


def test_the_whole_bill_contains_that_of_the_enrich_function() -> None:
    """What is compared with the sequential handler is a part of the whole, and nothing twice."""
    bill = whole(RUN, BASE, PRICES)
    assert sum(bill[part] for part in ("queue", "enrich", "table", "log lines")) == pytest.approx(
        of_hooklog(RUN, BASE, PRICES).total
    )


def test_each_index_costs_one_write_per_log() -> None:
    """An index costs nothing else."""
    more = of_hooklog(RUN, replace(BASE, index_days=True), PRICES)
    less = of_hooklog(RUN, BASE, PRICES)
    assert more.writes - less.writes == pytest.approx(1e6 * PRICES.dynamodb_write_unit)
    assert more.total - less.total == pytest.approx(more.writes - less.writes)


def test_messages_that_arrive_together_cost_one_write() -> None:
    """The sequential handler writes once per message."""
    apart = replace(BASE, together=1, failed=0.0, faxes=0.0)
    together = replace(BASE, together=3, failed=0.0, faxes=0.0)
    assert of_hooklog(RUN, apart, PRICES).writes == pytest.approx(
        3 * of_hooklog(RUN, together, PRICES).writes
    )
    assert of_sequential(RUN, apart, PRICES).writes == of_sequential(RUN, together, PRICES).writes


def test_a_fax_costs_an_alias_and_perhaps_a_request() -> None:
    """Its alias is written once; the resource is fetched where no callback tells the end."""
    bills = [
        of_hooklog(RUN, replace(BASE, faxes=faxes, unsettled=unsettled), PRICES)
        for faxes, unsettled in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    ]
    none, settled, unsettled = bills
    assert settled.writes - none.writes == pytest.approx(BASE.logs * PRICES.dynamodb_write_unit)
    assert settled.duration == none.duration
    assert unsettled.writes == settled.writes
    assert unsettled.duration > settled.duration


# --- the front door -------------------------------------------------------------------------------


@pytest.mark.parametrize("use", [BASE, ENDS], ids=["All", "Final"])
def test_callbacks_become_as_many_messages_as_the_model_says(use: Use) -> None:
    """Of a message that is queued, sent and delivered, Final enqueues one callback."""
    queue = FakeProducer()
    keys = SecretSigningKeys(SecretsManager(json.dumps({"signing_keys": [KEY]})).client, ARN)
    door = FrontDoor(URL, keys, queue, FakeDoorTelemetry(), only_ends=use.only_ends)
    statuses = ("queued", "sent", "delivered")
    for status in statuses:
        door.handle(json_request(message_status(status=status)).event())
    assert (len(statuses), len(queue.bodies)) == (use.callbacks, use.messages)


def test_every_callback_is_an_invocation() -> None:
    """Also with Final, which sends a message for one of three and writes its row once."""
    requests = only("lambda_request")
    assert whole(RUN, BASE, requests)["front door"] == 3 * BASE.logs
    assert whole(RUN, ENDS, requests)["front door"] == 3 * BASE.logs
    bare = replace(ENDS, faxes=0.0, failed=0.0)
    assert of_hooklog(RUN, bare, only("dynamodb_write_unit")).total == BASE.logs


def test_an_http_api_costs_each_callback() -> None:
    """It is the only difference to a Function URL."""
    url, api = (whole(RUN, replace(ENDS, http_api=one), PRICES) for one in (False, True))
    assert api.pop("HTTP API") == 3 * BASE.logs * PRICES.api_gateway_http_request
    assert url.pop("HTTP API") == 0
    assert api == url


def test_accepted_callbacks_print_nothing() -> None:
    """The model has no log lines of the webhook function."""
    assert [one.log_bytes for one in RUN.deployed.callbacks] == [0, 0]


def test_an_environment_reads_the_keys_as_often_as_the_model_says() -> None:
    """Callbacks each second for an hour have the keys renewed whenever they are too old."""
    manager = SecretsManager(json.dumps({"signing_keys": [KEY]}))
    keys = SecretSigningKeys(manager.client, ARN, clock=lambda: manager.now)
    for _ in range(3600):
        keys.current()
        manager.now += 1
    assert manager.reads == SECRET_READS_PER_HOUR


def test_every_start_and_every_renewal_reads_the_secret() -> None:
    """Without callbacks only the sweep reads it, once per run; no callback reads it twice."""
    assert RUN.start_up("webhook").calls["GetSecretValue"] == 1
    assert RUN.start_up("sweep").calls["GetSecretValue"] == 1
    runs = secret_reads(RUN, Use(logs=0))
    assert runs == pytest.approx(365.25 / 12 * 24)
    rare = Use(logs=10, cold=0.0)
    assert secret_reads(RUN, rare) - runs == pytest.approx(10 * rare.callbacks)
    warm, cold = (secret_reads(RUN, replace(BASE, cold=share)) for share in (0.0, 1.0))
    assert cold - warm == pytest.approx(1e6 * (3 + BASE.messages / BASE.batch_size))


def test_the_webhook_function_answers_in_time_with_its_memory() -> None:
    """SignalWire waits five seconds, and less memory would cost less but start too slowly."""
    memory: int = properties("WebhookFunction")["MemorySize"]
    assert memory == BASE.webhook_mb

    def slow(memory: int) -> float:
        return cold_seconds(RUN, "webhook", memory, init_share=cpu_share(memory))

    assert slow(memory) < 5 < slow(memory // 2)
    assert RUN.callbacks(is_queued=True).peak_mb < memory / 2


# --- the sweep ------------------------------------------------------------------------------------


def test_the_sweep_reads_each_log_as_often_as_it_compares_it() -> None:
    """Half a unit per comparison and per page, for the pace, and one write of the checkpoint."""
    idle_pages = 365.25 / 12 * 24 * len(KINDS) * COMPARISONS
    pages = idle_pages + COMPARISONS * BASE.logs / PAGE_SIZE
    read, write = only("dynamodb_read_unit"), only("dynamodb_write_unit")
    assert whole(RUN, BASE, read)["sweep"] == pytest.approx((COMPARISONS * BASE.logs + pages) / 2)
    assert whole(RUN, replace(BASE, missed=0.0), write)["sweep"] == pytest.approx(pages)
    assert whole(RUN, replace(BASE, missed=0.1), write)["sweep"] == pytest.approx(
        pages + 0.1 * BASE.logs
    )


def test_the_sweep_runs_once_per_hour() -> None:
    """The model counts the runs of the default schedule, and none without a schedule."""
    assert template()["Parameters"]["SweepSchedule"]["Default"] == "rate(1 hour)"
    requests = only("lambda_request")
    assert whole(RUN, BASE, requests)["sweep"] == pytest.approx(365.25 / 12 * 24)
    assert whole(RUN, replace(BASE, sweep=False), PRICES)["sweep"] == 0


# --- events ---------------------------------------------------------------------------------------


def test_events_cost_nothing_unless_they_are_wanted() -> None:
    """By default the bill has no such part, and by no price does it have one."""
    assert BASE.events == template()["Parameters"]["Events"]["Default"] == "None"
    assert "events" not in whole(RUN, BASE, PRICES)
    assert sum(of_events(RUN, BASE, PRICES).values()) == 0


@pytest.mark.parametrize(
    ("wanted", "per_log"), [("Failures", BASE.failed), ("Ends", 1), ("All", BASE.states)]
)
def test_every_told_outcome_is_an_event(wanted: Events, per_log: float) -> None:
    """A log that is stored twice, in progress and at its end, is told twice with All."""
    use = replace(BASE, events=wanted)
    sent = of_events(RUN, use, only("eventbridge_event"))
    assert sum(sent.values()) == pytest.approx(per_log * BASE.logs)
    bill = whole(RUN, use, PRICES)
    assert bill.pop("events") == pytest.approx(sum(of_events(RUN, use, PRICES).values()))
    assert bill == whole(RUN, BASE, PRICES)


def test_a_hundred_changes_cost_ten_calls() -> None:
    """Many logs fill the batches, whose time is CPU time and ten answers of EventBridge."""
    many = replace(BASE, logs=1e10, events="All")
    assert many.changes_per_batch == 100
    largest = RUN.published.changes[1]
    assert largest.calls == {"PutEvents": 10}
    work = largest.cpu_ms.median / 1000 / cpu_share(256)
    assert changes_seconds(RUN, many, memory_mb=256) == pytest.approx(work + 10 * 0.016)


def test_metrics_and_alarms_of_events_cost_alone() -> None:
    """They are not in the idle costs of a deployment without events."""
    metrics = fixed_of_events(replace(PRICES, cloudwatch_alarm_metric_month=0.0))
    assert metrics == pytest.approx(EVENT_METRICS * PRICES.cloudwatch_metric_month)


# --- cold starts and idle costs -------------------------------------------------------------------


def test_cold_starts_cost_time_by_the_memory() -> None:
    """INIT has a whole vCPU; the rest has its share."""
    start = RUN.start_up("webhook")
    whole_cpu, half = (cold_seconds(RUN, "webhook", memory) for memory in (1769, 1769 // 2))
    imports = start.imported_ms.median / 1000
    assert half - imports == pytest.approx((whole_cpu - imports) * 1769 / (1769 // 2))
    none = whole(RUN, replace(BASE, cold=0.0), PRICES)
    assert none["cold starts"] == 0


def test_the_fixed_part_counts_metrics_and_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    """It has as many metrics as the code can emit, and as many as the template's alarms watch.

    Those of events have a part of their own, because by default nothing of it is deployed.
    """
    assert len(everything(capsys)) == METRICS + EVENT_METRICS
    watched: Counter[bool] = Counter()
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            parts = resource["Properties"].get("Metrics", ())
            only_of_events = resource.get("Condition") == "HasEvents"
            watched[only_of_events] += sum("MetricStat" in one for one in parts) or 1
    assert watched == {False: ALARM_METRICS, True: EVENT_ALARM_METRICS}
    free = sum(fixed(replace(PRICES, cloudwatch_metric_month=0.0)).values())
    assert sum(fixed(PRICES).values()) - free == pytest.approx(
        METRICS * PRICES.cloudwatch_metric_month
    )


def test_no_alarm_is_billed_otherwise() -> None:
    """A composite alarm, or one with a period below a minute, would have another price."""
    resources = template()["Resources"].values()
    assert not [one for one in resources if one["Type"] == "AWS::CloudWatch::CompositeAlarm"]
    alarms = [one["Properties"] for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    periods = [alarm["Period"] for alarm in alarms if "Period" in alarm]
    periods += [
        one["MetricStat"]["Period"]
        for alarm in alarms
        for one in alarm.get("Metrics", ())
        if "MetricStat" in one
    ]
    assert min(periods) >= 60


def test_the_dashboard_shows_more_metrics_than_a_free_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It names some of them, and searches for the others; each counts once."""
    shown = set(shown_metrics(everything(capsys)))
    assert len(shown) == DASHBOARD_METRICS > 50


def shown_metrics(
    emitted: set[tuple[str, tuple[tuple[str, str], ...]]],
) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Yield namespace, name and dimensions of each metric that the dashboard can show."""
    indexes = [
        # Optional indexes are read as [condition, index, nothing].
        one[1]["IndexName"] if isinstance(one, list) else one["IndexName"]
        for one in properties("Table")["GlobalSecondaryIndexes"]
    ]
    for namespace, name, dimensions, values in metrics():
        if namespace == NAMESPACE:
            for other, known in emitted:
                is_shown = dimensions == set(dict(known)) and values.items() <= dict(known).items()
                if name == other and is_shown:
                    yield namespace, name, known
        else:
            free = dimensions - values.keys()
            assert free <= {"GlobalSecondaryIndexName"}
            for index in indexes if free else ("",):
                more = {"GlobalSecondaryIndexName": index} if free else {}
                yield namespace, name, tuple(sorted((values | more).items()))


# --- the tables -----------------------------------------------------------------------------------


def test_the_page_says_whether_the_targets_are_reached() -> None:
    """A target is reached if the sum is not above it, and the table says which ones are not."""
    *_, target, reached = total_table().splitlines()
    cells = [cell.strip() for cell in reached.strip("|").split("|")]
    sums = {
        statuses: sum(whole(RUN, use, PRICES).values())
        for statuses, use in (("All", BASE), ("Final", ENDS))
    }
    assert cells == [
        "reached",
        *("yes" if sums["All"] <= TARGETS["All"] else "**no**", ""),
        *("yes" if sums["Final"] <= TARGETS["Final"] else "**no**", ""),
    ]
    assert "at most 5.00" in target
    assert "at most 3.20" in target


def test_the_sum_is_that_of_its_parts() -> None:
    """Rounded parts add up to the rounded sum, but for a cent each."""
    rows = [
        [cell.strip(" *") for cell in line.strip("|").split("|")]
        for line in total_table().splitlines()[2:]
    ]
    parts = [row for row in rows if row[0].partition(",")[0] in whole(RUN, BASE, PRICES)]
    (total,) = [row for row in rows if row[0] == "sum"]
    assert len(parts) == len(whole(RUN, BASE, PRICES))
    for column in range(1, 5):
        added = sum(float(row[column]) for row in parts)
        assert math.isclose(added, float(total[column]), abs_tol=0.01 * len(parts))


def test_a_run_of_the_sweep_ends_in_time_at_a_million_logs_a_day() -> None:
    """In five minutes, by the measured time of a page; the page has the same number."""
    rows = [line.strip("| ").split(" | ") for line in sweep_table().splitlines()[2:]]
    minutes = {logs: float(took) for logs, _, took in rows}
    assert minutes["1,000,000"] < 5
