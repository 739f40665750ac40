"""`docs/cost.md`: the price of a month, of hooklog and of the sequential handler."""

from __future__ import annotations

import io
from dataclasses import fields, replace
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.cost import Bill, Prices, Use, fixed, of_hooklog, of_sequential
from bench.measured import FILE, Measured
from local.cloud import ROOT

PAGE: Final = ROOT / "docs/cost.md"
PLOT: Final = ROOT / "docs/cost.svg"
LOADS: Final = (1e4, 1e6, 1e8)
#: The largest number of custom metrics, which tests/unit/test_docs.py counts, and the metrics
#: that alarms watch.
METRICS: Final = 80
ALARM_METRICS: Final = 20
_MILLION: Final = 1e6
_HALF: Final = 0.5
_WORDS: Final = {
    "queue": "queue",
    "invocations": "invocations",
    "duration": "duration",
    "writes": "writes",
    "reads": "reads",
    "log_lines": "log lines and metrics' lines",
}


def ratio(run: Measured, prices: Prices, use: Use) -> float:
    """Compare what grows with the logs: hooklog's part of the sequential handler's."""
    return of_hooklog(run, use, prices).variable / of_sequential(run, use, prices).variable


def page(run: Measured, prices: Prices) -> str:
    """Write the page."""
    base = Use(logs=_MILLION)
    part = ratio(run, prices, base)
    alone = ratio(run, prices, replace(base, messages=1, together=1))
    reached = "reached" if part <= _HALF else "not reached"
    idle = fixed(prices, metrics=METRICS, alarm_metrics=ALARM_METRICS)
    return f"""\
# What it costs

A small model (`bench/cost.py`): counts and durations as measured in the run of {run.measured_on}
([benchmarks.md](benchmarks.md)), times AWS's list prices for us-east-1 as of {prices.as_of}
(`bench/prices.toml`), without free tiers. `make cost` writes this page again. (a) is the sequential
handler that powertools' documentation leads to, doing the same job.

**A million logs cost hooklog {part:.2f} of what they cost (a)** (wanted: at most {_HALF}; {reached}),
where each log has three callbacks, two of which come together, and a tenth of the logs fails. With
a single callback a log there is nothing to put together, and it is {alone:.2f}: the queue and the
write cost both the same.

## By load

Dollars a month that grow with the logs.

| logs a month | | {" | ".join(_WORDS.values())} | **sum** | ratio |
|---|---|{"---|" * len(_WORDS)}---|---|
{_loads(run, prices)}

![dollars a month by load](cost.svg)

While nothing happens, a deployment costs at most **${idle:.2f} a month**: {METRICS} custom metrics,
if each had a value in the month (${METRICS * prices.cloudwatch_metric_month:.2f}), the alarms
(${ALARM_METRICS * prices.cloudwatch_alarm_metric_month:.2f}), the dashboard
(${prices.cloudwatch_dashboard_month:.2f}; three of an account are free), the secret, and Lambda's
looks at the empty queue. CloudWatch bills a metric for the hours in which it got values, so few
logs cost less than that. (a) has one metric a code, too, and no alarms or dashboard.

## What each parameter changes

Of a million logs, in dollars a month, and in proportion to (a) with the same parameter.

| parameter | | dollars | difference | ratio |
|---|---|---|---|---|
{_parameters(run, prices, base)}

## What is left out

The front door and the sweep, which (a) does not have: a callback is one short invocation, the sweep
some page requests an hour. Data transfer, of which there is little. The table's storage
(${prices.dynamodb_gb_month:.2f} a GB and month; a million records are about a GB) and its recovery
points. A batch's average size is the model's: what comes together and what arrives within
`BatchingWindowSeconds`, if all work is done in a third of the hours. Durations were measured on
another machine than Lambda's; what was processor time is taken to last longer in proportion to the
part of a processor that the memory brings.
"""


def _loads(run: Measured, prices: Prices) -> str:
    rows = []
    for logs in LOADS:
        use = Use(logs=logs)
        ours, theirs = of_hooklog(run, use, prices), of_sequential(run, use, prices)
        rows.append(
            f"| {logs:,.0f} | hooklog | {_cells(ours)} | {ours.variable / theirs.variable:.2f} |"
        )
        rows.append(f"| | (a) | {_cells(theirs)} | |")
    return "\n".join(rows)


def _cells(bill: Bill) -> str:
    parts = [_dollars(getattr(bill, name)) for name in _WORDS]
    return " | ".join([*parts, f"**{_dollars(bill.variable)}**"])


def _parameters(run: Measured, prices: Prices, base: Use) -> str:
    now = of_hooklog(run, base, prices).variable
    changes = (
        ("(defaults)", "", base),
        ("`IndexNumbers`", "true", replace(base, index_numbers=True)),
        ("`IndexDays`", "true", replace(base, index_days=True)),
        ("both", "true", replace(base, index_numbers=True, index_days=True)),
        ("index `failures`", "if no log failed", replace(base, failed=0.0)),
        ("`DelaySeconds`", "0: nothing comes together", replace(base, together=1)),
        ("`BatchingWindowSeconds`", "20", replace(base, window_seconds=20.0)),
        ("SignalWire's answers", "300 ms", replace(base, api_ms=300)),
        ("memory", "1,024 MB", replace(base, memory_mb=1024)),
    )
    return "\n".join(
        f"| {name} | {value} | {_dollars(cost)} | {cost - now:+.2f} | {ratio(run, prices, use):.2f} |"
        for name, value, use in changes
        for cost in [of_hooklog(run, use, prices).variable]
    )


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= _HALF / 50 else f"{amount:.4f}"


def plot(run: Measured, prices: Prices) -> str:
    """Draw both bills of a million logs, part by part."""
    with mpl.rc_context({"svg.hashsalt": "hooklog", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(7.2, 2.2), layout="constrained")
        axes = figure.subplots()
        use = Use(logs=_MILLION)
        bills = {"hooklog": of_hooklog(run, use, prices), "(a)": of_sequential(run, use, prices)}
        below = [0.0, 0.0]
        for name in (one.name for one in fields(Bill) if one.name in _WORDS):
            values = [getattr(bill, name) for bill in bills.values()]
            axes.barh(list(bills), values, left=below, label=_WORDS[name])
            below = [left + value for left, value in zip(below, values, strict=True)]
        axes.invert_yaxis()
        axes.set_xlabel("dollars a month for a million logs")
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return out.getvalue()


def main() -> None:
    """Write page and plot."""
    run, prices = Measured.model_validate_json(FILE.read_text()), Prices.load()
    PAGE.write_text(page(run, prices), encoding="utf-8")
    PLOT.write_text(plot(run, prices), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)} and {PLOT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
