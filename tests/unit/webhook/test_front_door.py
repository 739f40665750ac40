"""The front door: signed callbacks are enqueued, all other requests refused without a trace."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st

from hooklog.adapters.telemetry.emf import EmbeddedMetrics
from hooklog.adapters.telemetry.webhook import WebhookTelemetry
from hooklog.errors import BY_CODE, KeysUnavailableError, QueueUnavailableError
from hooklog.webhook.front_door import MAX_BODY, FrontDoor
from tests.builders import FAX_SID, MESSAGE_ID, PROJECT_ID
from tests.fakes import FakeDoorTelemetry, FakeKeys, FakeProducer
from tests.webhook import (
    ALIAS,
    BASE,
    FROM,
    JSON,
    KEY,
    SHA1,
    SHA256,
    TO,
    Request,
    fax_status,
    form_request,
    get_request,
    json_request,
    message_status,
    scheme_a,
    scheme_a256,
    scheme_b,
    sms_status,
)

OTHER_KEY = "PSK_somebody-elses"


class Door:
    """A front door with fake keys, queue and telemetry."""

    def __init__(
        self,
        *keys: str,
        url: str = BASE,
        only_ends: bool = False,
        **more: Any,  # noqa: ANN401
    ) -> None:
        """Use these keys, or by default the key that signs the callbacks."""
        self.keys = FakeKeys(keys or (KEY,), **more)
        self.queue = FakeProducer()
        self.telemetry = FakeDoorTelemetry()
        self.door = FrontDoor(url, self.keys, self.queue, self.telemetry, only_ends=only_ends)

    def knock(self, request: Request | object) -> int:
        """Return the status of the answer, which has no other content."""
        event = request.event() if isinstance(request, Request) else request
        answer = self.door.handle(event)
        assert set(answer) == {"statusCode"}
        assert type(answer["statusCode"]) is int
        return answer["statusCode"]

    @property
    def refusals(self) -> list[str]:
        """The error codes that were counted."""
        return [error.code for error in self.telemetry.refusals]


# --- what gets in -------------------------------------------------------------------------------

GOOD: dict[str, tuple[Request, str]] = {
    "message status": (json_request(), "message"),
    "message status with a query": (json_request(query="tenant=7&x=%2B1"), "message"),
    "LaML message": (form_request(sms_status()), "message"),
    "LaML fax": (form_request(), "fax"),
    "LaML fax by GET": (get_request(), "fax"),
    "LaML message by GET": (get_request(sms_status()), "message"),
}


@pytest.mark.parametrize(("request_", "log_type"), GOOD.values(), ids=GOOD)
def test_a_signed_callback_is_enqueued(request_: Request, log_type: str) -> None:
    """A signed callback puts one message on the queue, and gets 204."""
    door = Door()
    assert door.knock(request_) == 204
    (body,) = door.queue.bodies
    assert json.loads(body)["log_type"] == log_type
    assert (door.refusals, door.telemetry.defects) == ([], [])


@pytest.mark.parametrize(
    ("request_", "is_enqueued"),
    [
        (form_request(fax_status(FaxStatus="sending")), False),
        (form_request(fax_status(FaxStatus="delivered")), True),
        (get_request(fax_status(FaxStatus="failed")), True),
        (form_request(sms_status(MessageStatus="sent")), False),
        (json_request(message_status(status="queued")), False),
        (json_request(message_status(status="undelivered")), True),
        (json_request(message_status(status="read")), True),
        (json_request(message_status(status="teleported")), True),
        (json_request(message_status(status="")), True),
    ],
)
def test_where_only_ends_are_wanted_the_rest_is_answered_and_dropped(
    request_: Request,
    is_enqueued: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A status that hooklog does not know may be an end."""
    door = Door()
    assert door.knock(request_) == 204
    assert len(door.queue.bodies) == 1
    ends = Door(only_ends=True)
    assert ends.knock(request_) == 204
    assert len(ends.queue.bodies) == is_enqueued


def test_where_only_ends_are_wanted_everything_is_verified() -> None:
    """Nobody learns from the answer which statuses are dropped."""
    door = Door(only_ends=True)
    assert door.knock(json_request(message_status(status="queued"), key=OTHER_KEY)) == 403


def test_base64_and_text_are_the_same() -> None:
    """Forms and JSON are both read as text and as base64."""
    form = form_request()
    assert form.is_base64
    assert form.body is not None
    as_text = replace(form, body=base64.b64decode(form.body).decode(), is_base64=False)
    json_text = json_request()
    assert json_text.body is not None
    encoded = base64.b64encode(json_text.body.encode()).decode()
    as_base64 = replace(json_text, body=encoded, is_base64=True)
    for one, other in ((form, as_text), (json_text, as_base64)):
        door = Door()
        assert (door.knock(one), door.knock(other)) == (204, 204)
        assert door.queue.bodies[0] == door.queue.bodies[1]


@pytest.mark.parametrize("name", [SHA1, SHA256])
def test_one_header_is_enough(name: str) -> None:
    """Either signature header alone is enough; older back ends send SHA-1 only."""
    request = json_request()
    request.headers = {name: request.headers[name]}
    assert Door().knock(request) == 204


def test_the_case_of_header_names_does_not_matter() -> None:
    """Header names match in any case."""
    request = json_request()
    request.headers = {name.title(): value for name, value in request.headers.items()}
    assert Door().knock(request) == 204


@pytest.mark.parametrize("content_type", [None, "text/plain", "APPLICATION/JSON", "form"])
def test_nobody_signs_the_content_type(content_type: str | None) -> None:
    """The content type is ignored, because no signature covers it."""
    for request in (json_request(), form_request()):
        del request.headers["content-type"]
        if content_type is not None:
            request.headers["content-type"] = content_type
        assert Door().knock(request) == 204


@pytest.mark.parametrize("request_", [json_request(), form_request(), get_request()])
def test_a_replay_is_the_same_message_again(request_: Request) -> None:
    """A replayed callback enqueues the same message again, which does no harm."""
    door = Door()
    assert [door.knock(request_) for _ in range(3)] == [204] * 3
    assert len(set(door.queue.bodies)) == 1


def test_the_largest_body() -> None:
    """A body of 64 kB is accepted, in base64 and as text."""
    callback = message_status()
    callback["body"] = "x" * (MAX_BODY - len(json.dumps(callback | {"body": ""})))
    request = json_request(callback)
    assert request.body is not None
    assert len(request.body) == MAX_BODY == 65536
    assert Door().knock(request) == 204
    encoded = base64.b64encode(request.body.encode()).decode()
    assert Door().knock(replace(request, body=encoded, is_base64=True)) == 204


# --- the URL ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configured", "path", "signed"),
    [
        # The host alone, as documented; a trailing slash makes no difference.
        (BASE, "/hooklog", f"{BASE}/hooklog"),
        (f"{BASE}/", "/hooklog", f"{BASE}/hooklog"),
        (BASE, "/hooklog/", f"{BASE}/hooklog/"),
        # A URL without a path arrives with a slash.
        (BASE, "/", BASE),
        (BASE, "/", f"{BASE}/"),
        # API Gateway leaves out the prefix of a custom domain's mapping.
        (f"{BASE}/prefix", "/hooklog", f"{BASE}/prefix/hooklog"),
        (f"{BASE}/prefix", "/", f"{BASE}/prefix"),
        (f"{BASE}/a/b", "/", f"{BASE}/a/b"),
        (f"{BASE}/a/b", "/hooklog", f"{BASE}/a/b/hooklog"),
        (f"{BASE}/a/b", "/a/b/hooklog", f"{BASE}/a/b/hooklog"),
        (f"{BASE}/a/b/", "/a/b", f"{BASE}/a/b"),
        (f"{BASE}/FAX", "/hooklog", f"{BASE}/FAX/hooklog"),
        # The setting holds the whole URL instead of the part before the path.
        (f"{BASE}/hooklog", "/hooklog", f"{BASE}/hooklog"),
        (f"{BASE}/hooklog", "/hooklog/fax", f"{BASE}/hooklog/fax"),
        # The default port, in the setting or in the signed URL.
        (f"{BASE}:443", "/hooklog", f"{BASE}/hooklog"),
        (BASE, "/hooklog", f"{BASE}:443/hooklog"),
        # Any other port is part of the URL.
        (f"{BASE}:8443", "/hooklog", f"{BASE}:8443/hooklog"),
    ],
)
@pytest.mark.parametrize("query", ["", "tenant=7"])
def test_the_url_is_the_configured_one(configured: str, path: str, signed: str, query: str) -> None:
    """The signed URL is the configured base with the path and query as they were sent."""
    request = Request(path=path, query=query, body=json.dumps(message_status()))
    url = f"{signed}?{query}" if query else signed
    request.headers = {SHA1: scheme_a(KEY, url, request.body or "")}
    assert Door(url=configured).knock(request) == 204


@pytest.mark.parametrize(
    ("configured", "path", "signed"),
    [
        (BASE, "/hooklog", "https://evil.example.com/hooklog"),
        (BASE, "/hooklog", "http://hooks.example.com/hooklog"),
        (BASE, "/hooklog", f"{BASE}:8443/hooklog"),
        (BASE, "/hooklog", f"{BASE}/other"),
        (BASE, "/hooklog/", f"{BASE}/hooklog"),
        (BASE, "/hooklog", BASE),
        (f"{BASE}:8443", "/hooklog", f"{BASE}/hooklog"),
        (f"{BASE}/prefix", "/hooklog", f"{BASE}/hooklog"),
        (f"{BASE}/hook", "/hooklog", f"{BASE}/hooklog"),
    ],
)
def test_no_other_url_is(configured: str, path: str, signed: str) -> None:
    """A callback that was signed for another URL is refused."""
    request = Request(path=path, body=json.dumps(message_status()))
    request.headers = {SHA1: scheme_a(KEY, signed, request.body or "")}
    assert Door(url=configured).knock(request) == 403


def test_without_a_url_nothing_gets_in() -> None:
    """Without a URL every request is refused, and one log line names the missing setting."""
    door = Door(url="")
    for request, _ in GOOD.values():
        assert door.knock(request) == 403
    assert door.queue.bodies == []
    assert set(door.refusals) == {"callback.closed"}
    assert {error.detail for error in door.telemetry.refusals} == {"WEBHOOK_URL is not set."}
    assert door.telemetry.reasons == [
        "WEBHOOK_URL is not set (parameter WebhookUrl): every callback is refused."
    ]
    assert door.keys.looks == 0


def test_with_a_url_nobody_is_told_that_there_is_none() -> None:
    """With a URL no error is logged at the cold start."""
    assert Door().telemetry.reasons == []


# --- attacks ------------------------------------------------------------------------------------


def attack(request: Request, **changes: Any) -> Request:  # noqa: ANN401
    """Change a signed request on its way, but not its signature."""
    return replace(request, **changes)


def with_headers(request: Request, **headers: Any) -> Request:  # noqa: ANN401
    """Change headers, named without their prefix ``x-``; None removes one."""
    named = {f"x-{name.replace('_', '-')}": value for name, value in headers.items()}
    kept = {k: v for k, v in (request.headers | named).items() if v is not None}
    return replace(request, headers=kept)


def signed_for(url: str, **headers: str) -> Request:
    """Sign a callback for another URL, and claim that URL in the headers."""
    body = json.dumps(message_status())
    return Request(body=body, headers={SHA1: scheme_a(KEY, url, body)} | headers)


def only(request: Request, name: str, value: str) -> Request:
    """Return the request with one signature header only."""
    return replace(request, headers={name: value})


def encoded(content: bytes) -> str:
    """Encode a body as AWS does."""
    return base64.b64encode(content).decode()


GOOD_JSON, GOOD_FORM, GOOD_GET = json_request(query="t=1&u=2"), form_request(), get_request()
BODY = GOOD_JSON.body or ""
SIGNATURE, SIGNATURE256 = GOOD_JSON.headers[SHA1], GOOD_JSON.headers[SHA256]
FORM_SIGNATURE = GOOD_FORM.headers[SHA1]
OTHER_MESSAGE = json.dumps(message_status(id=str(uuid.UUID(int=7))))

FORBIDDEN: dict[str, Request] = {
    "no signature, JSON": attack(GOOD_JSON, headers={}),
    "no signature, form": attack(GOOD_FORM, headers={}),
    "no signature, GET": attack(GOOD_GET, headers={}),
    "no signature, but a user": attack(GOOD_JSON, headers={"authorization": "Basic eDp5"}),
    "empty signature": only(GOOD_JSON, SHA1, ""),
    "empty signatures": attack(GOOD_FORM, headers={SHA1: "", SHA256: "", ALIAS: ""}),
    "signature of one character": only(GOOD_JSON, SHA1, "d"),
    "truncated signature": only(GOOD_JSON, SHA1, SIGNATURE[:-1]),
    "truncated base64 signature": only(GOOD_FORM, SHA1, FORM_SIGNATURE.rstrip("=")),
    "extended signature": only(GOOD_JSON, SHA1, f"{SIGNATURE}0"),
    "signature between blanks": only(GOOD_JSON, SHA1, f" {SIGNATURE} "),
    "signature in quotes": only(GOOD_JSON, SHA1, f'"{SIGNATURE}"'),
    "signature with its scheme": only(GOOD_JSON, SHA1, f"sha1={SIGNATURE}"),
    "signature in upper case": only(GOOD_JSON, SHA1, SIGNATURE.upper()),
    "SHA-256 signature in upper case": only(GOOD_JSON, SHA256, SIGNATURE256.upper()),
    "base64 signature in swapped case": only(GOOD_FORM, SHA1, FORM_SIGNATURE.swapcase()),
    "URL-safe base64 signature": only(
        GOOD_FORM, SHA1, FORM_SIGNATURE.translate(str.maketrans("+/=", "-_."))
    ),
    "signature that is not ASCII": only(GOOD_JSON, SHA1, f"é{SIGNATURE[1:]}"),
    "signature that is not Unicode": only(GOOD_JSON, SHA1, "\ud800" * 40),
    "another key, JSON": json_request(key=OTHER_KEY),
    "another key, form": form_request(key=OTHER_KEY),
    "another key, GET": get_request(key=OTHER_KEY),
    "an empty key": json_request(key=""),
    "a blank key": json_request(key=" "),
    "the key in lower case": json_request(key=KEY.lower()),
    "another host": signed_for("https://evil.example.com/hooklog"),
    "another host, spoofed Host": signed_for(
        "https://evil.example.com/hooklog", host="evil.example.com"
    ),
    "another host, spoofed X-Forwarded-Host": signed_for(
        "https://evil.example.com/hooklog",
        **{"x-forwarded-host": "evil.example.com", "x-forwarded-proto": "https"},
    ),
    "another host, spoofed Forwarded": signed_for(
        "https://evil.example.com/hooklog", forwarded="host=evil.example.com;proto=https"
    ),
    "plain http": signed_for("http://hooks.example.com/hooklog"),
    "another port": signed_for(f"{BASE}:8443/hooklog"),
    "another path": attack(GOOD_JSON, path="/another"),
    "a slash more": attack(GOOD_JSON, path="/hooklog/"),
    "a path in another case": attack(GOOD_JSON, path="/HookLog"),
    "a path with dots": attack(GOOD_JSON, path="/x/../hooklog"),
    "changed query": attack(GOOD_JSON, query="t=1&u=3"),
    "extended query": attack(GOOD_JSON, query="t=1&u=2&v=3"),
    "reordered query": attack(GOOD_JSON, query="u=2&t=1"),
    "no query": attack(GOOD_JSON, query=""),
    "query spelt differently": attack(GOOD_JSON, query="t=%31&u=2"),
    "GET of another fax": attack(GOOD_GET, query=urlencode(fax_status(FaxSid=MESSAGE_ID))),
    "changed body": attack(GOOD_JSON, body=BODY.replace("undelivered", "delivered")),
    "body of another callback": attack(GOOD_JSON, body=OTHER_MESSAGE),
    "a blank more in the body": attack(GOOD_JSON, body=f"{BODY} "),
    "no body": attack(GOOD_JSON, body=None),
    "changed form": attack(
        GOOD_FORM, body=encoded(urlencode(fax_status(FaxStatus="delivered")).encode())
    ),
    "a field more": attack(GOOD_FORM, body=encoded(urlencode(fax_status() | {"Z": "1"}).encode())),
    "a field less": attack(GOOD_FORM, body=encoded(urlencode(fax_status()).encode()[:-20])),
    "a field twice": attack(
        GOOD_FORM, body=encoded(urlencode([*fax_status().items(), ("To", TO)]).encode())
    ),
    "JSON under a form's signature": attack(
        GOOD_FORM, body=encoded(json.dumps(fax_status()).encode())
    ),
    "header twice": only(GOOD_JSON, SHA1, f"{SIGNATURE},{SIGNATURE}"),
    "header twice, once wrong": only(GOOD_JSON, SHA1, f"x, {SIGNATURE}"),
    "SHA-256 under SHA-1's name": only(GOOD_JSON, SHA1, SIGNATURE256),
    "SHA-1 under SHA-256's name": only(GOOD_JSON, SHA256, SIGNATURE),
    "a form's under SHA-256's name": only(GOOD_FORM, SHA256, FORM_SIGNATURE),
    "hex where base64 belongs": only(GOOD_FORM, SHA1, base64.b64decode(FORM_SIGNATURE).hex()),
    "base64 where hex belongs": only(
        GOOD_JSON, SHA1, base64.b64encode(bytes.fromhex(SIGNATURE)).decode()
    ),
    "both schemes in one header": only(GOOD_JSON, SHA1, SIGNATURE + FORM_SIGNATURE),
    "both schemes, of another callback": attack(
        GOOD_JSON, headers={SHA1: FORM_SIGNATURE, SHA256: scheme_a256(KEY, BASE, BODY)}
    ),
    "signed alias next to a wrong header": attack(
        GOOD_FORM, headers={SHA1: "x", ALIAS: FORM_SIGNATURE}
    ),
    "signature of the URL alone with JSON": only(GOOD_JSON, SHA1, scheme_b(KEY, GOOD_JSON.url, [])),
    "signature of the URL alone with a form": only(
        GOOD_FORM, SHA1, scheme_b(KEY, GOOD_FORM.url, [])
    ),
    "signature of the body alone": only(GOOD_JSON, SHA1, scheme_a(KEY, "", BODY)),
    "signature in the query": attack(GOOD_JSON, headers={}, query=f"{SHA1}={SIGNATURE}"),
}


def unreadable() -> dict[str, object]:
    """Return requests that are refused as unreadable, with or without a valid signature."""
    event = json_request().event()
    path_of_another_host = json_request()
    path_of_another_host.path = ".evil.example.com/hooklog"
    path_of_another_host.headers[SHA1] = scheme_a(KEY, path_of_another_host.url, BODY)
    return {
        "bad base64": attack(GOOD_FORM, body="%%%"),
        "base64 cut short": attack(GOOD_FORM, body=(GOOD_FORM.body or "")[:-1]),
        "base64 that is not ASCII": attack(GOOD_FORM, body="é" * 4),
        "base64 with line breaks": attack(GOOD_FORM, body="QUJD\nREVG"),
        "bad UTF-8": attack(GOOD_FORM, body=encoded(b"FaxSid=\xff\xfe")),
        "UTF-16": attack(GOOD_JSON, body=encoded(BODY.encode("utf-16")), is_base64=True),
        "half of a character": attack(GOOD_JSON, body="\ud800"),
        "a path that changes the host": path_of_another_host,
        "PUT": attack(GOOD_JSON, method="PUT"),
        "DELETE": attack(GOOD_GET, method="DELETE"),
        "HEAD": attack(GOOD_GET, method="HEAD"),
        "get": attack(GOOD_GET, method="get"),
        "GET with a body": attack(GOOD_GET, body="FaxSid=x"),
        "POST of what was a GET": attack(GOOD_GET, method="POST"),
        "headers of the same name": with_headers(
            GOOD_JSON, **{"SignalWire-Signature": "x", "signalwire_signature": SIGNATURE}
        ),
        "a header that is not text": with_headers(GOOD_JSON, signalwire_signature=[SIGNATURE]),
        "a header that is null": event | {"headers": {SHA1: None}},
        "no headers": {k: v for k, v in event.items() if k != "headers"},
        "headers in a list": event | {"headers": [[SHA1, SIGNATURE]]},
        "no method": event | {"requestContext": {}},
        "a path that is not text": event | {"rawPath": 7},
        "a query that is not text": event | {"rawQueryString": {"t": "1"}},
        "a body that is not text": event | {"body": {"id": MESSAGE_ID}},
        "base64 by hearsay": event | {"isBase64Encoded": "true"},
        "payload format 1.0": event | {"version": "1.0"},
        "an SQS event": {"Records": [{"body": BODY}]},
        "nothing": None,
        "a text": BODY,
        "a list": [event],
        "signed, but about a recording": form_request(
            {"RecordingSid": FAX_SID, "RecordingStatus": "failed"}
        ),
        "signed, but no UUID": json_request(message_status(id="1")),
        "signed, but a list": sign_json("[]"),
        "signed, but no JSON": sign_json("{"),
        "signed, but deep": sign_json('{"a":' * 10_000),
        "signed, but empty": sign_json(""),
        "signed, with the values' borders moved": replace(
            GOOD_FORM,
            body=encoded(urlencode(fax_status()).replace("&FaxStatus=", "FaxStatus").encode()),
        ),
    }


def sign_json(body: str) -> Request:
    """Sign any text by the scheme for JSON."""
    request = Request(body=body)
    request.headers = {"content-type": JSON, SHA1: scheme_a(KEY, request.url, body)}
    return request


TOO_LARGE: dict[str, Request] = {
    "huge body": sign_json("{" + " " * MAX_BODY),
    "huge body, barely": sign_json(" " * (MAX_BODY + 1)),
    "huge body in base64": attack(GOOD_FORM, body=encoded(b"x" * (MAX_BODY + 1))),
    "huge body that is not base64": attack(GOOD_FORM, body="%" * MAX_BODY * 2),
    "huge body in few characters": sign_json("€" * (MAX_BODY // 2)),
    "huge body that is not Unicode": attack(GOOD_JSON, body="\ud800" * (MAX_BODY + 1)),
    "huge body without a signature": Request(body="x" * 6_000_000),
}
ATTACKS: dict[str, tuple[Any, int, str]] = {
    **{name: (request, 403, "callback.unsigned") for name, request in FORBIDDEN.items()},
    **{name: (event, 400, "callback.malformed") for name, event in unreadable().items()},
    **{name: (request, 413, "callback.too_large") for name, request in TOO_LARGE.items()},
}
#: Parts of the requests above that may not be printed, whatever the answer.
PERSONAL = (
    *(FROM[2:], TO[2:], MESSAGE_ID, FAX_SID, PROJECT_ID, KEY, OTHER_KEY, SIGNATURE, SIGNATURE256),
    *(FORM_SIGNATURE, "hooklog?", "evil", "314159", "Handset", "dropped", "tenant"),
)


def test_the_untouched_requests_get_in() -> None:
    """The requests that the attacks change are accepted without the change."""
    for request in (GOOD_JSON, GOOD_FORM, GOOD_GET):
        assert Door().knock(request) == 204


@pytest.mark.parametrize(("request_", "status", "code"), ATTACKS.values(), ids=ATTACKS)
def test_attacks(
    request_: Any,  # noqa: ANN401
    status: int,
    code: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each attack is refused and counted with the reason; nothing of its content is printed."""
    queue = FakeProducer()
    telemetry = WebhookTelemetry(
        Logger(service=f"test-{uuid.uuid4()}", level="DEBUG"), EmbeddedMetrics("Hooklog")
    )
    door = FrontDoor(BASE, FakeKeys((KEY,)), queue, telemetry)
    event = request_.event() if isinstance(request_, Request) else request_
    assert door.handle(event) == {"statusCode": status}
    assert queue.bodies == []
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["code"], told["CallbacksRefused"]) == (code, 1)
    # The operator's sentence, which is the same for all of a code, does not say what was wrong.
    assert (told["detail"] == BY_CODE[code].operator) == (code == "callback.too_large")
    assert not [text for text in PERSONAL if text in line]


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("PUT", "It is not a GET or POST of payload format 2.0."),
        ("an SQS event", "It is not a GET or POST of payload format 2.0."),
        ("a path that changes the host", "Its path could change the host that was configured."),
        ("GET with a body", "It is a GET with a body."),
        ("headers of the same name", "A header is not text, or is repeated."),
        ("a header that is not text", "A header is not text, or is repeated."),
        ("a body that is not text", "Its body is not text."),
        ("bad UTF-8", "Its body is not UTF-8, or not base64."),
        ("base64 cut short", "Its body is not UTF-8, or not base64."),
    ],
)
def test_the_detail_says_what_was_wrong(name: str, detail: str) -> None:
    """The operator's sentence for a malformed callback refers to it."""
    door, event = Door(), unreadable()[name]
    assert door.knock(event) == 400
    assert [error.detail for error in door.telemetry.refusals] == [detail]


@pytest.mark.parametrize(
    "request_", [attack(GOOD_JSON, headers={}), TOO_LARGE["huge body"], unreadable()["PUT"]]
)
def test_what_is_refused_anyway_costs_no_look_at_the_keys(request_: Request) -> None:
    """The keys are read only for a readable request that has a signature."""
    door = Door()
    assert door.knock(request_) in {400, 403, 413}
    assert door.keys.looks == 0


EVENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("version", "rawPath", "rawQueryString", "headers", "requestContext"),
                *("body", "isBase64Encoded"),
            ]
        ),
        EVENTS,
    )
)
def test_no_event_gets_in_or_crashes(changes: dict[str, Any]) -> None:
    """An event without a valid signature enqueues nothing and raises nothing."""
    door = Door()
    unsigned = json_request()
    unsigned.headers = {SHA1: "0" * 40}
    assert door.knock(unsigned.event() | changes) in {400, 403}
    assert (door.queue.bodies, door.telemetry.defects) == ([], [])


# --- the keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [(), ("",), ("", "")])
def test_without_a_key_nothing_gets_in(keys: tuple[str, ...]) -> None:
    """Without a key, or with an empty one, nothing is accepted."""
    door = Door()
    door.keys.keys = keys
    for key in (KEY, ""):
        assert door.knock(json_request(key=key)) == 403
    assert door.queue.bodies == []
    assert set(door.refusals) == ({"callback.unsigned"} if keys else {"callback.closed"})
    assert {error.detail for error in door.telemetry.refusals} == {
        "Its signature fits no key." if keys else "The secret has no signing_keys."
    }


def test_several_keys_are_good_at_once() -> None:
    """During a rotation, callbacks signed with either key are accepted."""
    door = Door(OTHER_KEY, KEY)
    assert door.knock(json_request()) == door.knock(json_request(key=OTHER_KEY)) == 204
    assert door.keys.looks == 2


def test_a_new_key_is_looked_for_when_none_fits() -> None:
    """The first callback that is signed with a new key is accepted."""
    door = Door(OTHER_KEY, new_keys=(KEY, OTHER_KEY))
    assert door.knock(json_request()) == 204
    assert door.keys.looks == 2


def test_new_keys_that_do_not_fit_either() -> None:
    """A renewal that finds other keys accepts nothing that they do not sign."""
    door = Door(OTHER_KEY, new_keys=("PSK_third",))
    assert door.knock(json_request()) == 403
    assert door.refusals == ["callback.unsigned"]


def test_keys_that_cannot_be_read() -> None:
    """If the keys cannot be read the answer is 503, so that SignalWire retries."""
    door = Door(error=KeysUnavailableError("The secret cannot be read (X)."))
    assert door.knock(json_request()) == 503
    assert (door.queue.bodies, door.refusals) == ([], ["callback.keys_unavailable"])


# --- the queue ----------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", [request for request, _ in GOOD.values()], ids=GOOD)
def test_a_queue_that_cannot_be_reached(request_: Request) -> None:
    """If the queue cannot be reached the answer is 503, so that SignalWire retries."""
    door = Door()
    door.queue.error = QueueUnavailableError("SQS did not take the message (X).")
    assert door.knock(request_) == 503
    assert door.refusals == ["queue.unavailable"]
    door.queue.error = None
    assert door.knock(request_) == 204


@pytest.mark.parametrize("error", [RuntimeError(FROM), MemoryError(), KeyError(MESSAGE_ID)])
def test_a_defect(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """A defect gets 500, so that SignalWire retries; the log has its place but no values."""
    queue = FakeProducer(error=error)
    telemetry = WebhookTelemetry(Logger(service=f"test-{uuid.uuid4()}"), EmbeddedMetrics("Hooklog"))
    door = FrontDoor(BASE, FakeKeys((KEY,)), queue, telemetry)
    assert door.handle(json_request().event()) == {"statusCode": 500}
    printed = capsys.readouterr().out
    assert "fakes.py" in printed
    assert type(error).__name__ in printed
    assert '"code":"internal.unexpected"' in printed
    assert not [text for text in PERSONAL if text in printed]


def test_a_defect_is_told_as_one_of_a_callback() -> None:
    """Its place is told with its error, beside the code that is counted."""
    door, error = Door(), RuntimeError(FROM)
    door.queue.error = error
    assert door.knock(json_request()) == 500
    assert door.telemetry.defects == [("callback", error)]
    assert door.refusals == ["internal.unexpected"]


def test_an_event_that_does_not_tell_its_encoding_has_text() -> None:
    """AWS leaves nothing out, but what passes an event on might."""
    event = json_request().event()
    del event["isBase64Encoded"]
    assert Door().knock(event) == 204


# --- what an operator sees ----------------------------------------------------------------------


def test_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    """Each refused request writes one line of metrics, with one dimension; the others none."""
    telemetry = WebhookTelemetry(Logger(service=f"test-{uuid.uuid4()}"), EmbeddedMetrics("Hooklog"))
    door = FrontDoor(BASE, FakeKeys((KEY,)), FakeProducer(), telemetry)
    requests: list[Callable[[], Request]] = [json_request, form_request, Request]
    for request in requests:
        door.handle(request().event())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    directives = [line["_aws"]["CloudWatchMetrics"][0] for line in lines]
    assert [
        (line["Dimensions"], [metric["Name"] for metric in line["Metrics"]]) for line in directives
    ] == [([["code"]], ["CallbacksRefused"])]
    assert (lines[0]["code"], lines[0]["detail"]) == ("callback.unsigned", "It has no signature.")


def test_the_closed_door_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a URL one error line at the cold start names the setting."""
    telemetry = WebhookTelemetry(Logger(service=f"test-{uuid.uuid4()}"), EmbeddedMetrics("Hooklog"))
    door = FrontDoor("", FakeKeys((KEY,)), FakeProducer(), telemetry)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["level"] == "ERROR"
    assert "WEBHOOK_URL" in line["reason"]
    door.handle(json_request().event())
    assert "ERROR" not in capsys.readouterr().out
