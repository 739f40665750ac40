"""The price model: what it adds up, and that its page says the same."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from bench import cost_page
from bench.cost import Prices, Use, fixed, of_hooklog, of_sequential
from bench.measured import FILE, Measured
from tests.emitted import everything
from tests.template import template

RUN = Measured.model_validate_json(FILE.read_text())
PRICES = Prices.load()
BASE = Use(logs=1e6)


def test_the_page_is_up_to_date() -> None:
    """`make cost` writes exactly what is there."""
    assert cost_page.PAGE.read_text(encoding="utf-8") == cost_page.page(RUN, PRICES)


def test_every_price_is_used_and_positive() -> None:
    """A price of nothing would hide a part of the bill."""
    assert all(getattr(PRICES, one.name) > 0 for one in fields(Prices) if one.name != "as_of")


def test_ten_times_the_logs_cost_at_most_ten_times() -> None:
    """Larger batches cost less a log; nothing costs more."""
    small, large = (of_hooklog(RUN, Use(logs=logs), PRICES).variable for logs in (1e6, 1e7))
    assert 5 * small < large < 10.001 * small


def test_each_index_costs_one_write_a_log() -> None:
    """And nothing else."""
    more = of_hooklog(RUN, replace(BASE, index_days=True), PRICES)
    less = of_hooklog(RUN, BASE, PRICES)
    assert more.writes - less.writes == pytest.approx(1e6 * PRICES.dynamodb_write_unit)
    assert more.variable - less.variable == pytest.approx(more.writes - less.writes)


def test_what_comes_together_is_fetched_and_written_once() -> None:
    """The sequential handler does it for each message."""
    apart = replace(BASE, together=1, failed=0.0)
    together = replace(BASE, together=3, failed=0.0)
    assert of_hooklog(RUN, apart, PRICES).writes == pytest.approx(
        3 * of_hooklog(RUN, together, PRICES).writes
    )
    assert of_sequential(RUN, apart, PRICES).writes == of_sequential(RUN, together, PRICES).writes


def test_the_fixed_part_counts_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """As many metrics as the code can emit, as many alarm metrics as the template watches."""
    assert len(everything(capsys)) == cost_page.METRICS
    alarms = [
        resource["Properties"]
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    watched = sum(
        sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1 for alarm in alarms
    )
    assert watched == cost_page.ALARM_METRICS
    assert fixed(PRICES, metrics=1, alarm_metrics=0) - fixed(
        PRICES, metrics=0, alarm_metrics=0
    ) == pytest.approx(PRICES.cloudwatch_metric_month)
