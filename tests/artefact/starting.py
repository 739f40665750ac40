"""Starts a function of the artefact in a process that can import nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: Each function, and the code that wires its parts.
FUNCTIONS = {
    "EnrichFunction": "enricher",
    "PublishFunction": "publisher",
    "SweepFunction": "parts",
    "WebhookFunction": "front_door",
}
LAYERS = ("DependenciesLayer", "HooklogLayer")

#: Imports a function and wires its parts, in a process that finds nothing but the artefact, and
#: prints which modules were loaded and which of their files were compiled.
START = """
import json, sys

compiled = []
sys.addaudithook(lambda event, args: event == "compile" and compiled.append(str(args[1])))
sys.path[:0] = sys.argv[2:]
import gc, importlib
app = importlib.import_module("app")
getattr(app, sys.argv[1])()
import boto3
services = ("dynamodb", "events", "sqs", "secretsmanager")
made = [boto3.client(service) for service in services]
print(json.dumps({
    "compiled": [file for file in compiled if file.startswith(tuple(sys.argv[2:]))],
    "modules": {name: getattr(module, "__file__", None) for name, module in sys.modules.items()},
    "collects": gc.isenabled(),
    "frozen": gc.get_freeze_count(),
}))
"""


@dataclass(frozen=True)
class Started:
    """The effects of a function's start."""

    #: Files of the artefact that were compiled.
    compiled: list[str]
    #: File of each module that was loaded, by name.
    modules: dict[str, str | None]
    collects: bool
    frozen: int


def start(deployed: Path, function: str) -> Started:
    """Start a function as Lambda does, without permission to write bytecode."""
    folders = [str(deployed / function), str(deployed / "opt/python")]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", START, FUNCTIONS[function], *folders],
        env={
            "AWS_DEFAULT_REGION": "us-east-1",
            "TABLE_NAME": "hooklog",
            "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/hooklog",
            "SIGNALWIRE_SPACE": "example.signalwire.com",
            "SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x",
            "WEBHOOK_URL": "https://hooks.example.com",
            "EVENTS": "All",
            "UNPUBLISHED_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/unpublished",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return Started(**json.loads(done.stdout.splitlines()[-1]))
