"""`hooklog erase`: every row that holds a number is found, emptied, and stays empty."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hooklog.clock import iso
from hooklog.errors import LogInvalidError, MessageMalformedError
from hooklog.logs import KINDS
from hooklog.records.parking import Lift, Park
from hooklog.records.recording import StoreAlias, StoreRecord, already_reflects
from hooklog.records.store import UpToDate, apply
from hooklog_ops.erasure import MAY_HOLD_NUMBERS, Holder, LogEraser, NumberEraser, erasable
from hooklog_ops.errors import ErasureError, NotThereError, NumberError
from tests.builders import body, every_attribute, fax_log, message_log, record, request
from tests.fakes import NOW, Clock
from tests.ops.conftest import Desk
from tests.ops.seeding import (
    STORAGE,
    alias,
    count_tries,
    log_id,
    sent_fax,
    sid,
    store,
    store_with_alias,
    table,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

NUMBER = "+12065550123"
OTHER = "+12065550199"
#: Attributes that hold no number: hooklog's own words, times, counts and IDs, and SignalWire's
#: enumerations.
OWN_WORDS = {
    *("log_type", "outcome", "category", "cause", "advice", "retry", "severity", "explanation"),
    *("fetched_at", "lag_ms", "created_at", "first_failed_at", "expires_at", "version", "final"),
    *("from_country", "from_type", "from_channel", "to_country", "to_type", "to_channel"),
    *("account_id", "resource_sid", "resolved_by", "unit_charge", "charge_gap", "drift"),
    *("alias_of", "settled_by", "unsettled", "tries"),
    *("day", "failed_on", "erased_at", "parked_history", "redriven_at", "redriven_by"),
    *("parked_code", "parked_detail", "parked_attempts", "parked_first_at", "parked_at"),
}
FEW_WORDS = {
    *("status", "direction", "source", "type", "kind", "quality", "error_code"),
    *(f"{kind}_{name}" for kind in KINDS for name in ("status", "error_code", "duration")),
    *("charge", "charge_details", "number_of_pages", "number_of_segments"),
}


def rows(desk: Desk) -> dict[str, dict[str, AttributeValueTypeDef]]:
    """Return the whole table, by key."""
    pages = desk.stack.dynamodb.get_paginator("scan").paginate(
        TableName=desk.stack.output("TableName")
    )
    return {item["pk"]["S"]: item for page in pages for item in page["Items"]}


def eraser(desk: Desk, number: str = NUMBER) -> NumberEraser:
    """Return an eraser for the desk's table."""
    return NumberEraser(desk.stack.dynamodb, desk.stack.output("TableName"), number)


def park(desk: Desk, key: str, *, text: str = "{?", payload: str | None = None) -> None:
    """Park a message, with or without a payload."""
    error = LogInvalidError("charge: missing", payload=payload) if payload else None
    change = Park(key=key, error=error or MessageMalformedError(), body=text, attempts=1, at=NOW)
    apply(table(desk), [change], {})


def seed(desk: Desk) -> tuple[set[str], set[str]]:
    """Fill the table; return the keys of the rows with the number, and of those without it."""
    held = store(
        desk,
        fax_log(id=log_id(1), to=NUMBER),
        message_log(id=log_id(2), **{"from": NUMBER}),
        message_log(id=log_id(3), to=f"whatsapp:{NUMBER}"),
        message_log(id=log_id(4), to=f"sip:{NUMBER}@example.com"),
        fax_log(id=log_id(5), remote_station=f"FAX {NUMBER} "),
        fax_log(id=log_id(6), caller_id={"number": NUMBER}),
        fax_log(id=log_id(7), error_code="34004", error_message=f"No answer from {NUMBER}"),
        # An attribute that only one kind of log has; a new kind's need no list.
        fax_log(id=log_id(9), quality=f"standard {NUMBER}"),
    )
    park(desk, "parked#1", text=f"call {NUMBER}")
    park(desk, "fax#2", text=body(log_id=log_id(8)), payload=json.dumps({"from": NUMBER}))
    kept = store(
        desk,
        fax_log(id=log_id(11), to=OTHER),
        # Another number that begins with this one, and one that ends with it.
        message_log(id=log_id(12), to=f"{NUMBER}7"),
        message_log(id=log_id(13), to=f"+9{NUMBER[1:]}"),
    )
    park(desk, "parked#3", text=f"call {OTHER}")
    return {*held, "parked#1", "fax#2"}, {*kept, "parked#3"}


def test_every_row_of_a_number_is_erased_and_no_other(desk: Desk) -> None:
    """In any attribute and form; the rows of other numbers stay as they are."""
    held, kept = seed(desk)
    before = rows(desk)
    assert desk.json("erase", "--number", NUMBER, "--yes") == {
        "rows": len(before),
        "possible": [],
        "erased": len(held),
    }
    after = rows(desk)
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    for key in held:
        assert set(after[key]) == {"pk", "version", "erased_at"}
        assert int(after[key]["version"]["N"]) == int(before[key]["version"]["N"]) + 1
    assert desk.json("erase", "--number", NUMBER, "--dry-run")["would_erase"] == []


@pytest.mark.parametrize(
    "written",
    [
        "12065550123",
        "+1 (206) 555-0123",
        "1-206-555-0123",
        "001 206.555.0123",
        "FAX +1\u2011206\u2011555\u20110123",
        "+\u0661\u0662\u0660\u0666\u0665\u0665\u0665\u0660\u0661\u0662\u0663",
        "tel 12065550123 2026-05-04",
    ],
)
def test_a_number_is_found_however_it_is_written(desk: Desk, written: str) -> None:
    """A fax machine's name has any form, and any attribute that comes from outside may."""
    (key,) = store(desk, fax_log(id=log_id(1), remote_station=written))
    park(desk, "parked#1", text=json.dumps({"caller": written}))
    assert desk.json("erase", "--number", "+1 206 555 0123", "--yes")["erased"] == 2
    assert set(rows(desk)[key]) == {"pk", "version", "erased_at"}


@pytest.mark.parametrize("written", ["2065550123", "(206) 555-0123", "+49 12065550123"])
def test_what_may_be_another_number_is_listed_apart(desk: Desk, written: str) -> None:
    """It is erased only if the operator says so."""
    (sure,) = store(desk, message_log(id=log_id(1), to=NUMBER))
    (key,) = store(desk, fax_log(id=log_id(2), remote_station=written))
    told = desk.json("erase", "--number", NUMBER, "--dry-run")
    assert [row["key"] for row in told["would_erase"]] == [sure]
    assert [(row["key"], row["attributes"]) for row in told["possible"]] == [
        (key, ["remote_station"])
    ]
    shown = desk.hooklog("erase", "--number", NUMBER, "--yes").stdout
    assert "1 row with a possible match" in shown
    assert re.search(rf"{key}.*  \(remote_station\)", shown)
    assert "remote_station" in rows(desk)[key]
    assert desk.json("erase", "--number", NUMBER, "--possible", "--yes")["erased"] == 1
    assert set(rows(desk)[key]) == {"pk", "version", "erased_at"}


@pytest.mark.parametrize("written", ["+44 2065550123", "555-0123", "+1 206 555 01234"])
def test_another_number_is_not_listed(desk: Desk, written: str) -> None:
    """A longer one, the end of one, or one that names another country."""
    store(desk, fax_log(id=log_id(1), remote_station=written))
    told = desk.json("erase", "--number", NUMBER, "--dry-run")
    assert told["would_erase"] == told["possible"] == []


def test_an_erased_row_stays_empty(desk: Desk) -> None:
    """The function stores nothing in it again, whatever it fetches."""
    log = message_log(id=log_id(1), to=NUMBER)
    (key,) = store(desk, log)
    desk.json("erase", "--number", NUMBER, "--yes")
    before = rows(desk)
    for known in ({}, table(desk).read([key])):
        assert isinstance(apply(table(desk), [StoreRecord(record(log))], known)[key], UpToDate)
    assert rows(desk) == before


def test_an_erased_row_can_be_shown(desk: Desk) -> None:
    """It says when it was erased, and nothing else."""
    store(desk, message_log(id=log_id(1), to=NUMBER))
    desk.json("erase", "--number", NUMBER, "--yes")
    shown = desk.hooklog("show", "message", log_id(1))
    assert shown.exit_code == 0
    assert "erased_at" in shown.stdout
    assert NUMBER[1:] not in shown.stdout


def test_a_dry_run_lists_rows_and_changes_nothing(desk: Desk) -> None:
    """Each row by its key, with the attributes that hold the number."""
    store(desk, message_log(id=log_id(1), **{"from": NUMBER, "to": NUMBER}))
    before = rows(desk)
    answer = desk.json("erase", "--number", NUMBER, "--dry-run")
    (row,) = answer["would_erase"]
    assert row["key"] == f"message#{log_id(1)}"
    assert {"from", "to"} <= set(row["attributes"])
    assert rows(desk) == before


def test_without_a_terminal_it_needs_yes(desk: Desk) -> None:
    """A script without it erases nothing."""
    store(desk, message_log(id=log_id(1), to=NUMBER))
    before = rows(desk)
    refused = desk.hooklog("erase", "--number", NUMBER)
    assert refused.exit_code == 2
    assert "--yes" in refused.output
    assert rows(desk) == before


def test_it_says_where_the_number_can_still_be(desk: Desk) -> None:
    """It names each place that it cannot reach."""
    store(desk, message_log(id=log_id(1), to=NUMBER))
    said = desk.hooklog("erase", "--number", NUMBER, "--yes").stdout
    for place in ("backups", "SignalWire", "queue", "exported"):
        assert place in said


def test_an_alias_stays_and_leads_to_the_emptied_row(desk: Desk) -> None:
    """It holds no number; the list names the fax's other name."""
    key, other = store_with_alias(desk, 1, to=NUMBER)
    before = rows(desk)
    (row,) = desk.json("erase", "--number", NUMBER, "--dry-run")["would_erase"]
    assert (row["key"], row["other_name"]) == (key, other)
    assert f"{key}, also {other}" in desk.hooklog("erase", "--number", NUMBER, "--dry-run").output
    assert desk.json("erase", "--number", NUMBER, "--yes")["erased"] == 1
    assert rows(desk)[other] == before[other]
    row = table(desk).read([rows(desk)[other]["alias_of"]["S"]])[key]
    assert already_reflects(row, request(), NOW, timedelta())


def test_an_alias_that_is_a_parked_message_with_the_number_is_emptied(desk: Desk) -> None:
    """Nothing of the message stays, and the function writes nothing there again."""
    other = f"fax#{sid(1)}"
    park(desk, other, text=body(log_id=sid(1), caller=NUMBER))
    key, _ = store_with_alias(desk, 1)
    (row,) = desk.json("erase", "--number", NUMBER, "--dry-run")["would_erase"]
    assert (row["key"], row["other_name"]) == (other, key)
    desk.json("erase", "--number", NUMBER, "--yes")
    assert set(rows(desk)[other]) == {"pk", "version", "erased_at"}
    change = StoreAlias(record(sent_fax(1)), STORAGE)
    assert isinstance(apply(table(desk), [change], {})[other], UpToDate)


@pytest.mark.parametrize("name", [log_id(1), sid(1).upper()])
def test_one_log_is_erased_by_either_name(desk: Desk, name: str) -> None:
    """Its row, and a message that is parked under its SID; other rows stay as they are."""
    other = f"fax#{sid(1)}"
    park(desk, other, text=body(log_id=sid(1)))
    key, _ = store_with_alias(desk, 1)
    store(desk, sent_fax(2))
    before = rows(desk)
    command = ("erase", "--log", "fax", name)
    told = desk.json(*command, "--dry-run")
    assert told["log"] == key
    assert [row["key"] for row in told["would_erase"]] == [other, key]
    assert desk.hooklog(*command).exit_code == 2
    assert rows(desk) == before
    assert desk.json(*command, "--yes") == {"log": key, "erased": 2}
    after = rows(desk)
    for erased in (key, other):
        assert set(after[erased]) == {"pk", "version", "erased_at"}
    assert {one for one in before if before[one] == after[one]} == {f"fax#{log_id(2)}"}
    assert desk.json("erase", "--log", "fax", log_id(1), "--yes")["would_erase"] == []


def test_a_log_that_is_not_stored_yet_is_erased(desk: Desk) -> None:
    """Its row has only tries, and its message, when it comes back, stores nothing."""
    key = count_tries(desk, 1)
    assert desk.json("erase", "--log", "fax", log_id(1), "--yes") == {"log": key, "erased": 1}
    assert set(rows(desk)[key]) == {"pk", "version", "erased_at"}
    assert already_reflects(table(desk).read([key])[key], request(), NOW, timedelta())


def test_the_alias_of_an_erased_log_stays(desk: Desk) -> None:
    """It alone holds nothing, and an erasure by the SID says whose log it erases."""
    key, other = store_with_alias(desk, 1)
    before = rows(desk)
    told = desk.hooklog("erase", "--log", "fax", sid(1), "--yes").output
    assert f"{other} is the SID of {key}. 1 row of {key}." in told
    assert "backups" in told
    assert rows(desk)[other] == before[other]
    assert desk.json("erase", "--log", "fax", sid(1), "--yes")["would_erase"] == []


def test_a_log_without_a_row_cannot_be_erased(desk: Desk) -> None:
    """A tombstone for it would keep the log out of the table for good."""
    other = alias(desk, 1)
    for name in (sid(1), log_id(2)):
        result = desk.hooklog("erase", "--log", "fax", name, "--yes")
        assert isinstance(result.exception, NotThereError)
    assert set(rows(desk)) == {other}


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--number", NUMBER, "--log", "fax", log_id(1)),
        ("--log", "letter", log_id(1)),
        ("--log", "fax", "1"),
    ],
)
def test_what_to_erase_has_to_be_clear(desk: Desk, options: tuple[str, ...]) -> None:
    """Either a number or one log of a known kind."""
    store(desk, sent_fax(1, to=NUMBER))
    before = rows(desk)
    assert desk.hooklog("erase", *options, "--yes").exit_code == 2
    assert rows(desk) == before


def test_a_sid_whose_message_was_lifted_meanwhile_is_left_alone(desk: Desk) -> None:
    """Nothing is left to erase there, and the alias still leads to the log."""
    other = f"fax#{sid(1)}"
    park(desk, other)
    store_with_alias(desk, 1)
    erasing = LogEraser(desk.stack.dynamodb, desk.stack.output("TableName"), other)
    (parked, _) = erasing.holders()
    lift = Lift(key=other, into=f"fax#{log_id(1)}", at=NOW)
    apply(table(desk), [lift], table(desk).read([other]))
    assert not erasing.erase(parked, Clock(NOW))
    assert "alias_of" in rows(desk)[other]


@pytest.mark.parametrize("number", ["12065550123", "+0206555", "", "*", "+1", "+1206555012x"])
def test_anything_but_a_number_is_refused(number: str) -> None:
    """What the search does not understand is not looked for."""
    with pytest.raises(NumberError):
        erasable(number)


@pytest.mark.parametrize("number", ["45678", "sip:alice@example.com", f"sip:{NUMBER}@example.com"])
def test_what_other_texts_contain_is_refused(number: str) -> None:
    """A short code would be found in prices and ports, a name in others' names."""
    with pytest.raises(ErasureError, match="--log"):
        erasable(number)


class Racing:
    """A DynamoDB client for which another writer changes the row before each write."""

    def __init__(self, desk: Desk, *others: dict[str, Any]) -> None:
        """Put these values into the row, one per write."""
        self._client = desk.stack.dynamodb
        self._table_name = desk.stack.output("TableName")
        self._others = list(others)

    def put_item(self, **call: Any) -> object:  # noqa: ANN401 - as boto3's
        """Change the row, then write."""
        if self._others:
            item = {"pk": call["Item"]["pk"], **self._others.pop(0)}
            self._client.put_item(TableName=self._table_name, Item=item)
        return self._client.put_item(**call)

    def get_item(self, **call: Any) -> object:  # noqa: ANN401 - as boto3's
        """Read the row."""
        return self._client.get_item(**call)


def race(desk: Desk, *others: dict[str, Any]) -> bool:
    """Erase a row that other writers change meanwhile."""
    client: Any = Racing(desk, *others)
    racing = NumberEraser(client, desk.stack.output("TableName"), NUMBER)
    holder = Holder(key="fax#1", version=1, attributes=["to"])
    return racing.erase(holder, Clock(NOW))


def test_a_row_that_changed_meanwhile_is_read_again(desk: Desk) -> None:
    """The later version is erased."""
    assert race(desk, {"version": {"N": "4"}, "to": {"S": NUMBER}})
    assert rows(desk)["fax#1"] == {
        "pk": {"S": "fax#1"},
        "version": {"N": "5"},
        "erased_at": {"S": iso(NOW)},
    }


def test_a_row_that_lost_the_number_meanwhile_is_left_alone(desk: Desk) -> None:
    """It belongs to another number by now."""
    assert not race(desk, {"version": {"N": "4"}, "to": {"S": OTHER}})
    assert rows(desk)["fax#1"]["to"] == {"S": OTHER}


def test_a_row_that_only_may_have_the_number_by_now_is_left_alone(desk: Desk) -> None:
    """It was chosen because it surely had it."""
    assert not race(desk, {"version": {"N": "4"}, "to": {"S": NUMBER[2:]}})
    assert rows(desk)["fax#1"]["to"] == {"S": NUMBER[2:]}


def test_a_row_that_keeps_changing_is_an_error(desk: Desk) -> None:
    """The error names the row and says how to continue."""
    others = [{"version": {"N": str(number)}, "to": {"S": NUMBER}} for number in range(10, 20)]
    with pytest.raises(ErasureError, match="fax#1 keeps changing; run the same command again"):
        race(desk, *others)


def test_a_row_that_expired_meanwhile_is_not_stored_again(desk: Desk) -> None:
    """Otherwise a backfill would find it missing, and bring the number back."""
    holder = Holder(key="fax#1", version=1, attributes=["to"])
    assert eraser(desk).erase(holder, Clock(NOW))
    assert "erased_at" in rows(desk)["fax#1"]


def test_every_attribute_is_known_to_hold_a_number_or_not() -> None:
    """A new attribute belongs to those that may hold one, or to those that cannot."""
    assert every_attribute() == {*MAY_HOLD_NUMBERS, *OWN_WORDS, *FEW_WORDS}
    assert not set(MAY_HOLD_NUMBERS) & (OWN_WORDS | FEW_WORDS)
