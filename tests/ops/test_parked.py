"""The parked list and its redrive, on a real table with its index and a real queue."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from hooklog.errors import (
    HistoryLimitError,
    MessageMalformedError,
    NotFoundError,
    UnexpectedError,
)
from hooklog.records.parking import Park
from hooklog.records.store import apply
from hooklog_ops.errors import SendError
from hooklog_ops.parked import ParkedFilter, ParkedList, RedriveResult, parkable_codes
from tests.builders import FETCHED_AT, body
from tests.fakes import NOW, Clock
from tests.ops.conftest import Desk
from tests.ops.seeding import alias, log_id, park, sent_fax, sid, store, table

UNREADABLE = "parked#4f8d41b3-857d-4a19-b4e2-4278aa00bb11"


def parked_list(desk: Desk) -> ParkedList:
    """Return the parked list of the desk's table."""
    return ParkedList(desk.stack.dynamodb, desk.stack.output("TableName"))


def redrive(
    desk: Desk, *, by: str = "somebody", sleeps: list[float] | None = None
) -> RedriveResult:
    """Redrive everything that is parked."""
    parked = parked_list(desk)
    return parked.redrive(
        list(parked.items(ParkedFilter())),
        (desk.stack.sqs, desk.stack.output("QueueUrl")),
        by=by,
        per_second=4,
        clock=Clock(NOW),
        sleep=(sleeps if sleeps is not None else []).append,
        done=lambda _: None,
    )


def test_every_code_that_a_message_can_be_parked_with_is_looked_up() -> None:
    """Messages parked with a code that is missing here would be invisible."""
    codes = parkable_codes()
    assert {"message.malformed", "fetch.not_found", "log.invalid", "store.too_large"} <= set(codes)
    assert UnexpectedError.code in codes
    assert not {"settings.invalid", "callback.unsigned", "queue.unavailable"} & set(codes)


def test_the_list_can_be_narrowed_by_code_type_and_period(desk: Desk) -> None:
    """By each of them alone, and together."""
    old = park(desk, 1, at=NOW - timedelta(minutes=120))
    park(desk, 2, HistoryLimitError(), log_type="message", at=NOW - timedelta(minutes=30))
    park(desk, 3, at=NOW - timedelta(minutes=30))

    def keys(wanted: ParkedFilter) -> set[str]:
        return {item.key[-1] for item in parked_list(desk).items(wanted)}

    an_hour_ago = NOW - timedelta(hours=1)
    assert keys(ParkedFilter()) == {"1", "2", "3"}
    assert keys(ParkedFilter(codes=["fetch.not_found"])) == {"1", "3"}
    assert keys(ParkedFilter(log_type="message")) == {"2"}
    assert keys(ParkedFilter(until=an_hour_ago)) == {"1"}
    assert keys(ParkedFilter(since=an_hour_ago, codes=["fetch.not_found"])) == {"3"}
    (item,) = parked_list(desk).items(ParkedFilter(until=an_hour_ago))
    assert (item.key, item.code, item.attempts) == (old, "fetch.not_found", 5)
    assert item.detail == NotFoundError().detail
    assert not item.is_under_way


def test_a_redrive_marks_and_sends_each_once(desk: Desk) -> None:
    """The message names its row and its origin; the row says who redrove it, and when."""
    key = park(desk, 1)
    assert redrive(desk) == RedriveResult(sent=1)
    (message,) = desk.queued()
    assert json.loads(message["Body"]) == {
        "log_type": "fax",
        "log_id": log_id(1),
        "origin": "redrive",
    }
    assert message["MessageAttributes"]["parked_as"]["StringValue"] == key
    (item,) = parked_list(desk).items(ParkedFilter())
    assert (item.redriven_by, item.redriven_at, item.is_under_way) == ("somebody", NOW, True)


def test_a_body_that_cannot_be_read_is_sent_as_it_came(desk: Desk) -> None:
    """Whatever the producer wrote is sent again."""
    change = Park(key=UNREADABLE, error=MessageMalformedError(), body="{?", attempts=1, at=NOW)
    apply(table(desk), [change], {})
    redrive(desk)
    (message,) = desk.queued()
    assert message["Body"] == "{?"


def test_the_rate_is_held(desk: Desk) -> None:
    """Twenty-five messages at four per second are sent in three batches with two waits."""
    for number in range(25):
        park(desk, number)
    sleeps: list[float] = []
    assert redrive(desk, sleeps=sleeps) == RedriveResult(sent=25)
    assert sleeps == [2.5, 2.5]
    assert len(desk.queued()) == 25


def test_what_changed_since_it_was_listed_is_left_alone(desk: Desk) -> None:
    """A message that was parked again meanwhile is not sent."""
    parked = parked_list(desk)
    park(desk, 1)
    seen = list(parked.items(ParkedFilter()))
    again = Park(
        key=seen[0].key, error=NotFoundError(), body=body(log_id=log_id(1)), attempts=5, at=NOW
    )
    apply(table(desk), [again], {})
    done = parked.redrive(
        seen,
        (desk.stack.sqs, desk.stack.output("QueueUrl")),
        by="somebody",
        per_second=1,
        clock=Clock(NOW),
        sleep=lambda _: None,
        done=lambda _: None,
    )
    assert done == RedriveResult(changed=1)
    assert desk.queued() == []


def test_a_message_that_the_queue_refuses_stays_on_the_list(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says how to continue, and doing so sends the message."""
    park(desk, 1)
    with monkeypatch.context() as patched:
        patched.setattr(
            "hooklog_ops.parked.with_origin", lambda *_: "x" * 300_000
        )  # larger than the queue takes
        with pytest.raises(SendError, match=r"refused 1 of 1 .* --again"):
            redrive(desk)
    assert desk.queued() == []
    assert desk.json("parked", "redrive", "--yes")["would_redrive"] == 0
    assert desk.json("parked", "redrive", "--yes", "--again")["redriven"] == 1


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    """It counts by code and type."""
    park(desk, 1)
    park(desk, 2, HistoryLimitError(), log_type="message")
    answer = desk.json("parked", "redrive", "--dry-run")
    assert answer["would_redrive"] == 2
    assert {(one["code"], one["log_type"], one["count"]) for one in answer["counts"]} == {
        ("fetch.not_found", "fax", 1),
        ("fetch.history_limit", "message", 1),
    }
    assert desk.queued() == []
    assert all(item.redriven_at is None for item in parked_list(desk).items(ParkedFilter()))


def test_a_redrive_without_a_terminal_needs_yes(desk: Desk) -> None:
    """Without it the command is a usage error and does nothing."""
    park(desk, 1)
    result = desk.hooklog("parked", "redrive")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert desk.queued() == []


def test_an_interrupted_redrive_continues_where_it_stopped(desk: Desk) -> None:
    """A message that is under way is not sent twice, unless the operator asks for it."""
    park(desk, 1)
    assert desk.json("parked", "redrive", "--yes") == {"redriven": 1, "changed_meanwhile": 0}
    park(desk, 2)
    assert desk.json("parked", "redrive", "--yes") == {"redriven": 1, "changed_meanwhile": 0}
    assert len(desk.queued()) == 2


@pytest.mark.parametrize(("option", "told"), [("--code", "fetch.not_found"), ("--type", "fax")])
def test_a_misspelt_filter_is_refused_with_the_choices(desk: Desk, option: str, told: str) -> None:
    """Otherwise an empty list would look like good news."""
    result = desk.hooklog("parked", "list", option, "fxa")
    assert result.exit_code == 2
    assert told in result.output


def test_the_list_shows_counts_reasons_and_the_next_step(desk: Desk) -> None:
    """Counts come first, then each row with its reason, then the next command."""
    assert "Nothing is parked." in desk.hooklog("parked", "list").output
    key = park(desk, 1)
    park(desk, 2)
    shown = desk.hooklog("parked", "list", "--limit", "1").output
    for text in ("2 messages", "fetch.not_found", key, NotFoundError.operator, "1 more"):
        assert text in shown


def test_the_list_tells_a_sid_from_an_id(desk: Desk) -> None:
    """A message parked under a fax's SID names its log, and what became of that."""
    other = park(desk, 1, name=sid(1))
    assert "It is the SID" not in desk.hooklog("parked", "list").output
    alias(desk, 1)
    (key,) = store(desk, sent_fax(1))
    message, by_id = park(desk, 2, log_type="message"), park(desk, 3)
    shown = " ".join(desk.hooklog("parked", "list").output.split())
    assert f"It is the SID of {key}, which is stored as failed." in shown
    items = {item["key"]: item["sid_of"] for item in desk.json("parked", "list")["items"]}
    assert items == {other: key, message: None, by_id: None}


def test_a_log_that_is_parked_itself_names_its_sid(desk: Desk) -> None:
    """An operator may know the fax by either name."""
    other = alias(desk, 1)
    (key,) = store(desk, sent_fax(1))
    park(desk, 1, at=FETCHED_AT + timedelta(hours=1))
    shown = " ".join(desk.hooklog("parked", "list").output.split())
    assert key in shown
    assert f"Its SID is {other}." in shown
