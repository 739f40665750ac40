"""The deployed stack: where its table and queues are, and clients for them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from hooklog_ops.problems import StackNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

#: Name of the stack if nobody says otherwise, as in samconfig.toml.
DEFAULT_STACK = "hooklog"
#: Where `make run KEEP=1` leaves the place of its local cloud while it is up.
LOCAL_NOTE = Path(".local/deployment.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDeployment:
    """A stack in the local cloud of this directory."""

    endpoint_url: str
    stack: str
    pid: int

    @classmethod
    def find(cls, directory: Path) -> LocalDeployment | None:
        """Read the note of a local cloud that is still up, if there is one."""
        try:
            found = cls(**json.loads((directory / LOCAL_NOTE).read_text(encoding="utf-8")))
            os.kill(found.pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            return None
        return found

    def note(self, directory: Path) -> Path:
        """Leave the note; whoever ends the cloud removes the file."""
        path = directory / LOCAL_NOTE
        path.parent.mkdir(exist_ok=True)
        text = json.dumps({"endpoint_url": self.endpoint_url, "stack": self.stack, "pid": self.pid})
        path.write_text(text, encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A stack's outputs by name, and the session that reaches what they name."""

    name: str
    outputs: Mapping[str, str]
    session: boto3.session.Session
    endpoint_url: str | None = None

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
            StackNotFoundError: no such stack in this account and region.
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

    def output(self, name: str) -> str:
        """Give one of the stack's outputs.

        Raises:
            StackNotFoundError: the stack has no such output, so it is not hooklog's or too old.

        """
        if name not in self.outputs:
            raise StackNotFoundError(
                f"The stack {self.name} has no output {name}; is it hooklog's, and up to date?"
            )
        return self.outputs[name]

    @property
    def dynamodb(self) -> DynamoDBClient:
        """A client for the table."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint_url)

    @property
    def sqs(self) -> SQSClient:
        """A client for the queues."""
        return self.session.client("sqs", endpoint_url=self.endpoint_url)

    @property
    def secrets(self) -> SecretsManagerClient:
        """A client for the credentials."""
        return self.session.client("secretsmanager", endpoint_url=self.endpoint_url)

    @property
    def functions(self) -> LambdaClient:
        """A client for the functions."""
        return self.session.client("lambda", endpoint_url=self.endpoint_url)

    def function(self, output: str) -> FunctionConfigurationResponseTypeDef:
        """Give the configuration of a function, by the output that names it."""
        return self.functions.get_function_configuration(FunctionName=self.output(output))

    def variables(self, output: str) -> Mapping[str, str]:
        """Give the environment of a function, by the output that names it."""
        return self.function(output).get("Environment", {}).get("Variables", {})

    @property
    def caller(self) -> str:
        """Who asks, as AWS knows them: an ARN."""
        sts: STSClient = self.session.client("sts", endpoint_url=self.endpoint_url)
        return sts.get_caller_identity()["Arn"]
