"""The front door: a signed callback in, one message on the queue, 204.

::

    event ── readable? ── signed at all? ── signed by a key of ours? ── known callback? ── queue
               │ 400/413     │ 403              │ 403                       │ 400           │ 503
               ▼             ▼                  ▼                           ▼               ▼
                         nothing is put on the queue, and nothing of the request is printed

Where only ends are wanted, a callback that tells a status of progress is answered with 204, too.
A request that does not become a message is answered with another status than 2xx; SignalWire sends
a callback again after a 503. A message on the queue whose answer got lost is harmless, and so is a
replay: the message names a log, and the enrich function skips what the table already reflects.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, TypedDict

from hooklog.errors import (
    CallbackClosedError,
    CallbackError,
    CallbackMalformedError,
    CallbackTooLargeError,
    CallbackUnsignedError,
    HooklogError,
    QueueUnavailableError,
    UnexpectedError,
)
from hooklog.steps import Step, Trace
from hooklog.webhook import callbacks
from hooklog.webhook.callbacks import Callback
from hooklog.webhook.signatures import Signatures, is_authentic

#: Bytes; SignalWire's callbacks are no larger.
MAX_BODY = 64 * 1024
#: The same, in base64.
_MAX_ENCODED = (MAX_BODY + 2) // 3 * 4


class Answer(TypedDict):
    """The response of a Function URL or an HTTP API; it has no body."""

    statusCode: int


class SigningKeys(Protocol):
    """The keys that SignalWire may sign with."""

    def current(self) -> tuple[str, ...]:
        """Return the keys, possibly none.

        Raises:
            KeysUnavailableError: they cannot be read now.

        """

    def renewed(self, refused: tuple[str, ...]) -> tuple[str, ...]:
        """Return the keys that replace those that did not fit; the same if there are none.

        Raises:
            KeysUnavailableError: they cannot be read now.

        """


class Producer(Protocol):
    """The way onto the queue."""

    def send(self, body: str) -> None:
        """Put one message on the queue.

        Raises:
            QueueUnavailableError: it is not on the queue.

        """


class FrontDoorTelemetry(Protocol):
    """Where an operator looks."""

    def refused(self, error: HooklogError) -> None:
        """Count a callback that is not on the queue."""

    def closed(self, reason: str) -> None:
        """Report why every callback is refused."""

    def defect(self, key: str, error: BaseException) -> None:
        """Report where a bug is, without any value from the request."""


class FrontDoor:
    """Verifies callbacks and puts what they announce on the queue."""

    def __init__(
        self,
        url: str,
        keys: SigningKeys,
        queue: Producer,
        telemetry: FrontDoorTelemetry,
        *,
        only_ends: bool = False,
        trace: Trace | None = None,
    ) -> None:
        """Open the door at a URL.

        Args:
            url: scheme, host and perhaps a path, as configured at SignalWire; if empty, every
                callback is refused. No header of a request can change it.
            keys: to verify with.
            queue: for the messages.
            telemetry: for the operator.
            only_ends: whether callbacks that tell no end are answered, and dropped.
            trace: for who follows a single log.

        """
        self._trace = trace
        self._only_ends = only_ends
        self._url = url.rstrip("/")
        self._keys = keys
        self._queue = queue
        self._telemetry = telemetry
        if not url:
            telemetry.closed(
                "WEBHOOK_URL is not set (parameter WebhookUrl): every callback is refused."
            )

    def handle(self, event: object) -> Answer:
        """Answer one request: an event of payload format 2.0."""
        try:
            callback = self._let_in(event)
            is_dropped = callback.goes_on and self._only_ends
            if self._trace is not None:
                # Before it is on the queue, because its delivery may be told at once.
                step = Step.DROPPED if is_dropped else Step.ACCEPTED
                self._trace(callback.key, step, status=callback.status)
            if not is_dropped:
                self._queue.send(callback.message)
        except CallbackError as error:
            self._telemetry.refused(error)
            return _answer(error.status)
        except QueueUnavailableError as error:
            self._telemetry.refused(error)
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - Lambda would print its text, which may be personal
            self._telemetry.defect("callback", error)
            self._telemetry.refused(UnexpectedError())
            return _answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        return _answer(HTTPStatus.NO_CONTENT)

    def _let_in(self, event: object) -> Callback:
        if not self._url:
            raise CallbackClosedError("WEBHOOK_URL is not set.")
        request = _request(event)
        claimed = Signatures.of(request.headers)
        if not claimed:
            raise CallbackUnsignedError("It has no signature.")
        self._verify(claimed, request)
        return callbacks.read(request.query if request.is_get else request.body)

    def _verify(self, claimed: Signatures, request: _Request) -> None:
        urls = _urls(self._url, request)
        keys = self._keys.current()
        if is_authentic(claimed, urls, request.body, keys):
            return
        renewed = self._keys.renewed(keys)
        if not renewed:
            raise CallbackClosedError("The secret has no signing_keys.")
        if renewed == keys or not is_authentic(claimed, urls, request.body, renewed):
            raise CallbackUnsignedError("Its signature fits no key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    is_get: bool
    path: str
    query: str
    headers: dict[str, str]
    body: str


def _request(event: object) -> _Request:
    """Read the event, without trusting it to have AWS's documented form."""
    match event:
        case {
            "version": "2.0",
            "rawPath": str(path),
            "rawQueryString": str(query),
            "headers": dict(headers),
            "requestContext": {"http": {"method": "GET" | "POST" as method}},
            **rest,
        }:
            request = _Request(
                is_get=method == "GET",
                path=path,
                query=query,
                headers=_lower(headers),
                body=_body(rest.get("body"), is_base64=rest.get("isBase64Encoded", False)),
            )
        case _:
            raise CallbackMalformedError("It is not a GET or POST of payload format 2.0.")
    if not request.path.startswith("/"):
        raise CallbackMalformedError("Its path could change the host that was configured.")
    if request.is_get and request.body:
        raise CallbackMalformedError("It is a GET with a body.")
    return request


def _lower(headers: dict[object, object]) -> dict[str, str]:
    """Lower the names' case, as AWS does; it also joins repeated headers by commas."""
    lowered = {
        k.lower(): v for k, v in headers.items() if isinstance(k, str) and isinstance(v, str)
    }
    if len(lowered) != len(headers):
        raise CallbackMalformedError("A header is not text, or is repeated.")
    return lowered


def _body(body: object, *, is_base64: object) -> str:
    """Decode the body; refuse one that is too long before any work."""
    if body is None:
        return ""
    if not isinstance(body, str) or not isinstance(is_base64, bool):
        raise CallbackMalformedError("Its body is not text.")
    if len(body) > (_MAX_ENCODED if is_base64 else MAX_BODY):
        raise CallbackTooLargeError
    try:
        content = base64.b64decode(body, validate=True) if is_base64 else body.encode()
        if len(content) > MAX_BODY:
            raise CallbackTooLargeError
        return content.decode()
    except ValueError:
        raise CallbackMalformedError("Its body is not UTF-8, or not base64.") from None


def _urls(base: str, request: _Request) -> list[str]:
    """Return the URL in each form that may be configured at SignalWire, always below the base.

    API Gateway removes the prefix of a custom domain's mapping from the path, and a user may have
    configured the callback's whole URL as the base; so the request's path may or may not repeat the
    base's. An empty path arrives as a slash.
    """
    scheme, _, rest = base.partition("://")
    host, slash, prefix = rest.partition("/")
    urls = [base + request.path]
    if request.path == "/":
        urls.append(base)
    if slash and f"{request.path}/".startswith(f"/{prefix}/"):
        urls.append(f"{scheme}://{host}{request.path}")
    return [f"{url}?{request.query}" for url in urls] if request.query else urls


def _answer(status: HTTPStatus) -> Answer:
    """Return the status as a plain number, which Lambda's serializer knows."""
    return {"statusCode": int(status)}
