"""The deployed stack: the names of its parts, and clients for them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from hooklog.adapters.aws.clients import Clients
from hooklog_ops.errors import StackNotFoundError

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import LogGroupTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

#: Name of the stack in samconfig.toml.
DEFAULT_STACK = "hooklog"
#: Where `make run KEEP=1` notes the endpoint of its local cloud while it is up.
LOCAL_NOTE = Path(".local/deployment.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDeployment:
    """A stack in the local cloud of this directory."""

    endpoint_url: str
    stack: str
    pid: int

    @classmethod
    def find(cls, directory: Path) -> LocalDeployment | None:
        """Read the note of a local cloud; None if there is none, or its process has ended."""
        try:
            found = cls(**json.loads((directory / LOCAL_NOTE).read_text(encoding="utf-8")))
            os.kill(found.pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            return None
        return found

    def note(self, directory: Path) -> Path:
        """Write the note; the process that ends the cloud removes the file."""
        path = directory / LOCAL_NOTE
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A stack's outputs by name, and clients for what they name.

    Attributes:
        name: of the stack.
        outputs: of the stack.
        session: with region and credentials.
        endpoint_url: of a local cloud; None for AWS.
        config: of each client; None for boto3's own.

    """

    name: str
    outputs: Mapping[str, str]
    session: boto3.session.Session
    endpoint_url: str | None = None
    config: Config | None = None

    @classmethod
    def open(
        cls,
        session: boto3.session.Session,
        name: str = DEFAULT_STACK,
        *,
        endpoint_url: str | None = None,
    ) -> Deployment:
        """Read the stack's outputs.

        Raises:
            StackNotFoundError: the account and region have no such stack.
            ClientError: AWS refused for another reason.

        """
        try:
            answer = session.client("cloudformation", endpoint_url=endpoint_url).describe_stacks(
                StackName=name
            )
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                raise StackNotFoundError(
                    f"There is no stack {name} in {session.region_name}; name yours with --stack,"
                    " and its region and account with --region and --profile."
                ) from None
            raise
        outputs = {
            output["OutputKey"]: output["OutputValue"]
            for output in answer["Stacks"][0].get("Outputs", [])
        }
        return cls(name=name, outputs=outputs, session=session, endpoint_url=endpoint_url)

    def with_config(self, config: Config) -> Deployment:
        """Return the same deployment with clients of its own that use this configuration."""
        return replace(self, config=config)

    def output(self, name: str) -> str:
        """Return one of the stack's outputs.

        Raises:
            StackNotFoundError: the stack has no such output; it is another's, or too old.

        """
        if name not in self.outputs:
            raise StackNotFoundError(
                f"The stack {self.name} has no output {name}; is it hooklog's, and up to date?"
            )
        return self.outputs[name]

    @cached_property
    def _clients(self) -> Clients:
        return Clients(self.config, session=self.session, endpoint_url=self.endpoint_url)

    @property
    def dynamodb(self) -> DynamoDBClient:
        """A client for the table."""
        return self._clients.dynamodb

    @property
    def sqs(self) -> SQSClient:
        """A client for the queues."""
        return self._clients.sqs

    @property
    def secrets(self) -> SecretsManagerClient:
        """A client for the credentials."""
        return self._clients.secrets

    @property
    def events(self) -> EventBridgeClient:
        """A client for the event bus."""
        return self._clients.events

    @cached_property
    def streams(self) -> DynamoDBStreamsClient:
        """A client for the table's stream."""
        return self.session.client(
            "dynamodbstreams", endpoint_url=self.endpoint_url, config=self.config
        )

    @cached_property
    def functions(self) -> LambdaClient:
        """A client for the functions."""
        return self.session.client("lambda", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """A client for the metrics."""
        return self.session.client("cloudwatch", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """A client for the stack's resources."""
        return self.session.client(
            "cloudformation", endpoint_url=self.endpoint_url, config=self.config
        )

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """A client for the log groups."""
        return self.session.client("logs", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def iam(self) -> BaseClient:
        """A client for the functions' roles."""
        client: BaseClient = self.session.client(
            "iam", endpoint_url=self.endpoint_url, config=self.config
        )
        return client

    @cached_property
    def sts(self) -> STSClient:
        """A client that tells who calls."""
        return self.session.client("sts", endpoint_url=self.endpoint_url, config=self.config)

    def function(self, output: str) -> FunctionConfigurationResponseTypeDef:
        """Return the configuration of the function that an output names."""
        return self.functions.get_function_configuration(FunctionName=self.output(output))

    def variables(self, output: str) -> Mapping[str, str]:
        """Return the environment of the function that an output names."""
        return self.function(output).get("Environment", {}).get("Variables", {})

    @property
    def log_groups(self) -> list[str]:
        """The log groups of the functions that are deployed."""
        return [group for name, group in self.outputs.items() if name.endswith("LogGroupName")]

    def log_group(self, name: str) -> LogGroupTypeDef | None:
        """Return what CloudWatch Logs says of a log group; None if there is none."""
        pages = self.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        found = (one for page in pages for one in page["logGroups"])
        return next((one for one in found if one["logGroupName"] == name), None)

    def public_address(self, url: str) -> tuple[str, Mapping[str, str]]:
        """Return where a request to a URL of the webhook goes, and the headers for that.

        A local cloud, whose endpoint has no TLS, tells Function URLs apart by the host.
        """
        endpoint = self.functions.meta.endpoint_url
        if not endpoint.startswith("http://"):
            return url, {}
        host = urlsplit(self.output("WebhookEndpoint")).netloc
        return endpoint + (urlsplit(url).path or "/"), {"Host": host}

    @property
    def caller(self) -> str:
        """The ARN of the caller."""
        return self.sts.get_caller_identity()["Arn"]
