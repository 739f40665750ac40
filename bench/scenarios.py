"""The scenarios of a run: what is measured, and how often."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from operator import attrgetter
from typing import Final

from bench import artefacts, callbacks, changes, pages, start_ups
from bench.batches import Batches
from bench.measured import (
    Deployed,
    Function,
    Machine,
    Measured,
    Memory,
    Published,
    Spread,
    StartUp,
)
from bench.processes import Stub, Subject, running_stub
from bench.rounds import Rounds, spin
from bench.start_ups import Start
from bench.subjects import Name, Recipe, from_source
from bench.workloads import NEW, NEW_REMOTE, NO_LATENCY, REMOTE, SIZES, STORED, Workload


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of rounds of each scenario; those of ``warm_up`` are not measured."""

    warm_up: int
    no_latency: int
    remote: int
    sizes: int
    sizes_sequential: int
    memory: int
    start_up: int
    callbacks: int
    pages: int
    changes: int


FULL: Final = Plan(
    warm_up=10,
    no_latency=15,
    remote=5,
    sizes=5,
    sizes_sequential=3,
    memory=3,
    start_up=11,
    callbacks=11,
    pages=11,
    changes=31,
)
SHORT: Final = Plan(
    warm_up=1,
    no_latency=3,
    remote=1,
    sizes=1,
    sizes_sequential=0,
    memory=1,
    start_up=1,
    callbacks=1,
    pages=1,
    changes=1,
)


def measure(plan: Plan) -> Measured:
    """Build everything, and run all scenarios.

    Raises:
        RuntimeError: a build failed, or a subject did not do its job.

    """
    _say("Building the subjects")
    typescript = artefacts.bundled_typescript()
    functions = start_ups.deploy(typescript)
    publish = start_ups.deploy_publish()
    recipes = from_source(typescript)
    with running_stub() as stub:
        batches = Batches(stub)
        full, sizes = Rounds(batches), Rounds(batches)
        with ExitStack() as stack:
            subjects = {
                name: stack.enter_context(recipe.start(stub)) for name, recipe in recipes.items()
            }
            for subject in subjects.values():
                for _ in range(plan.warm_up):
                    batches.process(subject, NEW)
            _run_batches(full, sizes, subjects, plan)
        memory = _memory(stub, recipes, plan.memory)
        deployed, started = _deployed(stub, functions, plan)
        published = _published(stub, publish, plan)
    return Measured(
        measured_on=datetime.now(UTC).date(),
        machine=_machine(typescript=typescript is not None),
        noise_ms=Spread.of(full.noise_ms + sizes.noise_ms),
        batches=[
            *full.summary(),
            *(batch for batch in sizes.summary() if batch.size != NEW.size),
        ],
        memory=memory,
        deployed=deployed,
        published=published,
        ratios=_batch_ratios(full, sizes, recipes) | _start_up_ratios(started),
    )


def measure_deployed(plan: Plan, kept: Measured) -> Measured:
    """Measure the deployed functions, and keep the rest of a run.

    Raises:
        RuntimeError: a build failed, or a function did not do its job.

    """
    _say("Building the functions")
    functions = start_ups.deploy(artefacts.bundled_typescript())
    with running_stub() as stub:
        deployed, started = _deployed(stub, functions, plan)
    ratios = kept.ratios | _start_up_ratios(started)
    return kept.model_copy(update={"deployed": deployed, "ratios": ratios})


def measure_published(plan: Plan, kept: Measured) -> Measured:
    """Measure the publish function, and keep the rest of a run.

    Raises:
        RuntimeError: the build failed, or the function did not do its job.

    """
    _say("Building the functions")
    publish = start_ups.deploy_publish()
    with running_stub() as stub:
        return kept.model_copy(update={"published": _published(stub, publish, plan)})


def _published(stub: Stub, function: start_ups.Deployed, plan: Plan) -> Published:
    noise = [spin()]
    _say("Start-up of the publish function")
    started = start_ups.measure(stub, {"publish": function}, plan.start_up)
    noise.append(spin())
    _say("Changes of the table")
    with function.recipe.start(stub) as subject:
        told = [changes.measure(stub, subject, size, rounds=plan.changes) for size in changes.SIZES]
    noise.append(spin())
    return Published(
        measured_on=datetime.now(UTC).date(),
        noise_ms=Spread.of(noise),
        start_up=_start_up("publish", started["publish"]),
        changes=told,
    )


def _deployed(
    stub: Stub, functions: Mapping[Function, start_ups.Deployed], plan: Plan
) -> tuple[Deployed, Mapping[Function, list[Start]]]:
    noise = [spin()]
    _say("Start-up")
    started = start_ups.measure(stub, functions, plan.start_up)
    noise.append(spin())
    _say("Callbacks")
    webhook = functions["webhook"].recipe
    accepted = []
    for variables, is_queued in ((callbacks.VARIABLES, True), (callbacks.ONLY_ENDS, False)):
        with replace(webhook, variables=variables).start(stub) as subject:
            accepted.append(
                callbacks.measure(stub, subject, is_queued=is_queued, rounds=plan.callbacks)
            )
        noise.append(spin())
    _say("Pages of the sweep")
    with (
        functions["hooklog"].recipe.start(stub) as enrich,
        functions["sweep"].recipe.start(stub) as sweep,
    ):
        compared = pages.measure(stub, enrich, sweep, plan.pages)
    noise.append(spin())
    return Deployed(
        measured_on=datetime.now(UTC).date(),
        noise_ms=Spread.of(noise),
        authorities_ms=Spread.of(start_ups.authorities_ms() for _ in range(plan.start_up)),
        start_ups=[_start_up(function, starts) for function, starts in started.items()],
        callbacks=accepted,
        pages=compared,
    ), started


def _start_up(function: Function, starts: Sequence[Start]) -> StartUp:
    return StartUp(
        function=function,
        rounds=len(starts),
        imported_ms=Spread.of(start.imported_ms for start in starts),
        ready_ms=Spread.of(start.ready_ms for start in starts),
        answered_ms=Spread.of(start.answered_ms for start in starts),
        peak_mb=Spread.of(start.peak_mb for start in starts),
        calls=dict(starts[-1].calls),
    )


def _run_batches(full: Rounds, sizes: Rounds, subjects: Mapping[Name, Subject], plan: Plan) -> None:
    _say("99 logs without latency")
    full.run(subjects, [NEW, STORED], plan.no_latency)
    _say("99 logs, remote API")
    full.run(subjects, [NEW_REMOTE], plan.remote)
    _say("10, 99 and 1,000 logs")
    no_latency = [Workload("new", size) for size in SIZES]
    remote = [Workload("new", size, REMOTE) for size in SIZES]
    sizes.run({"hooklog": subjects["hooklog"]}, no_latency + remote, plan.sizes)
    # It would take two minutes for a thousand logs of a remote API.
    sequential: Mapping[Name, Subject] = {"sequential": subjects["sequential"]}
    sizes.run(sequential, [*no_latency, remote[0]], plan.sizes_sequential)


def _memory(stub: Stub, recipes: Mapping[Name, Recipe], rounds: int) -> list[Memory]:
    """Measure each size in new processes, because a process's peak never falls."""
    _say("Peak memory")
    found = []
    for name, recipe in recipes.items():
        for size in (SIZES[0], SIZES[-1]):
            # Logs that are processed one by one need the same memory whatever the latency.
            latency = NO_LATENCY if name == "sequential" else REMOTE
            workload = Workload("new", size, latency)
            peaks = []
            for _ in range(rounds):
                with recipe.start(stub) as subject:
                    peaks.append(Batches(stub).process(subject, workload).peak_mb)
            found.append(Memory(subject=name, size=size, peak_mb=Spread.of(peaks)))
    return found


def _batch_ratios(full: Rounds, sizes: Rounds, recipes: Mapping[Name, Recipe]) -> dict[str, Spread]:
    """Compare hooklog with each peer, and its batches with smaller ones by time per log."""
    ratios = {}
    for peer in recipes:
        if peer != "hooklog":
            for title, workload, figure in (
                ("wall", NEW_REMOTE, "wall_ms"),
                ("cpu", NEW, "cpu_ms"),
                ("stored", STORED, "cpu_ms"),
            ):
                ratios[f"{title}/{peer}"] = full.ratio(
                    ("hooklog", workload), (peer, workload), attrgetter(figure)
                )
    for latency, title in ((REMOTE, "growth_remote"), (NO_LATENCY, "growth")):
        for small, large in pairwise(SIZES):
            batches = sizes.ratio(
                ("hooklog", Workload("new", large, latency)),
                ("hooklog", Workload("new", small, latency)),
                attrgetter("wall_ms"),
            )
            ratios[f"{title}/{small}"] = batches.times(small / large)
    return ratios


def _start_up_ratios(started: Mapping[Function, Sequence[Start]]) -> dict[str, Spread]:
    pairs: tuple[tuple[str, Function, Function, str], ...] = (
        ("start_up/sequential", "hooklog", "sequential", "ready_ms"),
        ("start_up/boto3_alone", "hooklog", "boto3_alone", "ready_ms"),
        ("start_up/webhook", "webhook", "hooklog", "ready_ms"),
        ("first_event/sequential", "hooklog", "sequential", "answered_ms"),
        ("first_event/webhook", "webhook", "hooklog", "answered_ms"),
    )
    return {
        title: Spread.of(
            getattr(ours, until) / getattr(theirs, until)
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
