"""What somebody means by what they type, and where it leads."""

from __future__ import annotations

import pytest

from hooklog_ops.search import Means, Reading, readings
from tests.builders import FAX_ID, failed_fax, message_log
from tests.console.conftest import BASE_URL, Site, get
from tests.console.seeding import log_id, park, store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f" {FAX_ID.upper()} ", [Reading(Means.LOG_ID, FAX_ID)]),
        (f"FAX#{FAX_ID}", [Reading(Means.KEY, f"fax#{FAX_ID}")]),
        ("parked#abc", [Reading(Means.KEY, "parked#abc")]),
        ("fetch.not_found", [Reading(Means.PARKED_CODE, "fetch.not_found")]),
        ("34004", [Reading(Means.CODE, "34004"), Reading(Means.NUMBER, "34004")]),
        ("Carrier_Violation", [Reading(Means.CODE, "carrier_violation")]),
        ("connection failed", [Reading(Means.EXPLANATION, "fax:connection-failed")]),
        ("+442079460958", [Reading(Means.NUMBER, "+442079460958")]),
        ("+44 (20) 7946-0958", [Reading(Means.NUMBER, "+442079460958")]),
        ("0044 20 7946 0958", [Reading(Means.NUMBER, "+442079460958")]),
        ("1.202.555.0143", [Reading(Means.NUMBER, "+12025550143")]),
        ("whatsapp:+442079460958", [Reading(Means.NUMBER, "whatsapp:+442079460958")]),
        ("voice#1", []),
        ("hello there", []),
        ("", []),
    ],
)
def test_a_text_is_read_as_people_write_it(text: str, expected: list[Reading]) -> None:
    """IDs, keys, codes, error texts and numbers, with the punctuation that people use."""
    assert readings(text) == expected


def leads_to(site: Site, text: str) -> str:
    """Search, and give where the browser is sent."""
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
    """What can mean one thing needs no further click; a known code is a code."""
    assert leads_to(site, text) == place


def test_an_id_leads_to_its_record_whatever_its_type(site: Site) -> None:
    """Whoever has an ID need not know what it is of."""
    store(site, failed_fax(id=log_id(1)), message_log(id=log_id(2)))
    assert leads_to(site, log_id(1)) == f"/records/fax/{log_id(1)}"
    assert leads_to(site, log_id(2)) == f"/records/message/{log_id(2)}"
    park(site, 3)
    assert leads_to(site, log_id(3)) == f"/records/fax/{log_id(3)}"


def test_an_id_of_several_records_shows_them(site: Site) -> None:
    """A fax and a message may have the same one."""
    store(site, failed_fax(id=log_id(1)), message_log(id=log_id(1)))
    status, text = get(site.client(), f"/search?q={log_id(1)}")
    assert status == 200
    assert f'href="/records/fax/{log_id(1)}"' in text
    assert f'href="/records/message/{log_id(1)}"' in text


def test_an_unknown_id_can_be_asked_for(site: Site) -> None:
    """SignalWire may have what the table has not."""
    _, text = get(site.client(), f"/search?q={log_id(9)}")
    assert "There is no record" in text
    assert f"/records/fax/{log_id(9)}/now" in text
    assert f"/records/message/{log_id(9)}/now" in text


def test_what_may_be_two_things_is_asked_back(site: Site) -> None:
    """An unknown code of five digits may be a short code."""
    _, text = get(site.client(), "/search?q=45678")
    assert 'href="/failures?code=45678"' in text
    assert 'href="/numbers?number=45678"' in text


def test_what_makes_no_sense_shows_what_would(site: Site) -> None:
    """With an example of each, and the text still in the box."""
    status, text = get(site.client(), "/search?q=hello+there")
    assert status == 200
    assert "Nothing can be looked up" in text
    assert 'value="hello there"' in text
    assert "fetch.not_found" in text
