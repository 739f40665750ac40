"""What a month costs: measured counts times list prices."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

from bench.kinds import AFAR, NEW, SIZES, Kind
from bench.measured import Batch, Measured
from bench.subjects import Name
from local.cloud import ROOT

PRICES: Final = ROOT / "bench/prices.toml"
_MONTH: Final = 365.25 / 12 * 86_400
#: Of what Lambda writes around each invocation: START, END and REPORT lines.
_PLATFORM_BYTES: Final = 350
#: Lambda asks an idle queue with five pollers, each for twenty seconds at a time.
_IDLE_POLLS: Final = 5 * _MONTH / 20
_DELETES_A_CALL: Final = 10
#: Memory with which a function has one whole processor, as AWS documents.
_WHOLE_PROCESSOR_MB: Final = 1769
_BATCH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Dollars a unit, as the data file names them; and the day on which they were looked up."""

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
        data = tomllib.loads(PRICES.read_text(encoding="utf-8"))
        flat = {
            f"{service}_{name}": price
            for service, prices in data.items()
            if isinstance(prices, dict)
            for name, price in prices.items()
        }
        return cls(as_of=data["as_of"], **flat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How a deployment is used and set.

    Attributes:
        logs: a month.
        messages: on the queue for each log: one a callback.
        together: how many of a log's messages come within the queue's delay and a batch.
        batch: messages of a batch, on average; 0 for what such a load gathers.
        failed: share of logs that fail.
        memory_mb: of the function.
        index_numbers: whether that index is deployed.
        index_days: likewise.
        api_ms: what SignalWire takes to answer.
        window_seconds: for which Lambda gathers a batch.

    """

    logs: float
    messages: int = 3
    together: int = 2
    batch: float = 0.0
    failed: float = 0.1
    memory_mb: int = 512
    index_numbers: bool = False
    index_days: bool = False
    api_ms: int = AFAR.api_ms
    window_seconds: float = 2.0

    @property
    def gathered(self) -> float:
        """Messages of a batch: what comes together, and what else arrives in the window.

        Work is done in a third of the month's hours.
        """
        arriving = 3 * self.logs * self.messages / _MONTH * self.window_seconds
        return self.batch or min(float(_BATCH), self.together + arriving)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Dollars a month, by what they are for; what does not grow with the logs stands last."""

    queue: float
    invocations: float
    duration: float
    writes: float
    reads: float
    log_lines: float
    fixed: float = 0.0

    @property
    def variable(self) -> float:
        """What grows with the logs."""
        return self.total - self.fixed

    @property
    def total(self) -> float:
        """All of it."""
        return sum(float(getattr(self, one.name)) for one in fields(self))


def of_hooklog(run: Measured, use: Use, prices: Prices) -> Bill:
    """Price hooklog: messages of a log that come together cost one fetch and one write."""
    states = use.messages - use.together + 1
    indexes = use.index_numbers + use.index_days + use.failed
    new = run.batch("hooklog", NEW)
    # Each state is one read of a row, and one write; an index is written once a log.
    return _bill(
        run,
        use,
        prices,
        subject="hooklog",
        fetches=use.logs * states,
        writes=use.logs * (states + indexes),
        reads=use.logs * states * 0.5 * _reads_a_row(new),
    )


def of_sequential(run: Measured, use: Use, prices: Prices) -> Bill:
    """Price the sequential handler: each message costs a fetch and a write."""
    fetches = use.logs * use.messages
    return _bill(run, use, prices, subject="sequential", fetches=fetches, writes=fetches, reads=0.0)


def fixed(prices: Prices, *, metrics: int, alarm_metrics: int) -> float:
    """Price what a deployment costs while nothing happens, metrics at their largest number."""
    return (
        metrics * prices.cloudwatch_metric_month
        + alarm_metrics * prices.cloudwatch_alarm_metric_month
        + prices.cloudwatch_dashboard_month
        + prices.secrets_secret_month
        + _IDLE_POLLS * prices.sqs_request
    )


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
    batches = messages / use.gathered
    # A message is sent alone; a batch is received at once and deleted ten messages a call.
    requests = messages + batches * (1 + max(1.0, use.gathered / _DELETES_A_CALL))
    fetched = fetches / batches
    seconds = batches * (
        batch_seconds(run, fetched, memory_mb=use.memory_mb, api_ms=use.api_ms)
        if subject == "hooklog"
        else _sequential_seconds(run, use, fetched)
    )
    printed = fetches * _bytes_a_log(run.batch(subject, NEW)) + batches * _PLATFORM_BYTES
    return Bill(
        queue=requests * prices.sqs_request,
        invocations=batches * prices.lambda_request,
        duration=seconds * use.memory_mb / 1024 * prices.lambda_arm_gb_second,
        writes=writes * prices.dynamodb_write_unit,
        reads=reads * prices.dynamodb_read_unit,
        log_lines=printed / 1e9 * prices.cloudwatch_log_gb,
    )


def batch_seconds(run: Measured, fetched: float, *, memory_mb: int, api_ms: float) -> float:
    """Tell how long hooklog's batch takes in Lambda, between the sizes that were measured.

    It is what was measured, and the processor time in it takes longer with the part of a processor
    that comes with the memory. That some of it is done while answers are awaited is left out.
    """
    ten, hundred = (run.batch("hooklog", Kind("new", size, AFAR)) for size in SIZES[:2])
    slope = (hundred.wall_ms.median - ten.wall_ms.median) / (hundred.size - ten.size)
    # A smaller batch still waits for one answer.
    wall = ten.wall_ms.median + max(0.0, fetched - ten.size) * slope
    worked = fetched * hundred.cpu_ms.median / hundred.size
    return (wall + api_ms - AFAR.api_ms + worked * (1 / _share(memory_mb) - 1)) / 1000


def _sequential_seconds(run: Measured, use: Use, fetched: float) -> float:
    """Tell how long the sequential handler takes, which works and waits in turn."""
    ten = run.batch("sequential", Kind("new", SIZES[0], AFAR))
    slower = ten.cpu_ms.median * (1 / _share(use.memory_mb) - 1)
    a_log = (ten.wall_ms.median + slower) / ten.size
    return fetched * (a_log + use.api_ms - AFAR.api_ms) / 1000


def _share(memory_mb: int) -> float:
    """Give the part of a processor; hooklog's work and (a)'s is that of one at most."""
    return min(1.0, memory_mb / _WHOLE_PROCESSOR_MB)


def _bytes_a_log(batch: Batch) -> float:
    return batch.log_bytes / batch.size


def _reads_a_row(batch: Batch) -> float:
    """Check that a row is read once, in the one call that was counted."""
    if batch.calls.get("BatchGetItem") != 1:
        raise ValueError("A batch was measured to read otherwise than once.")
    return 1.0
