"""The search box: what a text can mean, and where it leads."""

from __future__ import annotations

import re

import pytest

from hooklog_ops.search import Interpretation, Term, interpret
from tests.builders import FAX_ID, failed_fax, message_log
from tests.console.conftest import BASE_URL, Site, get
from tests.ops.seeding import count_tries, log_id, park, sid, store, store_with_alias


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f" {FAX_ID.upper()} ", [Interpretation(Term.LOG_ID, FAX_ID)]),
        (f"FAX#{FAX_ID}", [Interpretation(Term.KEY, f"fax#{FAX_ID}")]),
        ("parked#abc", [Interpretation(Term.KEY, "parked#abc")]),
        ("fetch.not_found", [Interpretation(Term.PARKED_CODE, "fetch.not_found")]),
        ("34004", [Interpretation(Term.CODE, "34004"), Interpretation(Term.NUMBER, "34004")]),
        ("Carrier_Violation", [Interpretation(Term.CODE, "carrier_violation")]),
        ("connection failed", [Interpretation(Term.EXPLANATION, "fax:connection-failed")]),
        ("+442079460958", [Interpretation(Term.NUMBER, "+442079460958")]),
        ("+44 (20) 7946-0958", [Interpretation(Term.NUMBER, "+442079460958")]),
        ("0044 20 7946 0958", [Interpretation(Term.NUMBER, "+442079460958")]),
        ("٣٤٠٠٤", [Interpretation(Term.CODE, "34004"), Interpretation(Term.NUMBER, "34004")]),
        ("whatsapp:+442079460958", [Interpretation(Term.NUMBER, "whatsapp:+442079460958")]),
        ("letter#1", []),
        ("hello there", []),
        ("", []),
    ],
)
def test_a_text_is_read_as_people_write_it(text: str, expected: list[Interpretation]) -> None:
    """IDs, keys, codes, error texts and numbers, with the punctuation that people use."""
    assert interpret(text) == expected


def test_a_national_number_needs_a_country(site: Site) -> None:
    """The page says what is missing; a console that was started with a country knows it."""
    status, text = get(site.client(), "/search?q=(206)+555-0123")
    assert status == 200
    assert "names no country" in text
    assert "--country" in text
    assert interpret("(206) 555-0123", "US") == [Interpretation(Term.NUMBER, "+12065550123")]


def leads_to(site: Site, text: str) -> str:
    """Search, and return where the browser is sent."""
    answer = site.client().get("/search", query_string={"q": text}, base_url=BASE_URL)
    assert answer.status_code == 302
    return answer.location


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("34004", "/failures?code=34004"),
        ("connection failed", "/failures?explanation=fax:connection-failed"),
        ("fetch.not_found", "/parked?code=fetch.not_found"),
        ("+44 20 7946 0958", "/numbers?number=%2B442079460958"),
        ("fax#a/b?c", "/records/fax/a%2Fb%3Fc"),
    ],
)
def test_a_search_leads_to_the_page(site: Site, text: str, place: str) -> None:
    """A text with one meaning needs no further click; a known code is a code."""
    assert leads_to(site, text) == place


def test_an_id_leads_to_its_record_whatever_its_type(site: Site) -> None:
    """The kind of log need not be known."""
    store(site, failed_fax(id=log_id(1)), message_log(id=log_id(2)))
    assert leads_to(site, log_id(1)) == f"/records/fax/{log_id(1)}"
    assert leads_to(site, log_id(2)) == f"/records/message/{log_id(2)}"
    park(site, 3)
    assert leads_to(site, log_id(3)) == f"/records/fax/{log_id(3)}"


def test_an_id_leads_to_a_log_that_is_not_stored_yet(site: Site) -> None:
    """Its page says what has been tried."""
    key = count_tries(site, 1, log_type="message")
    assert leads_to(site, log_id(1)) == f"/records/{key.replace('#', '/')}"


def test_a_sid_leads_to_the_record_of_its_log(site: Site) -> None:
    """The page says by which name it was found."""
    key, other = store_with_alias(site, 1)
    place = leads_to(site, sid(1).upper())
    _, text = get(site.client(), place)
    assert "The phone call ended" in text
    assert f'<p class="id">{key}</p>' in text
    assert re.search(f"Found by the SID of this fax: .*{other}", text)
    _, text = get(site.client(), leads_to(site, log_id(1)))
    assert "Found by" not in text


def test_a_sid_that_is_also_an_id_shows_both(site: Site) -> None:
    """A message may have the ID that is a fax's SID."""
    key, other = store_with_alias(site, 1)
    store(site, message_log(id=sid(1)))
    _, text = get(site.client(), f"/search?q={sid(1)}")
    assert re.search(f'href="/records/fax/{sid(1)}">{other}</a> .*the SID of {key}', text)
    assert f'href="/records/message/{sid(1)}"' in text


def test_an_id_of_several_records_shows_them(site: Site) -> None:
    """A fax and a message may have the same one."""
    store(site, failed_fax(id=log_id(1)), message_log(id=log_id(1)))
    status, text = get(site.client(), f"/search?q={log_id(1)}")
    assert status == 200
    assert f'href="/records/fax/{log_id(1)}"' in text
    assert f'href="/records/message/{log_id(1)}"' in text


def test_an_unknown_id_links_to_signalwire(site: Site) -> None:
    """SignalWire may have the log."""
    _, text = get(site.client(), f"/search?q={log_id(9)}")
    assert "There is no record" in text
    assert f"/records/fax/{log_id(9)}/now" in text
    assert f"/records/message/{log_id(9)}/now" in text


def test_two_meanings_are_a_choice(site: Site) -> None:
    """Five digits that the catalogue does not know can be a short code."""
    _, text = get(site.client(), "/search?q=45678")
    assert 'href="/failures?code=45678"' in text
    assert 'href="/numbers?number=45678"' in text


def test_a_text_without_meaning_shows_examples(site: Site) -> None:
    """The text stays in the box."""
    status, text = get(site.client(), "/search?q=hello+there")
    assert status == 200
    assert "Nothing can be found" in text
    assert 'value="hello there"' in text
    assert "fetch.not_found" in text
