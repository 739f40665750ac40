"""`hooklog dlq`: look into the dead-letter queue, and redrive its messages."""

from __future__ import annotations

import json
from datetime import timedelta

from hooklog.clock import iso
from hooklog_ops.dead_letters import DeadLetters
from hooklog_ops.queues import queue_depth
from tests.builders import FAX_ID, MESSAGE_ID, body
from tests.fakes import NOW, Clock
from tests.ops.conftest import Desk


def die(desk: Desk, *bodies: str) -> None:
    """Put messages on the dead-letter queue."""
    for text in bodies:
        desk.stack.sqs.send_message(
            QueueUrl=desk.stack.output("DeadLetterQueueUrl"), MessageBody=text
        )


def letters(desk: Desk) -> DeadLetters:
    """Return the desk's dead letters."""
    return DeadLetters(desk.stack.sqs, desk.stack.output("DeadLetterQueueUrl"))


def test_a_peek_leaves_every_message_in_place(desk: Desk) -> None:
    """Any body is shown, and the next peek shows it again."""
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


def test_a_redrive_moves_selected_messages_and_leaves_the_rest(desk: Desk) -> None:
    """The other type stays visible for the next command."""
    die(desk, body("fax", FAX_ID), body("message", MESSAGE_ID))
    assert desk.json("dlq", "redrive", "--type", "fax", "--dry-run") == {"would_redrive": 1}
    assert desk.json("dlq", "redrive", "--type", "fax", "--yes") == {"redriven": 1}
    (message,) = desk.queued()
    assert json.loads(message["Body"])["log_id"] == FAX_ID
    (left,) = desk.json("dlq", "peek")["messages"]
    assert left["log_id"] == MESSAGE_ID


def test_a_period_selects_by_when_the_message_was_sent(desk: Desk) -> None:
    """That is the time on the main queue, from which its retention counts."""
    die(desk, body())
    assert desk.json("dlq", "redrive", "--since", "1h", "--dry-run") == {"would_redrive": 1}
    assert desk.json("dlq", "redrive", "--until", "1h", "--dry-run") == {"would_redrive": 0}


def test_a_redriven_message_says_who_redrove_it(desk: Desk) -> None:
    """The marks are added to the attributes it had; the rate is bounded."""
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
        list(dead.receive(20, visibility_timeout=30)),
        desk.stack.output("QueueUrl"),
        by="somebody",
        per_second=2,
        clock=Clock(NOW + timedelta(minutes=1)),
        sleep=sleeps.append,
        done=lambda _: None,
    )
    marks = {"redriven_by": "somebody", "redriven_at": iso(NOW + timedelta(minutes=1))}
    carried = [
        {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
        for message in desk.queued()
    ]
    assert sorted(carried, key=len) == [marks] * 10 + [marks | {"parked_as": f"fax#{FAX_ID}"}]
    assert sleeps == [5]
    assert queue_depth(desk.stack.sqs, desk.stack.output("DeadLetterQueueUrl")).total == 0


def test_an_empty_queue_says_so(desk: Desk) -> None:
    """So do both commands."""
    assert "empty" in desk.hooklog("dlq", "peek").output
    assert "0 messages would be redriven" in desk.hooklog("dlq", "redrive").output


def test_messages_in_flight_are_counted(desk: Desk) -> None:
    """A queue whose messages are all hidden for a moment is not called empty."""
    die(desk, body())
    list(letters(desk).receive(1, visibility_timeout=30))
    assert "1 message, in use just now" in desk.hooklog("dlq", "peek").output


def test_a_redrive_without_a_terminal_needs_yes(desk: Desk) -> None:
    """Without it nothing moves, and the messages are visible to others at once."""
    die(desk, body())
    result = desk.hooklog("dlq", "redrive")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert len(desk.json("dlq", "peek")["messages"]) == 1
