"""The keys that SignalWire signs callbacks with, from the credentials secret."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from hooklog.adapters.aws.secret import Cached, Secret, SecretError
from hooklog.errors import KeysUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: Seconds after which a key that was removed from the secret is refused everywhere.
MAX_AGE = 300.0


class SecretSigningKeys:
    """Implements :class:`hooklog.webhook.front_door.SigningKeys`.

    The list is read again when no key fits, at most once per minute, so a new key is found. A
    removed key is dropped when the list is older than :data:`MAX_AGE`. If the secret cannot be
    read then, every callback is refused: the old list could contain a stolen key.
    """

    def __init__(
        self,
        client: Callable[[], SecretsManagerClient],
        secret_arn: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Read nothing yet.

        Args:
            client: returns the Secrets Manager client when it is first needed.
            secret_arn: of a JSON secret with ``signing_keys``, a list.
            clock: seconds of the time of day: a monotonic clock may stop while Lambda freezes the
                environment between two events, and keys would not age.

        """
        self._secret = Secret(client, secret_arn)
        self._cached = Cached(self._read, clock, max_age=MAX_AGE)

    def current(self) -> tuple[str, ...]:
        """Return the keys, no older than :data:`MAX_AGE`."""
        return self._cached.current()

    def renewed(self, refused: tuple[str, ...]) -> tuple[str, ...]:
        """Return newer keys; read them unless they were read a moment ago."""
        return self._cached.renewed(refused)

    def _read(self) -> tuple[str, ...]:
        try:
            keys = self._secret.read().get("signing_keys")
        except SecretError as error:
            if error.has_no_value:
                return ()
            raise KeysUnavailableError(f"The secret cannot be read ({error.reason}).") from None
        if not isinstance(keys, list):
            return ()
        # A blank key would accept a signature that anyone can make.
        stripped = (key.strip() for key in keys if isinstance(key, str))
        return tuple(key for key in stripped if key)
