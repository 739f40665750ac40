"""Who may use the console: its own page in a browser on this machine, and nobody else."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.console.conftest import BASE_URL, PORT, TOKEN, Site, get, post
from tests.console.seeding import log_id, park
from tests.ops.test_parked import on_the_queue

REFETCH = f"/records/fax/{log_id(1)}/refetch"
PAGES = (
    *("/", "/failures", "/parked", "/parked?code=fetch.not_found", "/completeness"),
    *("/parked/redrive?code=fetch.not_found", "/numbers?number=%2B442079460958", "/search?q=x"),
    *(f"/records/fax/{log_id(1)}", "/nowhere", "/static/console.css"),
)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_hardened(site: Site, path: str) -> None:
    """Own parts only, no scripts, no frames, nothing kept and nothing told to others."""
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
    """Every address in it is the console's own; inline scripts and styles do not exist."""
    _, text = get(site.client(allow_actions=True), path)
    assert not re.findall(r"(?:src|href|action)=\"(?![/#])[^\"]*\"", text)
    assert not re.findall(r"<script|<style|\sstyle=|\son\w+=", text)


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", f"127.0.0.1:{PORT + 1}", "localhost", ""]
)
def test_a_foreign_name_gets_nothing(site: Site, host: str) -> None:
    """A name that somebody made to lead here (DNS rebinding) shows no record."""
    client = site.client()
    for path in ("/", "/static/console.css"):
        status, text = get(client, path, Host=host)
        assert status == 403
        assert "Health" not in text


def test_both_names_of_this_machine_will_do(site: Site) -> None:
    """As people type it."""
    for name in ("127.0.0.1", "localhost"):
        assert get(site.client(), "/completeness", Host=f"{name}:{PORT}")[0] == 200


@pytest.fixture
def acting(site: Site) -> FlaskClient:
    """Give a console that may act."""
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
    assert on_the_queue(site.desk) == []


@pytest.mark.parametrize("token", ["", "another", TOKEN[:-1], TOKEN + "x", "ä"])
def test_a_change_needs_the_token_of_this_start(
    site: Site, acting: FlaskClient, token: str
) -> None:
    """The form carries it; what it does not know is refused."""
    status, text = post(acting, REFETCH, {"token": token})
    assert status == 403
    assert "Load it again" in text
    assert on_the_queue(site.desk) == []


def test_it_only_reads_unless_it_is_told(site: Site) -> None:
    """Without --allow-actions there is no form, and a sent one is refused with what to do."""
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
    assert on_the_queue(site.desk) == []


def test_the_tokens_form_is_accepted(site: Site, acting: FlaskClient) -> None:
    """The refusals above are not for another reason."""
    _, page = get(acting, f"/records/fax/{park(site, 1).partition('#')[2]}")
    assert f'value="{TOKEN}"' in page
    status, _ = post(acting, REFETCH)
    assert status == 200
    assert len(on_the_queue(site.desk)) == 1


@pytest.mark.parametrize("path", [REFETCH, "/parked/redrive"])
def test_a_link_changes_nothing(site: Site, acting: FlaskClient, path: str) -> None:
    """What changes something is a form, never an address."""
    park(site, 1)
    get(acting, f"{path}?code=fetch.not_found&token={TOKEN}&until=2026-05-04T12:00:00Z")
    assert on_the_queue(site.desk) == []


def test_signalwire_is_asked_by_the_own_page_only(site: Site) -> None:
    """An image on another page cannot make the console send requests."""
    client = site.client()
    path = f"/records/fax/{log_id(1)}/now"
    assert get(client, path, Sec_Fetch_Site="cross-site")[0] == 403
    assert get(client, path, Sec_Fetch_Site="same-origin")[0] == 200


def test_the_form_is_small(acting: FlaskClient) -> None:
    """A large one is not read."""
    assert post(acting, REFETCH, {"code": "x" * 100_000})[0] == 413
