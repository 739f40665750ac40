"""How long the deployed functions take to start: fresh processes on a tree that stays as it is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import artefacts, logs
from bench.kinds import AT_ONCE
from bench.measured import Function
from bench.processes import Stub, running_subject
from bench.stub_aws import SIGNING_KEY
from bench.subjects import DRIVER, environment, node
from local.space.signatures import sign_body

type Event = Mapping[str, Any]

PUBLIC_URL = "https://hooks.example.com"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A function as it is deployed.

    Attributes:
        command: interpreter and driver.
        folders: where its code is.
        empty: event that has it wired, and asks for nothing; None if importing wires it.
        first: event that asks for something.
        answer: to that.
        variables: that it has beside the usual.

    """

    command: Sequence[str]
    folders: Sequence[Path]
    empty: Event | None = None
    first: Event = field(default_factory=lambda: logs.event(0, 1))
    answer: Event = field(default_factory=lambda: {"batchItemFailures": []})
    variables: Mapping[str, str] = field(default_factory=dict)


def deploy(typescript: Path | None) -> dict[Function, Deployed]:
    """Build what is deployed.

    Args:
        typescript: where that peer's bundle is, if it could be made.

    Raises:
        RuntimeError: something could not be built; the text says why.

    """
    # Isolated as in Lambda: no packages but its own, and no bytecode is written.
    python = [str(artefacts.runtime_python()), "-I", "-S", "-B", str(DRIVER)]
    hooklog = artefacts.deployed_hooklog()
    opt = hooklog / "opt/python"
    deployed: dict[Function, Deployed] = {
        "hooklog": Deployed(python, [hooklog / "EnrichFunction", opt], empty={"Records": []}),
        "webhook": Deployed(
            python,
            [hooklog / "WebhookFunction", opt],
            empty={},
            first=_callback(),
            answer={"statusCode": 204},
            variables={
                "SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x",
                "WEBHOOK_URL": PUBLIC_URL,
            },
        ),
        "sequential": Deployed(python, [artefacts.deployed_sequential()]),
        "boto3_alone": Deployed(python, [artefacts.deployed_boto3()]),
    }
    if typescript:
        deployed["typescript"] = Deployed([node(), str(typescript / "subject.mjs")], [])
    return deployed


def measure(
    stub: Stub, functions: Mapping[Function, Deployed], rounds: int
) -> dict[Function, list[tuple[float, float]]]:
    """Start each function in each round.

    Returns:
        For each round, the milliseconds until it was ready, and until it had answered the first
        event that asked for something.

    Raises:
        RuntimeError: a function fails, or answers otherwise than it should.

    """
    times: defaultdict[Function, list[tuple[float, float]]] = defaultdict(list)
    # The round before the first fills the disk's cache, and does not count.
    for number in range(rounds + 1):
        for name, function in functions.items():
            stub.turn(AT_ONCE, empty_table=True)
            took = _start(function, {**environment(stub.url), **function.variables})
            if number:
                times[name].append(took)
    return times


def _start(function: Deployed, variables: Mapping[str, str]) -> tuple[float, float]:
    with running_subject(function.command, function.folders, variables) as subject:
        ready = subject.imported_ms
        if function.empty is not None:
            ready += subject.invoke(function.empty).wall_ms
        took = subject.invoke(function.first)
        if took.answer != function.answer:
            raise RuntimeError(f"The first event was answered with {took.answer}.")
        return ready, ready + took.wall_ms


def _callback() -> Event:
    """Give the event in which a Function URL hands over a signed status callback."""
    body = json.dumps({"id": logs.log_id(1), "status": "delivered", "to": "+12025550143"})
    return {
        "version": "2.0",
        "rawPath": "/message",
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json",
            **sign_body(SIGNING_KEY, f"{PUBLIC_URL}/message", body.encode()),
        },
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": False,
    }
