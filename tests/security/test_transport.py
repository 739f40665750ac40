"""Requests to SignalWire: trusted servers, TLS, and limits of size and time.

``tests/adapters/signalwire/test_api.py`` tests what answers mean, including redirects and limits of
size.
"""

from __future__ import annotations

import gzip
import itertools
import re
import ssl
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from hooklog.adapters.signalwire.api import MAX_BODY, SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import BadPayloadError, FetchConnectionError, FetchError, FetchTimeoutError
from tests.adapters.signalwire.tiny import NOTHING, response, tiny
from tests.fakes import NOW
from tests.security.tls import tls_space
from tests.template import template

PATH = "/api/fax/logs/3f1f9c5e-6a57-4f0b-9a0e-2f4d6c1b7a11"
#: Seconds; enough that a test that does not wait passes on a busy machine too.
AMPLE = 30.0


def api(url: str, *, seconds_a_look: float = 0) -> SignalWireApi:
    """Return a client with a clock that advances by this many seconds each time it is read."""
    ticks = itertools.count(step=seconds_a_look) if seconds_a_look else itertools.repeat(0.0)
    monotonic: Callable[[], float] = ticks.__next__
    return SignalWireApi(
        url,
        FixedCredentials(Credentials("project", "PT-token")),
        connections=1,
        connect_timeout=AMPLE,
        read_timeout=AMPLE,
        monotonic=monotonic,
    )


def refusal(client: SignalWireApi, time_left: float = AMPLE) -> FetchError:
    """Return the error that a request raises."""
    with pytest.raises(FetchError) as caught:
        client.get(PATH, time_left)
    return caught.value


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """Return a certificate authority that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def test_a_space_that_proves_who_it_is_gets_the_request(authority: trustme.CA) -> None:
    """A trusted certificate is accepted, so the next tests fail for the certificate alone."""
    with tls_space(authority.issue_cert("localhost")) as space:
        assert api(f"https://localhost:{space.port}").get(PATH, AMPLE) == "{}"
    assert space.paths == [PATH]


def test_the_authorities_are_read_once_for_all_connections(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are about 150, and a batch may open a hundred connections."""
    read: list[object] = []
    load = ssl.SSLContext.load_default_certs

    def counted(context: ssl.SSLContext) -> None:
        read.append(context)
        load(context)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", counted)
    with tls_space(authority.issue_cert("localhost")) as space:
        client = api(f"https://localhost:{space.port}")
        # The server closes the connection after each answer.
        for _ in range(3):
            client.get(PATH, AMPLE)
    assert len(read) == 1


@pytest.mark.usefixtures("authority")
def test_a_certificate_of_nobody_known_is_refused() -> None:
    """A self-signed certificate proves nothing: no request is sent, so no credentials either."""
    with tls_space(trustme.CA().issue_cert("localhost")) as space:
        error = refusal(api(f"https://localhost:{space.port}"))
    assert type(error) is FetchConnectionError
    assert "SSLError" in error.detail
    assert space.paths == []


def test_a_certificate_of_another_host_is_refused(authority: trustme.CA) -> None:
    """The owner of another name cannot answer for this one."""
    with tls_space(authority.issue_cert("elsewhere.example.com")) as space:
        error = refusal(api(f"https://localhost:{space.port}"))
    assert "SSLError" in error.detail
    assert space.paths == []


def test_a_certificate_that_has_run_out_is_refused(authority: trustme.CA) -> None:
    """An expired certificate is not trusted, because its key may be known by now."""
    old = authority.issue_cert("localhost", not_after=NOW - timedelta(days=1))
    with tls_space(old) as space:
        error = refusal(api(f"https://localhost:{space.port}"))
    assert "SSLError" in error.detail
    assert space.paths == []


# --- plain HTTP ---------------------------------------------------------------------------------


def deploys(space: str) -> bool:
    """Return whether the template accepts this host."""
    return (
        re.fullmatch(template()["Parameters"]["SignalWireSpace"]["AllowedPattern"], space)
        is not None
    )


def speaks_plainly(space: str) -> bool:
    """Return whether the settings talk to this host without TLS."""
    settings = EnrichSettings(
        table_name="t",
        queue_url="q",
        signalwire_space=space,
        signalwire_secret_arn="arn",
    )
    return settings.signalwire_url.startswith("http://")


@pytest.mark.parametrize(
    "space", ["host.docker.internal", "host.docker.internal:8070", "HOST.Docker.internal"]
)
def test_the_machine_around_a_container_cannot_be_deployed(space: str) -> None:
    """It is reached without TLS for ``sam local invoke``, but a stack refuses its name."""
    assert speaks_plainly(space)
    assert not deploys(space)


@pytest.mark.parametrize(
    "space",
    [
        *("example.signalwire.com", "example.signalwire.com:8443", "10.0.0.1", "192.168.1.1:80"),
        *("host.docker.internal.example.com", "myhost.docker.internal", "localhost.example.com"),
        *("169.254.169.254", "127.0.0.1.example.com"),
    ],
)
def test_any_other_host_gets_tls(space: str) -> None:
    """Private addresses get it too, because an address does not say who listens on its network."""
    assert deploys(space)
    assert not speaks_plainly(space)


# --- how much, and for how long -----------------------------------------------------------------


def chunked(*chunks: bytes) -> bytes:
    """Return an answer in these chunks; an empty chunk ends it."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def test_an_answer_that_trickles_in_is_given_up() -> None:
    """A server that keeps sending a little more, just in time, cannot hold up a batch."""
    with tiny(chunked(*[b"x"] * 1000, b"")) as server:
        error = refusal(api(server.url, seconds_a_look=1), time_left=10)
    assert type(error) is FetchTimeoutError
    assert len(server.requests) == 1


def test_an_answer_in_pieces_comes_whole() -> None:
    """A chunked answer is read to its end while there is time."""
    with tiny(chunked(b"{", b'"a":', b" 1}", b"")) as server:
        assert api(server.url, seconds_a_look=1).get(PATH, 10) == '{"a": 1}'


def test_a_second_try_has_the_time_that_is_left() -> None:
    """A connection that breaks when the time is up is not opened again."""
    with tiny(NOTHING) as server:
        assert type(refusal(api(server.url, seconds_a_look=1), time_left=2)) is FetchTimeoutError
        assert len(server.requests) == 1
        assert type(refusal(api(server.url, seconds_a_look=1), time_left=9)) is FetchConnectionError


def test_what_unpacks_to_a_hundred_times_its_size_is_not_unpacked() -> None:
    """Of fifty compressed megabytes of zeros, no more is held than the limit allows."""
    packed = gzip.compress(bytes(50_000_000), compresslevel=1)
    with tiny(response(packed, Content_Encoding="gzip")) as server:
        client = api(server.url)
        tracemalloc.start()
        try:
            assert type(refusal(client)) is BadPayloadError
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 20 * MAX_BODY
