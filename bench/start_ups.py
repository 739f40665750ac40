"""How long the deployed functions take to start, in new processes on an unchanged tree."""

from __future__ import annotations

import ssl
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore

from bench import artefacts, callbacks, changes, logs, pages
from bench.measured import Function
from bench.processes import Stub
from bench.subjects import DRIVER, Recipe, node
from bench.workloads import NO_LATENCY

type Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deployed:
    """A function as it is deployed.

    Attributes:
        recipe: how it is started.
        empty: event without work, which wires the function; None if the import wires it, or if
            there is no such event.
        first: event with work.
        response: what the function should return for `first`.

    """

    recipe: Recipe
    empty: Event | None = None
    first: Event = field(default_factory=lambda: logs.sqs_event(0, 1))
    response: Event = field(default_factory=lambda: {"batchItemFailures": []})


@dataclass(frozen=True, slots=True)
class Start:
    """One start, in milliseconds from its begin; see :class:`bench.measured.StartUp`."""

    imported_ms: float
    ready_ms: float
    answered_ms: float
    peak_mb: float
    calls: Mapping[str, int]


def deploy_publish() -> Deployed:
    """Build the publish function as it would be deployed.

    Raises:
        RuntimeError: the build failed; the message is its output.

    """
    hooklog = artefacts.deployed_hooklog()
    return Deployed(
        Recipe(_python(), [hooklog / "PublishFunction", hooklog / "opt/python"], changes.VARIABLES),
        empty=changes.NOTHING,
        first=changes.of_new_rows(1),
        response=changes.TOLD,
    )


def deploy(typescript: Path | None) -> dict[Function, Deployed]:
    """Build the other functions as they would be deployed.

    Args:
        typescript: folder of the TypeScript peer's bundle, or None if it could not be built.

    Raises:
        RuntimeError: a build failed; the message is its output.

    """
    python = _python()
    hooklog = artefacts.deployed_hooklog()
    opt = hooklog / "opt/python"
    deployed: dict[Function, Deployed] = {
        "hooklog": Deployed(
            Recipe(python, [hooklog / "EnrichFunction", opt]), empty={"Records": []}
        ),
        "webhook": Deployed(
            Recipe(python, [hooklog / "WebhookFunction", opt], callbacks.VARIABLES),
            empty={},
            first=callbacks.of_message(1, "delivered"),
            response=callbacks.ACCEPTED,
        ),
        "sweep": Deployed(
            Recipe(python, [hooklog / "SweepFunction", opt], pages.VARIABLES),
            first={},
            response=pages.NOTHING,
        ),
        "sequential": Deployed(Recipe(python, [artefacts.deployed_sequential()])),
        "boto3_alone": Deployed(Recipe(python, [artefacts.deployed_boto3()])),
    }
    if typescript:
        deployed["typescript"] = Deployed(Recipe([node(), str(typescript / "driver.mjs")]))
    return deployed


def measure(
    stub: Stub, functions: Mapping[Function, Deployed], rounds: int
) -> dict[Function, list[Start]]:
    """Start each function once per round.

    Raises:
        RuntimeError: a function fails, or returns something unexpected.

    """
    starts: defaultdict[Function, list[Start]] = defaultdict(list)
    # An additional round fills the disk's cache, and is not measured.
    for number in range(rounds + 1):
        for name, function in functions.items():
            start = _start(stub, function)
            if number:
                starts[name].append(start)
    return starts


def authorities_ms() -> float:
    """Return the CPU time that loading botocore's certificate authorities takes.

    The stub speaks plain HTTP, so the starts do not include it.
    """
    bundle = Path(botocore.__file__).with_name("cacert.pem")
    started = time.process_time()
    ssl.create_default_context(cafile=bundle)
    return (time.process_time() - started) * 1000


def _python() -> list[str]:
    """Return the command of a driver as isolated as in Lambda.

    It has only the function's own packages, and writes no bytecode.
    """
    return [str(artefacts.runtime_python()), "-I", "-S", "-B", str(DRIVER)]


def _start(stub: Stub, function: Deployed) -> Start:
    stub.reset(NO_LATENCY, empty_table=True)
    with function.recipe.start(stub) as subject:
        ready = subject.imported_ms
        if function.empty is not None:
            ready += subject.invoke(function.empty).wall_ms
        first = subject.invoke(function.first)
        if first.response != function.response:
            raise RuntimeError(f"The function returned {first.response} for its first event.")
        calls = stub.reset(NO_LATENCY).calls
        answered = ready + first.wall_ms
        return Start(subject.imported_ms, ready, answered, first.peak_kib / 1024, calls)
