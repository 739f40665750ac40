"""The real template, built and deployed into a local cloud by the SAM CLI."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.cloud import ROOT, LocalCloud, end_group, require_installed
from local.log_group import lines

_SAM = ROOT / ".tools/sam/bin/sam"
_TIMEOUT = 600
#: Of the stack in the local cloud, unless another is asked for.
NAME = "hooklog-local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What a deployment made: the outputs of the template."""

    queue_url: str
    dead_letter_queue_url: str
    table_name: str
    secret_arn: str
    function_name: str
    log_group: str
    webhook_endpoint: str
    sweep_function: str
    webhook_log_group: str


def build() -> None:
    """Run ``sam build`` for this machine's processor; what has not changed is not built again.

    Raises:
        RuntimeError: sam failed; the text is its output.

    """
    _sam({}, "build", "--config-env", "local", "--parameter-overrides", _parameters({}))


def deploy(cloud: LocalCloud, parameters: Mapping[str, str], *, name: str = NAME) -> Stack:
    """Run ``sam deploy`` of what was built.

    Args:
        cloud: to deploy into.
        parameters: of the template.
        name: of the stack.

    Raises:
        RuntimeError: sam failed; the text is its output.

    """
    _sam(
        cloud.environment,
        *("deploy", "--config-env", "local", "--stack-name", name),
        *("--parameter-overrides", _parameters(parameters)),
    )
    (description,) = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in description["Outputs"]}
    _set_concurrency_as_number(cloud, outputs["EnrichFunctionName"])
    return Stack(
        queue_url=outputs["QueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
        table_name=outputs["TableName"],
        secret_arn=outputs["CredentialsSecretArn"],
        function_name=outputs["EnrichFunctionName"],
        log_group=outputs["EnrichLogGroupName"],
        sweep_function=outputs["SweepFunctionName"],
        webhook_endpoint=outputs["WebhookEndpoint"],
        webhook_log_group=outputs["WebhookLogGroupName"],
    )


def put_credentials(
    cloud: LocalCloud,
    stack: Stack,
    project_id: str,
    api_token: str,
    signing_keys: Sequence[str] = (),
) -> None:
    """Put SignalWire's credentials where the functions look for them."""
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


def send(cloud: LocalCloud, stack: Stack, bodies: list[str]) -> None:
    """Put messages on the queue, ten a call."""
    sqs = cloud.client("sqs")
    for start in range(0, len(bodies), 10):
        sqs.send_message_batch(
            QueueUrl=stack.queue_url,
            Entries=[
                {"Id": str(index), "MessageBody": body}
                for index, body in enumerate(bodies[start : start + 10])
            ],
        )


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


def sweep(cloud: LocalCloud, stack: Stack) -> dict[str, Any]:
    """Run a sweep to its end, and give what it found by log type and verdict.

    Raises:
        RuntimeError: the function failed; the text is its error.

    """
    functions = cloud.client("lambda")
    while True:
        answer = functions.invoke(FunctionName=stack.sweep_function, Payload=b"{}")
        summary: dict[str, Any] = json.loads(answer["Payload"].read())
        if "complete" not in summary:
            raise RuntimeError(f"The sweep failed: {summary}")
        if summary["complete"]:
            found: dict[str, Any] = summary["found"]
            return found


def rows(cloud: LocalCloud, stack: Stack) -> list[dict[str, Any]]:
    """Read the whole table, as Python values."""
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=stack.table_name)
    read = TypeDeserializer().deserialize
    return [
        {name: read(value) for name, value in item.items()}
        for page in pages
        for item in page["Items"]
    ]


def log_lines(cloud: LocalCloud, stack: Stack) -> list[str]:
    """Read what the functions have printed."""
    logs = cloud.client("logs")
    return [
        line for group in (stack.log_group, stack.webhook_log_group) for line in lines(logs, group)
    ]


def _set_concurrency_as_number(cloud: LocalCloud, function_name: str) -> None:
    """Repair what ministack 1.5.33 makes of a Number parameter: a text its poller trips over."""
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


def architecture() -> str:
    """Name this machine's processor as the template does."""
    return "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"


def _parameters(parameters: Mapping[str, str]) -> str:
    everything = {
        "Architecture": architecture(),
        "SignalWireSpace": "127.0.0.1:1",
        "TableDeletionProtection": "false",
        # The local cloud knows no metric math, which these alarms need.
        "FaxFailurePercent": "0",
        "MessageFailurePercent": "0",
        **parameters,
    }
    return " ".join(f"{name}={value}" for name, value in everything.items())


def _sam(environment: Mapping[str, str], *arguments: str) -> None:
    require_installed(_SAM)
    # sam build looks for the runtime's own python3.13 on PATH; a virtual environment's is a
    # link that leaves out pip, so the one it was made of comes first.
    own = Path(sys.base_prefix) / "bin"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    variables |= {
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.5",  # seconds between looks at a deployment, else five
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "*",
        **environment,
    }
    # A group of its own, so that whatever sam starts ends with it when the user interrupts;
    # and a place of its own for the temporary directories that it leaves.
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
