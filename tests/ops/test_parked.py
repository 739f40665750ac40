"""The parked list and its redrive, on a real table with its index and a real queue."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.errors import (
    HistoryLimitError,
    HooklogError,
    MessageMalformedError,
    NotFoundError,
    UnexpectedError,
)
from hooklog.records.parking import Park
from hooklog.records.store import Stored, apply
from hooklog_ops.parked import ParkedList, Redriven, Wanted, parkable_codes
from hooklog_ops.problems import SendError
from tests.builders import body
from tests.fakes import NOW, Clock
from tests.ops.conftest import Desk

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

UNREADABLE = "parked#4f8d41b3-857d-4a19-b4e2-4278aa00bb11"


def log_id(number: int) -> str:
    """Give one of many IDs."""
    return f"00000000-0000-4000-8000-{number:012d}"


def park(
    desk: Desk,
    number: int,
    error: HooklogError | None = None,
    *,
    log_type: str = "fax",
    minutes_ago: float = 60,
) -> str:
    """Park a log as the function does; give its key."""
    key = f"{log_type}#{log_id(number)}"
    change = Park(
        key=key,
        error=error or NotFoundError(),
        body=body(log_type, log_id(number)),
        attempts=5,
        at=NOW - timedelta(minutes=minutes_ago),
        log_type=log_type,
    )
    table = DynamoTable(desk.stack.dynamodb, desk.stack.output("TableName"))
    assert apply(table, [change], {})[key] == Stored()
    return key


def parked_list(desk: Desk) -> ParkedList:
    """Give the list of the desk's table."""
    return ParkedList(desk.stack.dynamodb, desk.stack.output("TableName"))


def redrive(desk: Desk, *, by: str = "somebody", sleeps: list[float] | None = None) -> Redriven:
    """Redrive all that is parked."""
    parked = parked_list(desk)
    return parked.redrive(
        list(parked.items(Wanted())),
        (desk.stack.sqs, desk.stack.output("QueueUrl")),
        by=by,
        per_second=4,
        clock=Clock(NOW),
        sleep=(sleeps if sleeps is not None else []).append,
        sent=lambda _: None,
    )


def on_the_queue(desk: Desk) -> list[MessageTypeDef]:
    """Take what is on the queue."""
    found: list[MessageTypeDef] = []
    while messages := desk.stack.sqs.receive_message(
        QueueUrl=desk.stack.output("QueueUrl"),
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        WaitTimeSeconds=0,
    ).get("Messages"):
        found += messages
    return found


def test_every_code_that_a_message_can_be_parked_with_is_looked_up() -> None:
    """A code that is missing here would hide what is parked with it."""
    codes = parkable_codes()
    assert {"message.malformed", "fetch.not_found", "log.invalid", "store.too_large"} <= set(codes)
    assert UnexpectedError.code in codes
    assert not {"settings.invalid", "callback.unsigned", "queue.unavailable"} & set(codes)


def test_the_list_can_be_narrowed_by_code_type_and_period(desk: Desk) -> None:
    """Each of them alone, and together."""
    old = park(desk, 1, minutes_ago=120)
    park(desk, 2, HistoryLimitError(), log_type="message", minutes_ago=30)
    park(desk, 3, minutes_ago=30)

    def keys(wanted: Wanted) -> set[str]:
        return {item.key[-1] for item in parked_list(desk).items(wanted)}

    an_hour_ago = NOW - timedelta(hours=1)
    assert keys(Wanted()) == {"1", "2", "3"}
    assert keys(Wanted(codes=["fetch.not_found"])) == {"1", "3"}
    assert keys(Wanted(log_type="message")) == {"2"}
    assert keys(Wanted(until=an_hour_ago)) == {"1"}
    assert keys(Wanted(since=an_hour_ago, codes=["fetch.not_found"])) == {"3"}
    (item,) = parked_list(desk).items(Wanted(until=an_hour_ago))
    assert (item.key, item.code, item.attempts) == (old, "fetch.not_found", 5)
    assert item.detail == NotFoundError().detail
    assert not item.is_under_way


def test_a_redrive_marks_and_sends_each_once(desk: Desk) -> None:
    """The message says where it was parked and who asks; the row says who and when."""
    key = park(desk, 1)
    assert redrive(desk) == Redriven(sent=1)
    (message,) = on_the_queue(desk)
    assert json.loads(message["Body"]) == {
        "log_type": "fax",
        "log_id": log_id(1),
        "origin": "redrive",
    }
    assert message["MessageAttributes"]["parked_as"]["StringValue"] == key
    (item,) = parked_list(desk).items(Wanted())
    assert (item.redriven_by, item.redriven_at, item.is_under_way) == ("somebody", NOW, True)


def test_a_body_that_cannot_be_read_is_sent_as_it_came(desk: Desk) -> None:
    """Whatever it is, it is what the producer wrote."""
    table = DynamoTable(desk.stack.dynamodb, desk.stack.output("TableName"))
    change = Park(key=UNREADABLE, error=MessageMalformedError(), body="{?", attempts=1, at=NOW)
    apply(table, [change], {})
    redrive(desk)
    (message,) = on_the_queue(desk)
    assert message["Body"] == "{?"


def test_the_rate_is_held(desk: Desk) -> None:
    """Twenty-five messages at four a second take a bit over six seconds."""
    for number in range(25):
        park(desk, number)
    sleeps: list[float] = []
    assert redrive(desk, sleeps=sleeps) == Redriven(sent=25)
    assert sleeps == [2.5, 2.5]
    assert len(on_the_queue(desk)) == 25


def test_what_changed_since_it_was_listed_is_left_alone(desk: Desk) -> None:
    """Parked anew meanwhile, by somebody else's redrive: it is for the next look."""
    parked = parked_list(desk)
    park(desk, 1)
    seen = list(parked.items(Wanted()))
    table = DynamoTable(desk.stack.dynamodb, desk.stack.output("TableName"))
    again = Park(
        key=seen[0].key, error=NotFoundError(), body=body(log_id=log_id(1)), attempts=5, at=NOW
    )
    apply(table, [again], {})
    done = parked.redrive(
        seen,
        (desk.stack.sqs, desk.stack.output("QueueUrl")),
        by="somebody",
        per_second=1,
        clock=Clock(NOW),
        sleep=lambda _: None,
        sent=lambda _: None,
    )
    assert done == Redriven(changed=1)
    assert on_the_queue(desk) == []


def test_a_message_that_the_queue_refuses_stays_on_the_list(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says how to go on, and doing so sends it."""
    park(desk, 1)
    with monkeypatch.context() as patched:
        patched.setattr(
            "hooklog_ops.parked.with_origin", lambda *_: "x" * 300_000
        )  # larger than the queue takes
        with pytest.raises(SendError, match=r"refused 1 of 1 .* --again"):
            redrive(desk)
    assert on_the_queue(desk) == []
    assert desk.json("parked", "redrive", "--yes")["would_redrive"] == 0
    assert desk.json("parked", "redrive", "--yes", "--again")["redriven"] == 1


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    """It counts, by code and type."""
    park(desk, 1)
    park(desk, 2, HistoryLimitError(), log_type="message")
    answer = desk.json("parked", "redrive", "--dry-run")
    assert answer["would_redrive"] == 2
    assert {(one["code"], one["log_type"], one["count"]) for one in answer["counts"]} == {
        ("fetch.not_found", "fax", 1),
        ("fetch.history_limit", "message", 1),
    }
    assert on_the_queue(desk) == []
    assert all(item.redriven_at is None for item in parked_list(desk).items(Wanted()))


def test_nobody_redrives_by_accident(desk: Desk) -> None:
    """Where nobody can be asked, the command wants to be told, and does nothing."""
    park(desk, 1)
    result = desk.hooklog("parked", "redrive")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert on_the_queue(desk) == []


def test_an_interrupted_redrive_goes_on_where_it_stopped(desk: Desk) -> None:
    """What is under way is not sent twice, unless the operator says so."""
    park(desk, 1)
    assert desk.json("parked", "redrive", "--yes") == {"redriven": 1, "changed_meanwhile": 0}
    park(desk, 2)
    assert desk.json("parked", "redrive", "--yes") == {"redriven": 1, "changed_meanwhile": 0}
    assert len(on_the_queue(desk)) == 2


@pytest.mark.parametrize(("option", "told"), [("--code", "fetch.not_found"), ("--type", "fax")])
def test_a_misspelt_filter_is_refused_with_what_there_is(
    desk: Desk, option: str, told: str
) -> None:
    """Else an empty list would look like good news."""
    result = desk.hooklog("parked", "list", option, "fxa")
    assert result.exit_code == 2
    assert told in result.output


def test_the_list_reads_well(desk: Desk) -> None:
    """Counts first, then each row with its reason, then what to do next."""
    assert "Nothing is parked." in desk.hooklog("parked", "list").output
    key = park(desk, 1)
    park(desk, 2)
    shown = desk.hooklog("parked", "list", "--limit", "1").output
    for text in ("2 messages", "fetch.not_found", key, NotFoundError.operator, "1 more"):
        assert text in shown
