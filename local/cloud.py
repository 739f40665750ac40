"""The local cloud: ministack on a loopback port, for as long as a block lasts."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import boto3

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).parent.parent
REGION = "us-east-1"
LOOPBACK = "127.0.0.1"
#: ministack as it comes.
MINISTACK = ROOT / ".tools/cloud/bin/ministack"
_PYTHON = MINISTACK.with_name("python")
_PROGRAM = ROOT / "local/cloud_program.py"
_PORTS = range(20_000, 32_000)
_READY_WITHIN = 30.0
_ENDED_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """A running local cloud; its content ends with it."""

    url: str
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        """Variables that direct the AWS tools to this cloud, with dummy credentials."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def session(self) -> boto3.session.Session:
        """A session with dummy credentials; its clients need the endpoint URL of the cloud."""
        return boto3.session.Session(
            aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION
        )

    @overload
    def client(self, service: Literal["cloudformation"]) -> CloudFormationClient: ...
    @overload
    def client(self, service: Literal["cloudwatch"]) -> CloudWatchClient: ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["dynamodbstreams"]) -> DynamoDBStreamsClient: ...
    @overload
    def client(self, service: Literal["events"]) -> EventBridgeClient: ...
    @overload
    def client(self, service: Literal["lambda"]) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
    @overload
    def client(self, service: Literal["sqs"]) -> SQSClient: ...
    def client(self, service: str) -> BaseClient:
        """Make a boto3 client for one of its services."""
        client: BaseClient = self.session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]
        return client


@contextmanager
def local_cloud(
    log: Path,
    extra_environment: Mapping[str, str] | None = None,
    *,
    address: str = LOOPBACK,
    port: int | None = None,
    program: Path = _PROGRAM,
) -> Iterator[LocalCloud]:
    """Start a local cloud, and end it with all processes that it started.

    Args:
        log: file for its output.
        extra_environment: variables for its process and the functions that it runs.
        address: of this machine, to listen on.
        port: to listen on, which must be free; any free one by default.
        program: to run, in Python; by default ministack with what it lacks.

    Raises:
        RuntimeError: it did not start; its output follows the first line of the text.

    """
    require_installed(_PYTHON)
    port = port or free_port()
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = environment_without_aws() | {"BIND_HOST": address, "GATEWAY_PORT": str(port)}
    # It never deletes what it unpacks.
    with tempfile.TemporaryDirectory(prefix="hooklog-", ignore_cleanup_errors=True) as scratch:
        with log.open("w") as output:
            process = subprocess.Popen(
                # With -P, ministack does not find the modules beside the program.
                [str(_PYTHON), "-P", str(program)],
                env={**environment, **(extra_environment or {}), "TMPDIR": scratch},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait_until_ready(process, (address, port), log)
            yield LocalCloud(f"http://{address}:{port}", process.pid)
        finally:
            end_group(process)


def environment_without_aws() -> dict[str, str]:
    """Return this process's variables, without settings of AWS and without a proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"NO_PROXY": "*"}


def require_installed(program: Path) -> None:
    """Raise RuntimeError unless `make setup` has installed this program."""
    if not program.exists():
        raise RuntimeError(f"{program.relative_to(ROOT)} is missing: run `make setup` first.")


def free_port() -> int:
    """Find a free port of the loopback interface.

    It is below the ports that the system gives to clients: one of them could take it before the
    program that asked for it does.
    """
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise RuntimeError("The loopback interface has no free port.")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a process group, and the whole group."""
    for end in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, end)
            process.wait(_ENDED_WITHIN)
        except ProcessLookupError:
            return
        except PermissionError:  # what macOS says of a group whose processes have all ended
            process.wait(_ENDED_WITHIN)
            return
        except subprocess.TimeoutExpired:
            continue


def _wait_until_ready(
    process: subprocess.Popen[bytes], address: tuple[str, int], log: Path
) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The local cloud did not start. Its output:\n{log.read_text()}")
