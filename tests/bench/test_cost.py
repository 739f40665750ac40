"""The price model: what it counts and how it adds up."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from bench.cost import ALARM_METRICS, METRICS, Prices, Use, fixed, of_hooklog, of_sequential
from bench.measured import Measured
from tests.emitted import everything
from tests.template import template

RUN = Measured.load()
PRICES = Prices.load()
BASE = Use(logs=1e6)


def test_every_price_is_used_and_positive() -> None:
    """A missing or zero price would hide a part of the bill."""
    assert all(getattr(PRICES, one.name) > 0 for one in fields(Prices) if one.name != "as_of")


def test_ten_times_the_logs_cost_at_most_ten_times() -> None:
    """Larger batches cost less per log, and nothing costs more."""
    small, large = (of_hooklog(RUN, Use(logs=logs), PRICES).total for logs in (1e6, 1e7))
    assert 5 * small < large < 10.001 * small


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


def test_the_fixed_part_counts_metrics_and_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    """It has as many metrics as the code can emit, and as many as the template's alarms watch."""
    assert len(everything(capsys)) == METRICS
    alarms = [
        resource["Properties"]
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    watched = sum(
        sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1 for alarm in alarms
    )
    assert watched == ALARM_METRICS
    free = sum(fixed(replace(PRICES, cloudwatch_metric_month=0.0)).values())
    assert sum(fixed(PRICES).values()) - free == pytest.approx(
        METRICS * PRICES.cloudwatch_metric_month
    )
