"""One secret in Secrets Manager, and values out of it that are kept for a while."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: Seconds before a value that was just read is read again, however often it is refused.
RENEW_INTERVAL = 60.0


class SecretError(Exception):
    """The secret cannot be read.

    Attributes:
        reason: AWS's own word for it.
        has_no_value: whether nobody has put anything into it yet.

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
        """Read it; a value that is no JSON object reads as an empty one.

        Raises:
            SecretError: Secrets Manager did not give it.

        """
        try:
            answer = self._client().get_secret_value(SecretId=self._secret_arn)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # A secret without a value is not found either.
            raise SecretError(code, has_no_value=code == "ResourceNotFoundException") from None
        except BotoCoreError as error:
            raise SecretError(type(error).__name__) from None
        try:
            value = json.loads(answer.get("SecretString", ""))
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Cached[T]:
    """A value that is read when it is needed, and again when it is refused or too old."""

    def __init__(
        self, read: Callable[[], T], clock: Callable[[], float], *, max_age: float = math.inf
    ) -> None:
        """Read nothing yet.

        Args:
            read: gives the value; what it raises goes to the caller.
            clock: seconds.
            max_age: seconds after which the value is not given any more without being read.

        """
        self._read = read
        self._clock = clock
        self._max_age = max_age
        self._lock = Lock()
        #: The value, and when it was read.
        self._kept: tuple[T, float] | None = None

    def current(self) -> T:
        """Read the value once, however many threads ask."""
        with self._lock:
            if self._kept is not None and self._is_younger_than(self._max_age):
                return self._kept[0]
            return self._renew()

    def renewed(self, refused: T) -> T:
        """Read the value again, unless another thread has, or it was read a moment ago."""
        with self._lock:
            if self._kept is not None and (
                self._kept[0] != refused or self._is_younger_than(RENEW_INTERVAL)
            ):
                return self._kept[0]
            return self._renew()

    def _is_younger_than(self, seconds: float) -> bool:
        """A clock that was set back makes the value old."""
        return self._kept is not None and 0 <= self._clock() - self._kept[1] < seconds

    def _renew(self) -> T:
        began_at = self._clock()
        value = self._read()
        self._kept = (value, began_at)
        return value
