"""`hooklog enqueue`: IDs from the command line or a file go on the queue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from hooklog.enrich.deliveries import log_request
from hooklog.queue_messages import Origin, message_body
from hooklog_ops import queues
from hooklog_ops.errors import OperatorError, SendError
from tests.fakes import NOW
from tests.ops.conftest import Desk
from tests.ops.seeding import alias, count_tries, log_id, park, sid, store_with_alias


def enqueued(desk: Desk) -> list[str]:
    """Receive the IDs that are on the queue."""
    return sorted(json.loads(message["Body"])["log_id"] for message in desk.queued())


def file_of(directory: Path, *lines: str) -> str:
    """Write a file of IDs; return its name."""
    path = directory / "ids.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def test_each_log_is_put_on_the_queue(desk: Desk) -> None:
    """As a producer writes it, with the origin `manual`."""
    assert desk.json("enqueue", "fax", log_id(1), log_id(2)) == {"enqueued": 2, "sids": []}
    bodies = [json.loads(message["Body"]) for message in desk.queued()]
    assert sorted(one["log_id"] for one in bodies) == [log_id(1), log_id(2)]
    assert {(one["log_type"], one["origin"]) for one in bodies} == {("fax", "manual")}


def test_a_sid_that_the_table_knows_is_enqueued_as_its_logs_id(desk: Desk) -> None:
    """Also before the row is stored; the answer names each SID."""
    store_with_alias(desk, 1)
    alias(desk, 2)
    names = (sid(1).upper(), sid(2), log_id(1))
    told = desk.json("enqueue", "fax", *names)
    assert told["enqueued"] == 3
    assert told["sids"] == [{"sid": sid(n), "log_id": log_id(n)} for n in (1, 2)]
    bodies = [json.loads(message["Body"]) for message in desk.queued()]
    assert sorted(one["log_id"] for one in bodies) == [log_id(1), log_id(1), log_id(2)]
    assert all("resource_sid" not in one for one in bodies)
    assert (
        "3 logs on the queue, 2 of them named by SID."
        in desk.hooklog("enqueue", "fax", *names).output
    )


def test_a_name_that_the_table_does_not_know_is_looked_for_as_id_and_as_sid(desk: Desk) -> None:
    """The function fetches the log with this ID, and else searches for the SID."""
    park(desk, 1)
    count_tries(desk, 2)
    desk.json("enqueue", "fax", log_id(1), log_id(2))
    for message in desk.queued():
        request = log_request(message["Body"], NOW)
        assert request.log_id == request.resource_sid
    desk.json("enqueue", "message", log_id(3))
    (message,) = desk.queued()
    assert "resource_sid" not in message["Body"]


def test_a_file_is_counted_before_anything_is_sent(desk: Desk, tmp_path: Path) -> None:
    """A dry run prints the number; without a terminal the command needs --yes."""
    file = file_of(tmp_path, log_id(1), "", f"  {log_id(2).upper()}")
    assert desk.json("enqueue", "fax", "--file", file, "--dry-run") == {"would_enqueue": 2}
    asked = desk.hooklog("enqueue", "fax", "--file", file)
    assert asked.exit_code == 2
    assert "--yes" in asked.output
    assert enqueued(desk) == []
    assert desk.json("enqueue", "fax", "--file", file, "--yes") == {"enqueued": 2, "sids": []}
    assert enqueued(desk) == [log_id(1), log_id(2)]


def test_a_line_that_is_not_an_id_is_reported_before_anything_is_sent(
    desk: Desk, tmp_path: Path
) -> None:
    """The error names its number in the file."""
    file = file_of(tmp_path, log_id(1), "", "nonsense")
    result = desk.hooklog("enqueue", "fax", "--file", file, "--yes")
    assert result.exit_code == 2
    assert "line 3" in result.output
    assert enqueued(desk) == []


def test_nothing_to_enqueue_is_a_usage_error(desk: Desk) -> None:
    """The error says how to give IDs."""
    result = desk.hooklog("enqueue", "fax")
    assert result.exit_code == 2
    assert "--file" in result.output


@pytest.mark.parametrize(
    ("trouble", "told"),
    [(KeyboardInterrupt(), "Stopped."), (SendError("Refused."), "Refused.")],
)
def test_an_interrupted_run_says_how_to_continue(
    desk: Desk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: BaseException,
    told: str,
) -> None:
    """With that option, IDs that were sent are left out."""
    file = file_of(tmp_path, *(log_id(number) for number in range(25)))
    chosen = ("enqueue", "fax", "--file", file, "--yes", "--rate", "1000")
    calls = 0

    def fail_at_the_second(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise trouble
        queues.send(*arguments)  # type: ignore[arg-type] # as they came

    with monkeypatch.context() as patched:
        patched.setattr("hooklog_ops.commands.enqueue.send", fail_at_the_second)
        result = desk.hooklog(*chosen)
    assert str(result.exception) == f"{told} Continue with --skip 10."
    assert isinstance(result.exception, OperatorError)
    assert result.exception.status == (130 if told == "Stopped." else 1)
    assert desk.json(*chosen, "--skip", "10") == {"enqueued": 15, "sids": []}
    assert enqueued(desk) == [log_id(number) for number in range(25)]


def test_a_lost_connection_is_a_refusal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a command that sends can say where to continue."""

    def lost(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    sqs = desk.stack.sqs
    monkeypatch.setattr(sqs, "send_message_batch", lost)
    body = message_body(log_type="fax", log_id=log_id(1), origin=Origin.MANUAL)
    with pytest.raises(SendError, match=r"refused 1 of 1 .*EndpointConnectionError"):
        queues.send(sqs, desk.stack.output("QueueUrl"), [queues.Message(body=body)])


def test_the_rate_is_held() -> None:
    """Ten at four per second take two and a half seconds; the last batch needs no wait."""
    sleeps: list[float] = []
    chunks = list(queues.at_rate(range(25), 4, sleeps.append))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    assert sleeps == [2.5, 2.5]
