"""Only the console's own page in a browser on this machine may use the console."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.console.conftest import BASE_URL, PORT, TOKEN, Site, get, post
from tests.ops.seeding import log_id, park

REFETCH = f"/records/fax/{log_id(1)}/refetch"
PAGES = (
    *("/", "/failures", "/parked", "/parked?code=fetch.not_found", "/completeness"),
    *("/parked/redrive?code=fetch.not_found", "/numbers?number=%2B442079460958", "/search?q=x"),
    *(f"/records/fax/{log_id(1)}", "/nowhere", "/static/console.css"),
)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_hardened(site: Site, path: str) -> None:
    """Own resources only, no scripts, no frames, no cache and no referrer to others."""
    answer = site.client().get(path, base_url=BASE_URL, buffered=True)
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    assert {"style-src 'self'", "img-src 'self'", "form-action 'self'"} <= set(policy)
    assert {"base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert not [one for one in policy if "unsafe" in one or "script" in one or "http" in one]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
def test_a_page_names_no_other_host(site: Site, path: str) -> None:
    """Every address in it is the console's own; it has no inline scripts or styles."""
    _, text = get(site.client(allow_actions=True), path)
    assert not re.findall(r"(?:src|href|action)=\"(?![/#])[^\"]*\"", text)
    assert not re.findall(r"<script|<style|\sstyle=|\son\w+=", text)


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", f"127.0.0.1:{PORT + 1}", "localhost", ""]
)
def test_a_foreign_name_gets_nothing(site: Site, host: str) -> None:
    """A name that an attacker points here (DNS rebinding) shows no record."""
    client = site.client()
    for path in ("/", "/static/console.css"):
        status, text = get(client, path, Host=host)
        assert status == 403
        assert "Health" not in text


def test_both_names_of_this_machine_are_accepted(site: Site) -> None:
    """People type either."""
    for name in ("127.0.0.1", "localhost"):
        assert get(site.client(), "/completeness", Host=f"{name}:{PORT}")[0] == 200


@pytest.fixture
def acting(site: Site) -> FlaskClient:
    """Return a console that may act."""
    return site.client(allow_actions=True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": f"http://127.0.0.1:{PORT + 1}"},
        {"Origin": f"https://127.0.0.1:{PORT}"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_page_changes_nothing(
    site: Site, acting: FlaskClient, headers: dict[str, str]
) -> None:
    """Even with the token, which it cannot read."""
    park(site, 1)
    form = {"code": "fetch.not_found", "until": "2026-05-04T12:00:00.000Z"}
    assert post(acting, REFETCH, None, **headers)[0] == 403
    assert post(acting, "/parked/redrive", form, **headers)[0] == 403
    assert site.queued() == []


@pytest.mark.parametrize("token", ["", "another", TOKEN[:-1], TOKEN + "x", "ä"])
def test_a_change_needs_the_token_of_this_start(
    site: Site, acting: FlaskClient, token: str
) -> None:
    """The form carries the token; any other is refused."""
    status, text = post(acting, REFETCH, {"token": token})
    assert status == 403
    assert "Load it again" in text
    assert site.queued() == []


def test_it_only_reads_by_default(site: Site) -> None:
    """Without --allow-actions there is no form, and a sent one is refused with advice."""
    park(site, 1)
    reading = site.client()
    for path in ("/parked/redrive?code=fetch.not_found", f"/records/fax/{log_id(1)}"):
        status, text = get(reading, path)
        assert status == 200
        assert "method=" not in text
        assert TOKEN not in text
    status, text = post(reading, REFETCH)
    assert status == 403
    assert "--allow-actions" in text
    assert site.queued() == []


def test_a_form_with_the_token_is_accepted(site: Site, acting: FlaskClient) -> None:
    """The refusals above have no other reason."""
    _, page = get(acting, f"/records/fax/{park(site, 1).partition('#')[2]}")
    assert f'value="{TOKEN}"' in page
    status, _ = post(acting, REFETCH)
    assert status == 200
    assert len(site.queued()) == 1


@pytest.mark.parametrize("path", [REFETCH, "/parked/redrive"])
def test_a_link_changes_nothing(site: Site, acting: FlaskClient, path: str) -> None:
    """Only a form changes something, never an address."""
    park(site, 1)
    get(acting, f"{path}?code=fetch.not_found&token={TOKEN}&until=2026-05-04T12:00:00Z")
    assert site.queued() == []


def test_only_the_own_page_can_ask_signalwire(site: Site) -> None:
    """An image on another page cannot make the console send requests."""
    client = site.client()
    path = f"/records/fax/{log_id(1)}/now"
    assert get(client, path, Sec_Fetch_Site="cross-site")[0] == 403
    assert get(client, path, Sec_Fetch_Site="same-origin")[0] == 200


def test_a_large_form_is_refused(acting: FlaskClient) -> None:
    """It is not read."""
    assert post(acting, REFETCH, {"code": "x" * 100_000})[0] == 413
