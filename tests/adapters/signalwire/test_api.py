"""One request to SignalWire: each answer and each failure has one meaning."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.adapters.signalwire.api import MAX_BODY, SignalWireApi, _retry_after, connect
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.enrich.settings import EnrichSettings
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
from local.space import API_TOKEN, OFFICIAL_FAX_ID, PROJECT_ID, Fault, FaultKind, RunningSpace
from tests.adapters.aws.secrets_manager import ARN, SecretsManager
from tests.adapters.signalwire.tiny import NOTHING, Tiny, response, tiny
from tests.builders import SENT_AT

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ONE = f"/api/fax/logs/{OFFICIAL_FAX_ID}"
RIGHT = Credentials(PROJECT_ID, API_TOKEN)
WRONG = Credentials(PROJECT_ID, "PT-of-yesterday")
#: Seconds; long enough that no test fails on a busy machine.
AMPLE = 5.0
PERSONAL = "+12025550143"


class Renewing:
    """Credentials that are replaced when refused."""

    def __init__(self, *pairs: Credentials) -> None:
        """Start with the first pair; the last one is never replaced."""
        self.pairs = list(pairs)
        self.renewals = 0

    def current(self) -> Credentials:
        """Return the current pair."""
        return self.pairs[0]

    def renewed(self, refused: Credentials) -> Credentials:
        """Move on to the next pair."""
        assert refused == self.pairs[0]
        self.renewals += 1
        if len(self.pairs) > 1:
            self.pairs.pop(0)
        return self.pairs[0]


def api(
    url: str,
    credentials: Renewing | FixedCredentials | None = None,
    *,
    connect_timeout: float = AMPLE,
    read_timeout: float = AMPLE,
) -> SignalWireApi:
    """Return the adapter for a server, with one connection."""
    return SignalWireApi(
        url,
        credentials or FixedCredentials(RIGHT),
        connections=1,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        clock=lambda: SENT_AT,
    )


def refusal(client: SignalWireApi, path: str = ONE, time_left: float = AMPLE) -> FetchError:
    """Return the error that a request raises."""
    with pytest.raises(FetchError) as caught:
        client.get(path, time_left)
    return caught.value


def asked(space: RunningSpace) -> int:
    """Count the requests that reached the space."""
    return space.requests().counts.get("fax_one", 0)


# --- a log --------------------------------------------------------------------------------------


def test_log(space: RunningSpace) -> None:
    """A log comes as the JSON text that the API sent."""
    text = api(space.url).get(ONE, AMPLE)
    assert json.loads(text)["id"] == OFFICIAL_FAX_ID
    assert asked(space) == 1


def test_request() -> None:
    """A request has the credentials, asks for JSON and names its user agent."""
    with tiny(response()) as server:
        assert api(server.url).get(ONE, AMPLE) == "{}"
    (head,) = server.requests
    first, *headers = head.splitlines()
    assert first == f"GET {ONE} HTTP/1.1"
    assert f"Authorization: {RIGHT.authorization}" in headers
    assert "Accept: application/json" in headers
    assert "User-Agent: hooklog" in headers


def test_each_request_has_its_credentials() -> None:
    """New credentials are those of the next request, on the same connection."""
    first, second = Credentials(PROJECT_ID, "PT-1"), Credentials(PROJECT_ID, "PT-2")
    credentials = Renewing(first, second)
    with tiny(response()) as server:
        client = api(server.url, credentials)
        client.get(ONE, AMPLE)
        client.get(ONE, AMPLE)
        credentials.renewed(first)
        client.get(ONE, AMPLE)
    sent = [f"Authorization: {pair.authorization}" for pair in (first, first, second)]
    assert all(line in head.splitlines() for line, head in zip(sent, server.requests, strict=True))


def test_connections_are_kept() -> None:
    """Successive requests share a connection, whatever the answers."""
    page = response("<html>", content_type="text/html")
    answers = [response(), response("{}", 404), response("{}", 429), response("x", 500), page]
    with tiny(*answers, response()) as server:
        client = api(server.url)
        for _ in range(6):
            with suppress(FetchError):
                client.get(ONE, AMPLE)
    assert (len(server.requests), server.connections) == (6, 1)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(FaultKind.RATE_LIMITED), RateLimitedError),
        (Fault(FaultKind.SERVER_ERROR, status=500), UpstreamError),
        (Fault(FaultKind.SERVER_ERROR, status=502), UpstreamError),
        (Fault(FaultKind.SERVER_ERROR, status=503, retry_after=5), UpstreamError),
        (Fault(FaultKind.HTML), BadPayloadError),
        (Fault(FaultKind.UNAUTHORIZED), UnauthorizedError),
        (Fault(FaultKind.FORBIDDEN), ForbiddenError),
        (Fault(FaultKind.NOT_FOUND), NotFoundError),
        (Fault(FaultKind.HISTORY_LIMIT), HistoryLimitError),
    ],
)
def test_refusals_of_the_space(space: RunningSpace, fault: Fault, error: type[FetchError]) -> None:
    """Each documented refusal has its own error, and costs one request."""
    space.add_fault(fault)
    assert type(refusal(api(space.url))) is error
    assert asked(space) == 1


def test_missing_log(space: RunningSpace) -> None:
    """A log that the space does not have is not found."""
    path = "/api/fax/logs/00000000-0000-4000-8000-000000000000"
    assert type(refusal(api(space.url), path)) is NotFoundError


def test_wrong_id_is_left_to_the_caller(space: RunningSpace) -> None:
    """The adapter does not check which log an answer is about; the caller does."""
    space.add_fault(Fault(FaultKind.WRONG_ID))
    assert json.loads(api(space.url).get(ONE, AMPLE))["id"] != OFFICIAL_FAX_ID


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, UpstreamError),
        (300, UpstreamError),
        (304, UpstreamError),
        (400, RejectedError),
        (402, RejectedError),
        (405, RejectedError),
        (408, FetchTimeoutError),
        (409, UpstreamError),
        (410, RejectedError),
        (422, RejectedError),
        (425, UpstreamError),
        (451, RejectedError),
        (499, RejectedError),
        (501, UpstreamError),
        (504, UpstreamError),
        (529, UpstreamError),
        (599, UpstreamError),
    ],
)
def test_other_statuses(status: int, error: type[FetchError]) -> None:
    """Any other status has the meaning of its class, and the error keeps no text of the answer."""
    empty = b"" if status in {204, 304} else f'{{"error": "{PERSONAL}"}}'.encode()
    with tiny(response(empty, status)) as server:
        found = refusal(api(server.url))
    assert type(found) is error
    assert PERSONAL not in found.detail


def test_unprocessable_for_another_reason() -> None:
    """Only a 422 that names the history limit is about the history."""
    other = '{"errors": [{"type": "validation_error", "code": "invalid_parameter"}]}'
    limit = '{"errors":[{"type":"account_error","code":"exceeds_history_logs_limit"}]}'
    with tiny(response(other, 422), response(limit, 422), response(limit, 400)) as server:
        client = api(server.url)
        assert [type(refusal(client)) for _ in range(3)] == [
            RejectedError,
            HistoryLimitError,
            RejectedError,
        ]


def test_redirects_are_not_followed() -> None:
    """A redirect is an upstream error, and its target never gets the credentials."""
    with tiny(response()) as elsewhere:
        moved = response("{}", 302, Location=f"{elsewhere.url}/")
        with tiny(moved) as server:
            assert type(refusal(api(server.url))) is UpstreamError
    assert len(server.requests) == 1
    assert elsewhere.requests == []


# --- Retry-After --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (None, None),
        (0, 0),
        (7, 7),
        ("120", 120),
        ("Mon, 04 May 2026 12:01:30 GMT", 90),
        ("Mon, 04 May 2026 14:01:30 +0200", 90),
        ("Monday, 04-May-26 12:01:30 GMT", 90),
        ("Mon, 04 May 2026 11:59:00 GMT", 0),
        ("Mon, 04 May 2026 12:01:30 -0000", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("Mon, 04 May 2026 12:01:30 +99999999999999999999", None),
    ],
)
def test_retry_after(
    space: RunningSpace, retry_after: int | str | None, seconds: float | None
) -> None:
    """``Retry-After`` is read in seconds from a number or a date; nonsense is ignored."""
    space.add_fault(Fault(FaultKind.RATE_LIMITED, retry_after=retry_after))
    error = refusal(api(space.url))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == seconds


@given(
    st.text()
    | st.from_regex(
        r"(Mon, )?\d{1,5} (May|Foo) \d{1,8} \d{1,3}:\d{1,3}(:\d{1,3})? ([+-]\d{1,25}|GMT|Z)",
        fullmatch=True,
    )
)
def test_any_retry_after_is_read(value: str) -> None:
    """A 429 is a rate limit, whatever its ``Retry-After`` holds."""
    wish = _retry_after({"Retry-After": value}, SENT_AT)
    assert wish is None or wish >= 0


def test_retry_after_far_away() -> None:
    """A distant ``Retry-After`` is read in full; the backoff limits it."""
    year = SENT_AT + timedelta(days=365)
    value = year.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert _retry_after({"Retry-After": value}, SENT_AT) == timedelta(days=365).total_seconds()


# --- what answers announce ----------------------------------------------------------------------


def announcing(remaining: int, status: int = 200, reset: str = "60") -> bytes:
    """Return an answer with so many requests left, by default in the next minute."""
    return response(
        status=status,
        X_RateLimit_Limit="100",
        X_RateLimit_Remaining=str(remaining),
        x_ratelimit_reset=reset,
    )


def test_an_allowance_until_a_moment_ends_by_the_clients_clock() -> None:
    """The moment is in Unix time."""
    with tiny(announcing(9, reset=f"{SENT_AT.timestamp() + 60:.0f}")) as server:
        client = api(server.url)
        client.get(ONE, AMPLE)
        assert client.allowance() == Allowance(remaining=9, seconds=60.0, whole=100)


def test_the_scarcest_allowance_is_kept_until_it_is_taken() -> None:
    """Of several answers, refusals too, the scarcest allowance is kept, and forgotten once read."""
    answers = [announcing(12), announcing(9, 429), response("{}", 404), announcing(11)]
    with tiny(*answers, response()) as server:
        client = api(server.url)
        assert client.allowance() is None
        for _ in answers:
            with suppress(FetchError):
                client.get(ONE, AMPLE)
        assert client.allowance() == Allowance(remaining=9, seconds=60.0, whole=100)
        assert client.allowance() is None
        client.get(ONE, AMPLE)
        assert client.allowance() is None


# --- credentials --------------------------------------------------------------------------------


def test_refused_credentials_are_renewed(space: RunningSpace) -> None:
    """After a 401 the request is repeated once, with newer credentials."""
    credentials = Renewing(WRONG, RIGHT)
    assert OFFICIAL_FAX_ID in api(space.url, credentials).get(ONE, AMPLE)
    assert (credentials.renewals, asked(space)) == (1, 2)


def test_newer_credentials_may_get_as_long_an_answer(space: RunningSpace) -> None:
    """The limit of the request is that of its repetition, too."""
    size = len(api(space.url).get(ONE, AMPLE).encode())
    with pytest.raises(BadPayloadError):
        api(space.url, Renewing(WRONG, RIGHT)).get(ONE, AMPLE, max_body=size - 1)


def test_credentials_are_renewed_once_a_request(space: RunningSpace) -> None:
    """If the newer credentials are refused too, the request fails."""
    credentials = Renewing(WRONG, Credentials("nobody", "nothing"), RIGHT)
    assert type(refusal(api(space.url, credentials))) is UnauthorizedError
    assert (credentials.renewals, asked(space)) == (1, 2)


def test_same_credentials_are_not_tried_again(space: RunningSpace) -> None:
    """Without newer credentials the request is not repeated."""
    credentials = Renewing(WRONG)
    error = refusal(api(space.url, credentials))
    assert type(error) is UnauthorizedError
    assert WRONG.api_token not in error.detail
    assert (credentials.renewals, asked(space)) == (1, 1)


def test_no_credentials(space: RunningSpace) -> None:
    """Without credentials no request is made."""

    class Missing(Renewing):
        def current(self) -> NoReturn:
            raise UnauthorizedError("There is no secret.")

    assert refusal(api(space.url, Missing())).detail == "There is no secret."
    assert asked(space) == 0


# --- connections --------------------------------------------------------------------------------


def test_dropped_connection_is_made_again(space: RunningSpace) -> None:
    """If a kept connection turns out to be dead, the request is repeated on a new one."""
    client = api(space.url)
    client.get(ONE, AMPLE)
    space.reset_requests()
    space.add_fault(Fault(FaultKind.DROPPED))
    assert OFFICIAL_FAX_ID in client.get(ONE, AMPLE)
    assert asked(space) == 2


@pytest.mark.parametrize("kind", [FaultKind.DROPPED, FaultKind.TRUNCATED])
def test_broken_connection_is_tried_twice(space: RunningSpace, kind: FaultKind) -> None:
    """If the new connection breaks too, before or within the answer, the request fails."""
    space.add_fault(Fault(kind, times=100))
    client = api(space.url)
    assert type(refusal(client)) is FetchConnectionError
    assert asked(space) == 2
    space.clear_faults()
    assert OFFICIAL_FAX_ID in client.get(ONE, AMPLE)


def test_connection_closed_by_the_server() -> None:
    """A connection that the server has closed is replaced silently."""
    with tiny(response(Connection="close")) as server:
        client = api(server.url)
        for _ in range(3):
            client.get(ONE, AMPLE)
    assert (len(server.requests), server.connections) == (3, 3)


@pytest.mark.parametrize("answer", [NOTHING, b"what?\r\n\r\n"])
def test_no_http(answer: bytes) -> None:
    """An answer that is not HTTP is a broken connection after two attempts."""
    with tiny(answer) as server:
        assert type(refusal(api(server.url))) is FetchConnectionError
    assert len(server.requests) == 2


def test_connection_refused() -> None:
    """A closed port is a failed connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = refusal(api(f"http://127.0.0.1:{port}"))
    assert type(error) is FetchConnectionError
    assert "NewConnectionError" in error.detail


def test_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host name that cannot be resolved is a failed connection."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = refusal(api("https://nowhere.invalid"))
    assert type(error) is FetchConnectionError
    assert "NameResolutionError" in error.detail


def test_no_tls(space: RunningSpace) -> None:
    """A server without a valid certificate gets no request."""
    error = refusal(api(space.url.replace("http:", "https:")))
    assert type(error) is FetchConnectionError
    assert "SSLError" in error.detail
    assert asked(space) == 0


def test_the_authorities_certificates_are_loaded_once(
    space: RunningSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for each connection, which would take longer than a request."""
    loaded: list[object] = []

    def load(context: object) -> None:
        loaded.append(context)

    monkeypatch.setattr("ssl.SSLContext.load_default_certs", load)
    client = api(space.url.replace("http:", "https:"))
    for _ in range(3):
        assert "SSLError" in refusal(client).detail
    assert len(loaded) == 1


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read_timeout", "time_left"), [(0.1, AMPLE), (0.1, 9 * AMPLE), (AMPLE, 0.1)]
)
def test_slow_answer(space: RunningSpace, read_timeout: float, time_left: float) -> None:
    """A slow answer ends at the read timeout or at the end of the time left."""
    space.add_fault(Fault(FaultKind.SLOW, delay_s=2))
    began = time.monotonic()
    client = api(space.url, read_timeout=read_timeout)
    error = refusal(client, time_left=time_left)
    assert (type(error), error.detail) == (FetchTimeoutError, "SignalWire did not answer in time.")
    assert time.monotonic() - began < 1
    assert asked(space) == 1
    assert OFFICIAL_FAX_ID in client.get(ONE, AMPLE)


@pytest.mark.parametrize("time_left", [0.0, -1.0])
def test_no_time(time_left: float) -> None:
    """Without time left there is no request."""
    with tiny(response()) as server:
        client = SignalWireApi(
            server.url,
            FixedCredentials(RIGHT),
            connections=1,
            connect_timeout=AMPLE,
            read_timeout=AMPLE,
            monotonic=lambda: 1.0,
        )
        error = refusal(client, time_left=time_left)
    assert (type(error), error.detail) == (FetchTimeoutError, "SignalWire did not answer in time.")
    assert server.requests == []


def test_answer_that_stops() -> None:
    """An answer that stops half-way ends at the read timeout too."""
    cut = response("x" * 100).removesuffix(b"x")
    with tiny(cut) as server:
        client = api(server.url, read_timeout=0.1)
        assert type(refusal(client)) is FetchTimeoutError
        assert type(refusal(client)) is FetchTimeoutError
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("connect_timeout", "time_left"), [(0.1, AMPLE), (0.1, 9 * AMPLE), (AMPLE, 0.1)]
)
def test_slow_connection(connect_timeout: float, time_left: float) -> None:
    """A slow connection ends at the connect timeout or at the end of the time left."""
    with ExitStack() as sockets:
        # The listener never accepts; once its queue is full the kernel stays silent.
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            waiting.connect_ex(listener.getsockname())
        client = api(
            f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=connect_timeout
        )
        began = time.monotonic()
        assert type(refusal(client, time_left=time_left)) is FetchTimeoutError
        assert time.monotonic() - began < 1


# --- bodies -------------------------------------------------------------------------------------


def body_of(answer: bytes) -> str | type[FetchError]:
    """Return the text of an answer, or the class of its error."""
    with tiny(answer) as server:
        client = api(server.url)
        try:
            return client.get(ONE, AMPLE)
        except FetchError as error:
            assert server_is_usable(client, server)
            return type(error)


def server_is_usable(client: SignalWireApi, server: Tiny) -> bool:
    """Return whether the next request gets its own answer after the last one failed."""
    server.answers = [response('"next"')]
    return client.get(ONE, AMPLE) == '"next"'


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON ;charset=UTF-8",
        "application/problem+json",
        "application/vnd.api+json; charset=utf-8",
    ],
)
def test_json(content_type: str) -> None:
    """The content type identifies JSON, in any spelling."""
    assert body_of(response('{"é":1}', content_type=content_type)) == '{"é":1}'


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "text/json", "application/jsonp", "application/json+xml", ""],
)
def test_no_json(content_type: str) -> None:
    """An answer of another content type is not read as JSON."""
    assert body_of(response(content_type=content_type)) is BadPayloadError


def test_no_text() -> None:
    """JSON is UTF-8; other bytes are refused."""
    assert body_of(response(b'"\xff"')) is BadPayloadError


@pytest.mark.parametrize(
    ("size", "fits"), [(MAX_BODY, True), (MAX_BODY + 1, False), (20 * MAX_BODY, False)]
)
def test_size(size: int, *, fits: bool) -> None:
    """A body up to the limit is read in full; a larger one is refused at the limit."""
    text = "x" * size
    assert body_of(response(text)) == (text if fits else BadPayloadError)


@pytest.mark.parametrize("sent", [MAX_BODY + 1, 2 * MAX_BODY])
def test_endless_body(sent: int) -> None:
    """A body beyond the limit is cut off, and does not mix with the next answer."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {10**12}\r\n\r\n"
    assert body_of(head.encode() + b"x" * sent) is BadPayloadError


def test_size_when_unpacked() -> None:
    """The limit applies to the decompressed body."""
    packed = gzip.compress(b"x" * (MAX_BODY + 1))
    assert body_of(response(packed, Content_Encoding="gzip")) is BadPayloadError
    packed = gzip.compress(b"x" * MAX_BODY)
    assert body_of(response(packed, Content_Encoding="gzip")) == "x" * MAX_BODY


def test_chunks() -> None:
    """A chunked body is read in full, up to the limit."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    assert body_of(head + chunk * 3 + b"0\r\n\r\n") == "x" * 3072
    assert body_of(head + chunk * (MAX_BODY // 1024 + 1) + b"0\r\n\r\n") is BadPayloadError


def test_what_comes_beyond_the_limit_is_not_unpacked() -> None:
    """A body that is too large is refused for its size, even if the rest of it is broken."""
    broken = gzip.compress(b"x" * (MAX_BODY + 2))[:-8] + bytes(8)
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (broken[:60], broken[60:], b"")]
    assert body_of(head + b"".join(chunks)) is BadPayloadError


def test_a_refusal_is_read_within_the_limit() -> None:
    """The status of an error page decides, whatever the page's size."""
    page = response("x" * (2 * MAX_BODY), 502, "text/html")
    assert body_of(page) is UpstreamError


# --- wiring -------------------------------------------------------------------------------------


def settings(space: RunningSpace, **more: str) -> EnrichSettings:
    """Return the settings of a function that asks this space."""
    environment = {"TABLE_NAME": "t", "QUEUE_URL": "q", "SIGNALWIRE_SPACE": space.host, **more}
    return EnrichSettings.load(environment)


def no_client() -> SecretsManagerClient:
    """Fail: nothing is to be read from Secrets Manager."""
    pytest.fail("a client for Secrets Manager was made")


def test_connect_uses_the_secret(space: RunningSpace) -> None:
    """Credentials come from the secret, which is read at the first request and not before."""
    secret = json.dumps({"project_id": space.project_id, "api_token": space.api_token})
    manager = SecretsManager(secret)
    wired = settings(space, SIGNALWIRE_SECRET_ARN=ARN)
    client = connect(wired, manager.client, connections=2)
    assert (manager.clients, manager.reads) == (0, 0)
    for _ in range(2):
        assert json.loads(client.get(ONE, AMPLE))["id"] == OFFICIAL_FAX_ID
    assert (manager.clients, manager.reads) == (1, 1)


def test_connect_uses_the_credentials_of_the_environment(space: RunningSpace) -> None:
    """Without a secret's ARN, project ID and token come from the settings."""
    wired = settings(
        space, SIGNALWIRE_PROJECT_ID=space.project_id, SIGNALWIRE_API_TOKEN=space.api_token
    )
    client = connect(wired, no_client, connections=2)
    assert json.loads(client.get(ONE, AMPLE))["id"] == OFFICIAL_FAX_ID


def test_connect_obeys_the_timeouts(space: RunningSpace) -> None:
    """An answer is waited for as long as FETCH_READ_TIMEOUT says."""
    wired = settings(
        space,
        SIGNALWIRE_PROJECT_ID=space.project_id,
        SIGNALWIRE_API_TOKEN=space.api_token,
        FETCH_CONNECT_TIMEOUT="4",
        FETCH_READ_TIMEOUT="0.1",
    )
    space.add_fault(Fault(FaultKind.SLOW, delay_s=2))
    client = connect(wired, no_client, connections=1)
    began = time.monotonic()
    assert type(refusal(client)) is FetchTimeoutError
    assert time.monotonic() - began < 1
    assert client._connect_timeout == 4


@pytest.mark.parametrize("connections", [1, 5])
def test_connect_keeps_the_connections(space: RunningSpace, connections: int) -> None:
    """The pool has room for one connection per thread."""
    wired = settings(space, SIGNALWIRE_SECRET_ARN=ARN)
    pool = connect(wired, no_client, connections=connections)._pool.pool
    assert pool is not None
    assert pool.maxsize == connections


def test_as_many_connections_are_kept_as_there_are_threads() -> None:
    """Connections that threads used at once serve their next requests."""
    with tiny(response()) as server:
        client = SignalWireApi(
            server.url,
            FixedCredentials(RIGHT),
            connections=3,
            connect_timeout=AMPLE,
            read_timeout=AMPLE,
        )
        for _ in range(2):
            together = threading.Barrier(3)
            server.before_answer = lambda wait=together.wait: wait(AMPLE)  # type: ignore[misc]
            with ThreadPoolExecutor(3) as threads:
                list(threads.map(lambda _: client.get(ONE, AMPLE), range(3)))
    assert server.connections == 3


def test_connecting_and_reading_share_the_time_that_is_left() -> None:
    """The time that a slow connection takes is no longer there for the answer."""
    timeout = api("http://127.0.0.1:9", connect_timeout=AMPLE, read_timeout=AMPLE)._timeout_within(
        1.0
    )
    assert (timeout.total, timeout.connect_timeout) == (1.0, 1.0)


def test_an_answer_may_have_the_whole_size(space: RunningSpace) -> None:
    """One byte more is too many, and the error says how many are allowed."""
    client = api(space.url)
    size = len(client.get(ONE, AMPLE).encode())
    assert client.get(ONE, AMPLE, max_body=size)
    with pytest.raises(BadPayloadError) as caught:
        client.get(ONE, AMPLE, max_body=size - 1)
    assert caught.value.detail == f"The answer has more than {size - 1} bytes."


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotFoundError), (418, RejectedError), (429, RateLimitedError), (503, UpstreamError)],
)
def test_an_error_names_the_status_and_the_wait(status: int, error: type[FetchError]) -> None:
    """An operator reads the status in the parking; a retry keeps to what was asked for."""
    with tiny(response("{}", status, Retry_After="7")) as server:
        refused = refusal(api(server.url))
    assert (type(refused), refused.detail) == (error, f"SignalWire answered {status}.")
    waits = status in {429, 503}
    assert refused.retry_after == (7.0 if waits else None)


def test_a_redirect_is_not_followed() -> None:
    """The credentials go to the configured host alone."""
    with tiny(response("", 302, Location="/elsewhere"), response()) as server:
        assert isinstance(refusal(api(server.url)), UpstreamError)
    assert len(server.requests) == 1
