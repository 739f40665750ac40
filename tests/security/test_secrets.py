"""Secrets never reach log lines, metrics, exceptions or rows, whatever goes wrong."""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Iterator

import pytest
from aws_lambda_powertools import Logger

from hooklog.adapters.aws.signing_keys import SecretSigningKeys
from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, SecretCredentials
from hooklog.adapters.signalwire.fetching import ConcurrentSource
from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.enrich import EnrichTelemetry
from hooklog.adapters.telemetry.webhook import WebhookTelemetry
from hooklog.catalogue import CATALOGUE
from hooklog.enrich.pipeline import Enricher
from hooklog.errors import FetchError, HooklogError
from hooklog.records.pacing import Brake
from hooklog.webhook.front_door import FrontDoor
from tests.adapters.aws.secrets_manager import ARN, SecretsManager, client_error
from tests.adapters.signalwire.tiny import NOTHING, response, tiny
from tests.builders import FAX_ID, delivery, fax_log, sqs_event
from tests.canary import leaked, told_by
from tests.fakes import Clock, FakeProducer, FakeQueue, MemoryTable
from tests.webhook import BASE, Request, json_request

#: They exist nowhere else, and are so long that no part of them occurs by chance.
TOKEN = "PT5b1ce97a0d3f486e92c7f81ab64d20e3"
KEY = "PSK_7d40fb2c9e8a4f13a6b5c2d1e0f98374"
PROJECT = "0e7d2f6a-93b1-4c58-8f0d-6a1b5c7e9d24"
SECRETS = (TOKEN, KEY)
AUTHORIZATION = Credentials(PROJECT, TOKEN).authorization
#: Seconds; enough that a test that does not wait passes on a busy machine too.
AMPLE = 30.0

ECHO = json.dumps({"Authorization": AUTHORIZATION, "token": TOKEN, "from": TOKEN})
#: Answers of a server, or of a proxy in front of it, that has read the request.
ANSWERS = {
    "a log": response(json.dumps(fax_log(id=FAX_ID))),
    "an echo": response(ECHO),
    "an echo of an error": response(ECHO, 500),
    "an echo of a refusal": response(ECHO, 401),
    "an echo of a rejection": response(ECHO, 422),
    "an echo in a redirect": response("{}", 302, Location=f"https://example.com/?t={TOKEN}"),
    "an echo in Retry-After": response("{}", 429, Retry_After=TOKEN),
    "an echo in the content type": response("{}", 200, f"text/{TOKEN}"),
    "an echo that is no text": response(b"\xff" + ECHO.encode()),
    "an echo in the status line": f"HTTP/1.1 {AUTHORIZATION}\r\n\r\n".encode(),
    "an echo in no HTTP": ECHO.encode() + b"\r\n\r\n",
    "an echo in a broken header": f"HTTP/1.1 200 OK\r\n{AUTHORIZATION}\r\n\r\n{{}}".encode(),
    "an echo that stops": response(ECHO)[:-2],
    "an echo badly packed": response(ECHO, Content_Encoding="gzip"),
    "nothing": NOTHING,
}


def secret(**more: object) -> str:
    """Return the value of the secret."""
    return json.dumps({"project_id": PROJECT, "api_token": TOKEN, "signing_keys": [KEY], **more})


def client(url: str, *answers: str | bytes | Exception) -> SignalWireApi:
    """Return a client that finds its credentials in Secrets Manager."""
    manager = SecretsManager(*(answers or (secret(),)))
    return SignalWireApi(
        url,
        SecretCredentials(manager.client, ARN),
        connections=1,
        connect_timeout=AMPLE,
        read_timeout=0.2,
    )


def logger() -> Logger:
    """Return a logger of every level that writes where the test reads."""
    return Logger(service=f"canary-{uuid.uuid4()}", level="DEBUG")


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_of_a_server_brings_a_secret_out(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """However a batch ends, its output and its reasons contain no secret."""
    table = MemoryTable()
    with tiny(ANSWERS[name]) as server:
        source = ConcurrentSource(client(server.url), concurrency=1, clock=Clock())
        enricher = Enricher(
            source=source,
            table=table,
            brake=Brake(table, moment=Clock().moment),
            queue=FakeQueue(),
            telemetry=EnrichTelemetry(logger(), EmbeddedMetrics("Hooklog")),
            catalogue=CATALOGUE,
            clock=Clock(),
            jitter=lambda: 0.5,
        )
        for attempt in (1, 100):
            enricher.handle(sqs_event(delivery(attempt=attempt)), lambda: AMPLE)
        assert any(AUTHORIZATION in head for head in server.requests)
    printed = capsys.readouterr()
    assert '"message":"batch"' in printed.out
    said = [str(item.get("parked_detail", "")) for item in table.items.values()]
    assert not leaked([printed.out, printed.err, *said], SECRETS)


@pytest.mark.parametrize("name", [name for name in ANSWERS if name not in {"a log", "an echo"}])
def test_no_exception_tells_a_secret(name: str) -> None:
    """The exception that it was raised from shows none either, unless that is hidden."""
    with tiny(ANSWERS[name]) as server, pytest.raises(FetchError) as caught:
        client(server.url).get("/", AMPLE)
    assert not leaked(told_by(caught.value), SECRETS)


@pytest.mark.parametrize(
    "answer",
    [
        secret().removesuffix("}"),
        secret().encode(),
        json.dumps([TOKEN, KEY]),
        json.dumps(TOKEN),
        json.dumps({"project_id": PROJECT, "api_token": [TOKEN]}),
        json.dumps({"project_id": "", "api_token": TOKEN}),
        client_error("AccessDeniedException"),
    ],
)
def test_a_secret_of_no_use_is_not_shown(answer: str | bytes | Exception) -> None:
    """The error says what is wrong with the secret, but does not repeat it."""
    with pytest.raises(FetchError) as caught:
        client("http://127.0.0.1:1", answer).get("/", AMPLE)
    assert not leaked(told_by(caught.value), SECRETS)


def requests() -> Iterator[Request]:
    """Yield callbacks that are accepted, and callbacks that are refused."""
    yield json_request(key=KEY)
    yield Request(body="{}")
    yield Request(body=KEY, headers={"x-signalwire-signature": KEY})
    yield json_request(key=KEY[:-1])


@pytest.mark.parametrize("request_", list(requests()))
@pytest.mark.parametrize("queue", [FakeProducer(), FakeProducer(error=RuntimeError(KEY))])
@pytest.mark.parametrize("keys", [secret(), secret(signing_keys=[KEY, "PSK_old"]), "{", KEY])
def test_the_front_door_shows_no_key(
    request_: Request,
    queue: FakeProducer,
    keys: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither the response nor the log contains a key, even after another error."""
    door = FrontDoor(
        url=BASE,
        keys=SecretSigningKeys(SecretsManager(keys).client, ARN),
        queue=queue,
        telemetry=WebhookTelemetry(logger(), EmbeddedMetrics("Hooklog")),
    )
    try:
        answer = json.dumps(door.handle(request_.event()))
    except HooklogError as error:
        answer = "".join(told_by(error))
    printed = capsys.readouterr()
    assert not leaked([answer, printed.out, printed.err], SECRETS)


@pytest.mark.parametrize(
    "text",
    [
        f"token {TOKEN}.",
        f"{TOKEN[:14]}…",
        f"…{TOKEN[-13:]}'",
        AUTHORIZATION,
        base64.b64encode(f"x{TOKEN}".encode()).decode(),
        base64.b64encode(f"xy{TOKEN}".encode()).decode(),
        TOKEN.encode().hex(),
        repr({"api_token": TOKEN.encode()}),
    ],
)
def test_the_search_finds_a_secret_in_any_form(text: str) -> None:
    """It finds whole and shortened, plain and encoded secrets, so the tests above can fail."""
    assert leaked([text], SECRETS) == [TOKEN]
    chained = HooklogError("harmless")
    chained.__cause__ = RuntimeError(text)
    assert leaked(told_by(chained), SECRETS) == [TOKEN]


def test_the_search_finds_nothing_in_other_texts() -> None:
    """Another secret of the same form is not mistaken for this one."""
    other = Credentials(PROJECT, f"PT{random.Random(1).randbytes(16).hex()}")  # noqa: S311
    assert leaked([other.api_token, other.authorization, PROJECT], SECRETS) == []
