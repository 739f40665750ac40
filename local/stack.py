"""The real template, built and deployed into a local cloud by the SAM CLI."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from hooklog.adapters.aws.sqs import SqsProducer
from hooklog_ops.deployment import Deployment
from local.cloud import (
    REGION,
    ROOT,
    LocalCloud,
    end_group,
    environment_without_aws,
    require_installed,
)
from local.log_group import lines
from local.template import template

#: Name of the stack in the local cloud.
NAME = "hooklog-local"
#: Where `sam build` puts what the local cloud runs, apart from what it makes for Lambda.
BUILD = ROOT / ".local/build"
#: Where it puts what Lambda and its containers run.
FOR_LAMBDA = ROOT / ".aws-sam/build"
_SAM = ROOT / ".tools/sam/bin/sam"
_TIMEOUT = 600

#: An item of the table, as Python values.
type Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The outputs of a deployed template that the tools and tests need."""

    queue_url: str
    dead_letter_queue_url: str
    table_name: str
    secret_arn: str
    enrich_function: str
    sweep_function: str
    webhook_endpoint: str
    #: None without events.
    publish_function: str | None
    #: Of all functions.
    log_groups: Sequence[str]


def build(directory: Path = BUILD) -> None:
    """Run ``sam build`` for this machine's processor; unchanged parts are not built again.

    The local cloud runs functions as processes of this machine, so on macOS their dependencies are
    those of macOS, except in `FOR_LAMBDA`.

    Raises:
        RuntimeError: sam failed; its output follows the first line of the text.

    """
    _sam(
        {} if directory == FOR_LAMBDA else layer_platform(sys.platform, platform.machine()),
        *("build", "--config-env", "local", "--build-dir", str(directory)),
        *("--cache-dir", str(directory.with_name("cache"))),
        *("--parameter-overrides", _parameters({})),
    )


def deploy(cloud: LocalCloud, parameters: Mapping[str, str], *, built: Path = BUILD) -> Stack:
    """Run ``sam deploy`` on a build, with these parameters of the template.

    Raises:
        RuntimeError: sam failed; its output follows the first line of the text.

    """
    _sam(
        cloud.environment,
        *("deploy", "--config-env", "local", "--stack-name", NAME),
        # sam looks for its settings beside the template.
        *("--template-file", str(built / "template.yaml")),
        *("--config-file", str(ROOT / "samconfig.toml")),
        *("--parameter-overrides", _parameters(parameters)),
    )
    deployed = Deployment.open(cloud.session, NAME, endpoint_url=cloud.url)
    outputs = deployed.outputs
    _set_concurrency_as_number(cloud, outputs["EnrichFunctionName"])
    return Stack(
        queue_url=outputs["QueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
        table_name=outputs["TableName"],
        secret_arn=outputs["CredentialsSecretArn"],
        enrich_function=outputs["EnrichFunctionName"],
        sweep_function=outputs["SweepFunctionName"],
        webhook_endpoint=outputs["WebhookEndpoint"],
        publish_function=outputs.get("PublishFunctionName"),
        log_groups=deployed.log_groups,
    )


def put_credentials(
    cloud: LocalCloud,
    stack: Stack,
    project_id: str,
    api_token: str,
    signing_keys: Sequence[str] = (),
) -> None:
    """Put SignalWire's credentials into the secret that the functions read."""
    cloud.client("secretsmanager").put_secret_value(
        SecretId=stack.secret_arn,
        SecretString=json.dumps(
            {
                "project_id": project_id,
                "api_token": api_token,
                "signing_keys": list(signing_keys),
            }
        ),
    )


def send(cloud: LocalCloud, stack: Stack, bodies: Sequence[str]) -> None:
    """Put messages on the queue.

    Raises:
        QueueUnavailableError: SQS did not take them.

    """
    sqs = cloud.client("sqs")
    SqsProducer(lambda: sqs, stack.queue_url).send_all(bodies)


def messages_left(cloud: LocalCloud, queue_url: str) -> int:
    """Count the messages of a queue: waiting, delayed and in flight."""
    answer = cloud.client("sqs").get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )
    return sum(map(int, answer["Attributes"].values()))


def wait_until_empty(
    left: Callable[[], int], *, within_s: float, say: Callable[[int], None] = lambda _: None
) -> None:
    """Wait until a queue has no messages.

    Args:
        left: returns the number of messages in the queue.
        within_s: seconds to wait at most.
        say: called with the number of messages that are left, several times per second.

    Raises:
        TimeoutError: the queue still had messages after that time.

    """
    deadline = time.monotonic() + within_s
    while messages := left():
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{messages} messages are still in the queue after {within_s:.0f} seconds."
            )
        say(messages)
        time.sleep(0.25)


def sweep(cloud: LocalCloud, stack: Stack) -> dict[str, dict[str, int]]:
    """Run a sweep to its end, and return the number of logs by kind and verdict.

    Raises:
        RuntimeError: the function failed; the text contains its error.

    """
    functions = cloud.client("lambda")
    while True:
        answer = functions.invoke(FunctionName=stack.sweep_function, Payload=b"{}")
        summary: dict[str, Any] = json.loads(answer["Payload"].read())
        if "complete" not in summary:
            raise RuntimeError(f"The sweep failed: {summary}")
        if summary["complete"]:
            found: dict[str, dict[str, int]] = summary["found"]
            return found


def rows(cloud: LocalCloud, stack: Stack) -> list[dict[str, Any]]:
    """Read the whole table, as Python values."""
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=stack.table_name)
    deserialize = TypeDeserializer().deserialize
    return [
        {name: deserialize(value) for name, value in item.items()}
        for page in pages
        for item in page["Items"]
    ]


def log_lines(cloud: LocalCloud, stack: Stack) -> list[str]:
    """Read everything that the functions have printed."""
    logs = cloud.client("logs")
    return [line for group in stack.log_groups for line in lines(logs, group)]


def architecture() -> str:
    """Return this machine's processor in the template's words."""
    return "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"


def layer_platform(system: str, machine: str) -> dict[str, str]:
    """Return the variable by which the dependencies layer has wheels of macOS; none elsewhere.

    Args:
        system: as in `sys.platform`.
        machine: as `platform.machine()` returns it.

    """
    return {"LAYER_PLATFORM": f"macosx_11_0_{machine}"} if system == "darwin" else {}


def _set_concurrency_as_number(cloud: LocalCloud, function_name: str) -> None:
    """Correct the event source mapping: ministack 1.5.33 stores a Number parameter as text."""
    functions = cloud.client("lambda")
    for mapping in functions.list_event_source_mappings(FunctionName=function_name)[
        "EventSourceMappings"
    ]:
        functions.update_event_source_mapping(
            UUID=mapping["UUID"],
            ScalingConfig={
                "MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])
            },
        )


def _parameters(parameters: Mapping[str, str]) -> str:
    everything = {
        "Architecture": architecture(),
        "SignalWireSpace": "127.0.0.1:1",
        "TableDeletionProtection": "false",
        # These alarms need metric math, which the local cloud lacks.
        **{name: "0" for name in template()["Parameters"] if name.endswith("FailurePercent")},
        **parameters,
    }
    return " ".join(f"{name}={value}" for name, value in everything.items())


def _sam(environment: Mapping[str, str], *arguments: str) -> None:
    require_installed(_SAM)
    # sam build needs the runtime's python3.13 on PATH, with pip. The virtual environment's is a
    # link without pip, so its base installation comes first.
    base = Path(sys.base_prefix) / "bin"
    variables = {
        **environment_without_aws(),
        "PATH": f"{base}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.5",  # seconds between looks at a deployment; the default is five
        "AWS_DEFAULT_REGION": REGION,
        **environment,
    }
    # A process group and a temporary directory of its own, so that everything that sam starts and
    # leaves behind is removed.
    with tempfile.TemporaryDirectory(prefix="hooklog-", ignore_cleanup_errors=True) as scratch:
        process = subprocess.Popen(
            [str(_SAM), *arguments],
            cwd=ROOT,
            env={**variables, "TMPDIR": scratch},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"sam {arguments[0]} took more than {_TIMEOUT} seconds.") from None
        finally:
            if process.poll() is None:
                end_group(process)
    if process.returncode:
        raise RuntimeError(f"sam {arguments[0]} failed. Its output:\n{output.decode()}")
