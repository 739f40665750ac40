"""The dead-letter queue: looked into, and emptied into the main queue."""

from __future__ import annotations

import json
from datetime import timedelta

from hooklog.clock import iso
from hooklog_ops.dead_letters import DeadLetters
from tests.builders import FAX_ID, MESSAGE_ID, body
from tests.fakes import NOW, Clock
from tests.ops.conftest import Desk
from tests.ops.test_parked import on_the_queue


def die(desk: Desk, *bodies: str) -> None:
    """Put messages where those end that crash the function."""
    for text in bodies:
        desk.stack.sqs.send_message(
            QueueUrl=desk.stack.output("DeadLetterQueueUrl"), MessageBody=text
        )


def letters(desk: Desk) -> DeadLetters:
    """Give the desk's dead letters."""
    return DeadLetters(desk.stack.sqs, desk.stack.output("DeadLetterQueueUrl"))


def test_a_look_leaves_all_where_it_is(desk: Desk) -> None:
    """Whatever is in a body, it is shown, and the next look sees it again."""
    die(desk, body("fax", FAX_ID), "not JSON", "[]", '{"log_type": 7}')
    for _ in range(2):
        seen = desk.json("dlq", "peek")
        assert seen["count"] == 4
        assert {(one["log_type"], one["log_id"], one["body"]) for one in seen["messages"]} == {
            ("fax", FAX_ID, body("fax", FAX_ID)),
            (None, None, "not JSON"),
            (None, None, "[]"),
            (None, None, '{"log_type": 7}'),
        }


def test_a_redrive_moves_what_is_wanted_and_leaves_the_rest(desk: Desk) -> None:
    """By type; the other stays visible for the next command."""
    die(desk, body("fax", FAX_ID), body("message", MESSAGE_ID))
    assert desk.json("dlq", "redrive", "--type", "fax", "--dry-run") == {"would_redrive": 1}
    assert desk.json("dlq", "redrive", "--type", "fax", "--yes") == {"redriven": 1}
    (message,) = on_the_queue(desk)
    assert json.loads(message["Body"])["log_id"] == FAX_ID
    (left,) = desk.json("dlq", "peek")["messages"]
    assert left["log_id"] == MESSAGE_ID


def test_a_period_chooses_by_when_the_message_was_sent(desk: Desk) -> None:
    """The time on the main queue, from which its retention counts."""
    die(desk, body())
    assert desk.json("dlq", "redrive", "--since", "1h", "--dry-run") == {"would_redrive": 1}
    assert desk.json("dlq", "redrive", "--until", "1h", "--dry-run") == {"would_redrive": 0}


def test_a_dead_letter_that_dies_again_says_who_redrove_it(desk: Desk) -> None:
    """Marks go with the message, beside what it carried before, at a bounded rate."""
    desk.stack.sqs.send_message(
        QueueUrl=desk.stack.output("DeadLetterQueueUrl"),
        MessageBody=body(),
        MessageAttributes={"parked_as": {"DataType": "String", "StringValue": f"fax#{FAX_ID}"}},
    )
    for _ in range(10):
        desk.stack.sqs.send_message(
            QueueUrl=desk.stack.output("DeadLetterQueueUrl"), MessageBody=body()
        )
    sleeps: list[float] = []
    dead = letters(desk)
    dead.redrive(
        list(dead.look(20, seconds=30)),
        desk.stack.output("QueueUrl"),
        by="somebody",
        per_second=2,
        clock=Clock(NOW + timedelta(minutes=1)),
        sleep=sleeps.append,
        sent=lambda _: None,
    )
    marks = {"redriven_by": "somebody", "redriven_at": iso(NOW + timedelta(minutes=1))}
    carried = [
        {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
        for message in on_the_queue(desk)
    ]
    assert sorted(carried, key=len) == [marks] * 10 + [marks | {"parked_as": f"fax#{FAX_ID}"}]
    assert sleeps == [5]
    assert dead.count() == 0


def test_an_empty_queue_says_so(desk: Desk) -> None:
    """Nothing to do is said in a sentence."""
    assert "empty" in desk.hooklog("dlq", "peek").output
    assert "0 messages would be redriven" in desk.hooklog("dlq", "redrive").output


def test_letters_that_somebody_else_looks_at_are_told(desk: Desk) -> None:
    """A queue that seems empty for a moment is not called empty."""
    die(desk, body())
    list(letters(desk).look(1, seconds=30))
    assert "1 message, in use just now" in desk.hooklog("dlq", "peek").output


def test_nobody_redrives_dead_letters_by_accident(desk: Desk) -> None:
    """Where nobody can be asked nothing moves, and others can see the messages at once."""
    die(desk, body())
    result = desk.hooklog("dlq", "redrive")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert len(desk.json("dlq", "peek")["messages"]) == 1
