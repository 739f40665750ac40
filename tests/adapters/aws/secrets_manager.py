"""A Secrets Manager in memory, for the adapters that read the secret."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:hooklog"
TOKEN = "PT0123456789-do-not-show"


class SecretsManager:
    """A Secrets Manager with one secret, and a clock."""

    def __init__(self, *answers: str | bytes | Exception) -> None:
        """Return these answers in order, and then the last one each time."""
        self.answers = list(answers)
        self.clients = 0
        self.reads = 0
        self.now = 1000.0
        self.takes = 0.0

    def client(self) -> SecretsManagerClient:
        """Create a client."""
        self.clients += 1
        return cast("SecretsManagerClient", self)

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803 - as in boto3
        """Answer as AWS does."""
        assert SecretId == ARN
        self.reads += 1
        time.sleep(self.takes)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {"SecretBinary" if isinstance(answer, bytes) else "SecretString": answer}


def client_error(code: str) -> ClientError:
    """Return an error as boto3 raises it."""
    return ClientError({"Error": {"Code": code, "Message": f"about {TOKEN}"}}, "GetSecretValue")
