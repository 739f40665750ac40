"""What a month costs: measured counts times list prices; for docs/cost.md."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Final

from bench.measured import Batch, Measured
from bench.subjects import Name
from bench.workloads import FULL_BATCH, NEW, REMOTE, SIZES, Workload
from local import markdown
from local.cloud import ROOT

#: The largest possible number of custom metrics, and the number of metrics that alarms watch;
#: tests/bench/test_cost.py counts both.
METRICS: Final = 82
ALARM_METRICS: Final = 26
_PRICES: Final = ROOT / "ops/hooklog_ops/prices.toml"
_MONTH: Final = 365.25 / 12 * 86_400
#: The START, END and REPORT lines that Lambda writes per invocation.
_PLATFORM_BYTES: Final = 350
#: Lambda polls an idle queue with five pollers, for twenty seconds each time.
_IDLE_POLLS: Final = 5 * _MONTH / 20
_MESSAGES_PER_CALL: Final = 10
#: Memory with which a function has one whole vCPU, as AWS documents.
_WHOLE_CPU_MB: Final = 1769
_MILLION: Final = 1e6
#: hooklog should cost at most this much of the sequential handler.
_TARGET: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Dollars per unit, named as in the data file, and the day on which they were looked up."""

    as_of: date
    sqs_request: float
    lambda_request: float
    lambda_arm_gb_second: float
    dynamodb_write_unit: float
    dynamodb_read_unit: float
    dynamodb_gb_month: float
    cloudwatch_log_gb: float
    cloudwatch_metric_month: float
    cloudwatch_alarm_metric_month: float
    cloudwatch_dashboard_month: float
    secrets_secret_month: float

    @classmethod
    def load(cls) -> Prices:
        """Read the data file."""
        data = tomllib.loads(_PRICES.read_text(encoding="utf-8"))
        flat = {
            f"{service}_{name}": price
            for service, prices in data.items()
            if isinstance(prices, dict)
            for name, price in prices.items()
        }
        return cls(as_of=data["as_of"], **flat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How a deployment is used and configured.

    Attributes:
        logs: per month.
        messages: on the queue per log, one per callback.
        together: how many of a log's messages arrive within the queue's delay, in one batch.
        failed: share of logs that fail, 0 to 1.
        faxes: share of logs that are faxes, each with an alias for its SID.
        unsettled: share of the faxes whose end no callback tells, so that one more request asks.
        memory_mb: of the function.
        index_numbers: whether that index is deployed.
        index_days: whether that index is deployed.
        api_ms: how long SignalWire takes to answer.
        window_seconds: how long Lambda gathers a batch.

    """

    logs: float
    messages: int = 3
    together: int = 2
    failed: float = 0.1
    faxes: float = 0.5
    unsettled: float = 0.0
    memory_mb: int = 512
    index_numbers: bool = False
    index_days: bool = False
    api_ms: int = REMOTE.api_ms
    window_seconds: float = 2.0

    @property
    def batch_size(self) -> float:
        """Average messages per batch: those that arrive together, and others within the window.

        All work is assumed to be done in a third of the month's hours.
        """
        arriving = 3 * self.logs * self.messages / _MONTH * self.window_seconds
        return min(float(FULL_BATCH), self.together + arriving)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Dollars per month that grow with the logs, by what they pay for."""

    queue: float
    invocations: float
    duration: float
    writes: float
    reads: float
    log_lines: float

    @property
    def total(self) -> float:
        """The sum."""
        return sum(self.parts)

    @property
    def parts(self) -> tuple[float, ...]:
        """The parts, in the order of the fields."""
        return tuple(getattr(self, one.name) for one in fields(self))


def of_hooklog(run: Measured, use: Use, prices: Prices) -> Bill:
    """Price hooklog: messages of a log that arrive together cost one fetch and one write."""
    states = use.messages - use.together + 1
    indexes = use.index_numbers + use.index_days + use.failed
    new = run.batch("hooklog", NEW)
    # Each state costs one read and one write of a row; an index and an alias are written once.
    return _bill(
        run,
        use,
        prices,
        subject="hooklog",
        fetches=use.logs * (states + use.faxes * use.unsettled),
        writes=use.logs * (states + indexes + use.faxes),
        reads=use.logs * states * 0.5 * _reads_per_row(new),
    )


def of_sequential(run: Measured, use: Use, prices: Prices) -> Bill:
    """Price the sequential handler: each message costs one fetch and one write."""
    fetches = use.logs * use.messages
    return _bill(run, use, prices, subject="sequential", fetches=fetches, writes=fetches, reads=0.0)


def ratio(run: Measured, use: Use, prices: Prices) -> float:
    """Return hooklog's bill as a share of the sequential handler's."""
    return of_hooklog(run, use, prices).total / of_sequential(run, use, prices).total


def fixed(prices: Prices) -> dict[str, float]:
    """Return the dollars per month of an idle deployment, with the largest number of metrics."""
    return {
        f"{METRICS} custom metrics, if each has a value": METRICS * prices.cloudwatch_metric_month,
        f"alarms, which watch {ALARM_METRICS} metrics": (
            ALARM_METRICS * prices.cloudwatch_alarm_metric_month
        ),
        "dashboard; an account's first three are free": prices.cloudwatch_dashboard_month,
        "secret": prices.secrets_secret_month,
        "Lambda's polling of the empty queue": _IDLE_POLLS * prices.sqs_request,
    }


def ratio_table() -> str:
    """Return hooklog's price as a share of the sequential handler's, and the target."""
    run, prices, use = Measured.load(), Prices.load(), Use(logs=_MILLION)
    part = ratio(run, use, prices)
    single = ratio(run, replace(use, messages=1, together=1), prices)
    reached = "yes" if part <= _TARGET else "**no**"
    return markdown.table(
        ("callbacks per log", "hooklog / (a)", "target", "reached"),
        (
            ("3, two of which arrive together", f"**{part:.2f}**", f"at most {_TARGET}", reached),
            ("1", f"{single:.2f}", "", ""),
        ),
    )


def load_table() -> str:
    """Return both bills for several numbers of logs per month."""
    run, prices = Measured.load(), Prices.load()
    rows: list[tuple[str, ...]] = []
    for logs in (1e4, _MILLION, 1e8):
        use = Use(logs=logs)
        ours, theirs = of_hooklog(run, use, prices), of_sequential(run, use, prices)
        rows.append((f"{logs:,.0f}", "hooklog", *_cells(ours), f"{ratio(run, use, prices):.2f}"))
        rows.append(("", "(a)", *_cells(theirs), ""))
    parts = [one.name.replace("_", " ") for one in fields(Bill)]
    return markdown.table(("logs per month", "", *parts, "**sum**", "ratio"), rows)


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


def parameter_table() -> str:
    """Return what each parameter changes for a million logs."""
    run, prices, base = Measured.load(), Prices.load(), Use(logs=_MILLION)
    default = of_hooklog(run, base, prices).total
    changes = (
        ("(defaults)", "", base),
        ("`IndexNumbers`", "true", replace(base, index_numbers=True)),
        ("`IndexDays`", "true", replace(base, index_days=True)),
        ("both", "true", replace(base, index_numbers=True, index_days=True)),
        ("index `failures`", "if no log failed", replace(base, failed=0.0)),
        ("`SettleFaxes`", "true, and no callback tells a fax's end", replace(base, unsettled=1.0)),
        ("no faxes", "", replace(base, faxes=0.0)),
        ("`DelaySeconds`", "0: no messages arrive together", replace(base, together=1)),
        ("`BatchingWindowSeconds`", "20", replace(base, window_seconds=20.0)),
        ("SignalWire's answers", "300 ms", replace(base, api_ms=300)),
        ("memory", "1,024 MB", replace(base, memory_mb=1024)),
    )
    rows = (
        (name, value, _dollars(cost), f"{cost - default:+.2f}", f"{ratio(run, use, prices):.2f}")
        for name, value, use in changes
        for cost in [of_hooklog(run, use, prices).total]
    )
    return markdown.table(("parameter", "value", "dollars", "difference", "ratio"), rows)


def sources_table() -> str:
    """Return the dates of the measurements and of the prices."""
    run, prices = Measured.load(), Prices.load()
    rows = (
        ("measurements ([benchmarks.md](benchmarks.md))", run.measured_on),
        ("list prices for us-east-1 ([prices.toml](../ops/hooklog_ops/prices.toml))", prices.as_of),
    )
    return markdown.table(("source", "as of"), rows)


def _cells(bill: Bill) -> list[str]:
    return [*map(_dollars, bill.parts), f"**{_dollars(bill.total)}**"]


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 0.01 else f"{amount:.4f}"  # noqa: PLR2004 - a cent


def _bill(
    run: Measured,
    use: Use,
    prices: Prices,
    *,
    subject: Name,
    fetches: float,
    writes: float,
    reads: float,
) -> Bill:
    messages = use.logs * use.messages
    batches = messages / use.batch_size
    # Each message is sent by itself; a batch is received and deleted in tens.
    requests = messages + 2 * batches * max(1.0, use.batch_size / _MESSAGES_PER_CALL)
    fetched = fetches / batches
    seconds = batches * (
        batch_seconds(run, fetched, memory_mb=use.memory_mb, api_ms=use.api_ms)
        if subject == "hooklog"
        else _sequential_seconds(run, use, fetched)
    )
    printed = fetches * _bytes_per_log(run.batch(subject, NEW)) + batches * _PLATFORM_BYTES
    return Bill(
        queue=requests * prices.sqs_request,
        invocations=batches * prices.lambda_request,
        duration=seconds * use.memory_mb / 1024 * prices.lambda_arm_gb_second,
        writes=writes * prices.dynamodb_write_unit,
        reads=reads * prices.dynamodb_read_unit,
        log_lines=printed / 1e9 * prices.cloudwatch_log_gb,
    )


def batch_seconds(run: Measured, fetched: float, *, memory_mb: int, api_ms: float) -> float:
    """Return how long hooklog's batch takes in Lambda, interpolated between the measured sizes.

    The measured CPU time is stretched by the share of a vCPU that the memory brings, as if none of
    it overlapped with waiting for answers.
    """
    ten, hundred = (run.batch("hooklog", Workload("new", size, REMOTE)) for size in SIZES[:2])
    slope = (hundred.wall_ms.median - ten.wall_ms.median) / (hundred.size - ten.size)
    # A smaller batch still waits for one answer.
    wall = ten.wall_ms.median + max(0.0, fetched - ten.size) * slope
    worked = fetched * hundred.cpu_ms.median / hundred.size
    return (wall + api_ms - REMOTE.api_ms + worked * (1 / _share(memory_mb) - 1)) / 1000


def _sequential_seconds(run: Measured, use: Use, fetched: float) -> float:
    """Return how long the sequential handler takes, which never works while it waits."""
    ten = run.batch("sequential", Workload("new", SIZES[0], REMOTE))
    slower = ten.cpu_ms.median * (1 / _share(use.memory_mb) - 1)
    per_log = (ten.wall_ms.median + slower) / ten.size
    return fetched * (per_log + use.api_ms - REMOTE.api_ms) / 1000


def _share(memory_mb: int) -> float:
    """Return the share of a vCPU, at most 1: neither handler uses more."""
    return min(1.0, memory_mb / _WHOLE_CPU_MB)


def _bytes_per_log(batch: Batch) -> float:
    return batch.log_bytes / batch.size


def _reads_per_row(batch: Batch) -> float:
    """Return the reads per row, which the measured calls must confirm."""
    if batch.calls.get("BatchGetItem") != 1:
        raise ValueError("The measured batch did not read its rows exactly once.")
    return 1.0
