"""The credentials for SignalWire's API, and where they come from."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hooklog.adapters.aws.secret import Cached, Secret, SecretError
from hooklog.errors import UnauthorizedError
from hooklog.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


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
    """Provides credentials, and newer ones after a refusal."""

    def current(self) -> Credentials:
        """Return the credentials to use.

        Raises:
            UnauthorizedError: there are none.

        """

    def renewed(self, refused: Credentials) -> Credentials:
        """Return the credentials that replace refused ones; the same if there are none."""


@dataclass(frozen=True, slots=True)
class FixedCredentials:
    """Credentials from the environment, for local use."""

    credentials: Credentials

    def current(self) -> Credentials:
        """Return the only pair."""
        return self.credentials

    def renewed(self, refused: Credentials) -> Credentials:  # noqa: ARG002 - nothing to renew
        """Return the only pair."""
        return self.credentials


class SecretCredentials:
    """Credentials from Secrets Manager, cached until they are refused."""

    def __init__(
        self,
        client: Callable[[], SecretsManagerClient],
        secret_arn: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet.

        Args:
            client: returns the Secrets Manager client when it is first needed.
            secret_arn: of a JSON secret with ``project_id`` and ``api_token``.
            monotonic: seconds, to space out reads.

        """
        self._secret = Secret(client, secret_arn)
        self._cached = Cached(self._read, monotonic)

    def current(self) -> Credentials:
        """Return the credentials; read the secret once, however many threads ask."""
        return self._cached.current()

    def renewed(self, refused: Credentials) -> Credentials:
        """Return newer credentials, unless the secret was read a moment ago."""
        return self._cached.renewed(refused)

    def _read(self) -> Credentials:
        try:
            secret = self._secret.read()
        except SecretError as error:
            raise UnauthorizedError(
                f"The credentials secret cannot be read ({error.reason})."
            ) from None
        match secret:
            case {"project_id": str(project_id), "api_token": str(api_token)} if (
                project_id and api_token
            ):
                return Credentials(project_id, api_token)
        raise UnauthorizedError(
            'The credentials secret is not JSON with "project_id" and "api_token".'
        )


def credentials_source(
    settings: Settings, secrets: Callable[[], SecretsManagerClient]
) -> CredentialsSource:
    """Return the secret's credentials, or those of the environment where there is no secret."""
    if settings.signalwire_secret_arn:
        return SecretCredentials(secrets, settings.signalwire_secret_arn)
    return FixedCredentials(
        Credentials(
            settings.signalwire_project_id, settings.signalwire_api_token.get_secret_value()
        )
    )
