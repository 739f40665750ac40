"""Records by ID, number, day and failure, on a real table with its indexes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hooklog.records.signals import Signal
from hooklog_ops.errors import CursorError, IndexMissingError, PeriodError
from hooklog_ops.records import Item, Period, Records, failed_code, log_key, own_end, tried
from tests.builders import failed_fax, failed_message, fax_log, message_log
from tests.ops.conftest import Desk
from tests.ops.seeding import (
    alias,
    count_tries,
    log_id,
    park,
    sent_fax,
    sid,
    store,
    store_signal,
    store_with_alias,
)

NUMBER = "+14155550122"
DAY = datetime(2026, 5, 4, tzinfo=UTC)


def records(desk: Desk) -> Records:
    """Return the records of the desk's table."""
    return Records(desk.stack.dynamodb, desk.stack.output("TableName"))


def at(hour: int, minute: int = 0, *, day: int = 4) -> str:
    """Return a time of creation as the API writes it."""
    return f"2026-05-{day:02d}T{hour:02d}:{minute:02d}:00Z"


def test_a_record_is_found_by_its_key(desk: Desk) -> None:
    """A record is returned as it is stored; an unknown key returns None."""
    (key,) = store(desk, message_log())
    item = records(desk).get(key)
    assert item is not None
    assert (item["pk"], item["outcome"]) == (key, "succeeded")
    assert records(desk).get("message#unknown") is None


@pytest.mark.parametrize("together", [False, True])
def test_a_fax_is_found_by_its_id_and_by_its_sid(desk: Desk, *, together: bool) -> None:
    """Either name leads to the log's row and to its alias; alone and among others."""
    key, other = store_with_alias(desk, 1)
    for name in (key, other):
        found = records(desk).find_all([name])[name] if together else records(desk).find(name)
        assert found.item is not None
        assert found.alias is not None
        assert (found.name, found.key) == (name, key)
        assert (found.item["pk"], found.item["outcome"]) == (key, "failed")
        assert (found.alias["pk"], found.alias["alias_of"]) == (other, key)
        assert found.is_by_sid == (name == other)


def test_a_name_without_a_log_leads_nowhere(desk: Desk) -> None:
    """An alias alone names its log, whose row is missing; a parked message stands for itself."""
    other = alias(desk, 1)
    found = records(desk).find(other)
    assert (found.key, found.item) == (f"fax#{log_id(1)}", None)
    parked = park(desk, 2)
    assert records(desk).find(parked).item == records(desk).get(parked)
    unknown = records(desk).find(f"fax#{log_id(9)}")
    assert (unknown.item, unknown.alias, unknown.is_by_sid) == (None, None, False)


def test_a_stored_log_is_never_taken_for_an_alias(desk: Desk) -> None:
    """One log's ID may be the SID of another; two logs may have the same SID."""
    (first,) = store(desk, sent_fax(1))
    (same_name,) = store(desk, failed_fax(id=sid(1)))
    assert records(desk).find(same_name).key == same_name
    assert records(desk).find(first).alias is None
    key, other = store_with_alias(desk, 2)
    (twin,) = store(desk, sent_fax(3, url=sent_fax(2)["url"]))
    assert records(desk).find(twin).alias is None
    assert records(desk).find(other).key == key


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"fetched_at": "…", "parked_code": "log.invalid"}, "fax#1"),
        ({"erased_at": "…"}, "fax#1"),
        ({"alias_of": "fax#2"}, "fax#2"),
        ({"alias_of": "fax#2", "parked_code": "fetch.not_found"}, "fax#2"),
        ({"alias_of": "fax#2", "fetched_at": "…"}, "fax#1"),
        ({"parked_code": "fetch.not_found"}, None),
        ({"parked_history": []}, None),
    ],
)
def test_an_item_stands_for_a_log_or_leads_to_one(item: Item, expected: str | None) -> None:
    """A parked message alone does not tell whether its name is an ID or a SID."""
    assert log_key({"pk": "fax#1", **item}) == expected


def test_a_message_parked_under_a_sid_is_found_with_its_log(desk: Desk) -> None:
    """Also where the row under the SID does not lead to the log yet."""
    (key,) = store(desk, sent_fax(1))
    park(desk, 1, name=sid(1))
    found = records(desk).find(key)
    assert found.has_news_by_sid
    assert not records(desk).find(f"fax#{sid(1)}").is_by_sid


def test_a_log_that_is_not_stored_yet_says_so(desk: Desk) -> None:
    """Its row has tries and nothing else, and its name may be the log's ID or its SID."""
    key = count_tries(desk, 1)
    found = records(desk).find(key)
    assert (found.key, found.alias, found.relation) == (key, None, "")
    alias(desk, 1)
    by_sid = records(desk).find(f"fax#{sid(1)}")
    assert by_sid.relation == f"It is the SID of {key}, which is not stored yet."


TWICE = {"fetch.not_found": {"count": 2, "at": "2026-05-04T12:00:07.000Z"}}
ONCE = {"store.throttled": {"count": 1, "at": "2026-05-04T11:59:00.000Z"}}
SECOND = "2 tries ended in fetch.not_found, the last at 4 May 2026, 12:00:07 UTC"
FIRST = "1 try ended in store.throttled at 4 May 2026, 11:59:00 UTC"
BOTH = f"{FIRST}, and 2 in fetch.not_found, the last at 4 May 2026, 12:00:07 UTC"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"tries": TWICE}, f"Not stored yet: {SECOND}"),
        ({"tries": {**TWICE, **ONCE}, "fetched_at": "…"}, f"Since it was stored, {BOTH}"),
        ({"tries": ONCE, "parked_code": "log.invalid"}, f"Since it was parked, {FIRST}"),
        ({"tries": TWICE, "alias_of": "fax#2"}, SECOND),
    ],
)
def test_tries_are_a_sentence(item: Item, expected: str) -> None:
    """By error, oldest first, since what the row shows."""
    assert tried(item) == f"{expected}; the message comes back by itself."


@pytest.mark.parametrize("item", [{}, {"tries": {}}])
def test_without_tries_there_is_no_sentence(item: Item) -> None:
    """As in most rows."""
    assert tried(item) == ""


def test_many_names_cost_few_calls(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One per hundred names to learn what each stands for, two to read what is there."""
    key, other = store_with_alias(desk, 1)
    names = [key, other, *(f"fax#{log_id(number)}" for number in range(2, 150))]
    client, calls = desk.stack.dynamodb, 0
    read = client.batch_get_item

    def counting(**asked: Any) -> object:  # noqa: ANN401 - boto3's parameters
        nonlocal calls
        calls += 1
        (wanted,) = asked["RequestItems"].values()
        keys = [key["pk"]["S"] for key in wanted["Keys"]]
        assert len(keys) == len(set(keys)), "DynamoDB refuses a repeated key"
        return read(**asked)

    monkeypatch.setattr(client, "batch_get_item", counting)
    assert records(desk).log_keys([key, *names]) == {key: key, other: key}
    assert calls == 2
    records(desk).find_all(names)
    assert calls <= 2 + 3


def test_an_alias_is_in_no_list(desk: Desk) -> None:
    """Neither in a period, nor among failures, nor in a number's history; nor is an erased row."""
    key, _ = store_with_alias(desk, 1, created_at=at(12))
    alias(desk, 2)
    period = Period(since=DAY, until=DAY + timedelta(days=1))
    number = str(sent_fax(1)["to"])
    assert [item["pk"] for item in records(desk).of_period(period)] == [key]
    assert [one.key for one in records(desk).failures(period)] == [key]
    assert [item["pk"] for item in records(desk).of_number(number, limit=9).items] == [key]


def test_a_row_that_was_erased_since_the_index_was_read_is_left_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no time of creation."""
    key, other = store_with_alias(desk, 1, created_at=at(12))
    entries = [{"pk": key}, {"pk": other}, {"pk": "fax#gone"}]
    monkeypatch.setattr(Records, "_query", lambda *_, **__: (entries, None))
    period = Period(since=DAY, until=DAY + timedelta(hours=23), log_types=["fax"])
    assert [item["pk"] for item in records(desk).of_period(period)] == [key]


def test_a_numbers_history_comes_page_by_page_newest_first(desk: Desk) -> None:
    """Each record comes once, faxes and messages alike."""
    logs = [message_log(id=log_id(hour), created_at=at(hour)) for hour in range(6)]
    logs.append(fax_log(id=log_id(6), to=NUMBER, created_at=at(6)))
    store(desk, *logs, message_log(id=log_id(9), to="+442079460958"))
    found: list[str] = []
    cursor = None
    pages = 0
    while True:
        page = records(desk).of_number(NUMBER, limit=3, cursor=cursor)
        found += [item["created_at"] for item in page.items]
        pages += 1
        if not (cursor := page.cursor):
            break
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 7
    assert pages <= 4


def test_an_unknown_number_has_no_history(desk: Desk) -> None:
    """The page is empty, which is not an error."""
    page = records(desk).of_number("+10000000000", limit=3)
    assert (page.items, page.cursor) == ([], None)


def test_a_garbled_cursor_is_refused(desk: Desk) -> None:
    """A cursor comes from a command line or a URL."""
    with pytest.raises(CursorError):
        records(desk).of_number(NUMBER, limit=3, cursor="?")


def test_a_period_has_the_logs_created_in_it(desk: Desk) -> None:
    """From its start until just before its end, across midnight, for the selected kinds of log."""
    store(
        desk,
        message_log(id=log_id(1), created_at=at(11, 59)),
        message_log(id=log_id(2), created_at=at(12)),
        fax_log(id=log_id(3), created_at=at(23, 59)),
        message_log(id=log_id(4), created_at=at(0, day=5)),
        message_log(id=log_id(5), created_at=at(12, day=5)),
    )
    half = DAY + timedelta(hours=12)

    def keys(period: Period) -> list[str]:
        return [item["pk"][-1] for item in records(desk).of_period(period)]

    assert keys(Period(since=half, until=half + timedelta(days=1))) == ["4", "3", "2"]
    only_faxes = Period(since=half, until=half + timedelta(days=1), log_types=["fax"])
    assert keys(only_faxes) == ["3"]
    assert keys(Period(since=DAY - timedelta(days=9), until=DAY)) == []


def test_failures_are_found_without_other_logs(desk: Desk) -> None:
    """Each has its code, category and explanation."""
    store(
        desk,
        message_log(id=log_id(1)),
        failed_message(id=log_id(2), created_at=at(3)),
        failed_fax(id=log_id(3), created_at=at(4)),
        failed_message(id=log_id(4), created_at=at(5), error_code=None, error_message=None),
    )
    period = Period(since=DAY, until=DAY + timedelta(days=1))
    found = {one.key[-1]: one for one in records(desk).failures(period)}
    assert set(found) == {"2", "3", "4"}
    assert (found["2"].code, found["2"].category) == ("30003", "destination")
    assert found["3"].explanation == "fax:the-call-dropped-prematurely"
    assert (found["4"].code, found["4"].explanation) == (None, "status:undelivered")


def test_an_empty_period_is_refused() -> None:
    """It would look like a period without records."""
    with pytest.raises(PeriodError, match="--until has to be later"):
        Period(since=DAY, until=DAY - timedelta(hours=1))


def test_rows_come_in_the_order_asked_for(desk: Desk) -> None:
    """Also more than one call returns, and without keys that have no row."""
    keys = store(desk, *(message_log(id=log_id(number)) for number in range(120)))
    asked = [*reversed(keys), "message#gone"]
    assert [item["pk"] for item in records(desk).rows(asked)] == list(reversed(keys))


def test_a_missing_index_names_its_parameter(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB's own message only names the index."""
    client = desk.stack.dynamodb

    def query(**_: object) -> None:
        message = "The table does not have the specified index: numbers"
        raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Query")

    monkeypatch.setattr(client, "query", query)
    with pytest.raises(IndexMissingError, match="IndexNumbers=true"):
        Records(client, "table").of_number(NUMBER, limit=1)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"log_type": "fax"}, None),
        (
            {"log_type": "fax", "settled_by": "call"},
            "Only the end of the call is known; nobody told how the fax itself ended.",
        ),
        (
            {"log_type": "fax", "settled_by": "fax", "fax_status": "delivered"},
            "The fax resource told the fax's own status: delivered.",
        ),
        (
            {
                "log_type": "message",
                "settled_by": "callback",
                "message_status": "undelivered",
                "message_error_code": "30003",
                "unsettled": True,
            },
            (
                "A callback told the message's own status: undelivered (30003)."
                " The log does not agree yet, and is fetched again."
            ),
        ),
        (
            {
                "log_type": "fax",
                "settled_by": "log",
                "fax_status": "failed",
                "fax_error_code": "34004",
                "fax_error_message": "The line was cut",
            },
            "An earlier fetch told the log's status: failed (34004, The line was cut).",
        ),
    ],
)
def test_who_told_of_the_end_is_a_sentence(item: Item, told: str | None) -> None:
    """It names who told, the word and the error, and whether the log agrees."""
    assert own_end(item) == told


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"log_type": "fax"}, None),
        ({"log_type": "fax", "error_code": "34005", "fax_error_code": "34004"}, "34005"),
        ({"log_type": "fax", "fax_error_code": "34004"}, "34004"),
        ({"log_type": "message", "fax_error_code": "34004"}, None),
    ],
)
def test_the_code_of_a_failure_is_the_logs_own_or_what_others_told(
    item: Item, code: str | None
) -> None:
    """A log that reports no failure has no code, but whoever reported it may."""
    assert failed_code(item) == code


@pytest.mark.parametrize("code", [None, "0"])
def test_a_failure_that_others_told_has_its_code(desk: Desk, code: str | None) -> None:
    """The index has no code of theirs, but the explanation is that of the code."""
    told = Signal(by="callback", status="failed", error_code="34004")
    store_signal(desk, fax_log(id=log_id(1), error_code=code), told)
    day = Period(since=DAY, until=DAY + timedelta(days=1))
    assert [failure.code for failure in records(desk).failures(day)] == ["34004"]
