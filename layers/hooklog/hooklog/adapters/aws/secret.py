"""A secret in Secrets Manager, and values from it that are cached."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: Seconds before a value is read again, however often it is refused.
RENEW_INTERVAL = 60.0


class SecretError(Exception):
    """The secret cannot be read.

    Attributes:
        reason: AWS's error code.
        has_no_value: whether the secret is still empty.

    """

    def __init__(self, reason: str, *, has_no_value: bool = False) -> None:
        """Keep the reason, and nothing of the secret."""
        super().__init__(reason)
        self.reason = reason
        self.has_no_value = has_no_value


class Secret:
    """A secret whose value is a JSON object."""

    def __init__(self, client: Callable[[], SecretsManagerClient], secret_arn: str) -> None:
        """Make no client yet, and read nothing."""
        self._client = client
        self._secret_arn = secret_arn

    def read(self) -> Mapping[str, object]:
        """Read the secret; a value that is not a JSON object reads as an empty one.

        Raises:
            SecretError: Secrets Manager did not return it.

        """
        try:
            answer = self._client().get_secret_value(SecretId=self._secret_arn)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # Secrets Manager answers so for a secret without a value, too.
            raise SecretError(code, has_no_value=code == "ResourceNotFoundException") from None
        except BotoCoreError as error:
            raise SecretError(type(error).__name__) from None
        try:
            value = json.loads(answer.get("SecretString", ""))
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Cached[T]:
    """A value that is read at first use, and again when it is refused or too old."""

    def __init__(
        self, read: Callable[[], T], clock: Callable[[], float], *, max_age: float = math.inf
    ) -> None:
        """Read nothing yet.

        Args:
            read: returns the value; its errors go to the caller.
            clock: seconds.
            max_age: seconds after which the value is read again.

        """
        self._read = read
        self._clock = clock
        self._max_age = max_age
        self._lock = Lock()
        #: The value, and when it was read.
        self._kept: tuple[T, float] | None = None

    def current(self) -> T:
        """Return the value; read it once, however many threads ask."""
        with self._lock:
            if self._kept is not None and self._is_younger_than(self._max_age):
                return self._kept[0]
            return self._renew()

    def renewed(self, refused: T) -> T:
        """Return a newer value; read it unless another thread has, or it was read a moment ago."""
        with self._lock:
            if self._kept is not None and (
                self._kept[0] != refused or self._is_younger_than(RENEW_INTERVAL)
            ):
                return self._kept[0]
            return self._renew()

    def _is_younger_than(self, seconds: float) -> bool:
        """Return whether the value is young; after the clock was set back it counts as old."""
        return self._kept is not None and 0 <= self._clock() - self._kept[1] < seconds

    def _renew(self) -> T:
        began_at = self._clock()
        value = self._read()
        self._kept = (value, began_at)
        return value
