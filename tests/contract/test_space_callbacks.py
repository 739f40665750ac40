"""The callbacks of the simulated space as they arrive: content, signature, order and retries."""

from __future__ import annotations

import json
import socket
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from local.space import (
    SEND_KINDS,
    DeliveryFaults,
    Policy,
    RunningSpace,
    Send,
    SendKind,
    SendReport,
    Target,
    run_sends,
    serve,
    simulate_sends,
)
from local.space.delivery_faults import Delivery
from local.space.model import Json, Space
from local.space.signatures import ALIAS, SHA256_SIGNATURE, SIGNATURE, sign_body, sign_form
from tests.contract.conftest import NOW, PATHS, Api, fax_path
from tests.contract.receiver import SILENCE, Received, Receiver, receive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "PSK_only_for_tests"
PUBLIC = "https://hooks.example.com:443/signalwire"
VECTORS: list[dict[str, str]] = json.loads(
    (Path(__file__).parent / "data/signature_vectors.json").read_text()
)
SENDS = simulate_sends(7, 90, NOW)
FEW = SENDS[:12]
QUICK = Policy(connect_s=1.0, answer_s=0.4, pause_s=0.01)
FAULTS = DeliveryFaults(drop=0.2, repeat=0.3, reorder=True, delay_s=(0, 0.1), seed=3)

RELAY = {
    *("id", "project_id", "status", "to", "from", "body", "number_of_segments", "timestamp"),
    *("error_code", "error_message", "custom_variables"),
}
SMS = {
    *("MessageSid", "MessageStatus", "AccountSid", "From", "To", "Body"),
    *("NumMedia", "NumSegments"),
}
FAX = {"FaxSid", "AccountSid", "ApiVersion", "From", "To", "FaxStatus"}
FAX_OPTIONAL = {
    *("RemoteStationId", "OriginalMediaUrl", "NumPages", "MediaSid", "MediaUrl"),
    *("ErrorCode", "ErrorMessage"),
}


@pytest.fixture
def empty() -> Iterator[RunningSpace]:
    """Serve a space without logs."""
    with serve(Space()) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Yield a receiver that accepts everything."""
    with receive() as started:
        yield started


def by_sid(received: list[Received]) -> dict[str, list[tuple[str, Received]]]:
    """Group requests by SID, each with its status, in the order of their arrival."""
    found = defaultdict(list)
    for request in received:
        said = json.loads(request.body) if request.path == "/message" else request.parameters
        sid = said.get("id") or said.get("MessageSid") or said["FaxSid"]
        status = said.get("status") or said.get("MessageStatus") or said["FaxStatus"]
        found[str(sid)].append((str(status), request))
    return dict(found)


def arrivals(
    empty: RunningSpace, receiver: Receiver, kind: SendKind
) -> Iterator[tuple[Send, str, Received]]:
    """Run the sends of one kind; yield each request with its send and its status."""
    sends = {send.sid: send for send in SENDS if send.kind == kind}
    run_sends(empty, list(sends.values()), Target(receiver.url), KEY)
    found = by_sid(receiver.received)
    assert set(found) == set(sends)
    for sid, requests in found.items():
        for status, request in requests:
            assert request.path == f"/{kind}"
            yield sends[sid], status, request


def outcome(report: SendReport) -> tuple[int, int, int, int]:
    """Return the numbers of accepted, refused and failed deliveries, and of tries."""
    return report.accepted, report.refused, report.failed, report.tries


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["scheme"]))
def test_signatures_are_those_of_the_vectors(vector: dict[str, str]) -> None:
    """The signatures equal the known ones, except where those are known to be wrong."""
    key, url, body = vector["key"], vector["url"], vector["raw_body"]
    if ":443" in vector["scheme"]:
        url = url.replace("example.com", "example.com:443")
    if "json" in vector["scheme"]:
        signature = sign_body(key, url, body.encode())[vector["header"]]
    else:
        headers = sign_form(key, url, parse_qsl(body))
        assert headers[ALIAS] == headers[SIGNATURE]
        signature = headers[SIGNATURE]
    assert (signature == vector["signature"]) == bool(vector["sdk_3_7_5_accepts"])


def test_a_relay_callback_is_json(empty: RunningSpace, receiver: Receiver) -> None:
    """It has the documented fields, null without an error, and agrees with its log."""
    texts, failed = set(), False
    for send, status, request in arrivals(empty, receiver, "message"):
        assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
        assert SHA256_SIGNATURE.lower() in request.headers
        said: dict[str, Json] = json.loads(request.body)
        log = next(step.log for step in send.steps if step.log["status"] == status)
        assert set(said) == RELAY
        for name in ("id", "status", "to", "from", "number_of_segments"):
            assert said[name] == log[name]
        errors = [said["error_code"], said["error_message"]]
        assert errors == [log["error_code"], log["error_message"]]
        assert said["project_id"] == empty.project_id
        failed |= errors[0] is not None
        texts.add(said["body"])
    assert failed
    assert any(not str(text).isascii() for text in texts)


def test_a_laml_message_callback_is_a_form(empty: RunningSpace, receiver: Receiver) -> None:
    """It has the documented fields, an error code only with an error, and an MMS's media."""
    media, codes, texts = set(), set(), set()
    for send, _, request in arrivals(empty, receiver, "sms"):
        form = "application/x-www-form-urlencoded"
        assert (request.method, request.headers["content-type"]) == ("POST", form)
        assert SHA256_SIGNATURE.lower() not in request.headers
        said = request.parameters
        assert set(said) - {"ErrorCode"} == SMS
        assert (said["MessageSid"], said["AccountSid"]) == (send.log_id, empty.project_id)
        assert (said["From"], said["To"]) == (send.final["from"], send.final["to"])
        assert said["NumSegments"] == str(send.final["number_of_segments"])
        assert (said["NumMedia"] == "1") == (send.final["kind"] == "mms")
        media.add(said["NumMedia"])
        codes.add(said.get("ErrorCode"))
        texts.add(said["Body"])
    assert media == {"0", "1"}
    assert None in codes
    assert len(codes) > 3
    assert "" in texts
    assert any("&" in text and "\n" in text for text in texts)


def test_a_fax_callback_is_a_form_or_a_query(empty: RunningSpace, receiver: Receiver) -> None:
    """It has the documented fields as POST and as GET, and the result in the last callback."""
    methods, seen, only_once = set(), set(), 0
    for send, status, request in arrivals(empty, receiver, "fax"):
        methods.add(request.method)
        assert (request.body == b"") == (request.method == "GET") == ("?" in request.target)
        said = request.parameters
        assert set(said) >= FAX
        assert set(said) <= FAX | FAX_OPTIONAL
        seen |= set(said)
        assert (said["FaxSid"], said["AccountSid"]) == (send.sid, empty.project_id)
        assert (said["From"], said["To"]) == (send.final["from"], send.final["to"])
        is_last = status == send.callbacks[-1].status
        assert ("NumPages" in said) == is_last
        inbound = send.final["direction"] == "inbound"
        assert ("OriginalMediaUrl" in said) != inbound
        only_once += inbound and is_last and len(send.callbacks) == 1
        if is_last:
            assert said["NumPages"] == str(send.final["number_of_pages"] or 0)
            assert said.get("ErrorMessage") == send.final["error_message"]
            assert said.get("ErrorCode") == send.final["error_code"]
    assert methods == {"POST", "GET"}
    assert seen == FAX | FAX_OPTIONAL
    assert only_once > 0


@pytest.mark.parametrize("kind", SEND_KINDS)
def test_the_official_validator_accepts_every_callback(
    empty: RunningSpace, receiver: Receiver, kind: SendKind
) -> None:
    """Each signature is valid for its URL and key, and for no other."""
    requests = [request for *_, request in arrivals(empty, receiver, kind)]
    assert all(request.passes(KEY, receiver.url) for request in requests)
    assert not any(request.passes("PSK_other", receiver.url) for request in requests)
    assert not any(request.passes(KEY, receiver.url + "/x") for request in requests)


def test_the_signed_url_may_be_another_one(empty: RunningSpace, receiver: Receiver) -> None:
    """The public URL is signed, including port and query, whichever URL is connected to."""
    target = Target(
        receiver.url,
        signed_base=PUBLIC,
        headers={"Host": "door.example.com"},
        paths={"message": "/message?tenant=7", "sms": "/sms?tenant=7", "fax": "/fax?tenant=7"},
    )
    run_sends(empty, SENDS[:40], target, KEY)
    assert {request.method for request in receiver.received} == {"POST", "GET"}
    for request in receiver.received:
        assert "?tenant=7" in request.target
        assert request.headers["host"] == "door.example.com"
        assert request.passes(KEY, PUBLIC)
        assert not request.passes(KEY, receiver.url)


@pytest.mark.parametrize("fax_id_is_sid", [False, True])
def test_a_fax_sid_may_or_may_not_be_an_id(
    empty: RunningSpace, receiver: Receiver, *, fax_id_is_sid: bool
) -> None:
    """A fax log is found under its ID, and under its FaxSid only if that was requested."""
    sends = simulate_sends(7, 5, NOW, kinds=("fax",), fax_id_is_sid=fax_id_is_sid)
    run_sends(empty, sends, Target(receiver.url), KEY)
    api = Api(empty)
    for send in sends:
        assert api.get(f"{PATHS['fax']}/{send.log_id}").status == 200
        answer = api.get(f"{PATHS['fax']}/{send.sid}")
        assert answer.status == (200 if fax_id_is_sid else 404)
        assert send.sid in by_sid(receiver.received)
    api.close()


@pytest.mark.parametrize("faults", [DeliveryFaults(), FAULTS, DeliveryFaults(drop=1)])
def test_every_log_reaches_its_last_status(
    empty: RunningSpace, receiver: Receiver, faults: DeliveryFaults
) -> None:
    """The API finally shows each log as planned, whatever happened to its callbacks."""
    run_sends(empty, SENDS, Target(receiver.url), KEY, faults)
    api = Api(empty)
    for send in SENDS:
        assert api.get(f"{PATHS[send.log_type]}/{send.log_id}").json == send.final
    api.close()


@pytest.mark.parametrize("fax_id_is_sid", [False, True])
@pytest.mark.parametrize("silent", [0.0, 1.0])
def test_a_fax_resource_ends_as_its_callback_says(
    empty: RunningSpace, receiver: Receiver, *, silent: float, fax_id_is_sid: bool
) -> None:
    """It ends as the last callback says, even if that was never sent, and whatever the log says."""
    sends = simulate_sends(7, 30, NOW, kinds=("fax",), contradict=0.5, fax_id_is_sid=fax_id_is_sid)
    report = run_sends(empty, sends, Target(receiver.url), KEY, DeliveryFaults(silent=silent))
    contradicting = sum(send.contradicts for send in sends)
    assert 0 < contradicting < len(sends)
    assert report.dropped == silent * contradicting
    api, received = Api(empty), by_sid(receiver.received)
    for send in sends:
        last = send.callbacks[-1]
        fax = api.get(fax_path(send.sid)).json
        assert fax["status"] == last.status
        assert fax["error_code"] == last.fields.get("ErrorCode")
        assert fax["error_message"] == last.fields.get("ErrorMessage")
        assert fax["media_url"] == last.fields.get("MediaUrl")
        log = api.get(f"{PATHS['fax']}/{send.log_id}").json
        assert (log["status"] == "completed" and log["error_code"] is None) == (
            fax["status"] in {"delivered", "received"} or send.contradicts
        )
        words = [word for word, _ in received.get(send.sid, [])]
        assert (last.status in words) == (not silent or not send.contradicts)
    api.close()


def test_a_contradicting_resource_never_agrees(
    empty: RunningSpace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even while its log completes does it say that the fax arrived."""
    (send,) = simulate_sends(7, 1, NOW, kinds=("fax",), contradict=1)
    api, seen = Api(empty), []
    for name in ("put_log", "put_fax_resource"):
        usual = getattr(empty, name)

        def then_look(*arguments: object, put: Callable[..., None] = usual) -> None:
            put(*arguments)
            answer = api.get(fax_path(send.sid))
            seen.append(answer.json["status"])

        monkeypatch.setattr(empty, name, then_look)
    run_sends(empty, [send], Target(receiver.url), KEY)
    assert list(dict.fromkeys(seen)) == ["queued", "processing", "sending", "failed"]
    api.close()


@pytest.mark.parametrize("faults", [DeliveryFaults(), FAULTS])
def test_the_api_is_never_behind_a_callback(
    empty: RunningSpace, receiver: Receiver, faults: DeliveryFaults
) -> None:
    """When a callback arrives, its log already has that status or a later one."""
    sends = {send.sid: send for send in FEW}
    behind, exact = [], []

    def watch(request: Received) -> None:
        ((sid, [(word, _)]),) = by_sid([request]).items()
        send = sends[sid]
        words = [step.callback and step.callback.status for step in send.steps]
        statuses = [step.log["status"] for step in send.steps]
        now = statuses.index(empty.ids()[send.log_type][send.log_id])
        behind.append(now < words.index(word))
        exact.append(now == words.index(word))

    receiver.watch = watch
    run_sends(empty, FEW, Target(receiver.url), KEY, faults)
    assert behind
    assert not any(behind)
    assert all(exact) == (faults == DeliveryFaults())


def test_delivery_faults_arrive_as_planned(empty: RunningSpace, receiver: Receiver) -> None:
    """The receiver sees each send's callbacks in the planned order, and the report counts them."""
    report = run_sends(empty, SENDS, Target(receiver.url), KEY, FAULTS)
    seen = {sid: [word for word, _ in each] for sid, each in by_sid(receiver.received).items()}
    planned: dict[str, list[str]] = defaultdict(list)
    repeated = 0
    for send in SENDS:
        for item in FAULTS.timeline(send):
            if isinstance(item, Delivery):
                planned[send.sid].append(item.callback.status)
                repeated += item.is_repeat
    assert seen == planned
    callbacks, sent = sum(len(send.callbacks) for send in SENDS), len(receiver.received)
    assert (report.sends, report.callbacks, report.sent) == (len(SENDS), callbacks, sent)
    assert (report.repeated, report.dropped) == (repeated, callbacks - sent + repeated)
    assert outcome(report) == (sent, 0, 0, sent)


def test_a_refused_callback_is_retried(empty: RunningSpace, receiver: Receiver) -> None:
    """After an error or silence the same request is sent again, at most twice."""
    (send,) = simulate_sends(7, 1, NOW, kinds=("sms",), failing=0)
    assert len(send.callbacks) == 4
    receiver.answers.extend([503, 503, 204, 503, 500, 404, 301, 302, 200, SILENCE, 204])
    report = run_sends(empty, [send], Target(receiver.url), KEY, policy=QUICK)
    assert outcome(report) == (3, 1, 0, 11)
    words = [word for word, _ in by_sid(receiver.received)[send.sid]]
    assert words == ["queued"] * 3 + ["sending"] * 3 + ["sent"] * 3 + ["delivered"] * 2
    for request in receiver.received:
        assert request in receiver.received[::3]


def test_a_receiver_that_never_answers(empty: RunningSpace, receiver: Receiver) -> None:
    """Silence and a closed port are failures after three tries each."""
    (send,) = simulate_sends(7, 1, NOW, kinds=("fax",), failing=1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    count = len(send.callbacks)
    report = run_sends(empty, [send], Target(closed), KEY, policy=QUICK)
    assert outcome(report) == (0, 0, count, 3 * count)
    receiver.answers.extend([SILENCE] * 3)
    report = run_sends(empty, [send], Target(receiver.url), KEY, policy=QUICK)
    assert outcome(report) == (count - 1, 0, 1, count + 2)
    assert empty.ids()["fax"][send.log_id] == send.final["status"]


def test_connections_are_few_and_reused(empty: RunningSpace, receiver: Receiver) -> None:
    """No more requests are open than the policy allows, on as many connections."""
    receiver.watch = lambda _: time.sleep(0.001)  # otherwise one may end before the next begins
    report = run_sends(empty, SENDS, Target(receiver.url), KEY, policy=Policy(at_once=3))
    assert report.accepted > 200
    assert 1 < receiver.most_at_once <= 3
    assert receiver.connections <= 3


def test_sends_run_concurrently(empty: RunningSpace, receiver: Receiver) -> None:
    """Statuses are `step_s` apart within a send, and sends overlap."""
    report = run_sends(empty, FEW, Target(receiver.url), KEY, step_s=0.05)
    longest = max(len(send.steps) for send in FEW) - 1
    assert longest * 0.05 <= report.took_s < sum(len(send.steps) for send in FEW) * 0.05


def test_sends_have_a_time_limit(empty: RunningSpace, receiver: Receiver) -> None:
    """Sends that are not over in time raise a TimeoutError that states the limit."""
    with pytest.raises(TimeoutError, match=r"within 0\.1 seconds"):
        run_sends(empty, FEW, Target(receiver.url), KEY, step_s=30, within_s=0.1)
