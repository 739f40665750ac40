"""How long the deployed functions take to start, in new processes on an unchanged tree."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import artefacts, logs
from bench.measured import Function
from bench.processes import Stub, running_subject
from bench.stub_aws import SIGNING_KEY
from bench.subjects import DRIVER, environment, node
from bench.workloads import NO_LATENCY
from local.space.signatures import sign_body

type Event = Mapping[str, Any]

PUBLIC_URL = "https://hooks.example.com"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A function as it is deployed.

    Attributes:
        command: interpreter and driver.
        folders: where its code is.
        empty: event without work, which wires the function; None if the import wires it.
        first: event with work.
        response: what the function should return for `first`.
        variables: environment variables that only this function has.

    """

    command: Sequence[str]
    folders: Sequence[Path]
    empty: Event | None = None
    first: Event = field(default_factory=lambda: logs.sqs_event(0, 1))
    response: Event = field(default_factory=lambda: {"batchItemFailures": []})
    variables: Mapping[str, str] = field(default_factory=dict)


def deploy(typescript: Path | None) -> dict[Function, Deployed]:
    """Build the functions as they would be deployed.

    Args:
        typescript: folder of the TypeScript peer's bundle, or None if it could not be built.

    Raises:
        RuntimeError: a build failed; the message is its output.

    """
    # Isolated as in Lambda: only its own packages, and no bytecode is written.
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
            response={"statusCode": 204},
            variables={
                "SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x",
                "WEBHOOK_URL": PUBLIC_URL,
            },
        ),
        "sequential": Deployed(python, [artefacts.deployed_sequential()]),
        "boto3_alone": Deployed(python, [artefacts.deployed_boto3()]),
    }
    if typescript:
        deployed["typescript"] = Deployed([node(), str(typescript / "driver.mjs")], [])
    return deployed


def measure(
    stub: Stub, functions: Mapping[Function, Deployed], rounds: int
) -> dict[Function, list[tuple[float, float]]]:
    """Start each function once per round.

    Returns:
        For each round, the milliseconds until the function was ready, and until it had processed
        the first event with work.

    Raises:
        RuntimeError: a function fails, or returns something unexpected.

    """
    times: defaultdict[Function, list[tuple[float, float]]] = defaultdict(list)
    # An additional round fills the disk's cache, and is not measured.
    for number in range(rounds + 1):
        for name, function in functions.items():
            stub.reset(NO_LATENCY, empty_table=True)
            time = _start(function, {**environment(stub.url), **function.variables})
            if number:
                times[name].append(time)
    return times


def _start(function: Deployed, variables: Mapping[str, str]) -> tuple[float, float]:
    with running_subject(function.command, function.folders, variables) as subject:
        ready = subject.imported_ms
        if function.empty is not None:
            ready += subject.invoke(function.empty).wall_ms
        first = subject.invoke(function.first)
        if first.response != function.response:
            raise RuntimeError(f"The function returned {first.response} for its first event.")
        return ready, ready + first.wall_ms


def _callback() -> Event:
    """Return a Function URL's event with a signed status callback."""
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
