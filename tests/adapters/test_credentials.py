"""Credentials: read when needed, read again when refused, and never shown."""

from __future__ import annotations

import base64
import json
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoRegionError

from hooklog.adapters.credentials import Credentials, FixedCredentials, SecretCredentials
from hooklog.errors import UnauthorizedError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:hooklog"
TOKEN = "PT0123456789-do-not-show"
OLD = Credentials("project", "PT-of-yesterday")
NEW = Credentials("project", TOKEN)


def secret(credentials: Credentials) -> str:
    """Give the text of a secret; it may hold more than hooklog reads."""
    pair = {"project_id": credentials.project_id, "api_token": credentials.api_token}
    return json.dumps(pair | {"signing_keys": ["PSK-do-not-show"]})


class SecretsManager:
    """A Secrets Manager with one secret, and a clock beside it."""

    def __init__(self, *answers: str | bytes | Exception) -> None:
        """Give these answers one after the other, the last one for ever."""
        self.answers = list(answers)
        self.clients = 0
        self.reads = 0
        self.now = 1000.0
        self.takes = 0.0

    def client(self) -> SecretsManagerClient:
        """Make a client."""
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

    def credentials(self) -> SecretCredentials:
        """Give the adapter."""
        return SecretCredentials(self.client, ARN, monotonic=lambda: self.now)


def client_error(code: str) -> ClientError:
    """Give an error as boto3 raises it."""
    return ClientError({"Error": {"Code": code, "Message": f"about {TOKEN}"}}, "GetSecretValue")


# --- the pair -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("project", "token"), [("p", "t"), ("p-1", "t:x"), ("é", "ü")])
def test_authorization(project: str, token: str) -> None:
    """The header is HTTP Basic with the project as user and the token as password."""
    scheme, _, value = Credentials(project, token).authorization.partition(" ")
    assert (scheme, base64.b64decode(value).decode()) == ("Basic", f"{project}:{token}")


def test_token_is_not_shown() -> None:
    """Credentials can be printed without showing the token."""
    assert TOKEN not in repr(NEW)
    assert TOKEN not in str(FixedCredentials(NEW))


def test_fixed_credentials() -> None:
    """What came out of the environment is never replaced."""
    fixed = FixedCredentials(NEW)
    assert fixed.current() == fixed.renewed(NEW) == NEW


# --- the secret ---------------------------------------------------------------------------------


def test_nothing_is_read_before_it_is_needed() -> None:
    """Making the adapter makes no client and reads nothing."""
    manager = SecretsManager(secret(NEW))
    manager.credentials()
    assert (manager.clients, manager.reads) == (0, 0)


def test_secret_is_read_once() -> None:
    """The secret is read at first use and kept, however long."""
    manager = SecretsManager(secret(NEW))
    credentials = manager.credentials()
    for _ in range(3):
        assert credentials.current() == NEW
        manager.now += 86_400
    assert (manager.clients, manager.reads) == (1, 1)


def test_secret_is_read_once_by_all_threads() -> None:
    """Threads that need the secret at the same time read it once."""
    manager = SecretsManager(secret(NEW))
    manager.takes = 0.05
    credentials = manager.credentials()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: credentials.current(), range(50)))
    assert found == [NEW] * 50
    assert manager.reads == 1


def test_refused_credentials_are_read_again() -> None:
    """After a refusal the secret is read again, and its new value is kept."""
    manager = SecretsManager(secret(OLD), secret(NEW))
    credentials = manager.credentials()
    refused = credentials.current()
    manager.now += 61
    assert credentials.renewed(refused) == credentials.current() == NEW
    assert manager.reads == 2


def test_another_thread_has_renewed() -> None:
    """If another request has renewed them meanwhile, its credentials serve this one too."""
    manager = SecretsManager(secret(OLD), secret(NEW))
    credentials = manager.credentials()
    refused = credentials.current()
    manager.now += 61
    assert {credentials.renewed(refused).api_token for _ in range(5)} == {TOKEN}
    assert manager.reads == 2


def test_secret_is_read_once_a_minute() -> None:
    """However many requests are refused, the secret is read once a minute."""
    manager = SecretsManager(secret(OLD))
    credentials = manager.credentials()
    for _ in range(180):
        assert credentials.renewed(credentials.current()) == OLD
        manager.now += 1
    assert manager.reads == 3


def test_renewal_before_the_first_read() -> None:
    """A refusal of credentials that came from elsewhere reads the secret."""
    manager = SecretsManager(secret(NEW))
    manager.now = 0
    assert manager.credentials().renewed(OLD) == NEW


# --- a secret of no use -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        "",
        TOKEN,
        f'"{TOKEN}"',
        f'["{TOKEN}"]',
        f'{{"project_id": "project", "api_token": "{TOKEN}"',
        json.dumps({"api_token": TOKEN}),
        json.dumps({"project_id": TOKEN}),
        json.dumps({"project_id": "", "api_token": TOKEN}),
        json.dumps({"project_id": TOKEN, "api_token": ""}),
        json.dumps({"project_id": TOKEN, "api_token": None}),
        json.dumps({"project_id": 1, "api_token": [TOKEN]}),
        TOKEN.encode(),
        client_error("ResourceNotFoundException"),
        client_error("AccessDeniedException"),
        EndpointConnectionError(endpoint_url=f"https://{TOKEN}.example.com"),
        NoRegionError(),
    ],
)
def test_secret_of_no_use(answer: str | bytes | Exception) -> None:
    """A secret that cannot be read or used is an error that says so and shows nothing of it."""
    with pytest.raises(UnauthorizedError) as caught:
        SecretsManager(answer).credentials().current()
    assert "secret" in caught.value.detail
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (client_error("AccessDeniedException"), "AccessDeniedException"),
        (NoRegionError(), "NoRegionError"),
    ],
)
def test_reason_is_named(error: Exception, word: str) -> None:
    """AWS's own word for the reason is kept, for the operator."""
    with pytest.raises(UnauthorizedError, match=word):
        SecretsManager(error).credentials().current()


def test_recovery() -> None:
    """When the secret has been put right, the next request finds it."""
    manager = SecretsManager("", client_error("InternalServiceError"), secret(NEW))
    credentials = manager.credentials()
    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            credentials.current()
    assert credentials.current() == NEW
