"""SignalWire's own Python client works with the simulated space, unmodified."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from signalwire.rest import (
    RequestOptions,
    RestClient,
    SignalWireRestError,
    SignalWireRestTransportError,
)
from signalwire.rest._base import ReadResource

from local.space import (
    OFFICIAL_FAX_ID,
    OFFICIAL_MESSAGE_ID,
    Fault,
    FaultKind,
    RunningSpace,
    Space,
)
from local.space.model import resource_sid
from tests.contract.conftest import OFFICIAL_FAX_SID, TIMEOUT_S, UNKNOWN_ID

OPTIONS = RequestOptions(timeout=TIMEOUT_S)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    # The client would send even a loopback request through the environment's proxy.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def client(running: RunningSpace) -> RestClient:
    """Return the official client of the running space."""
    return RestClient(
        project=running.project_id,
        token=running.api_token,
        host=running.host,
        request_options=OPTIONS,
    )


@pytest.fixture
def faxes(client: RestClient, running: RunningSpace) -> ReadResource[Any, Any]:
    """Return a resource of the client's own class, as `compat.faxes` was in its version 3.0.

    Version 3.7 has no fax resource.
    """
    path = f"/api/laml/2010-04-01/Accounts/{running.project_id}/Faxes"
    return ReadResource(client._http, path)


def test_get(client: RestClient, space: Space) -> None:
    """`get` returns the log as the space has it, for both kinds."""
    assert client.logs.fax.get(OFFICIAL_FAX_ID) == space.logs("fax")[OFFICIAL_FAX_ID]
    message = client.logs.messages.get(OFFICIAL_MESSAGE_ID)
    assert message == space.logs("message")[OFFICIAL_MESSAGE_ID]


@pytest.mark.parametrize("page_size", [1, 7, 50])
def test_paginate(client: RestClient, space: Space, page_size: int) -> None:
    """`paginate` yields each log exactly once, whatever the page size."""
    # The client would follow links in a circle forever.
    fax_pages = islice(client.logs.fax.paginate(page_size=page_size), 100)
    message_pages = islice(client.logs.messages.paginate(page_size=page_size), 100)
    faxes = [log["id"] for log in fax_pages]
    messages = [log["id"] for log in message_pages]
    assert sorted(faxes) == sorted(space.logs("fax"))
    assert sorted(messages) == sorted(space.logs("message"))


def test_paginate_with_filters(client: RestClient, space: Space) -> None:
    """The filters reach the space in the client's spelling, on every page."""
    logs = client.logs.fax.paginate(page_size=2, include_deleted=True, created_after="2026-01-01")
    assert {log["id"] for log in islice(logs, 100)} == set(space.logs("fax")) - {OFFICIAL_FAX_ID}


def test_list(client: RestClient, space: Space) -> None:
    """`list` returns the first page with its links."""
    page = client.logs.messages.list(page_size=3)
    assert [log["id"] for log in page["data"]] == list(space.logs("message"))[:-4:-1]
    assert "next" in page["links"]


def test_a_missing_log(client: RestClient) -> None:
    """An unknown ID is a 404 with the documented body."""
    with pytest.raises(SignalWireRestError) as caught:
        client.logs.fax.get(UNKNOWN_ID)
    assert (caught.value.status_code, caught.value.body) == (404, {"error": "Not Found"})


def test_get_a_fax(faxes: ReadResource[Any, Any], space: Space) -> None:
    """`get` returns the fax resource with all documented fields."""
    account = f"/api/laml/2010-04-01/Accounts/{OFFICIAL_FAX_ID}"
    path = f"{account}/Faxes/{OFFICIAL_FAX_SID}"
    fax = faxes.get(OFFICIAL_FAX_SID)
    medium = fax["media_sid"]
    assert fax == {
        "sid": OFFICIAL_FAX_SID,
        "account_sid": OFFICIAL_FAX_ID,
        "api_version": "v1",
        "date_created": "2024-05-06T12:20:00Z",
        "date_updated": "2024-05-06T12:22:00Z",
        "direction": "inbound",
        "from": "+12065551212",
        "to": "+12065553434",
        "status": "failed",
        "error_code": "34004",
        "error_message": "The call dropped prematurely",
        "num_pages": "2",
        "price": "-0.01",
        "price_unit": "USD",
        "quality": "fine",
        "duration": 120,
        "media_sid": medium,
        "media_url": f"{space.logs('fax')[OFFICIAL_FAX_ID]['url']}/Media/{medium}",
        "links": {"media": f"{path}/Media"},
        "url": path,
    }


def test_list_faxes(faxes: ReadResource[Any, Any], space: Space) -> None:
    """`list` returns a page of the same resources; its parameters have the API's own names."""
    page = faxes.list(PageSize=2, DateCreatedOnOrBefore="2024-05-06", To="+12065553434")
    assert page["faxes"] == [faxes.get(OFFICIAL_FAX_SID)]
    first = faxes.list(PageSize=2)
    assert first["next_page_uri"].startswith(f"{faxes._base_path}?Page=1&PageSize=2&PageToken=PA")
    newest = list(space.logs("fax").values())[:-3:-1]
    assert [fax["sid"] for fax in first["faxes"]] == [resource_sid(log) for log in newest]


def test_a_deleted_fax(running: RunningSpace, faxes: ReadResource[Any, Any]) -> None:
    """A deleted resource is a 404 with the documented body."""
    running.delete_fax_resource(OFFICIAL_FAX_SID)
    with pytest.raises(SignalWireRestError) as caught:
        faxes.get(OFFICIAL_FAX_SID)
    assert (caught.value.status_code, caught.value.body) == (404, {"error": "Not Found"})


def test_a_wrong_token(running: RunningSpace) -> None:
    """A wrong token is a 401."""
    client = RestClient(project=running.project_id, token="wrong", host=running.host)
    with pytest.raises(SignalWireRestError) as caught:
        client.logs.messages.get(OFFICIAL_MESSAGE_ID)
    assert (caught.value.status_code, caught.value.body) == (401, {"error": "Unauthorized"})


def test_a_wrong_parameter(client: RestClient) -> None:
    """An invalid parameter is a 422 with the errors in its body."""
    with pytest.raises(SignalWireRestError) as caught:
        client.logs.fax.list(created_before="yesterday")
    assert caught.value.status_code == 422
    assert caught.value.body["errors"][0]["code"] == "datetime_required"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(FaultKind.RATE_LIMITED, retry_after=1), 429),
        (Fault(FaultKind.SERVER_ERROR, status=503), 503),
        (Fault(FaultKind.FORBIDDEN), 403),
        (Fault(FaultKind.HISTORY_LIMIT), 422),
        (Fault(FaultKind.HTML), 200),
    ],
)
def test_answers_that_are_errors(
    running: RunningSpace, client: RestClient, fault: Fault, status: int
) -> None:
    """An error, or a page instead of JSON, is the client's error with that status."""
    running.add_fault(fault)
    with pytest.raises(SignalWireRestError) as caught:
        client.logs.fax.get(OFFICIAL_FAX_ID)
    assert caught.value.status_code == status


@pytest.mark.parametrize("kind", [FaultKind.DROPPED, FaultKind.TRUNCATED])
def test_answers_that_do_not_arrive(
    running: RunningSpace, client: RestClient, kind: FaultKind
) -> None:
    """A broken connection is the client's transport error."""
    running.add_fault(Fault(kind))
    with pytest.raises(SignalWireRestTransportError):
        client.logs.fax.get(OFFICIAL_FAX_ID)


def test_the_client_retries_until_it_succeeds(running: RunningSpace, client: RestClient) -> None:
    """With retries the client gets past a rate limit and a broken connection."""
    running.add_fault(Fault(FaultKind.RATE_LIMITED, retry_after=0))
    running.add_fault(Fault(FaultKind.DROPPED))
    patient = RequestOptions(timeout=TIMEOUT_S, retries=2, retry_backoff=0.01)
    log = client.logs.fax.get(OFFICIAL_FAX_ID, request_options=patient)
    assert log["id"] == OFFICIAL_FAX_ID
    assert running.requests().counts == {"fax_one": 3}
