"""A run's figures as lines of a table: each scenario with its targets, reached or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bench.kinds import AFAR, AT_ONCE, NEW, NEW_AFAR, SIZES, STORED, Kind, Latency
from bench.measured import Batch, Measured, Spread
from bench.subjects import Name

#: What grows by less than this is flat: a twentieth is noise.
FLAT: Final = 1.05
_COLUMNS: Final[tuple[Name, ...]] = ("hooklog", "sequential", "typescript")
_NONE: Final = "-"
_MOST_MB: Final = 110
_MOST_MORE_MB: Final = 10
_MOST_BYTES: Final = 60
#: Smaller ratios are written as fractions.
_SMALL: Final = 0.1


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table.

    Attributes:
        scenario: what was measured; empty where it is that of the line above.
        figures: of hooklog and of both peers; likewise.
        held: what is held against the target.
        target: in words; empty where there is none.
        reached: whether it is; None where there is no target.

    """

    scenario: str
    figures: Sequence[str] = ("", "", "")
    held: str = ""
    target: str = ""
    reached: bool | None = None


@dataclass(frozen=True, slots=True)
class Versus:
    """What hooklog is compared with: the run's ratio, and the largest that is wanted."""

    ratio: str
    whom: str
    at_most: float | None = None


def lines(run: Measured) -> Iterator[Line]:
    """Give all lines in their order; what Node is missing for is a dash."""
    yield from _compared(
        run,
        "100 new logs from afar: time",
        _batches(run, NEW_AFAR, lambda batch: _time(batch.wall_ms)),
        Versus("wall/sequential", "(a)", 1 / 40),
        Versus("wall/typescript", "(b)", 0.7),
    )
    yield from _compared(
        run,
        "100 new logs: processor time a log",
        _batches(run, NEW, _cpu_a_log),
        Versus("cpu/sequential", "(a)", 0.3),
        Versus("cpu/typescript", "(b)", 0.25),
    )
    yield from _compared(
        run,
        "100 logs delivered again: processor time a log",
        _batches(run, STORED, _cpu_a_log),
        Versus("stored/sequential", "(a)", 0.05),
        Versus("stored/typescript", "(b)"),
    )
    calls = _batches(run, STORED, _calls)
    scenario = "100 logs delivered again: calls of DynamoDB, of the API"
    yield Line(scenario, calls, target="1, 0", reached=calls[0] == "1, 0")
    yield from _start_ups(run)
    yield from _memory(run)
    yield from _growth(run, AFAR, "growth_afar")
    yield from _growth(run, AT_ONCE, "growth")
    own = run.batch("hooklog", NEW)
    yield Line(
        "100 new logs: bytes printed a log",
        _batches(run, NEW, lambda batch: f"{batch.log_bytes / batch.size:.0f}"),
        target=f"at most {_MOST_BYTES}",
        reached=own.log_bytes <= _MOST_BYTES * own.size,
    )


def _start_ups(run: Measured) -> Iterator[Line]:
    alone = _time(run.start_up("boto3_alone").ready_ms)
    yield from _compared(
        run,
        "Start-up: until ready",
        _figures(run, lambda name: _time(run.start_up(name).ready_ms)),
        Versus("start_up/sequential", "(a)", 0.4),
        Versus("start_up/boto3_alone", f"boto3 alone, {alone}", 1.2),
    )
    yield from _compared(
        run,
        "Start-up: until the first log is stored",
        _figures(run, lambda name: _time(run.start_up(name).answered_ms)),
        Versus("first_event/sequential", "(a)"),
    )
    webhook = run.start_up("webhook")
    for until, spread, ratio in (
        ("ready", webhook.ready_ms, "start_up/webhook"),
        ("the first callback is queued", webhook.answered_ms, "first_event/webhook"),
    ):
        yield from _compared(
            run,
            f"Start-up of the webhook: until {until}",
            (_time(spread), _NONE, _NONE),
            Versus(ratio, "the enrichment", 0.9),
        )


def _compared(
    run: Measured, scenario: str, figures: Sequence[str], *others: Versus
) -> Iterator[Line]:
    for other in others:
        ratio = run.ratios.get(other.ratio)
        held = f"{_ratio(ratio)} of {other.whom}" if ratio else _NONE
        if other.at_most is None:
            yield Line(scenario, figures, held)
        else:
            reached = ratio.median <= other.at_most if ratio else None
            yield Line(scenario, figures, held, f"at most {_number(other.at_most)}", reached)
        scenario, figures = "", ("", "", "")


def _memory(run: Measured) -> Iterator[Line]:
    small, large = SIZES[0], SIZES[-1]

    def most(name: Name) -> float:
        return run.peak_mb(name, large).median

    def more(name: Name) -> float:
        return most(name) - run.peak_mb(name, small).median

    yield Line(
        f"Peak memory, batch of {large:,}: MB",
        _figures(run, lambda name: f"{most(name):.0f}"),
        target=f"at most {_MOST_MB}",
        reached=most("hooklog") <= _MOST_MB,
    )
    yield Line(
        f"Peak memory: MB more than for a batch of {small}",
        _figures(run, lambda name: f"{more(name):.1f}"),
        target=f"at most {_MOST_MORE_MB}",
        reached=more("hooklog") <= _MOST_MORE_MB,
    )


def _growth(run: Measured, latency: Latency, ratio: str) -> Iterator[Line]:
    growth = [run.ratios[f"{ratio}/{small}"] for small, _ in pairwise(SIZES)]
    sizes = ", ".join(f"{size:,}" for size in SIZES)
    where = " from afar" if latency == AFAR else ""
    own = (run.batch("hooklog", Kind("new", size, latency)) for size in SIZES)
    yield Line(
        f"{sizes} new logs{where}: time a log",
        (", ".join(_time(batch.wall_ms.times(1 / batch.size)) for batch in own), _NONE, _NONE),
        held="; ".join(map(_ratio, growth)) + " of the size before",
        target="flat or falling",
        reached=all(step.median <= FLAT for step in growth),
    )


def _figures(run: Measured, figure: Callable[[Name], str]) -> list[str]:
    measured = [name for name in _COLUMNS if name != "typescript" or run.machine.node]
    return [figure(name) if name in measured else _NONE for name in _COLUMNS]


def _batches(run: Measured, kind: Kind, figure: Callable[[Batch], str]) -> list[str]:
    return _figures(run, lambda name: figure(run.batch(name, kind)))


def _cpu_a_log(batch: Batch) -> str:
    return _time(batch.cpu_ms.times(1 / batch.size))


def _calls(batch: Batch) -> str:
    fetches = batch.calls.get("GetLog", 0)
    return f"{sum(batch.calls.values()) - fetches}, {fetches}"


def _time(milliseconds: Spread) -> str:
    seconds = milliseconds.median / 1000
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def _ratio(spread: Spread) -> str:
    return f"{_number(spread.median)} ({_number(spread.low)}-{_number(spread.high)})"


def _number(ratio: float) -> str:
    return f"1/{1 / ratio:.3g}" if ratio < _SMALL else f"{ratio:.2f}"
