"""Signing keys: new ones are found, removed ones expire, and none is shown."""

from __future__ import annotations

import json
import time
import traceback
from inspect import signature

import pytest
from botocore.exceptions import EndpointConnectionError, NoRegionError

from hooklog.adapters.aws.secret import RENEW_INTERVAL
from hooklog.adapters.aws.signing_keys import MAX_AGE, SecretSigningKeys
from hooklog.errors import KeysUnavailableError
from hooklog.webhook.front_door import FrontDoor
from tests.adapters.aws.secrets_manager import ARN, TOKEN, SecretsManager, client_error
from tests.fakes import FakeDoorTelemetry, FakeProducer
from tests.webhook import BASE, form_request, json_request

OLD, NEW = "PSK_of-yesterday", "PSK_of-today"


def secret(*keys: object) -> str:
    """Return the text of a secret, which holds more than the front door reads."""
    return json.dumps({"project_id": "p", "api_token": TOKEN, "signing_keys": keys})


def adapter(manager: SecretsManager) -> SecretSigningKeys:
    """Return the adapter for that Secrets Manager and its clock."""
    return SecretSigningKeys(manager.client, ARN, clock=lambda: manager.now)


# --- what is in the secret ----------------------------------------------------------------------


def test_nothing_is_read_before_it_is_needed() -> None:
    """The adapter creates no client and reads nothing until its first use."""
    manager = SecretsManager(secret(NEW))
    adapter(manager)
    assert (manager.clients, manager.reads) == (0, 0)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ((NEW,), (NEW,)),
        ((NEW, OLD), (NEW, OLD)),
        # Pasted with a line break.
        ((f" {NEW}\n",), (NEW,)),
        (("", NEW), (NEW,)),
        (("", "  ", "\n"), ()),
        ((None, 7, [OLD], {"key": OLD}, NEW), (NEW,)),
        ((), ()),
    ],
)
def test_keys(keys: tuple[object, ...], found: tuple[str, ...]) -> None:
    """Each text that is not blank is a key; other values in the list are ignored."""
    assert adapter(SecretsManager(secret(*keys))).current() == found


@pytest.mark.parametrize(
    "answer",
    [
        "",
        NEW,
        f'["{NEW}"]',
        f'{{"signing_keys": ["{NEW}"]',
        "[" * 100_000,
        json.dumps({"project_id": "p", "api_token": TOKEN}),
        json.dumps({"signing_keys": NEW}),
        json.dumps({"signing_keys": {"key": NEW}}),
        json.dumps({"signing_keys": None}),
        NEW.encode(),
        client_error("ResourceNotFoundException"),
    ],
)
def test_a_secret_without_keys(answer: str | bytes | Exception) -> None:
    """A secret without keys yields no key, and is not read again per request."""
    manager = SecretsManager(answer)
    keys = adapter(manager)
    for _ in range(3):
        assert keys.current() == keys.renewed(()) == ()
    assert manager.reads == 1


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (client_error("AccessDeniedException"), "AccessDeniedException"),
        (client_error("ThrottlingException"), "ThrottlingException"),
        (
            EndpointConnectionError(endpoint_url=f"https://{TOKEN}.example.com"),
            "EndpointConnectionError",
        ),
        (NoRegionError(), "NoRegionError"),
    ],
)
def test_a_secret_that_cannot_be_read(error: Exception, word: str) -> None:
    """The error names the reason, shows nothing of the secret, and the next request retries."""
    keys = adapter(SecretsManager(error, secret(NEW)))
    with pytest.raises(KeysUnavailableError, match=word) as caught:
        keys.current()
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert keys.current() == (NEW,)


# --- how long it is kept ------------------------------------------------------------------------


def test_the_secret_is_read_again_when_it_is_old() -> None:
    """The secret is read every five minutes, however many requests arrive."""
    assert MAX_AGE == 300
    manager = SecretsManager(secret(OLD), secret(NEW))
    keys = adapter(manager)
    for _ in range(300):
        assert keys.current() == (OLD,)
        manager.now += 1
    assert keys.current() == (NEW,)
    assert manager.reads == 2


def test_a_clock_that_is_set_back_makes_it_old() -> None:
    """A clock that is set back makes the list of keys expire, since its age is unknown."""
    manager = SecretsManager(secret(OLD), secret(NEW))
    keys = adapter(manager)
    keys.current()
    manager.now -= 1
    assert keys.current() == (NEW,)


def test_the_age_is_that_of_the_time_of_day() -> None:
    """The age follows the time of day: a monotonic clock may stop while Lambda is frozen."""
    assert signature(SecretSigningKeys).parameters["clock"].default is time.time


def test_at_most_one_look_a_minute() -> None:
    """The secret is read at most once per minute, however many requests fit no key."""
    assert RENEW_INTERVAL == 60
    manager = SecretsManager(secret(OLD))
    keys = adapter(manager)
    for _ in range(180):
        assert keys.renewed(keys.current()) == (OLD,)
        manager.now += 1
    assert manager.reads == 3


def test_an_old_list_is_not_used_when_no_new_one_can_be_had() -> None:
    """An expired list is not used, because it may hold a key that was stolen."""
    manager = SecretsManager(secret(OLD), client_error("InternalServiceError"))
    keys = adapter(manager)
    assert keys.current() == (OLD,)
    manager.now += MAX_AGE
    with pytest.raises(KeysUnavailableError):
        keys.current()


# --- rotation, through the door -----------------------------------------------------------------


def test_rotation_without_a_gap() -> None:
    """A rotation from old to both to new refuses no callback, and the old key expires."""
    manager = SecretsManager(secret(OLD), secret(NEW, OLD), secret(NEW))
    queue = FakeProducer()
    door = FrontDoor(BASE, adapter(manager), queue, FakeDoorTelemetry())

    def statuses() -> tuple[int, int]:
        return (
            door.handle(form_request(key=OLD).event())["statusCode"],
            door.handle(json_request(key=NEW).event())["statusCode"],
        )

    # The new key is not in the secret yet, or was added a moment ago.
    assert statuses() == (204, 403)
    # A minute later the secret is read again.
    manager.now += RENEW_INTERVAL
    assert statuses() == (204, 204)
    # The old key was removed: it remains valid until the list is five minutes old.
    manager.now += MAX_AGE - 1
    assert statuses() == (204, 204)
    manager.now += 1
    assert statuses() == (403, 204)
    assert len(queue.bodies) == 6


def test_a_removed_key_is_refused_within_the_stated_time() -> None:
    """A removed key is refused after five minutes, whatever the traffic."""
    for removed_at in range(0, 700, 35):
        manager = SecretsManager(secret(NEW, OLD))
        start = manager.now
        door = FrontDoor(BASE, adapter(manager), FakeProducer(), FakeDoorTelemetry())
        while manager.now < start + removed_at + MAX_AGE:
            if manager.now >= start + removed_at:
                manager.answers = [secret(NEW)]
            door.handle(json_request(key=NEW).event())
            manager.now += 7
        assert door.handle(json_request(key=OLD).event())["statusCode"] == 403
