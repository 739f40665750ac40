"""Each fault as a client meets it, and the order in which faults are used up."""

from __future__ import annotations

import errno
import time
from http.client import IncompleteRead

import pytest
import urllib3
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from local.space import OFFICIAL_FAX_ID, OFFICIAL_MESSAGE_ID, Fault, FaultKind, RunningSpace
from local.space.model import is_uuid
from tests.contract.conftest import (
    OFFICIAL_FAX_SID,
    PATHS,
    UNKNOWN_ID,
    Api,
    fax_path,
    faxes_path,
)

ONE = f"{PATHS['fax']}/{OFFICIAL_FAX_ID}"
MESSAGE = f"{PATHS['message']}/{OFFICIAL_MESSAGE_ID}"
LIST = PATHS["fax"]
RESOURCE = fax_path(OFFICIAL_FAX_SID)
RESOURCES = faxes_path()
DELAY_S = 0.1


def fault(kind: FaultKind) -> Fault:
    """Return a fault of this kind that happens once."""
    return Fault(
        kind,
        delay_s=DELAY_S if kind in {FaultKind.SLOW, FaultKind.SLOW_BODY} else None,
        text="{}" if kind is FaultKind.ANSWER else None,
    )


@pytest.mark.parametrize("retry_after", [None, 7, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_rate_limited(running: RunningSpace, api: Api, retry_after: int | str | None) -> None:
    """A rate limit is a 429, with the given `Retry-After` or without one."""
    running.add_fault(Fault(FaultKind.RATE_LIMITED, retry_after=retry_after))
    answer = api.get(ONE)
    assert (answer.status, answer.json) == (429, {"error": "Too Many Requests"})
    assert answer.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, "Internal Server Error"), (502, "Bad Gateway"), (503, "Service Unavailable")],
)
def test_server_error(running: RunningSpace, api: Api, status: int, reason: str) -> None:
    """A server error has the given status, and may have `Retry-After`."""
    running.add_fault(Fault(FaultKind.SERVER_ERROR, status=status, retry_after=2))
    answer = api.get(ONE)
    assert (answer.status, answer.json) == (status, {"error": reason})
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (FaultKind.UNAUTHORIZED, 401, "Unauthorized"),
        (FaultKind.FORBIDDEN, 403, "Forbidden"),
        (FaultKind.NOT_FOUND, 404, "Not Found"),
    ],
)
def test_refusals(
    running: RunningSpace, api: Api, kind: FaultKind, status: int, reason: str
) -> None:
    """The space refuses the request in the documented form."""
    running.add_fault(fault(kind))
    answer = api.get(ONE)
    assert (answer.status, answer.json) == (status, {"error": reason})


@pytest.mark.parametrize(
    ("path", "attribute"),
    [(ONE, "created_at"), (RESOURCE, "created_at"), (LIST, "created_before")],
)
def test_history_limit(running: RunningSpace, api: Api, path: str, attribute: str) -> None:
    """A log older than the history is a 422 about the creation time."""
    running.add_fault(fault(FaultKind.HISTORY_LIMIT))
    answer = api.get(path)
    assert (answer.status, answer.error_code) == (422, "exceeds_history_logs_limit")
    assert f'"attribute":"{attribute}"'.encode() in answer.body
    assert b'"type":"account_error"' in answer.body


def test_html(running: RunningSpace, api: Api) -> None:
    """A proxy's page has status 200 and the content type of HTML."""
    running.add_fault(fault(FaultKind.HTML))
    answer = api.get(ONE)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.body.startswith(b"<!doctype html>")


def test_slow(running: RunningSpace, api: Api) -> None:
    """A slow answer is the usual one, after the delay."""
    usual = api.get(ONE).json
    running.add_fault(Fault(FaultKind.SLOW, delay_s=DELAY_S))
    start = time.monotonic()
    assert api.get(ONE).json == usual
    assert time.monotonic() - start >= DELAY_S


def test_slow_body(running: RunningSpace, api: Api) -> None:
    """A slow body is the usual one, but its headers arrive at once."""
    usual = api.get(ONE)
    running.add_fault(Fault(FaultKind.SLOW_BODY, delay_s=60))
    headers = urllib3.make_headers(basic_auth=f"{running.project_id}:{running.api_token}")
    with urllib3.HTTPConnectionPool(running.host, timeout=1) as pool:
        answer = pool.request("GET", ONE, headers=headers, preload_content=False, retries=False)
        assert answer.headers["Content-Length"] == str(len(usual.body))
        with pytest.raises(ReadTimeoutError):
            answer.read()
        answer.close()
    running.add_fault(fault(FaultKind.SLOW_BODY))
    assert api.get(ONE).body == usual.body


@pytest.mark.parametrize("status", [None, 400, 599])
@pytest.mark.parametrize("text", ["", "<html>", '{"id": NaN'])
def test_answer(running: RunningSpace, api: Api, status: int | None, text: str) -> None:
    """An answer is any text with any status, and has the content type of JSON."""
    running.add_fault(Fault(FaultKind.ANSWER, status=status, text=text))
    answer = api.get(ONE)
    assert (answer.status, answer.body) == (status or 200, text.encode())
    assert answer.headers["Content-Type"].startswith("application/json")


def test_dropped(running: RunningSpace, api: Api) -> None:
    """A dropped connection is reset before any byte, even after it served requests."""
    assert api.get(ONE).status == 200
    running.add_fault(fault(FaultKind.DROPPED))
    with pytest.raises(ProtocolError) as caught:
        api.get(ONE)
    cause = caught.value.args[1]
    assert isinstance(cause, ConnectionResetError)
    # An orderly end would be http.client's RemoteDisconnected, which has no errno.
    assert cause.errno == errno.ECONNRESET
    assert api.get(ONE).status == 200


@pytest.mark.parametrize("path", [ONE, LIST, RESOURCES])
def test_truncated(running: RunningSpace, api: Api, path: str) -> None:
    """A truncated answer announces its full length, sends half of it, and ends."""
    full = len(api.get(path).body)
    running.add_fault(fault(FaultKind.TRUNCATED))
    with pytest.raises(ProtocolError) as caught:
        api.get(path)
    cause = caught.value.args[1]
    assert isinstance(cause, IncompleteRead)
    assert (len(cause.partial), cause.expected) == (full // 2, full - full // 2)
    assert len(api.get(path).body) == full


def test_reset(running: RunningSpace, api: Api) -> None:
    """A reset breaks the connection within an answer, where a truncated one ends."""
    running.add_fault(fault(FaultKind.RESET))
    with pytest.raises(ProtocolError) as caught:
        api.get(ONE)
    cause = caught.value.args[1]
    assert isinstance(cause, ConnectionResetError)
    assert cause.errno == errno.ECONNRESET


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATED, FaultKind.RESET])
def test_broken_headers_look_right(running: RunningSpace, kind: FaultKind) -> None:
    """Until its body is read, a broken answer looks like a complete one."""
    running.add_fault(fault(kind))
    headers = urllib3.make_headers(basic_auth=f"{running.project_id}:{running.api_token}")
    with urllib3.HTTPConnectionPool(running.host, timeout=2) as pool:
        answer = pool.request("GET", ONE, headers=headers, preload_content=False, retries=False)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        with pytest.raises(ProtocolError):
            answer.read()
        answer.close()


def test_wrong_id(running: RunningSpace, api: Api) -> None:
    """The wrong ID is a valid one that no log has; the rest of the log, and lists, are right."""
    usual = api.get(ONE).json
    running.add_fault(fault(FaultKind.WRONG_ID))
    assert OFFICIAL_FAX_ID in {log["id"] for log in api.get(LIST).data}
    assert OFFICIAL_FAX_SID.encode() in api.get(RESOURCES).body
    wrong = api.get(ONE).json
    assert isinstance(wrong["id"], str)
    assert is_uuid(wrong["id"])
    assert wrong["id"] != usual["id"]
    assert wrong | {"id": usual["id"]} == usual


def test_wrong_id_of_a_missing_log(running: RunningSpace, api: Api) -> None:
    """An unknown log stays unknown."""
    running.add_fault(fault(FaultKind.WRONG_ID))
    assert api.get(f"{LIST}/{UNKNOWN_ID}").status == 404


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_ends_after_its_times(running: RunningSpace, api: Api, kind: FaultKind) -> None:
    """Whatever the fault, the requests after it are answered as usual."""
    usual = api.get(ONE)
    running.add_fault(fault(kind))
    try:
        api.get(ONE)
    except ProtocolError:
        assert kind in {FaultKind.DROPPED, FaultKind.TRUNCATED, FaultKind.RESET}
    assert api.get(ONE).body == usual.body


def test_faults_happen_in_the_order_they_were_added(running: RunningSpace, api: Api) -> None:
    """The first fault is used up, request by request, before the next begins."""
    running.add_fault(Fault(FaultKind.RATE_LIMITED, times=2))
    running.add_fault(Fault(FaultKind.FORBIDDEN))
    assert [api.get(path).status for path in (ONE, LIST, MESSAGE, ONE)] == [429, 429, 403, 200]


def test_a_fault_for_one_log_waits_for_it(running: RunningSpace, api: Api) -> None:
    """A fault with a log ID skips lists and other logs, and does not hold up other faults."""
    running.add_fault(Fault(FaultKind.NOT_FOUND, log_id=OFFICIAL_FAX_ID.upper()))
    running.add_fault(Fault(FaultKind.FORBIDDEN))
    assert [api.get(path).status for path in (MESSAGE, LIST, ONE, ONE)] == [403, 200, 404, 200]


def test_a_fault_without_a_selection_matches_every_request(running: RunningSpace, api: Api) -> None:
    """It also matches a request for a fax resource, or for the list of them."""
    running.add_fault(Fault(FaultKind.FORBIDDEN, times=4))
    paths = (RESOURCE, LIST, ONE, RESOURCES, RESOURCE)
    assert [api.get(path).status for path in paths] == [403, 403, 403, 403, 200]


def test_a_fault_for_a_log_spares_its_fax_resource(running: RunningSpace, api: Api) -> None:
    """That holds even if the log's ID is the SID of the fax."""
    log = api.get(ONE).json | {"id": OFFICIAL_FAX_SID}
    running.put_log("fax", log)
    running.add_fault(Fault(FaultKind.FORBIDDEN, log_id=OFFICIAL_FAX_SID))
    running.add_fault(Fault(FaultKind.NOT_FOUND, fax_sid=OFFICIAL_FAX_SID.upper()))
    paths = (
        fax_path(UNKNOWN_ID),
        LIST,
        RESOURCES,
        RESOURCE,
        RESOURCE,
        f"{LIST}/{OFFICIAL_FAX_SID}",
    )
    assert [api.get(path).status for path in paths] == [404, 200, 200, 404, 200, 403]
    assert running.requests().faults == {"not_found": 1, "forbidden": 1}


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("fax_list", LIST),
        ("message_one", MESSAGE),
        ("fax_resource", RESOURCE),
        ("fax_resource_list", RESOURCES),
        ("fax_resource_list", f"{RESOURCES}.json"),
    ],
)
def test_a_fault_for_an_endpoint_spares_the_others(
    running: RunningSpace, api: Api, endpoint: str, path: str
) -> None:
    """It waits for a request to that endpoint, whatever log or fax it asks for."""
    running.add_fault(Fault(FaultKind.FORBIDDEN, endpoint=endpoint))
    others = {LIST, ONE, MESSAGE, RESOURCE, RESOURCES} - {path.removesuffix(".json")}
    assert {api.get(other).status for other in others} == {200}
    assert [api.get(path).status for _ in range(2)] == [403, 200]


def test_wrong_id_of_a_fax_resource(running: RunningSpace, api: Api) -> None:
    """The wrong ID of a resource is its SID, and nothing else is wrong."""
    usual = api.get(RESOURCE).json
    running.add_fault(Fault(FaultKind.WRONG_ID, endpoint="fax_resource"))
    wrong = api.get(RESOURCE).json
    assert wrong["sid"] != usual["sid"]
    assert wrong | {"sid": usual["sid"]} == usual


def test_a_refused_request_uses_up_no_fault(running: RunningSpace, api: Api) -> None:
    """Wrong credentials are answered with 401, and leave the fault for the next request."""
    running.add_fault(Fault(FaultKind.NOT_FOUND))
    assert api.get(ONE, credentials="someone:else").status == 401
    assert api.get(ONE).status == 404


def test_faults_can_be_cleared(running: RunningSpace, api: Api) -> None:
    """Cleared faults are no longer shown."""
    running.add_fault(Fault(FaultKind.SERVER_ERROR, times=100))
    assert api.get(ONE).status == 500
    running.clear_faults()
    assert api.get(ONE).status == 200
