"""What a month costs: measured counts times list prices; bench/cost_tables.py has the tables."""

from __future__ import annotations

import functools
import math
import tomllib
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Final, Literal

from bench.measured import Batch, Measured
from bench.stub import FETCH, PAGE
from bench.subjects import Name
from bench.workloads import FULL_BATCH, NEW, REMOTE, SIZES, Workload
from hooklog.adapters.aws.signing_keys import MAX_AGE
from hooklog.logs import KINDS
from hooklog.publish.publisher import MAX_EVENTS
from hooklog.sweep.tiers import tiers
from local.cloud import ROOT
from local.template import function_properties, template

#: The largest possible numbers of custom metrics, of metrics that alarms watch, and of metrics that
#: the dashboard shows; the first two without those of events. tests/bench/test_cost.py counts all.
METRICS: Final = 82
ALARM_METRICS: Final = 26
DASHBOARD_METRICS: Final = 118
EVENT_METRICS: Final = 4
EVENT_ALARM_METRICS: Final = 2
_PARAMETERS: Final = template()["Parameters"]
#: How often the sweep compares a log, each time on a page for logs of that age.
COMPARISONS: Final = len(
    tiers(
        timedelta(minutes=_PARAMETERS["SweepSettlingMinutes"]["Default"]),
        timedelta(hours=_PARAMETERS["SweepOverlapHours"]["Default"]),
    )
)
#: Reads of the signing keys per hour, by each environment that callbacks keep busy.
SECRET_READS_PER_HOUR: Final = 3600 / MAX_AGE
_PRICES: Final = ROOT / "ops/hooklog_ops/prices.toml"
_MONTH: Final = 365.25 / 12 * 86_400
#: The share of a month's hours in which all work is done.
_BUSY: Final = 1 / 3
#: The sweep's runs, at the default rate of one per hour.
_RUNS: Final = _MONTH / 3600
#: The START, END and REPORT lines that Lambda writes per invocation.
_PLATFORM_BYTES: Final = 350
#: Lambda polls an idle queue with five pollers, for twenty seconds each time.
_IDLE_POLLS: Final = 5 * _MONTH / 20
_MESSAGES_PER_CALL: Final = 10
#: How long Lambda gathers a batch of the table's changes, and how many fit into one.
_CHANGES: Final = template()["Resources"]["PublishFunction"]["Properties"]["Events"]["Changes"]
_CHANGES_WINDOW_S: Final[int] = _CHANGES["Properties"]["MaximumBatchingWindowInSeconds"]
_CHANGES_PER_BATCH: Final[int] = _CHANGES["Properties"]["BatchSize"]
#: Memory with which a function has one whole vCPU, as AWS documents.
_WHOLE_CPU_MB: Final = 1769
#: Units of an eventually consistent read of up to 4 kB.
_READ: Final = 0.5
#: The hosts that the measured operations call; the others are DynamoDB's.
_HOSTS: Final = {
    "GetSecretValue": "secretsmanager",
    "SendMessage": "sqs",
    "PutEvents": "events",
    FETCH: "signalwire",
    PAGE: "signalwire",
}

type Function = Literal["webhook", "hooklog", "sweep", "publish"]
type Events = Literal["None", "Failures", "Ends", "All"]


@functools.cache
def deployed_mb(resource: str) -> int:
    """Return the memory that the template gives a function."""
    memory: int = function_properties(template(), resource)["MemorySize"]
    return memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Dollars per unit, named as in the data file, and the day on which they were looked up."""

    as_of: date
    sqs_request: float
    lambda_request: float
    lambda_arm_gb_second: float
    eventbridge_event: float
    api_gateway_http_request: float
    dynamodb_write_unit: float
    dynamodb_read_unit: float
    dynamodb_gb_month: float
    cloudwatch_log_gb: float
    cloudwatch_metric_month: float
    cloudwatch_alarm_metric_month: float
    cloudwatch_dashboard_month: float
    secrets_secret_month: float
    secrets_request: float

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
        callbacks: per log, each an invocation of the webhook function.
        together: how many of a log's callbacks arrive within the queue's delay, in one batch.
        only_ends: whether only the callback that tells a log's end goes on the queue.
        http_api: whether callbacks come through an HTTP API instead of a Function URL.
        sweep: whether it runs.
        events: which outcomes become events.
        shards: of the table's stream, each with batches of its own.
        failed: share of logs that fail, 0 to 1.
        faxes: share of logs that are faxes, each with an alias for its SID.
        unsettled: share of the faxes whose end no callback tells, so that one more request asks.
        missed: share of the logs that the sweep has to store, because no callback told their state.
        cold: share of the invocations that start an environment.
        memory_mb: of the enrich function.
        webhook_mb: of the webhook function.
        index_numbers: whether that index is deployed.
        index_days: whether that index is deployed.
        api_ms: how long SignalWire takes to answer.
        queue_ms: how long SQS takes to accept a message, and EventBridge to accept ten events.
        window_seconds: how long Lambda gathers a batch.

    """

    logs: float
    callbacks: int = 3
    together: int = 2
    only_ends: bool = False
    http_api: bool = False
    sweep: bool = True
    events: Events = "None"
    shards: int = 4
    failed: float = 0.1
    faxes: float = 0.5
    unsettled: float = 0.0
    missed: float = 0.01
    cold: float = 0.01
    memory_mb: int = deployed_mb("EnrichFunction")
    webhook_mb: int = deployed_mb("WebhookFunction")
    index_numbers: bool = False
    index_days: bool = False
    api_ms: int = REMOTE.api_ms
    queue_ms: float = 16.0
    window_seconds: float = 2.0

    @property
    def messages(self) -> int:
        """Messages on the queue per log."""
        return 1 if self.only_ends else self.callbacks

    @property
    def states(self) -> int:
        """Fetches and writes per log: messages that arrive together share them."""
        return self.messages - min(self.together, self.messages) + 1

    @property
    def batch_size(self) -> float:
        """Average messages per batch: those that arrive together, and others within the window."""
        together = min(self.together, self.messages)
        return min(
            float(FULL_BATCH), together + self.per_second(self.messages) * self.window_seconds
        )

    @property
    def told(self) -> float:
        """Events per log: with All, each state that is written has another outcome."""
        return {"None": 0.0, "Failures": self.failed, "Ends": 1.0, "All": float(self.states)}[
            self.events
        ]

    @property
    def changes_per_batch(self) -> float:
        """Average changes per batch of the publish function: one, and others within the window."""
        others = self.per_second(self.told) / self.shards * _CHANGES_WINDOW_S
        return min(float(_CHANGES_PER_BATCH), 1 + others)

    def per_second(self, amount: float) -> float:
        """Return per second of the busy hours what each log has that much of."""
        return self.logs * amount / (_MONTH * _BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Dollars per month for the way from the queue to the table, by what they pay for."""

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


def whole(run: Measured, use: Use, prices: Prices) -> dict[str, float]:
    """Return the dollars per month that grow with the logs, by part."""
    bill = of_hooklog(run, use, prices)
    return {
        "front door": _front_door(run, use, prices),
        "HTTP API": use.http_api * use.logs * use.callbacks * prices.api_gateway_http_request,
        "queue": bill.queue,
        "enrich": bill.invocations + bill.duration,
        "table": bill.writes + bill.reads,
        "sweep": _sweep(run, use, prices) if use.sweep else 0.0,
        "cold starts": _cold_starts(run, use, prices),
        "secret's reads": secret_reads(run, use) * prices.secrets_request,
        "log lines": bill.log_lines,
        **({"events": sum(of_events(run, use, prices).values())} if use.told else {}),
    }


def of_events(run: Measured, use: Use, prices: Prices) -> dict[str, float]:
    """Return the dollars per month of events, by part.

    Lambda reads the stream for nothing, and its filter drops for nothing what is no news.
    """
    memory = deployed_mb("PublishFunction")
    told = use.logs * use.told
    batches = told / use.changes_per_batch
    seconds = batches * changes_seconds(run, use, memory_mb=memory)
    printed = batches * changes_bytes(run, use.changes_per_batch)
    return {
        "EventBridge": told * prices.eventbridge_event,
        "function": batches * prices.lambda_request + _time(seconds, memory, prices),
        "cold starts": use.cold * batches * cold_dollars(run, "publish", memory, prices),
        "log lines": printed / 1e9 * prices.cloudwatch_log_gb,
    }


def changes_seconds(run: Measured, use: Use, *, memory_mb: int) -> float:
    """Return how long the warm publish function takes for an average batch in Lambda.

    The CPU time is interpolated between the measured sizes, and stretched by the share of a vCPU;
    the answers of EventBridge come on top.
    """
    size = use.changes_per_batch
    one, many = run.published.changes
    slope = (many.cpu_ms.median - one.cpu_ms.median) / (many.size - one.size)
    work = one.cpu_ms.median + (size - one.size) * slope
    calls = math.ceil(size / MAX_EVENTS)
    return (work / cpu_share(memory_mb) + calls * use.queue_ms) / 1000


def changes_bytes(run: Measured, size: float) -> float:
    """Return what the publish function prints for a batch: a line per kind of log in it."""
    one, many = run.published.changes
    return min(size * one.log_bytes, many.log_bytes)


def fixed_of_events(prices: Prices) -> float:
    """Return the most that events cost in a month without any: metrics with a value, and alarms."""
    return (
        EVENT_METRICS * prices.cloudwatch_metric_month
        + EVENT_ALARM_METRICS * prices.cloudwatch_alarm_metric_month
    )


def fixed(prices: Prices) -> dict[str, float]:
    """Return the dollars per month of an idle deployment, with the largest number of metrics.

    The sweep's runs are not among them: :func:`whole` has them.
    """
    return {
        f"{METRICS} custom metrics, if each has a value": METRICS * prices.cloudwatch_metric_month,
        f"alarms, which watch {ALARM_METRICS} metrics": (
            ALARM_METRICS * prices.cloudwatch_alarm_metric_month
        ),
        f"dashboard, which can show {DASHBOARD_METRICS} metrics": prices.cloudwatch_dashboard_month,
        "secret": prices.secrets_secret_month,
        "Lambda's polling of the empty queue": _IDLE_POLLS * prices.sqs_request,
    }


def of_hooklog(run: Measured, use: Use, prices: Prices) -> Bill:
    """Price hooklog: messages of a log that arrive together cost one fetch and one write."""
    indexes = use.index_numbers + use.index_days + use.failed
    new = run.batch("hooklog", NEW)
    # Each state costs one read and one write of a row; an index and an alias are written once.
    return _bill(
        run,
        use,
        prices,
        subject="hooklog",
        fetches=use.logs * (use.states + use.faxes * use.unsettled),
        writes=use.logs * (use.states + indexes + use.faxes),
        reads=use.logs * use.states * _READ * _reads_per_row(new),
    )


def of_sequential(run: Measured, use: Use, prices: Prices) -> Bill:
    """Price the sequential handler: every message costs one fetch and one write."""
    fetches = use.logs * use.messages
    return _bill(run, use, prices, subject="sequential", fetches=fetches, writes=fetches, reads=0.0)


def ratio(run: Measured, use: Use, prices: Prices) -> float:
    """Return hooklog's bill as a share of the sequential handler's."""
    return of_hooklog(run, use, prices).total / of_sequential(run, use, prices).total


def callback_seconds(run: Measured, use: Use, *, is_queued: bool) -> float:
    """Return how long the warm webhook function takes in Lambda.

    The measured CPU time is stretched by the share of a vCPU; SQS's answer comes on top.
    """
    work = run.callbacks(is_queued=is_queued).cpu_ms.median / cpu_share(use.webhook_mb)
    return (work + use.queue_ms * is_queued) / 1000


def cold_seconds(
    run: Measured, function: Function, memory_mb: int, *, init_share: float = 1.0
) -> float:
    """Return how long a function takes from the begin of INIT until its first answer.

    Args:
        run: of the benchmarks.
        function: which one.
        memory_mb: of the function.
        init_share: the share of a vCPU that INIT has; AWS gives it a whole one.

    """
    start = run.start_up(function)
    # In Lambda every function that knows SignalWire reads the secret, and every host wants TLS.
    hosts = {_HOSTS.get(name, "dynamodb") for name in start.calls}
    hosts |= {"secretsmanager"} if function != "publish" else set()
    rest = start.answered_ms.median - start.imported_ms.median
    rest += len(hosts) * run.deployed.authorities_ms.median
    return (start.imported_ms.median / init_share + rest / cpu_share(memory_mb)) / 1000


def cold_dollars(run: Measured, function: Function, memory_mb: int, prices: Prices) -> float:
    """Return what the start of an environment costs."""
    return _time(cold_seconds(run, function, memory_mb), memory_mb, prices)


def secret_reads(run: Measured, use: Use) -> float:
    """Return the reads of the secret per month.

    Every environment reads it once, and the webhook function's again whenever the keys are too
    old. So many environments are busy at once that three standard deviations of random arrivals
    fit in.
    """
    callbacks, batches = use.logs * use.callbacks, _batches(use)
    busy = use.per_second(_front_door_seconds(run, use))
    environments = math.ceil(busy + 3 * math.sqrt(busy))
    hours = _MONTH / 3600 * _BUSY
    renewed = min(callbacks, environments * hours * SECRET_READS_PER_HOUR)
    return renewed + use.cold * (callbacks + batches) + use.sweep * _RUNS


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
    return (wall + api_ms - REMOTE.api_ms + worked * (1 / cpu_share(memory_mb) - 1)) / 1000


def _front_door(run: Measured, use: Use, prices: Prices) -> float:
    seconds = use.logs * _front_door_seconds(run, use)
    requests = use.logs * use.callbacks * prices.lambda_request
    return requests + _time(seconds, use.webhook_mb, prices)


def _front_door_seconds(run: Measured, use: Use) -> float:
    """Return how long all callbacks of a log take."""
    queued = use.messages * callback_seconds(run, use, is_queued=True)
    dropped = (use.callbacks - use.messages) * callback_seconds(run, use, is_queued=False)
    return queued + dropped


def page_seconds(run: Measured, *, memory_mb: int, api_ms: float) -> float:
    """Return how long a page of the sweep takes whose logs the table has.

    As for a batch, none of the CPU time overlaps with waiting.
    """
    measured = run.deployed.pages
    calls = sum(count for name, count in measured.calls.items() if name != PAGE)
    worked = measured.cpu_ms.median / cpu_share(memory_mb)
    return (api_ms + calls * REMOTE.dynamodb_ms + worked) / 1000


def _sweep(run: Measured, use: Use, prices: Prices) -> float:
    """Return the price of the sweep, each run of which starts an environment."""
    measured, memory = run.deployed.pages, deployed_mb("SweepFunction")
    compared = use.logs * COMPARISONS
    # The last page of each list is not full.
    pages = compared / measured.size + _RUNS * len(KINDS) * COMPARISONS
    seconds = pages * page_seconds(run, memory_mb=memory, api_ms=use.api_ms)
    # A page reads the pace, too, and writes the checkpoint; what callbacks missed is one write.
    reads, writes = (compared + pages) * _READ, pages * measured.calls["PutItem"]
    return (
        _RUNS * (prices.lambda_request + cold_dollars(run, "sweep", memory, prices))
        + _time(seconds, memory, prices)
        + reads * prices.dynamodb_read_unit
        + (writes + use.logs * use.missed) * prices.dynamodb_write_unit
        + _RUNS * (measured.log_bytes + _PLATFORM_BYTES) / 1e9 * prices.cloudwatch_log_gb
    )


def _cold_starts(run: Measured, use: Use, prices: Prices) -> float:
    webhook = cold_dollars(run, "webhook", use.webhook_mb, prices)
    enrich = cold_dollars(run, "hooklog", use.memory_mb, prices)
    return use.cold * (use.logs * use.callbacks * webhook + _batches(use) * enrich)


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
    messages, batches = use.logs * use.messages, _batches(use)
    # Each message is sent by itself; a batch is received and deleted in tens.
    requests = messages + 2 * batches * max(1.0, use.batch_size / _MESSAGES_PER_CALL)
    fetched = fetches / batches if batches else 0.0
    seconds = batches * (
        batch_seconds(run, fetched, memory_mb=use.memory_mb, api_ms=use.api_ms)
        if subject == "hooklog"
        else _sequential_seconds(run, use, fetched)
    )
    printed = fetches * _bytes_per_log(run.batch(subject, NEW)) + batches * _PLATFORM_BYTES
    return Bill(
        queue=requests * prices.sqs_request,
        invocations=batches * prices.lambda_request,
        duration=_time(seconds, use.memory_mb, prices),
        writes=writes * prices.dynamodb_write_unit,
        reads=reads * prices.dynamodb_read_unit,
        log_lines=printed / 1e9 * prices.cloudwatch_log_gb,
    )


def _batches(use: Use) -> float:
    return use.logs * use.messages / use.batch_size


def _time(seconds: float, memory_mb: int, prices: Prices) -> float:
    return seconds * memory_mb / 1024 * prices.lambda_arm_gb_second


def _sequential_seconds(run: Measured, use: Use, fetched: float) -> float:
    """Return how long the sequential handler takes, which never works while it waits."""
    ten = run.batch("sequential", Workload("new", SIZES[0], REMOTE))
    slower = ten.cpu_ms.median * (1 / cpu_share(use.memory_mb) - 1)
    per_log = (ten.wall_ms.median + slower) / ten.size
    return fetched * (per_log + use.api_ms - REMOTE.api_ms) / 1000


def cpu_share(memory_mb: int) -> float:
    """Return the share of a vCPU, at most 1: no function uses more."""
    return min(1.0, memory_mb / _WHOLE_CPU_MB)


def _bytes_per_log(batch: Batch) -> float:
    return batch.log_bytes / batch.size


def _reads_per_row(batch: Batch) -> float:
    """Return the reads per row, which the measured calls must confirm."""
    if batch.calls.get("BatchGetItem") != 1:
        raise ValueError("The measured batch did not read its rows exactly once.")
    return 1.0
