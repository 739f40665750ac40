"""The fax resource of the simulated space: derived from its log, changed, and deleted."""

from __future__ import annotations

import pytest

from local.space import OFFICIAL_FAX_ID, PROJECT_ID, Json, RunningSpace, Space
from local.space.model import is_uuid, resource_sid
from tests.contract.conftest import OFFICIAL_FAX_SID, PATHS, UNKNOWN_ID, Api, fax_path

FIELDS = [
    *("sid", "account_sid", "api_version", "date_created", "date_updated", "direction"),
    *("from", "to", "status", "error_code", "error_message", "num_pages", "price", "price_unit"),
    *("quality", "duration", "media_sid", "media_url", "links", "url"),
]
#: The fields that are null in some resources; `from` and `to` where their log withholds them.
NULLABLE = {
    *("from", "to", "error_code", "error_message", "num_pages", "price", "quality", "media_url"),
}
STATUSES = {
    *("queued", "processing", "sending", "delivered", "receiving", "received"),
    *("no-answer", "busy", "failed", "canceled"),
}
ERROR = ("34004", "Connection Failed")
PATH = fax_path(OFFICIAL_FAX_SID)


def test_every_fax_log_has_a_resource(space: Space, api: Api) -> None:
    """It has the documented fields, in their types, and says of the fax what its log says."""
    seen: dict[str, set[bool]] = {name: set() for name in FIELDS}
    for log in space.logs("fax").values():
        sid = resource_sid(log)
        fax = api.get(fax_path(sid)).json
        assert list(fax) == FIELDS
        for name, value in fax.items():
            seen[name].add(value is None)
            kind = {"duration": int, "links": dict}.get(name, str)
            assert isinstance(value, kind) or (value is None and name in NULLABLE), name
        assert fax["sid"] == sid
        assert is_uuid(str(fax["media_sid"]))
        assert fax["status"] in STATUSES
        assert fax["direction"] in {"inbound", "outbound"}
        for name in ("from", "to", "quality", "error_code", "error_message"):
            assert fax[name] == log[name]
        assert fax["date_created"] == log["created_at"]
        assert str(fax["date_updated"]) >= str(fax["date_created"])
        assert f"/Accounts/{fax['account_sid']}/" in str(log["url"])
        assert str(log["url"]).endswith(str(fax["url"]))
        pages, charge = log["number_of_pages"], log["charge"]
        assert fax["num_pages"] == (None if pages is None else str(pages))
        assert fax["price"] == (f"-{charge}" if charge else None)
    assert {name for name, nulls in seen.items() if True in nulls} == NULLABLE
    assert all(False in nulls for nulls in seen.values())


@pytest.mark.parametrize(
    ("log_status", "error", "outbound", "inbound"),
    [
        ("queued", None, "queued", "queued"),
        ("initiated", None, "queued", "queued"),
        ("ringing", None, "processing", "processing"),
        ("in-progress", None, "sending", "receiving"),
        ("completed", None, "delivered", "received"),
        ("completed", ("0", "OK"), "delivered", "received"),
        ("completed", ERROR, "failed", "failed"),
        ("completed", (None, "Connection Failed"), "failed", "failed"),
        ("completed", ("34004", None), "failed", "failed"),
        ("failed", ERROR, "failed", "failed"),
        ("failed", None, "failed", "failed"),
        ("busy", None, "busy", "busy"),
        ("no-answer", ERROR, "no-answer", "no-answer"),
        ("canceled", None, "canceled", "canceled"),
        ("delivered", None, "delivered", "delivered"),
        ("odd", None, "odd", "odd"),
    ],
)
def test_the_resource_agrees_with_its_log(
    running: RunningSpace,
    api: Api,
    log_status: str,
    error: tuple[Json, Json] | None,
    outbound: str,
    inbound: str,
) -> None:
    """It says of the fax what the log says of the call, as soon as the log changes."""
    log = api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_ID}").json
    code, message = error or (None, None)
    log |= {"status": log_status, "error_code": code, "error_message": message}
    words = {"inbound": inbound, "outbound-api": outbound, "outbound-dial": outbound}
    for direction, word in words.items():
        running.put_log("fax", log | {"direction": direction})
        fax = api.get(PATH).json
        assert (fax["status"], fax["error_code"], fax["error_message"]) == (word, code, message)
        assert fax["direction"] == direction.partition("-")[0]


@pytest.mark.parametrize(
    ("charge", "price"),
    [(0.005, "-0.005"), (1e-07, "-0.0000001"), ("0.08", "-0.08"), (0, None), (None, None)],
)
def test_a_price_is_negative_text(
    running: RunningSpace, api: Api, charge: Json, price: str | None
) -> None:
    """It is null without a charge."""
    log = api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_ID}").json
    running.put_log("fax", log | {"charge": charge})
    assert api.get(PATH).json["price"] == price


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (PATH, 200),
        (fax_path(OFFICIAL_FAX_SID, OFFICIAL_FAX_ID), 200),
        (fax_path(OFFICIAL_FAX_SID.upper(), PROJECT_ID.upper()), 200),
        (fax_path(OFFICIAL_FAX_SID, UNKNOWN_ID), 404),
        (fax_path(UNKNOWN_ID), 404),
        (fax_path(OFFICIAL_FAX_ID), 404),
        (fax_path("FX1"), 400),
        (f"{PATH}/Media", 404),
    ],
)
def test_paths(api: Api, path: str, status: int) -> None:
    """A fax is found by its SID, in either case, in the project and in its log's account only."""
    answer = api.get(path)
    assert answer.status == status
    if status != 200:
        reasons = {400: "Bad Request", 404: "Not Found"}
        assert answer.json == {"error": reasons[status]}


def test_the_sid_may_be_the_log_id(running: RunningSpace, api: Api) -> None:
    """A fax whose SID is its log's ID has a resource under it, besides the log."""
    log = api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_ID}").json
    sid = OFFICIAL_FAX_SID.upper()
    url = str(log["url"]).replace(OFFICIAL_FAX_SID, sid)
    running.put_log("fax", log | {"id": OFFICIAL_FAX_SID, "url": url, "status": "busy"})
    fax = api.get(PATH).json
    assert (fax["sid"], fax["status"]) == (sid, "busy")
    assert api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_SID}").json["url"] == url


@pytest.mark.parametrize("url", [None, "", "https://example.com/"])
def test_a_log_without_a_sid_has_no_resource(
    running: RunningSpace, api: Api, url: str | None
) -> None:
    """A fax is no longer found under the SID that its log had."""
    log = api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_ID}").json
    running.put_log("fax", log | {"url": url})
    assert api.get(PATH).status == 404


def test_a_resource_can_contradict_its_log(running: RunningSpace, api: Api) -> None:
    """The fields put last replace the derived ones, whatever becomes of the log."""
    derived = api.get(PATH).json
    running.put_fax_resource(OFFICIAL_FAX_SID, {"status": "busy"})
    fields: dict[str, Json] = {"status": "received", "error_code": None, "num_pages": "7"}
    running.put_fax_resource(OFFICIAL_FAX_SID.upper(), fields)
    assert api.get(PATH).json == api.get(PATH.replace("c9a1", "C9A1")).json == derived | fields
    log = api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_ID}").json
    assert log["status"] == "completed"
    running.put_log("fax", log | {"quality": "superfine", "status": "failed"})
    assert api.get(PATH).json == derived | fields | {"quality": "superfine"}
    fields["status"] = "changed"
    assert api.get(PATH).json["status"] == "received"
    running.put_fax_resource(OFFICIAL_FAX_SID, {})
    assert api.get(PATH).json == derived | {"quality": "superfine"}


def test_a_resource_can_be_changed_before_its_log_exists(running: RunningSpace, api: Api) -> None:
    """It exists from its log on, and is changed from the start."""
    running.put_fax_resource(UNKNOWN_ID, {"status": "failed"})
    assert api.get(fax_path(UNKNOWN_ID)).status == 404
    log = api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_ID}").json
    url = str(log["url"]).replace(OFFICIAL_FAX_SID, UNKNOWN_ID)
    running.put_log("fax", log | {"id": UNKNOWN_ID, "url": url, "status": "queued"})
    assert api.get(fax_path(UNKNOWN_ID)).json["status"] == "failed"


def test_a_resource_can_be_deleted(running: RunningSpace, api: Api) -> None:
    """A deleted resource is not found until it is put again, and its log stays."""
    running.delete_fax_resource(OFFICIAL_FAX_SID.upper())
    log = api.get(f"{PATHS['fax']}/{OFFICIAL_FAX_ID}")
    assert log.status == 200
    running.put_log("fax", log.json)
    assert api.get(PATH).status == 404
    running.put_fax_resource(OFFICIAL_FAX_SID, {})
    assert api.get(PATH).status == 200


def test_a_sid_is_a_uuid(running: RunningSpace) -> None:
    """A resource without a UUID can be neither changed nor deleted."""
    with pytest.raises(ValueError, match="FX1"):
        running.put_fax_resource("FX1", {})
    with pytest.raises(ValueError, match="FX1"):
        running.delete_fax_resource("FX1")
