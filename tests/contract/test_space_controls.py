"""The simulated space: controls, kinds of log, credentials, and command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3

from local.space import (
    OFFICIAL_FAX_ID,
    OFFICIAL_MESSAGE_ID,
    Fault,
    FaultKind,
    Json,
    RunningSpace,
    Space,
    serve,
)
from tests.contract.conftest import (
    OFFICIAL_FAX_SID,
    PATHS,
    TIMEOUT_S,
    UNKNOWN_ID,
    Api,
    fax_path,
    faxes_path,
)

ONE = f"{PATHS['fax']}/{OFFICIAL_FAX_ID}"
ROOT = Path(__file__).parents[2]
COMMAND_TIMEOUT_S = 10


def post(api: Api, path: str, body: Json) -> int:
    """Send a POST with a JSON body to a control, and return the status."""
    return api.send("POST", path, body=json.dumps(body).encode()).status


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Bearer cHJvamVjdDp0b2tlbg==",
        "Basic \xff",
        urllib3.make_headers(basic_auth="project:wrong")["authorization"],
        urllib3.make_headers(basic_auth="wrong:token")["authorization"],
    ],
)
def test_wrong_credentials_are_refused(space: Space, header: str) -> None:
    """Every path of the API requires the project ID with its token."""
    with serve(space, project_id="project", api_token="token") as running:
        api = Api(running)
        fax = fax_path(OFFICIAL_FAX_SID)
        for path in (ONE, PATHS["message"], fax, faxes_path("project"), "/api/nothing"):
            answer = api.send("GET", path, headers={"Authorization": header})
            assert (answer.status, answer.json) == (401, {"error": "Unauthorized"})
        assert api.get(ONE).status == 200
        api.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{PATHS['fax']}/{UNKNOWN_ID}", 404),
        (f"{PATHS['fax']}/{OFFICIAL_MESSAGE_ID}", 404),
        (f"{PATHS['fax']}/{OFFICIAL_FAX_ID.upper()}", 200),
        (f"{PATHS['fax']}/{OFFICIAL_FAX_ID.replace('-', '')}", 400),
        (f"{PATHS['message']}/SM123", 400),
        ("/api/letter/logs", 404),
        ("/", 404),
    ],
)
def test_paths(api: Api, path: str, status: int) -> None:
    """A log has one path; an ID that is not a UUID is a bad request, anything else not found."""
    answer = api.get(path)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/json")


def test_the_api_is_read_only(running: RunningSpace, api: Api) -> None:
    """A log cannot be written or deleted through the API."""
    headers = urllib3.make_headers(basic_auth=f"{running.project_id}:{running.api_token}")
    for method in ("POST", "PUT", "DELETE"):
        assert api.send(method, ONE, headers=headers).status == 404
    assert api.get(ONE).status == 200


def test_requests_are_counted(running: RunningSpace, api: Api) -> None:
    """Each API request counts for its endpoint, even a refused or faulty one; controls do not."""
    running.add_fault(Fault(FaultKind.RATE_LIMITED))
    for path in (ONE, ONE, PATHS["fax"], PATHS["message"], f"{PATHS['message']}/{UNKNOWN_ID}"):
        api.get(path)
    api.get(ONE, credentials="a:b")
    api.get(fax_path(OFFICIAL_FAX_SID))
    api.get(fax_path(UNKNOWN_ID))
    for path in (faxes_path(), f"{faxes_path()}.json", faxes_path(UNKNOWN_ID)):
        api.get(path)
    api.get("/_space/ids")
    seen = running.requests()
    assert seen.counts == {
        "fax_one": 3,
        "fax_list": 1,
        "fax_resource": 2,
        "fax_resource_list": 3,
        "message_list": 1,
        "message_one": 1,
    }
    assert seen.ids == [OFFICIAL_FAX_ID, OFFICIAL_FAX_ID, UNKNOWN_ID, OFFICIAL_FAX_ID]
    assert seen.sids == [OFFICIAL_FAX_SID, UNKNOWN_ID]
    assert seen.max_in_flight == 1
    running.reset_requests()
    assert running.requests().counts == {}


def test_concurrent_requests_are_counted(running: RunningSpace) -> None:
    """The highest number of open requests is known afterwards."""
    running.set_latency(0.1)
    clients = [Api(running) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        assert {answer.status for answer in pool.map(lambda api: api.get(ONE), clients)} == {200}
    for client in clients:
        client.close()
    assert running.requests().max_in_flight == 5


def test_latency_delays_every_answer(running: RunningSpace, api: Api) -> None:
    """With a latency, even a refusal takes that long."""
    running.set_latency(0.05)
    for path, credentials in ((ONE, None), (ONE, "a:b"), (faxes_path(), None)):
        start = time.monotonic()
        api.get(path, credentials=credentials)
        assert time.monotonic() - start >= 0.05


def test_a_log_without_id_or_time_is_refused(running: RunningSpace) -> None:
    """A log that could not be found or listed cannot be put."""
    with pytest.raises(ValueError, match="id"):
        running.put_log("fax", {"created_at": "2026-08-01T12:00:00Z"})
    for created_at in (None, "soon"):
        with pytest.raises(ValueError, match=r"created_at|isoformat"):
            running.put_log("fax", {"id": UNKNOWN_ID, "created_at": created_at})
    assert UNKNOWN_ID not in running.ids()["fax"]


def test_controls_over_http(running: RunningSpace, api: Api) -> None:
    """The controls over HTTP do the same as the Python methods, without credentials."""
    log = api.get(ONE).json
    assert post(api, "/_space/faults", {"kind": "rate_limited", "retry_after": 3}) == 204
    assert api.get(ONE).headers["Retry-After"] == "3"
    assert post(api, "/_space/faults", {"kind": "html"}) == 204
    assert api.send("DELETE", "/_space/faults").status == 204
    body: Json = {"log_type": "fax", "log": log | {"id": UNKNOWN_ID, "status": "busy"}}
    assert post(api, "/_space/logs", body) == 204
    assert api.get(f"{PATHS['fax']}/{UNKNOWN_ID}").json["status"] == "busy"
    assert post(api, "/_space/latency", {"seconds": 0.01}) == 204
    statuses = api.send("GET", "/_space/ids").json["fax"]
    assert isinstance(statuses, dict)
    assert statuses[UNKNOWN_ID] == "busy"
    seen = api.send("GET", "/_space/requests").json
    assert seen == {
        "counts": {"fax_one": 3},
        "max_in_flight": 1,
        "ids": [OFFICIAL_FAX_ID, OFFICIAL_FAX_ID, UNKNOWN_ID],
        "faults": {"rate_limited": 1},
        "limited": 0,
        "sids": [],
        "while_down": 0,
        "per_second": running.requests().per_second,
        "limited_per_second": running.requests().limited_per_second,
    }
    assert api.send("DELETE", "/_space/requests").status == 204
    assert api.send("GET", "/_space/requests").json["ids"] == []


def test_fax_resources_over_http(running: RunningSpace, api: Api) -> None:
    """A fax resource is changed, deleted and restored over HTTP as by the Python methods."""
    path = f"/_space/fax_resources/{OFFICIAL_FAX_SID.upper()}"
    body: Json = {"sid": OFFICIAL_FAX_SID, "fields": {"status": "busy"}}
    assert post(api, "/_space/fax_resources", body) == 204
    assert api.get(fax_path(OFFICIAL_FAX_SID)).json["status"] == "busy"
    assert api.send("DELETE", path).status == 204
    assert api.get(fax_path(OFFICIAL_FAX_SID)).status == 404
    running.put_fax_resource(OFFICIAL_FAX_SID, {})
    assert api.get(fax_path(OFFICIAL_FAX_SID)).json["status"] == "failed"
    answer = api.send("DELETE", "/_space/fax_resources/FX1")
    assert (answer.status, bool(answer.json["error"])) == (400, True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_space/faults", {"kind": "gremlins"}),
        ("/_space/faults", []),
        ("/_space/logs", {"log_type": "fax"}),
        ("/_space/logs", {"log_type": "fax", "log": {}}),
        ("/_space/logs", {"log_type": "letter", "log": {}}),
        ("/_space/logs", {"log_type": "fax", "log": {}, "deleted": 1}),
        ("/_space/fax_resources", {"sid": UNKNOWN_ID}),
        ("/_space/fax_resources", {"sid": UNKNOWN_ID, "fields": []}),
        ("/_space/fax_resources", {"sid": "FX1", "fields": {}}),
        ("/_space/latency", {"seconds": -1}),
        ("/_space/latency", {"seconds": True}),
        ("/_space/latency", {}),
    ],
)
def test_an_invalid_control_is_refused(api: Api, path: str, body: Json) -> None:
    """An invalid body is answered with 400 and a sentence, and changes nothing."""
    answer = api.send("POST", path, body=json.dumps(body).encode())
    assert answer.status == 400
    assert answer.json["error"]
    assert api.get(ONE).status == 200


def test_a_message_can_be_put_over_http(api: Api) -> None:
    """The kind of a log decides its path, and a deleted log is not listed."""
    log: Json = {"id": UNKNOWN_ID, "created_at": "2026-08-01T12:00:00Z"}
    body: Json = {"log_type": "message", "log": log, "deleted": True}
    assert post(api, "/_space/logs", body) == 204
    assert api.get(f"{PATHS['message']}/{UNKNOWN_ID}").json == log
    assert log not in api.get(PATHS["message"]).data


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_line(number: signal.Signals) -> None:
    """The command prints its URL, serves the requested logs, and ends with status 0."""
    options = [
        "--port=0",
        "--seed=3",
        "--fax=2",
        "--message=4",
        "--project=p",
        "--token=t",
        "--latency=0.01",
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "local.space", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            prefix, _, host = line.strip().rpartition("/")
            assert prefix == "space listening on http:/"
            with urllib3.HTTPConnectionPool(host, timeout=TIMEOUT_S) as pool:
                ids = pool.request("GET", "/_space/ids", retries=False).json()
                headers = urllib3.make_headers(basic_auth="p:t")
                assert pool.request("GET", ONE, headers=headers, retries=False).status == 200
            assert (len(ids["fax"]), len(ids["message"])) == (2, 4)
            process.send_signal(number)
            assert process.wait(COMMAND_TIMEOUT_S) == 0
            assert process.stdout.read() == ""
        finally:
            process.kill()  # Does nothing to a process that has ended.
