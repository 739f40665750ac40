"""The pages of records, numbers and failures."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from hooklog.clock import iso
from hooklog.errors import BehindError
from hooklog.records.signals import Signal
from tests.builders import failed_fax, failed_message, fax_log, message_log
from tests.console.conftest import Site, get, post
from tests.fakes import NOW
from tests.ops.seeding import (
    alias,
    count_tries,
    failed_faxes,
    log_id,
    park,
    sent_fax,
    sid,
    store,
    store_signal,
    store_with_alias,
)

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'"
NUMBER = "+442079460958"
RECORD = r'/records/[^/"]+/[^/"]+'


def links(text: str, pattern: str) -> list[str]:
    """Return the addresses on a page that match, in their order."""
    return re.findall(rf'href="({pattern})"', text.replace("&amp;", "&"))


def next_page(text: str) -> str | None:
    """Return the address of the next page, if there is one."""
    found = re.search(r'rel="next" href="([^"]+)"', text)
    return found[1].replace("&amp;", "&") if found else None


def test_a_record_begins_with_its_reason(site: Site) -> None:
    """Outcome, cause and advice come before the timeline and the values."""
    store(site, failed_fax(id=log_id(1), brand_new=1))
    status, text = get(site.client(), f"/records/fax/{log_id(1)}")
    assert status == 200
    order = [
        text.index(one)
        for one in (
            *(">failed<", "The phone call ended", "What to do", "The call dropped prematurely"),
            *("Fax created", "Fetched and stored", "LaML SID", "field:brand_new"),
        )
    ]
    assert order == sorted(order)
    assert "Another try can help" in text
    assert f'href="/records/fax/{log_id(1)}/now#now"' in text


def test_a_record_that_succeeded_says_so(site: Site) -> None:
    """It has no advice."""
    store(site, fax_log(id=log_id(1)), message_log(id=log_id(2), status="queued"))
    _, text = get(site.client(), f"/records/fax/{log_id(1)}")
    assert "There is nothing to do." in text
    assert "What to do" not in text
    _, text = get(site.client(), f"/records/message/{log_id(2)}")
    assert "not reached its end" in text


def test_a_record_tells_both_signals(site: Site) -> None:
    """What SignalWire says now is compared with them in mind, so they are no difference."""
    log = fax_log(id=log_id(1))
    told = Signal(by="callback", status="failed", error_code="34004", error_message="<i>cut</i>")
    store_signal(site, log, told)
    site.space.put_log("fax", log)
    _, text = get(site.client(), f"/records/fax/{log_id(1)}/now")
    assert "The log's status: completed" in unescape(text)
    assert "A callback told the fax's own status: failed (34004, <i>cut</i>)." in unescape(text)
    assert "<i>cut</i>" not in text
    assert "The log reports another end than the callback" in text
    assert "The same as the stored record." in text


@pytest.mark.parametrize("name", ["error_message", "from", "to", "direction", "remote_station"])
def test_hostile_text_is_shown_as_text(site: Site, name: str) -> None:
    """A carrier's or caller's text is not markup, on any page."""
    (key,) = store(site, failed_fax(id=log_id(1), created_at=NOW.isoformat(), **{name: HOSTILE}))
    park(site, 2, text=HOSTILE)
    client = site.client()
    for path in (
        *(f"/records/{key.replace('#', '/')}", "/failures", "/", f"/records/fax/{log_id(2)}"),
        *("/search?q=" + HOSTILE, "/numbers?number=" + HOSTILE, "/failures?code=" + HOSTILE),
    ):
        _, text = get(client, path)
        assert "<script" not in text
        assert "<img src=x" not in text


def test_unknown_fields_are_shown_as_text(site: Site) -> None:
    """They are raw JSON from SignalWire."""
    store(site, failed_fax(id=log_id(1), brand_new={"html": HOSTILE}))
    _, text = get(site.client(), f"/records/fax/{log_id(1)}")
    assert "&lt;script&gt;" in text
    assert "<script" not in text


def test_a_parked_row_says_why_it_is_parked(site: Site) -> None:
    """Also without a record; its page links to the redrive."""
    park(site, 1)
    status, text = get(site.client(), f"/records/fax/{log_id(1)}")
    assert status == 200
    assert "Check that the log ID belongs to this project" in text
    assert 'href="/parked/redrive?code=fetch.not_found"' in text


def test_a_log_that_is_not_stored_yet_says_what_was_tried(site: Site) -> None:
    """With what to do, its tries in the timeline, and no details of a log."""
    count_tries(site, 1)
    site.space.put_log("fax", fax_log(id=log_id(1)))
    status, text = get(site.client(), f"/records/fax/{log_id(1)}")
    assert status == 200
    for shown in (
        *(">retried<", "Not stored yet: 2 tries ended in fetch.not_found, the last at"),
        *("Check that the log ID belongs to this project", "Tried without success"),
    ):
        assert shown in text
    assert "Details" not in text
    _, text = get(site.client(), f"/records/fax/{log_id(1)}/now")
    assert "SignalWire has this log, the table does not." in unescape(text)


def test_a_stored_log_tells_its_tries_since(site: Site) -> None:
    """The outcome comes first."""
    store(site, failed_fax(id=log_id(1)))
    count_tries(site, 1, error=BehindError)
    _, text = get(site.client(), f"/records/fax/{log_id(1)}")
    assert ">retried<" in text
    assert text.index("The phone call ended") < text.index("Since it was stored, 2 tries ended")


def test_tries_under_a_sid_belong_to_its_log(site: Site) -> None:
    """Also where its record has expired, or is about to be stored."""
    alias(site, 1)
    count_tries(site, 1, name=sid(1))
    status, text = get(site.client(), f"/records/fax/{sid(1)}")
    assert status == 200
    assert "There is no record of this fax" in text
    assert ">retried<" in text
    assert "2 tries ended in fetch.not_found" in text


def test_an_erased_row_says_so_and_stays_erased(site: Site) -> None:
    """SignalWire is not asked either, because it still has the number."""
    site.space.put_log("fax", fax_log(id=log_id(1)))
    item = {"pk": {"S": f"fax#{log_id(1)}"}, "version": {"N": "2"}}
    site.stack.dynamodb.put_item(
        TableName=site.stack.output("TableName"), Item={**item, "erased_at": {"S": iso(NOW)}}
    )
    for path in (f"/records/fax/{log_id(1)}", f"/records/fax/{log_id(1)}/now"):
        status, text = get(site.client(), path)
        assert status == 200
        assert "was erased" in text
        assert "Compare with SignalWire" not in text
        assert "SignalWire says now" not in text
        assert NUMBER not in text


def test_a_missing_record_links_to_signalwire(site: Site) -> None:
    """SignalWire may have the log; a parked message exists nowhere else."""
    status, text = get(site.client(), f"/records/fax/{log_id(1)}")
    assert status == 200
    assert f"/records/fax/{log_id(1)}/now" in text
    assert get(site.client(), "/records/parked/nothing")[0] == 404
    assert get(site.client(), f"/records/letter/{log_id(1)}")[0] == 404


def test_a_sid_without_its_record_leads_to_its_log(site: Site) -> None:
    """The row may have expired; the page does not say that nobody asked for it."""
    alias(site, 1)
    status, text = get(site.client(), f"/records/fax/{sid(1)}")
    assert status == 200
    assert f"fax#{sid(1)} is the SID of this fax." in text
    assert f'href="/records/fax/{log_id(1)}/now"' in text
    assert "No message asked" not in text


def test_an_unknown_id_may_be_a_sid(site: Site) -> None:
    """The page says how to look for it, by a button if the console may act."""
    for allow_actions, told in ((False, f"hooklog enqueue fax {sid(1)}"), (True, "/refetch")):
        client = site.client(allow_actions=allow_actions)
        for path in (f"/records/fax/{sid(1)}", f"/search?q={sid(1)}"):
            _, text = get(client, path)
            assert told in text
            assert f"/records/message/{sid(1)}/refetch" not in text


def test_a_message_parked_under_the_sid_is_on_the_page_of_its_log(site: Site) -> None:
    """By either name, with both rows; alone, it is shown without its log."""
    other = park(site, 1, name=sid(1))
    alias(site, 1)
    _, text = get(site.client(), f"/records/fax/{sid(1)}")
    assert "There is no record of this fax" in text
    assert "Check that the log ID belongs to this project" in text
    store(site, sent_fax(1))
    for name in (sid(1), log_id(1)):
        _, text = get(site.client(), f"/records/fax/{name}")
        order = ["The phone call ended", "under its SID", 'event">Parked<', "Fax created"]
        places = [text.index(one) for one in (*order, "The stored row", "The row under its SID")]
        assert places == sorted(places)
        assert f'<span class="id">{other}</span>' in text


def test_an_unknown_address_leads_on(site: Site) -> None:
    """To the search and the overview, unless the page has a better sentence."""
    status, text = get(site.client(), "/nowhere")
    assert status == 404
    assert "There is no such page" in text
    assert "start from the overview" in text
    status, text = get(site.client(), "/parked?code=nonsense")
    assert status == 404
    assert "No message is ever parked as" in text


def test_a_record_can_be_compared_with_signalwire(site: Site) -> None:
    """The page shows the differences; nothing is written."""
    log = failed_fax(id=log_id(1))
    (key,) = store(site, log)
    site.space.put_log("fax", log | {"charge": 0.5})
    _, text = get(site.client(), f"/records/fax/{log_id(1)}/now")
    assert "What SignalWire says now" in text
    assert re.search(r"<dt>charge</dt>.*<del>0\.02</del>.*<ins>0\.5</ins>", text)
    item = site.stack.dynamodb.get_item(
        TableName=site.stack.output("TableName"), Key={"pk": {"S": key}}
    )["Item"]
    assert item["charge"] == {"N": "0.02"}


def test_a_comparison_by_sid_asks_for_the_log(site: Site) -> None:
    """SignalWire knows it by its ID only."""
    store_with_alias(site, 1)
    site.space.put_log("fax", sent_fax(1, charge=0.5))
    _, text = get(site.client(), f"/records/fax/{sid(1)}/now")
    assert re.search(r"<dt>charge</dt>.*<del>0\.02</del>.*<ins>0\.5</ins>", text)
    assert "SignalWire returned no log" not in text


def test_a_log_can_be_missing_on_either_side(site: Site) -> None:
    """The page says which side lacks it."""
    site.space.put_log("fax", fax_log(id=log_id(1)))
    _, text = get(site.client(), f"/records/fax/{log_id(1)}/now")
    assert "the table does not" in text
    _, text = get(site.client(), f"/records/fax/{log_id(2)}/now")
    assert "SignalWire returned no log" in text


def test_a_refetch_puts_the_log_on_the_queue(site: Site) -> None:
    """As `hooklog enqueue` does."""
    client = site.client(allow_actions=True)
    status, text = post(client, f"/records/fax/{log_id(1).upper()}/refetch")
    assert status == 200
    assert f'href="/records/fax/{log_id(1)}"' in text
    (message,) = site.queued()
    assert f'"log_id": "{log_id(1)}"' in message["Body"]
    assert post(client, "/records/fax/x/refetch")[0] == 404


def test_a_refetch_by_sid_asks_for_the_log(site: Site) -> None:
    """An unknown name is asked for as ID and as SID."""
    alias(site, 1)
    client = site.client(allow_actions=True)
    for name, asked in (
        (sid(1), {"log_id": log_id(1)}),
        (sid(2), {"log_id": sid(2), "resource_sid": sid(2)}),
    ):
        post(client, f"/records/fax/{name}/refetch")
        (message,) = site.queued()
        assert json.loads(message["Body"]) == {"log_type": "fax", "origin": "manual", **asked}


@pytest.mark.parametrize("sample", [7, 100])
def test_failures_are_paged_without_loss(
    site: Site, sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each failure of two days and both kinds comes once, whatever a query returns."""
    monkeypatch.setattr("hooklog_ops.console.failure_list.SAMPLE", sample)
    expected = failed_faxes(site, 30)
    expected += store(
        site,
        *(failed_message(id=log_id(500 + n), created_at=NOW.isoformat()) for n in range(3)),
    )[::-1]
    expected += failed_faxes(site, 30, now=NOW - timedelta(days=1), first=100)
    client = site.client()
    found: list[str] = []
    path: str | None = "/failures"
    for _ in range(4):
        assert path
        _, text = get(client, path)
        found += links(text, RECORD)
        path = next_page(text)
    assert found == [f"/records/{key.replace('#', '/')}" for key in expected]


def test_failures_of_a_code_are_explained(site: Site) -> None:
    """The page of a code has the explanation once, and only its failures."""
    failed_faxes(site, 2)
    store(site, failed_message(id=log_id(50), created_at=NOW.isoformat()))
    _, text = get(site.client(), "/failures?code=30003")
    assert links(text, RECORD) == [f"/records/message/{log_id(50)}"]
    assert "What to do" in text
    _, text = get(site.client(), "/failures?type=fax")
    assert len(links(text, RECORD)) == 2
    _, text = get(site.client(), "/failures?code=99999")
    assert "The catalogue does not know this code" in text
    assert "None since" in text


def test_a_rare_code_is_looked_for_further_back(site: Site) -> None:
    """One page covers a week; the next page continues before it."""
    failed_faxes(site, 1, now=NOW - timedelta(days=9))
    client = site.client()
    _, text = get(client, "/failures?code=34004")
    assert "None since" in text
    path = next_page(text)
    assert path
    _, text = get(client, path)
    assert len(links(text, RECORD)) == 1


@pytest.mark.parametrize(
    "cursor",
    ["x", "2026-05-04", "2026-05-04~letter", "2026-13-04~fax", "2026-05-04~fax~x~y", "~~~"],
)
def test_a_garbled_cursor_is_a_sentence(site: Site, cursor: str) -> None:
    """It is not a defect."""
    status, text = get(site.client(), f"/failures?cursor={cursor}")
    assert status == 200
    assert "The cursor is not one that an earlier page returned." in text


def test_a_number_shows_its_history_page_by_page(site: Site) -> None:
    """The newest comes first, each record once, with the reason of a failure."""
    expected = failed_faxes(site, 30)
    client = site.client()
    _, first = get(client, "/numbers?number=%2B442079460958")
    path = next_page(first)
    assert path
    _, second = get(client, path)
    found = links(first, RECORD) + links(second, RECORD)
    assert found == [f"/records/{key.replace('#', '/')}" for key in expected]
    assert next_page(second) is None
    assert "The phone call ended" in first


def test_a_number_without_records_says_so(site: Site) -> None:
    """It says how numbers are written, and whose history it is."""
    _, text = get(site.client(), "/numbers?number=12")
    assert "Nothing is known of this number" in text
    assert NUMBER in text
