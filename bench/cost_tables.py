"""The tables of docs/cost.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, get_args

from bench.cost import (
    COMPARISONS,
    Events,
    Function,
    Prices,
    Use,
    callback_seconds,
    cold_dollars,
    cold_seconds,
    cpu_share,
    deployed_mb,
    fixed,
    fixed_of_events,
    of_events,
    of_hooklog,
    of_sequential,
    ratio,
    whole,
)
from bench.measured import Measured
from bench.workloads import SIZES
from local import markdown

_MILLION: Final = 1e6
_LOADS: Final = (1e4, _MILLION, 1e8)
#: Dollars that a million logs should cost at most through a Function URL, by CallbackStatuses.
TARGETS: Final = {"All": 5.00, "Final": 3.20}
#: hooklog should cost at most this much of the sequential handler.
_RATIO_TARGET: Final = 0.5
#: Memory that the webhook function could have, in MB, and the seconds in which it should answer:
#: SignalWire waits five, and not all of a start is measured.
_MEMORIES: Final = (128, 192, 256, 512, 1024)
_PATIENCE: Final = 4.0
_EVENTS: Final[tuple[Events, ...]] = get_args(Events.__value__)


def total_table() -> str:
    """Return what a million logs cost, by part, parameter and endpoint."""
    run, prices = Measured.load(), Prices.load()
    uses = [
        Use(logs=_MILLION, only_ends=statuses == "Final", http_api=http_api)
        for statuses in TARGETS
        for http_api in (False, True)
    ]
    bills = [whole(run, use, prices) for use in uses]
    sums = [sum(bill.values()) for bill in bills]
    notes = {
        "front door": f", {uses[0].callbacks} callbacks per log",
        "sweep": f", {COMPARISONS} comparisons per log",
        "cold starts": f", 1 in {1 / uses[0].cold:.0f} invocations",
    }
    rows = [
        (part + notes.get(part, ""), *(_dollars(bill[part]) for bill in bills)) for part in bills[0]
    ]
    rows.append(("**sum**", *(f"**{_dollars(total)}**" for total in sums)))
    # The targets are about the Function URL.
    wanted = [cell for target in TARGETS.values() for cell in (target, None)]
    rows.append(("target", *(f"at most {target:.2f}" if target else "" for target in wanted)))
    pairs = zip(sums, wanted, strict=True)
    rows.append(("reached", *(_reached(total, most) if most else "" for total, most in pairs)))
    endpoints = [f"`{one}`, {url}" for one in TARGETS for url in ("Function URL", "HTTP API")]
    return markdown.table(("part", *endpoints), rows)


def load_table() -> str:
    """Return the bills for several numbers of logs per month."""
    run, prices = Measured.load(), Prices.load()
    idle = sum(fixed(prices).values())
    rows, parts = [], [part for part in whole(run, Use(logs=0), prices) if part != "HTTP API"]
    for logs in _LOADS:
        for statuses in TARGETS:
            use = Use(logs=logs, only_ends=statuses == "Final", http_api=True)
            bill = whole(run, use, prices)
            http_api = bill.pop("HTTP API")
            total = sum(bill.values())
            dollars = (*map(_dollars, bill.values()), f"**{_dollars(total)}**")
            more = (_dollars(http_api), _dollars(total + idle))
            rows.append((f"{logs:,.0f}", f"`{statuses}`", *dollars, *more))
    headings = ("logs per month", "`CallbackStatuses`", *parts, "**sum**")
    return markdown.table((*headings, "HTTP API, on top", "sum and idle costs"), rows)


def fixed_table() -> str:
    """Return what an idle deployment costs."""
    prices = Prices.load()
    parts = fixed(prices)
    rows = [(name, f"{dollars:.2f}") for name, dollars in parts.items()]
    rows += [
        ("**sum, at most**", f"**{sum(parts.values()):.2f}**"),
        ("not in the sum: a GB of storage, a million records", f"{prices.dynamodb_gb_month:.2f}"),
    ]
    return markdown.table(("what", "dollars per month"), rows)


def event_table() -> str:
    """Return what events cost for a million logs, by the outcomes that are told."""
    run, prices = Measured.load(), Prices.load()
    rows = []
    for wanted in _EVENTS:
        use = Use(logs=_MILLION, events=wanted)
        bill = of_events(run, use, prices)
        idle = fixed_of_events(prices) if wanted != "None" else 0.0
        rows.append(
            (
                f"`{wanted}`",
                f"{use.logs * use.told:,.0f}",
                *map(_dollars, bill.values()),
                f"**{_dollars(sum(bill.values()))}**",
                _dollars(idle),
            )
        )
    parts = of_events(run, Use(logs=0), prices)
    headings = ("`Events`", "events", *parts, "**sum**", "metrics and alarms, at most")
    return markdown.table(headings, rows)


def parameter_table() -> str:
    """Return what each parameter and each assumption changes for a million logs."""
    run, prices, base = Measured.load(), Prices.load(), Use(logs=_MILLION)
    default = sum(whole(run, base, prices).values())
    rows = []
    for name, value, use in _changes(base):
        total = sum(whole(run, use, prices).values())
        rows.append((name, value, _dollars(total), f"{total - default:+.2f}"))
    return markdown.table(("parameter or assumption", "value", "dollars", "difference"), rows)


def memory_table() -> str:
    """Return what the webhook function's memory changes for a million logs."""
    run, prices, base = Measured.load(), Prices.load(), Use(logs=_MILLION)
    rows = []
    for memory in _MEMORIES:
        use = replace(base, webhook_mb=memory)
        slow = cold_seconds(run, "webhook", memory, init_share=cpu_share(memory))
        rows.append(
            (
                f"**{memory}**" if memory == base.webhook_mb else memory,
                _dollars(sum(whole(run, use, prices).values())),
                f"{callback_seconds(run, use, is_queued=True) * 1000:.0f} ms",
                f"{cold_seconds(run, 'webhook', memory):.1f} s",
                f"{slow:.1f} s" if slow < _PATIENCE else f"**{slow:.1f} s**",
            )
        )
    headings = (
        *("MB", "dollars per million logs", "a callback, warm", "cold"),
        "cold, if INIT had no more than its share",
    )
    return markdown.table(headings, rows)


def function_table() -> str:
    """Return each function's memory, its peak when measured, and the price of its cold starts."""
    run, prices, use = Measured.load(), Prices.load(), Use(logs=0)
    webhook = (run.callbacks(is_queued=is_queued).peak_mb for is_queued in (True, False))
    functions: tuple[tuple[str, Function, int, float], ...] = (
        ("webhook", "webhook", use.webhook_mb, max(webhook)),
        ("enrich", "hooklog", use.memory_mb, run.peak_mb("hooklog", SIZES[-1]).high),
        ("sweep", "sweep", deployed_mb("SweepFunction"), run.deployed.pages.peak_mb),
        (
            "publish",
            "publish",
            deployed_mb("PublishFunction"),
            max(one.peak_mb for one in run.published.changes),
        ),
    )
    rows = (
        (
            name,
            memory,
            f"{peak:.0f}",
            f"{1000 * cold_dollars(run, function, memory, prices):.4f}",
        )
        for name, function, memory, peak in functions
    )
    headings = ("function", "MB", "peak of its process, MB", "dollars per thousand cold starts")
    return markdown.table(headings, rows)


def ratio_table() -> str:
    """Return the price of the way from the queue to the table, and that of the same in (a)."""
    run, prices = Measured.load(), Prices.load()
    rows = []
    for logs in _LOADS:
        use = Use(logs=logs)
        part = ratio(run, use, prices)
        is_judged = logs == _MILLION
        rows.append(
            (
                f"{logs:,.0f}",
                _dollars(of_hooklog(run, use, prices).total),
                _dollars(of_sequential(run, use, prices).total),
                f"{part:.2f}",
                f"at most {_RATIO_TARGET}" if is_judged else "",
                _reached(part, _RATIO_TARGET) if is_judged else "",
            )
        )
    headings = ("logs per month", "hooklog", "(a)", "hooklog / (a)", "target", "reached")
    return markdown.table(headings, rows)


def sources_table() -> str:
    """Return the dates of the measurements and of the prices."""
    run, prices = Measured.load(), Prices.load()
    rows = (
        ("batches of the enrich function ([benchmarks.md](benchmarks.md))", run.measured_on),
        ("starts, callbacks and pages (the same run, or a later one)", run.deployed.measured_on),
        ("batches and starts of the publish function", run.published.measured_on),
        ("list prices for us-east-1 ([prices.toml](../ops/hooklog_ops/prices.toml))", prices.as_of),
    )
    return markdown.table(("source", "as of"), rows)


def _changes(base: Use) -> Iterator[tuple[str, str, Use]]:
    """Yield what can differ from the defaults, one thing at a time."""
    yield "(defaults)", "", base
    yield "`CallbackStatuses`", "Final", replace(base, only_ends=True)
    yield "`WebhookApi`", "HttpApi", replace(base, http_api=True)
    yield "`IndexNumbers`", "true", replace(base, index_numbers=True)
    yield "`IndexDays`", "true", replace(base, index_days=True)
    yield "index `failures`", "if no log failed", replace(base, failed=0.0)
    settled = "true, and no callback tells a fax's end"
    yield "`SettleFaxes`", settled, replace(base, unsettled=1.0)
    yield "`DelaySeconds`", "0: no messages arrive together", replace(base, together=1)
    yield "`BatchingWindowSeconds`", "20", replace(base, window_seconds=20.0)
    yield "`SweepSchedule`", "empty: no sweep", replace(base, sweep=False)
    for wanted in _EVENTS[1:]:
        yield "`Events`", wanted, replace(base, events=wanted)
    yield "memory of the enrich function", "256 MB", replace(base, memory_mb=256)
    yield "callbacks per log", "1", replace(base, callbacks=1)
    yield "no faxes", "", replace(base, faxes=0.0)
    yield "logs that the sweep has to store", "1 in 10", replace(base, missed=0.1)
    yield "cold starts", "1 in 1,000", replace(base, cold=0.001)
    yield "SignalWire's answers", "300 ms", replace(base, api_ms=300)
    yield "SQS's answers", "8 ms", replace(base, queue_ms=8.0)


def _reached(value: float, most: float) -> str:
    return "yes" if value <= most else "**no**"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 0.01 or not amount else f"{amount:.4f}"  # noqa: PLR2004 - a cent
