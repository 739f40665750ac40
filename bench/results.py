"""The results of a run: one line per scenario and target, and the tables of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bench.measured import Batch, Measured, Spread
from bench.scenarios import FULL
from bench.subjects import Name
from bench.workloads import NEW, NEW_REMOTE, NO_LATENCY, REMOTE, SIZES, STORED, Latency, Workload
from local import markdown

HEADINGS: Final = (
    *("scenario", "hooklog", "(a) sequential", "(b) TypeScript"),
    *("ratio (lowest-highest)", "target", "reached"),
)
#: Growth below this factor counts as flat: a quiet machine has 5 % of noise.
_FLAT: Final = 1.05
#: A median this much above the fastest round shows that the machine had other work.
_BUSY: Final = 1.5
_SUBJECTS: Final[tuple[Name, ...]] = ("hooklog", "sequential", "typescript")
_MISSING: Final = "-"
_MAX_MB: Final = 110
_MAX_MORE_MB: Final = 10
_MAX_BYTES: Final = 60
#: Smaller ratios are written as fractions.
_SMALL: Final = 0.1
_REACHED: Final = {True: "yes", False: "**no**", None: ""}


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Attributes:
        scenario: what was measured; empty if it is that of the line above.
        figures: of hooklog and both peers; also empty then.
        ratio: what the target is about, if it is a ratio.
        target: in words; empty if there is none.
        reached: None if there is no target, or nothing to compare with it.

    """

    scenario: str
    figures: Sequence[str] = ("", "", "")
    ratio: str = ""
    target: str = ""
    reached: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The line's cells, in the order of the headings."""
        return (self.scenario, *self.figures, self.ratio, self.target, _REACHED[self.reached])


@dataclass(frozen=True, slots=True)
class Comparison:
    """A ratio of the run, what hooklog is compared with, and the largest ratio that is wanted."""

    ratio: str
    other: str
    at_most: float | None = None


def results(run: Measured) -> Iterator[Result]:
    """Return all lines in order; a dash stands for a peer that was not measured."""
    yield from _compared(
        run,
        "99 new logs, remote API: time",
        _batches(run, NEW_REMOTE, lambda batch: _time(batch.wall_ms)),
        Comparison("wall/sequential", "(a)", 1 / 40),
        Comparison("wall/typescript", "(b)", 0.7),
    )
    yield from _compared(
        run,
        "99 new logs: CPU time per log",
        _batches(run, NEW, _cpu_per_log),
        Comparison("cpu/sequential", "(a)", 0.3),
        Comparison("cpu/typescript", "(b)", 0.25),
    )
    yield from _compared(
        run,
        "99 redelivered logs: CPU time per log",
        _batches(run, STORED, _cpu_per_log),
        Comparison("stored/sequential", "(a)", 0.05),
        Comparison("stored/typescript", "(b)"),
    )
    calls = _batches(run, STORED, _calls)
    scenario = "99 redelivered logs: calls to DynamoDB, to the API"
    yield Result(scenario, calls, target="1, 0", reached=calls[0] == "1, 0")
    yield from _start_ups(run)
    yield from _functions(run)
    yield from _memory(run)
    yield from _growth(run, REMOTE, "growth_remote")
    yield from _growth(run, NO_LATENCY, "growth")
    own = run.batch("hooklog", NEW)
    yield Result(
        "99 new logs: bytes printed per log",
        _batches(run, NEW, lambda batch: f"{batch.log_bytes / batch.size:.0f}"),
        target=f"at most {_MAX_BYTES}",
        reached=own.log_bytes <= _MAX_BYTES * own.size,
    )


def results_table() -> str:
    """Return the results of the kept run."""
    return markdown.table(HEADINGS, (result.cells for result in results(Measured.load())))


def conditions_table() -> str:
    """Return the conditions under which the kept run was measured."""
    run = Measured.load()
    machine, noise, later = run.machine, run.noise_ms, run.deployed.noise_ms
    busy = noise.median > _BUSY * noise.low
    rows = (
        ("measured on", run.measured_on),
        ("start-ups, callbacks and pages measured on", run.deployed.measured_on),
        ("machine", f"{machine.cores} cores, {machine.architecture}"),
        ("Python", machine.python),
        ("Node", machine.node or "none, so (b) was not measured"),
        ("noise, median (lowest-highest)", _noise(noise)),
        ("the same, of start-ups, callbacks and pages", _noise(later)),
        ("other work on the machine", "**yes**, so only ratios count" if busy else "none"),
        ("latency of a remote API", f"{REMOTE.api_ms} ms"),
        ("latency of DynamoDB with it", f"{REMOTE.dynamodb_ms} ms"),
        ("warm-up", f"{FULL.warm_up} batches"),
        ("flat", f"less than {_FLAT - 1:.0%} of growth per step"),
    )
    return markdown.table(("condition", "value"), rows)


def _start_ups(run: Measured) -> Iterator[Result]:
    alone = _time(run.start_up("boto3_alone").ready_ms)
    yield from _compared(
        run,
        "Start-up: until ready",
        _figures(run, lambda name: _time(run.start_up(name).ready_ms)),
        Comparison("start_up/sequential", "(a)", 0.4),
        Comparison("start_up/boto3_alone", f"boto3 alone, {alone}", 1.2),
    )
    yield from _compared(
        run,
        "Start-up: until the first log is stored",
        _figures(run, lambda name: _time(run.start_up(name).answered_ms)),
        Comparison("first_event/sequential", "(a)"),
    )
    webhook = run.start_up("webhook")
    for until, spread, ratio in (
        ("ready", webhook.ready_ms, "start_up/webhook"),
        ("the first callback is queued", webhook.answered_ms, "first_event/webhook"),
    ):
        yield from _compared(
            run,
            f"Start-up of the webhook function: until {until}",
            (_time(spread), _MISSING, _MISSING),
            Comparison(ratio, "the enrich function", 0.9),
        )


def _functions(run: Measured) -> Iterator[Result]:
    """Yield what the functions use that the peers lack."""
    pages = run.deployed.pages
    for scenario, spread in (
        ("A callback that goes on the queue: CPU time", run.callbacks(is_queued=True).cpu_ms),
        ("A callback that is only answered: CPU time", run.callbacks(is_queued=False).cpu_ms),
        (f"A page of {pages.size} logs, compared by the sweep: CPU time", pages.cpu_ms),
    ):
        yield Result(scenario, (_time(spread), _MISSING, _MISSING))


def _compared(
    run: Measured, scenario: str, figures: Sequence[str], *comparisons: Comparison
) -> Iterator[Result]:
    for comparison in comparisons:
        ratio = run.ratios.get(comparison.ratio)
        text = f"{_ratio(ratio)} of {comparison.other}" if ratio else _MISSING
        if comparison.at_most is None:
            yield Result(scenario, figures, text)
        else:
            reached = ratio.median <= comparison.at_most if ratio else None
            yield Result(scenario, figures, text, f"at most {_number(comparison.at_most)}", reached)
        scenario, figures = "", ("", "", "")


def _memory(run: Measured) -> Iterator[Result]:
    small, large = SIZES[0], SIZES[-1]

    def peak(name: Name) -> float:
        return run.peak_mb(name, large).median

    def more(name: Name) -> float:
        return peak(name) - run.peak_mb(name, small).median

    yield Result(
        f"Peak memory, batch of {large:,}: MB",
        _figures(run, lambda name: f"{peak(name):.0f}"),
        target=f"at most {_MAX_MB}",
        reached=peak("hooklog") <= _MAX_MB,
    )
    yield Result(
        f"Peak memory: MB more than for a batch of {small}",
        _figures(run, lambda name: f"{more(name):.1f}"),
        target=f"at most {_MAX_MORE_MB}",
        reached=more("hooklog") <= _MAX_MORE_MB,
    )


def _growth(run: Measured, latency: Latency, ratio: str) -> Iterator[Result]:
    growth = [run.ratios[f"{ratio}/{small}"] for small, _ in pairwise(SIZES)]
    sizes = ", ".join(f"{size:,}" for size in SIZES)
    remote = ", remote API" if latency == REMOTE else ""
    own = (run.batch("hooklog", Workload("new", size, latency)) for size in SIZES)
    yield Result(
        f"{sizes} new logs{remote}: time per log",
        (", ".join(_time(_per_log(batch, batch.wall_ms)) for batch in own), _MISSING, _MISSING),
        ratio="; ".join(map(_ratio, growth)) + " of the size before",
        target="flat or falling",
        reached=all(step.median <= _FLAT for step in growth),
    )


def _figures(run: Measured, figure: Callable[[Name], str]) -> list[str]:
    measured = [name for name in _SUBJECTS if name != "typescript" or run.machine.node]
    return [figure(name) if name in measured else _MISSING for name in _SUBJECTS]


def _batches(run: Measured, workload: Workload, figure: Callable[[Batch], str]) -> list[str]:
    return _figures(run, lambda name: figure(run.batch(name, workload)))


def _per_log(batch: Batch, spread: Spread) -> Spread:
    return spread.times(1 / batch.size)


def _cpu_per_log(batch: Batch) -> str:
    return _time(_per_log(batch, batch.cpu_ms))


def _calls(batch: Batch) -> str:
    fetches = batch.calls.get("GetLog", 0)
    return f"{sum(batch.calls.values()) - fetches}, {fetches}"


def _noise(noise: Spread) -> str:
    return f"{noise.median:.2f} ({noise.low:.2f}-{noise.high:.2f}) ms"


def _time(milliseconds: Spread) -> str:
    """Return the median with three significant digits: ``11.2 s``, ``1.38 ms``, ``149 µs``."""
    seconds = milliseconds.median / 1000
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def _ratio(spread: Spread) -> str:
    return f"{_number(spread.median)} ({_number(spread.low)}-{_number(spread.high)})"


def _number(ratio: float) -> str:
    return f"1/{1 / ratio:.3g}" if ratio < _SMALL else f"{ratio:.2f}"
