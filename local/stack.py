"""The real template, built and deployed into a local cloud by the SAM CLI."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.cloud import ROOT, LocalCloud

_SAM = ROOT / ".tools/sam/bin/sam"
_TIMEOUT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What a deployment made: the outputs of the template."""

    queue_url: str
    dead_letter_queue_url: str
    table_name: str
    secret_arn: str
    function_name: str
    log_group: str


def build() -> None:
    """Run ``sam build`` for this machine's processor; what has not changed is not built again.

    Raises:
        RuntimeError: sam failed; the text is its output.

    """
    _sam({}, "build", "--config-env", "local", "--parameter-overrides", _parameters({}))


def deploy(
    cloud: LocalCloud, parameters: Mapping[str, str], *, name: str = "hooklog-local"
) -> Stack:
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
    )


def put_credentials(cloud: LocalCloud, stack: Stack, project_id: str, api_token: str) -> None:
    """Put SignalWire's credentials where the function looks for them."""
    cloud.client("secretsmanager").put_secret_value(
        SecretId=stack.secret_arn,
        SecretString=json.dumps({"project_id": project_id, "api_token": api_token}),
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


def _parameters(parameters: Mapping[str, str]) -> str:
    architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    everything = {
        "Architecture": architecture,
        "SignalWireSpace": "127.0.0.1:1",
        "TableDeletionProtection": "false",
        **parameters,
    }
    return " ".join(f"{name}={value}" for name, value in everything.items())


def _sam(environment: Mapping[str, str], *arguments: str) -> None:
    # sam build looks for the runtime's own python3.13 on PATH; a virtual environment's is a
    # link that leaves out pip, so the one it was made of comes first.
    own = Path(sys.base_prefix) / "bin"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    variables |= {
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "*",
        **environment,
    }
    done = subprocess.run(
        [str(_SAM), *arguments],
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"sam {arguments[0]} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        )
