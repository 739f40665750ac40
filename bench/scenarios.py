"""What is measured, and how often."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from operator import attrgetter
from typing import Final

from bench import artefacts, start_ups
from bench.batches import Batches
from bench.kinds import AFAR, AT_ONCE, NEW, NEW_AFAR, SIZES, STORED, Kind
from bench.measured import Function, Machine, Measured, Memory, Spread, StartUp
from bench.processes import Stub, Subject, running_stub
from bench.rounds import Rounds
from bench.subjects import Name, Recipe, from_source


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rounds of each scenario; those of ``warming`` do not count."""

    warming: int
    at_once: int
    afar: int
    growing: int
    growing_sequential: int
    memory: int
    starting: int


FULL: Final = Plan(
    warming=10, at_once=15, afar=5, growing=5, growing_sequential=3, memory=3, starting=11
)
SHORT: Final = Plan(
    warming=1, at_once=3, afar=1, growing=1, growing_sequential=0, memory=1, starting=1
)


def measure(plan: Plan) -> Measured:
    """Build everything, and run all scenarios.

    Raises:
        RuntimeError: something could not be built, or does not do its job.

    """
    _say("Building what is deployed")
    typescript = artefacts.bundled_typescript()
    deployed = start_ups.deploy(typescript)
    recipes = from_source(typescript)
    with running_stub() as stub:
        batches = Batches(stub)
        hundred, growing = Rounds(batches), Rounds(batches)
        with ExitStack() as stack:
            subjects = {
                name: stack.enter_context(recipe.start(stub)) for name, recipe in recipes.items()
            }
            for subject in subjects.values():
                for _ in range(plan.warming):
                    batches.process(subject, NEW)
            _run_batches(hundred, growing, subjects, plan)
        memory = _memory(stub, recipes, plan.memory)
        _say("Starting up")
        started = start_ups.measure(stub, deployed, plan.starting)
    return Measured(
        measured_on=datetime.now(UTC).date(),
        machine=_machine(typescript=typescript is not None),
        noise_ms=Spread.of(hundred.noise_ms + growing.noise_ms),
        batches=[
            *hundred.summary(),
            *(batch for batch in growing.summary() if batch.size != NEW.size),
        ],
        memory=memory,
        start_ups=[
            StartUp(
                function=function,
                rounds=len(times),
                ready_ms=Spread.of(ready for ready, _ in times),
                answered_ms=Spread.of(answered for _, answered in times),
            )
            for function, times in started.items()
        ],
        ratios=_batch_ratios(hundred, growing, recipes) | _start_up_ratios(started),
    )


def _run_batches(
    hundred: Rounds, growing: Rounds, subjects: Mapping[Name, Subject], plan: Plan
) -> None:
    _say("A hundred logs without latency")
    hundred.run(subjects, [NEW, STORED], plan.at_once)
    _say("A hundred logs from afar")
    hundred.run(subjects, [NEW_AFAR], plan.afar)
    _say("Ten, a hundred and a thousand logs")
    at_once = [Kind("new", size) for size in SIZES]
    afar = [Kind("new", size, AFAR) for size in SIZES]
    growing.run({"hooklog": subjects["hooklog"]}, at_once + afar, plan.growing)
    # A thousand from afar would take it two minutes.
    sequential: Mapping[Name, Subject] = {"sequential": subjects["sequential"]}
    growing.run(sequential, [*at_once, afar[0]], plan.growing_sequential)


def _memory(stub: Stub, recipes: Mapping[Name, Recipe], rounds: int) -> list[Memory]:
    """Measure each size in processes of its own, because a peak is never forgotten."""
    _say("Peak memory")
    found = []
    for name, recipe in recipes.items():
        for size in (SIZES[0], SIZES[-1]):
            # One log after the other needs the same memory however long each takes.
            kind = Kind("new", size, AT_ONCE if name == "sequential" else AFAR)
            peaks = []
            for _ in range(rounds):
                with recipe.start(stub) as subject:
                    peaks.append(Batches(stub).process(subject, kind).peak_mb)
            found.append(Memory(subject=name, size=size, peak_mb=Spread.of(peaks)))
    return found


def _batch_ratios(
    hundred: Rounds, growing: Rounds, recipes: Mapping[Name, Recipe]
) -> dict[str, Spread]:
    """Compare hooklog with each peer, and its batches with smaller ones, by time a log."""
    ratios = {}
    for peer in recipes:
        if peer != "hooklog":
            for title, kind, figure in (
                ("wall", NEW_AFAR, "wall_ms"),
                ("cpu", NEW, "cpu_ms"),
                ("stored", STORED, "cpu_ms"),
            ):
                ratios[f"{title}/{peer}"] = hundred.ratio(
                    ("hooklog", kind), (peer, kind), attrgetter(figure)
                )
    for latency, title in ((AFAR, "growth_afar"), (AT_ONCE, "growth")):
        for small, large in pairwise(SIZES):
            batches = growing.ratio(
                ("hooklog", Kind("new", large, latency)),
                ("hooklog", Kind("new", small, latency)),
                attrgetter("wall_ms"),
            )
            ratios[f"{title}/{small}"] = batches.times(small / large)
    return ratios


def _start_up_ratios(started: Mapping[Function, list[tuple[float, float]]]) -> dict[str, Spread]:
    pairs: tuple[tuple[str, Function, Function, int], ...] = (
        ("start_up/sequential", "hooklog", "sequential", 0),
        ("start_up/boto3_alone", "hooklog", "boto3_alone", 0),
        ("start_up/webhook", "webhook", "hooklog", 0),
        ("first_event/sequential", "hooklog", "sequential", 1),
        ("first_event/webhook", "webhook", "hooklog", 1),
    )
    return {
        title: Spread.of(
            ours[until] / theirs[until]
            for ours, theirs in zip(started[one], started[other], strict=True)
        )
        for title, one, other, until in pairs
    }


def _machine(*, typescript: bool) -> Machine:
    return Machine(
        cores=os.cpu_count() or 1,
        architecture=platform.machine(),
        python=platform.python_version(),
        node=artefacts.node_version() if typescript else None,
    )


def _say(what: str) -> None:
    print(f"{what} …", file=sys.stderr, flush=True)
