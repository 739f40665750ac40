"""boto3 clients, each made when it is first needed and then kept."""

from __future__ import annotations

import functools
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

#: AWS calls are few and small: better a quick failure and a redelivery than a long wait.
BOTO_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    # AWS validates parameters, too; botocore's own validation is a fifth of a write's cost.
    parameter_validation=False,
)


class Clients:
    """The clients of one session."""

    def __init__(
        self,
        config: Config | None = BOTO_CONFIG,
        *,
        session: boto3.session.Session | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        """Make no client yet.

        Args:
            config: of each client; None is boto3's own.
            session: with region and credentials; boto3's default session without it.
            endpoint_url: of a local cloud; AWS without it.

        """
        self._session = session
        self._config = config
        self._endpoint_url = endpoint_url

    @functools.cached_property
    def dynamodb(self) -> DynamoDBClient:
        """For the table."""
        client = self._of.client("dynamodb", config=self._config, endpoint_url=self._endpoint_url)
        client.meta.events.register("before-parse.dynamodb.BatchGetItem", _keep_items)
        return client

    @functools.cached_property
    def sqs(self) -> SQSClient:
        """For the queues."""
        return self._of.client("sqs", config=self._config, endpoint_url=self._endpoint_url)

    @functools.cached_property
    def events(self) -> EventBridgeClient:
        """For the event bus."""
        return self._of.client("events", config=self._config, endpoint_url=self._endpoint_url)

    @functools.cached_property
    def secrets(self) -> SecretsManagerClient:
        """For the credentials."""
        return self._of.client(
            "secretsmanager", config=self._config, endpoint_url=self._endpoint_url
        )

    @functools.cached_property
    def _of(self) -> boto3.session.Session:
        return self._session or boto3.session.Session()


def _keep_items(
    response_dict: dict[str, Any], customized_response_dict: dict[str, object], **_: object
) -> None:
    """Take the items of an answer as they arrive, past botocore's parser.

    Items look the same in Python as on the wire, as long as they hold no binary values. The parser
    would rebuild each attribute by the service's model, which takes most of the time of a read. If
    botocore emits no such event, it parses the answer as usual.
    """
    if response_dict["status_code"] != HTTPStatus.OK:
        return
    try:
        answer = json.loads(response_dict["body"])
    except ValueError:
        return
    if isinstance(answer, dict):
        customized_response_dict |= answer
        response_dict["body"] = b"{}"
