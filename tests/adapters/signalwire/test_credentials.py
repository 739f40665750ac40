"""Credentials are read when needed, read again when refused, and never shown."""

from __future__ import annotations

import base64
import json
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import EndpointConnectionError, NoRegionError

from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials, SecretCredentials
from hooklog.errors import UnauthorizedError
from tests.adapters.aws.secrets_manager import ARN, TOKEN, SecretsManager, client_error

OLD = Credentials("project", "PT-of-yesterday")
NEW = Credentials("project", TOKEN)


def secret(credentials: Credentials) -> str:
    """Return the text of a secret; it may hold more than hooklog reads."""
    pair = {"project_id": credentials.project_id, "api_token": credentials.api_token}
    return json.dumps(pair | {"signing_keys": ["PSK-do-not-show"]})


def adapter(manager: SecretsManager) -> SecretCredentials:
    """Return the adapter for that Secrets Manager and its clock."""
    return SecretCredentials(manager.client, ARN, monotonic=lambda: manager.now)


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
    """Credentials from the environment are never replaced."""
    fixed = FixedCredentials(NEW)
    assert fixed.current() == fixed.renewed(NEW) == NEW


# --- the secret ---------------------------------------------------------------------------------


def test_nothing_is_read_before_it_is_needed() -> None:
    """The adapter creates no client and reads nothing until its first use."""
    manager = SecretsManager(secret(NEW))
    adapter(manager)
    assert (manager.clients, manager.reads) == (0, 0)


def test_secret_is_read_once() -> None:
    """The secret is read at first use and kept."""
    manager = SecretsManager(secret(NEW))
    credentials = adapter(manager)
    for _ in range(3):
        assert credentials.current() == NEW
        manager.now += 86_400
    assert (manager.clients, manager.reads) == (1, 1)


def test_secret_is_read_once_by_all_threads() -> None:
    """Threads that need the secret at the same time read it once."""
    manager = SecretsManager(secret(NEW))
    manager.takes = 0.05
    credentials = adapter(manager)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: credentials.current(), range(50)))
    assert found == [NEW] * 50
    assert manager.reads == 1


def test_refused_credentials_are_read_again() -> None:
    """After a refusal the secret is read again, and its new value is kept."""
    manager = SecretsManager(secret(OLD), secret(NEW))
    credentials = adapter(manager)
    refused = credentials.current()
    manager.now += 61
    assert credentials.renewed(refused) == credentials.current() == NEW
    assert manager.reads == 2


def test_another_thread_has_renewed() -> None:
    """Credentials that another request has renewed serve this one too."""
    manager = SecretsManager(secret(OLD), secret(NEW))
    credentials = adapter(manager)
    refused = credentials.current()
    manager.now += 61
    assert {credentials.renewed(refused).api_token for _ in range(5)} == {TOKEN}
    assert manager.reads == 2


def test_secret_is_read_once_a_minute() -> None:
    """The secret is read at most once per minute, however many requests are refused."""
    manager = SecretsManager(secret(OLD))
    credentials = adapter(manager)
    for _ in range(180):
        assert credentials.renewed(credentials.current()) == OLD
        manager.now += 1
    assert manager.reads == 3


def test_renewal_before_the_first_read() -> None:
    """A refusal of credentials that came from elsewhere reads the secret."""
    manager = SecretsManager(secret(NEW))
    manager.now = 0
    assert adapter(manager).renewed(OLD) == NEW


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
    """A secret that cannot be read or used is an error that shows nothing of the secret."""
    with pytest.raises(UnauthorizedError) as caught:
        adapter(SecretsManager(answer)).current()
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
    """The error keeps AWS's name of the reason, for the operator."""
    with pytest.raises(UnauthorizedError, match=word):
        adapter(SecretsManager(error)).current()


def test_what_the_secret_must_hold_is_named() -> None:
    """The error names both fields, so that the operator knows what to put there."""
    with pytest.raises(UnauthorizedError, match='"project_id" and "api_token"'):
        adapter(SecretsManager("{}")).current()


def test_recovery() -> None:
    """After the secret is corrected, the next request reads it."""
    manager = SecretsManager("", client_error("InternalServiceError"), secret(NEW))
    credentials = adapter(manager)
    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            credentials.current()
    assert credentials.current() == NEW
