"""Requests to SignalWire's REST API, and what each answer means."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ssl import SSLContext
from typing import TYPE_CHECKING

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from hooklog.adapters.signalwire.credentials import (
    Credentials,
    CredentialsSource,
    credentials_source,
)
from hooklog.adapters.signalwire.limits import announced, scarcest
from hooklog.clock import Clock, utc_now
from hooklog.errors import (
    BadPayloadError,
    FetchConnectionError,
    FetchError,
    FetchTimeoutError,
    ForbiddenError,
    HistoryLimitError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
    UpstreamError,
)
from hooklog.pace import Allowance
from hooklog.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: Bytes. A documented log has about 800. An answer of this size still fits into one item together
#: with its queue message, so it can be parked whole.
MAX_BODY = 96 * 1024
_TOO_LATE = "SignalWire did not answer in time."
_REFUSALS: Mapping[int, type[FetchError]] = {
    HTTPStatus.UNAUTHORIZED: UnauthorizedError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.REQUEST_TIMEOUT: FetchTimeoutError,
    HTTPStatus.CONFLICT: UpstreamError,
    HTTPStatus.TOO_EARLY: UpstreamError,
}


class SignalWireApi:
    """Sends GET requests over one connection pool that threads share."""

    def __init__(
        self,
        base_url: str,
        credentials: CredentialsSource,
        *,
        connections: int,
        connect_timeout: float,
        read_timeout: float,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open nothing yet.

        Args:
            base_url: scheme and host of the space.
            credentials: project ID and API token.
            connections: to keep open; the number of threads.
            connect_timeout: seconds.
            read_timeout: seconds between two chunks of an answer.
            clock: to read a ``Retry-After`` that is a date.
            monotonic: seconds, to measure the time that is left.

        """
        self._credentials = credentials
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._clock = clock
        self._monotonic = monotonic
        self._timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)
        #: The credentials of the last request, and its headers.
        self._kept: tuple[Credentials, Mapping[str, str]] | None = None
        self._allowance: Allowance | None = None
        self._allowance_lock = threading.Lock()
        # No retries: urllib3 would sleep as long as Retry-After says, even for hours. As an
        # object, because it makes one of False for each request.
        # The pool does not block: a thread that was given up may still hold a connection.
        self._pool = urllib3.connection_from_url(
            base_url,
            maxsize=connections,
            retries=urllib3.Retry(total=False, redirect=False),
            **_tls(base_url),
        )

    def get(self, path: str, time_left: float, *, max_body: int = MAX_BODY) -> str:
        """Fetch a resource's JSON text.

        Args:
            path: below the base URL; its parts must be safe in a URL.
            time_left: seconds after which an answer is of no use.
            max_body: bytes; a longer answer is an error.

        Raises:
            FetchError: there is no usable answer; its class says whether a retry can help.

        """
        deadline = self._monotonic() + time_left
        credentials = self._credentials.current()
        try:
            return self._request(path, credentials, deadline, max_body)
        except UnauthorizedError:
            renewed = self._credentials.renewed(credentials)
            if renewed == credentials:
                raise
            return self._request(path, renewed, deadline, max_body)

    def allowance(self) -> Allowance | None:
        """Return what :func:`~hooklog.adapters.signalwire.limits.scarcest` says is used up first.

        Only what answers announced since the last call counts; None if that is nothing.
        """
        with self._allowance_lock:
            found, self._allowance = self._allowance, None
        return found

    def _request(self, path: str, credentials: Credentials, deadline: float, max_body: int) -> str:
        try:
            try:
                status, headers, body = self._exchange(path, credentials, deadline, max_body)
            except ProtocolError:
                # A kept connection that died while the function was frozen fails like this.
                # urllib3 opens a new one at once; if that breaks, too, the fault is elsewhere.
                status, headers, body = self._exchange(path, credentials, deadline, max_body)
        except HTTPError as error:
            # urllib3 derives NewConnectionError, a refused connection or unknown host, from its
            # timeouts.
            if isinstance(error, Urllib3TimeoutError) and not isinstance(error, NewConnectionError):
                raise FetchTimeoutError(_TOO_LATE) from None
            raise FetchConnectionError(
                f"The connection to SignalWire failed ({type(error).__name__})."
            ) from None
        if (found := announced(headers, self._clock)) is not None:
            with self._allowance_lock:
                self._allowance = scarcest(self._allowance, found)
        if status != HTTPStatus.OK:
            raise _refusal(status, headers, body, self._clock())
        return _json_text(headers, body, max_body)

    def _exchange(
        self, path: str, credentials: Credentials, deadline: float, max_body: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        response = self._pool.urlopen(
            "GET",
            path,
            headers=self._headers(credentials),
            timeout=self._timeout_within(self._time_left(deadline)),
            redirect=False,
            preload_content=False,
        )
        try:
            body = self._read(response, deadline, max_body)
        except BaseException:
            response.close()
            raise
        if len(body) > max_body:
            response.close()
        response.release_conn()
        return response.status, response.headers, body

    def _headers(self, credentials: Credentials) -> Mapping[str, str]:
        """Return a request's headers; the same until the credentials change."""
        kept = self._kept
        if kept is None or kept[0] is not credentials:
            kept = self._kept = (
                credentials,
                {
                    "Authorization": credentials.authorization,
                    "Accept": "application/json",
                    "User-Agent": "hooklog",
                },
            )
        return kept[1]

    def _timeout_within(self, time_left: float) -> urllib3.Timeout:
        """Return the timeouts of a request; mostly one object, which urllib3 copies."""
        if time_left >= self._connect_timeout + self._read_timeout:
            return self._timeout
        return urllib3.Timeout(
            total=time_left,
            connect=min(self._connect_timeout, time_left),
            read=min(self._read_timeout, time_left),
        )

    def _read(self, response: BaseHTTPResponse, deadline: float, max_body: int) -> bytes:
        """Read to the end, or one byte beyond the limit, but not beyond the deadline.

        It reads in chunks, because urllib3's read timeout restarts with each chunk: an answer that
        trickles in would never time out.
        """
        body = bytearray()
        # urllib3 looks for a packed body at each chunk, and buffers what it unpacks.
        is_packed = "Content-Encoding" in response.headers
        while len(body) <= max_body and (
            chunk := response.read1(max_body + 1 - len(body), decode_content=is_packed)
        ):
            body += chunk
            self._time_left(deadline)
            if response.length_remaining == 0 and not is_packed:
                break
        return bytes(body)

    def _time_left(self, deadline: float) -> float:
        """Return the seconds until then.

        Raises:
            FetchTimeoutError: there are none.

        """
        time_left = deadline - self._monotonic()
        if time_left <= 0:
            raise FetchTimeoutError(_TOO_LATE)
        return time_left


def connect(
    settings: Settings, secrets: Callable[[], SecretsManagerClient], *, connections: int
) -> SignalWireApi:
    """Return a client of the space that the settings name.

    Args:
        settings: with the space, its credentials or their secret, and the timeouts.
        secrets: returns a client for the credentials' secret when it is first needed.
        connections: kept open; the number of threads.

    """
    return SignalWireApi(
        settings.signalwire_url,
        credentials_source(settings, secrets),
        connections=connections,
        connect_timeout=settings.fetch_connect_timeout,
        read_timeout=settings.fetch_read_timeout,
    )


def _tls(base_url: str) -> dict[str, SSLContext]:
    """Share one TLS context; otherwise each connection reloads the CA bundle."""
    if not base_url.startswith("https:"):
        return {}
    context = create_urllib3_context()
    context.load_default_certs()
    return {"ssl_context": context}


def _json_text(headers: Mapping[str, str], body: bytes, max_body: int) -> str:
    """Check an answer without parsing it: a failing proxy may answer 200 with a page."""
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    # RFC 6839: a suffix marks other types as JSON, such as application/problem+json.
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise BadPayloadError("The answer is not JSON by its Content-Type.")
    if len(body) > max_body:
        raise BadPayloadError(f"The answer has more than {max_body} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadPayloadError("The answer is not UTF-8.") from None


def _refusal(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> FetchError:
    """Return the error for an answer other than 200."""
    detail = f"SignalWire answered {status}."
    retry_after = _retry_after(headers, now)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimitedError(detail, retry_after=retry_after)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and b'"exceeds_history_logs_limit"' in body:
        return HistoryLimitError()
    if known := _REFUSALS.get(status):
        return known(detail)
    if 400 <= status < 500:  # noqa: PLR2004 - any 4xx, registered or not
        return RejectedError(detail)
    # 5xx, and redirects: the API sends none, but a failing proxy may.
    return UpstreamError(detail, retry_after=retry_after)


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read ``Retry-After``: seconds or an HTTP date (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
