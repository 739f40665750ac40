"""Where the credentials for SignalWire come from."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field, ValidationError

from hooklog.errors import UnauthorizedError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: Seconds before a secret that was just read is read again, however many answers are 401.
_RENEW_INTERVAL = 60.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """HTTP Basic: the project ID is the user, the API token the password."""

    project_id: str
    api_token: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """Value of the ``Authorization`` header."""
        pair = f"{self.project_id}:{self.api_token}".encode()
        return "Basic " + base64.b64encode(pair).decode()


class CredentialsSource(Protocol):
    """Gives credentials, and newer ones after a refusal."""

    def current(self) -> Credentials:
        """Return the credentials to use.

        Raises:
            UnauthorizedError: there are none.

        """

    def renewed(self, refused: Credentials) -> Credentials:
        """Return what may have replaced refused credentials; the same if nothing has."""


@dataclass(frozen=True, slots=True)
class FixedCredentials:
    """Credentials out of the environment, for local use."""

    credentials: Credentials

    def current(self) -> Credentials:
        """Return the one pair there is."""
        return self.credentials

    def renewed(self, refused: Credentials) -> Credentials:  # noqa: ARG002 - nothing to renew
        """Return the one pair there is."""
        return self.credentials


class _Secret(BaseModel):
    project_id: str = Field(min_length=1)
    api_token: str = Field(min_length=1)


class SecretCredentials:
    """Credentials out of Secrets Manager, kept until they are refused."""

    def __init__(
        self,
        client: Callable[[], SecretsManagerClient],
        secret_arn: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet.

        Args:
            client: makes the Secrets Manager client when it is first needed.
            secret_arn: of a JSON secret with ``project_id`` and ``api_token``.
            monotonic: seconds, for the time between two reads.

        """
        self._client = client
        self._secret_arn = secret_arn
        self._monotonic = monotonic
        self._lock = Lock()
        self._cached: Credentials | None = None
        self._read_at = 0.0

    def current(self) -> Credentials:
        """Read the secret once, however many threads ask."""
        with self._lock:
            return self._cached or self._read()

    def renewed(self, refused: Credentials) -> Credentials:
        """Read the secret again, unless another thread has, or it was read a moment ago."""
        with self._lock:
            fresh = self._monotonic() - self._read_at < _RENEW_INTERVAL
            if self._cached is not None and (self._cached != refused or fresh):
                return self._cached
            return self._read()

    def _read(self) -> Credentials:
        try:
            answer = self._client().get_secret_value(SecretId=self._secret_arn)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise UnauthorizedError(f"The credentials secret cannot be read ({code}).") from None
        except BotoCoreError as error:
            raise UnauthorizedError(
                f"The credentials secret cannot be read ({type(error).__name__})."
            ) from None
        try:
            secret = _Secret.model_validate_json(answer.get("SecretString", ""))
        except ValidationError:
            raise UnauthorizedError(
                'The credentials secret is not JSON with "project_id" and "api_token".'
            ) from None
        self._cached = Credentials(secret.project_id, secret.api_token)
        self._read_at = self._monotonic()
        return self._cached
