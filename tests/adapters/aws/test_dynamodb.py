"""The table's adapter: batches, types, conflicts and DynamoDB's errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import formatdate
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.errors import (
    StoreError,
    StoreRejectedError,
    StoreThrottledError,
    StoreTooLargeError,
    StoreUnavailableError,
)
from hooklog.records.rows import Attribute, Row, Write
from hooklog.records.store import Conflict
from tests.partiql import write_of

PERSONAL = "+12025550143"


def refused(code: str, message: str = f"about {PERSONAL}") -> ClientError:
    """Return the exception for a whole call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Any")


@dataclass
class FakeDynamoDB:
    """Answers each call by a given function, and keeps the calls."""

    read: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {
        "Responses": {},
        "UnprocessedKeys": {},
    }
    write: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda statements: [
        {} for _ in statements
    ]
    #: The header of the next answers, if they have one.
    date: str | None = None
    has_no_metadata: bool = False
    reads: list[dict[str, Any]] = field(default_factory=list)
    writes: list[list[dict[str, Any]]] = field(default_factory=list)

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3
        """Take a read."""
        self.reads.append(RequestItems["table"])
        headers = {} if self.date is None else {"date": self.date}
        metadata = {} if self.has_no_metadata else {"ResponseMetadata": {"HTTPHeaders": headers}}
        return metadata | self.read(RequestItems["table"])

    def batch_execute_statement(self, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3
        """Take a batch of writes, each valid."""
        for statement in Statements:
            write_of(statement)
        self.writes.append(Statements)
        return {"Responses": self.write(Statements)}


def table(client: FakeDynamoDB, clock: Callable[[], float] = time.time) -> DynamoTable:
    """Return the adapter over a fake client."""
    return DynamoTable(cast("Any", client), "table", clock=clock)


def write(key: str, value: Attribute = "x", *, version: int | None = None) -> Write:
    """Return a write that sets one attribute and removes two."""
    return Write(key=key, expected_version=version, values={"a": value}, remove=("b", "c"))


def raising(error: Exception) -> Callable[[object], Any]:
    """Return a function that fails."""

    def fail(_: object) -> Any:  # noqa: ANN401 - whatever is asked for
        raise error

    return fail


def test_a_hundred_keys_a_read_and_twenty_five_statements_a_write() -> None:
    """Batches respect DynamoDB's limits per call."""
    client = FakeDynamoDB()
    keys = [f"fax#{number}" for number in range(201)]
    assert table(client).read(keys) == {}
    assert [len(read["Keys"]) for read in client.reads] == [100, 100, 1]
    assert set(table(client).write([write(key) for key in keys[:60]]).values()) == {None}
    assert sorted(len(statements) for statements in client.writes) == [10, 25, 25]


def test_at_most_four_calls_write_at_once() -> None:
    """However many rows there are: botocore keeps ten connections for all that an instance does."""
    lock, four, running, most = threading.Lock(), threading.Barrier(4), 0, 0

    def answer(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        four.wait(timeout=60)
        time.sleep(0.02)  # for a fifth one, if it may come
        with lock:
            running -= 1
        return [{} for _ in statements]

    table(FakeDynamoDB(write=answer)).write([write(f"fax#{number}") for number in range(400)])
    assert most == 4


def test_nothing_to_do_makes_no_call() -> None:
    """An empty batch makes no call, because DynamoDB refuses it."""
    client = FakeDynamoDB()
    assert table(client).read([]) == {}
    assert table(client).write([]) == {}
    assert client.reads == []
    assert client.writes == []


def test_a_new_row_is_an_insert_and_a_known_one_a_conditional_update() -> None:
    """An update is conditional on the version that was read, and writes the next one."""
    client = FakeDynamoDB()
    table(client).write([write("new"), write("known", Decimal("0.5"), version=3)])
    ((insert, update),) = client.writes
    assert insert["Statement"] == "INSERT INTO \"table\" VALUE {'pk': ?, 'version': ?, 'a': ?}"
    assert insert["Parameters"] == [{"S": "new"}, {"N": "1"}, {"S": "x"}]
    assert update["Statement"] == (
        'UPDATE "table" SET "version" = ? SET "a" = ? REMOVE "b" REMOVE "c"'
        ' WHERE "pk" = ? AND "version" = ?'
    )
    assert update["Parameters"] == [{"N": "4"}, {"N": "0.5"}, {"S": "known"}, {"N": "3"}]


def test_a_row_is_read_with_its_types() -> None:
    """Times come back as datetimes, the charge as an exact decimal, absent attributes as None.

    An attribute that no decision needs has a name only.
    """
    item = {
        "pk": {"S": "fax#1"},
        "version": {"N": "2"},
        "status": {"S": "completed"},
        "charge": {"N": "0.00415"},
        "final": {"BOOL": True},
        "fetched_at": {"S": "2026-05-04T12:00:07.250Z"},
        "pages": {"N": "7"},
    }
    client = FakeDynamoDB(read=lambda _: {"Responses": {"table": [item]}, "UnprocessedKeys": {}})
    row = table(client).read(["fax#1"], consistent=True)["fax#1"]
    assert isinstance(row, Row)
    assert (row.version, row.charge, row.final, row.parked_at) == (
        2,
        Decimal("0.00415"),
        True,
        None,
    )
    assert row.fetched_at is not None
    assert row.fetched_at.isoformat() == "2026-05-04T12:00:07.250000+00:00"
    assert row.names == {"pk", "version", "status", "charge", "final", "fetched_at", "pages"}
    assert client.reads[0]["ConsistentRead"] is True


def test_a_row_without_a_version_concerns_no_other() -> None:
    """A row without a version, which hooklog did not write, is left out of the result."""
    items = [
        {"pk": {"S": "fax#1"}},
        {"pk": {"S": "fax#3"}, "version": {"S": "first"}},
        {"pk": {"S": "fax#2"}, "version": {"N": "1"}},
    ]
    client = FakeDynamoDB(read=lambda _: {"Responses": {"table": items}, "UnprocessedKeys": {}})
    assert set(table(client).read(["fax#1", "fax#2"])) == {"fax#2"}


def test_keys_left_unread_are_asked_for_again() -> None:
    """Unread keys are requested again at once; if they stay unread, DynamoDB throttles."""

    def leaves_one(request: dict[str, Any]) -> dict[str, Any]:
        left = request["Keys"][1:]
        items = [{**request["Keys"][0], "version": {"N": "1"}}]
        return {
            "Responses": {"table": items},
            "UnprocessedKeys": {"table": {"Keys": left}} if left else {},
        }

    client = FakeDynamoDB(read=leaves_one)
    assert set(table(client).read(["a", "b", "c"])) == {"a", "b", "c"}
    with pytest.raises(StoreThrottledError):
        table(client).read(["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ThrottlingError", "", StoreThrottledError),
        ("ProvisionedThroughputExceeded", "", StoreThrottledError),
        ("RequestLimitExceeded", "", StoreThrottledError),
        ("ValidationError", "Item size has exceeded the maximum allowed size", StoreTooLargeError),
        ("ValidationError", PERSONAL, StoreRejectedError),
        ("ValidationError", "Nesting Levels have exceeded supported limits", StoreRejectedError),
        ("InternalServerError", "", StoreUnavailableError),
        ("AccessDenied", "", StoreUnavailableError),
        ("SomethingNew", "", StoreUnavailableError),
    ],
)
def test_each_statements_error_is_its_own(
    code: str, message: str, expected: type[StoreError]
) -> None:
    """A statement's error affects that write only; it keeps DynamoDB's code, not its message."""
    client = FakeDynamoDB(
        write=lambda _: [{"Error": {"Code": code, "Message": message}}, {"TableName": "table"}]
    )
    results = table(client).write([write("bad"), write("good")])
    assert type(results["bad"]) is expected
    assert str(results["bad"]) == f"DynamoDB answered {code}."
    assert results["good"] is None


def test_an_error_without_a_message_concerns_no_other() -> None:
    """DynamoDB's code alone says what becomes of that write."""
    client = FakeDynamoDB(write=lambda _: [{"Error": {"Code": "ValidationError"}}, {}])
    results = table(client).write([write("bad"), write("good")])
    assert (type(results["bad"]), results["good"]) == (StoreRejectedError, None)


def test_an_answer_that_leaves_a_statement_out_fails() -> None:
    """Nobody knows what became of which write, so the batch is delivered again."""
    client = FakeDynamoDB(write=lambda _: [{}])
    with pytest.raises(ValueError, match="shorter"):
        table(client).write([write("a"), write("b")])


@pytest.mark.parametrize("code", ["DuplicateItem", "ConditionalCheckFailed"])
def test_a_lost_race_is_no_error(code: str) -> None:
    """A write that loses a race is a conflict, not an error."""
    client = FakeDynamoDB(write=lambda _: [{"Error": {"Code": code}}])
    assert isinstance(table(client).write([write("a")])["a"], Conflict)


@pytest.mark.parametrize("good", [("a",), ("a", "b")])
def test_a_call_refused_for_one_statement_is_repeated_one_by_one(good: tuple[str, ...]) -> None:
    """If DynamoDB refuses a call for one statement, the others are written one by one."""

    def refuse_bad(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if any({"S": "bad"} in statement["Parameters"] for statement in statements):
            raise refused("ValidationException")
        return [{} for _ in statements]

    client = FakeDynamoDB(write=refuse_bad)
    results = table(client).write([write(key) for key in ("bad", *good)])
    assert [results[key] for key in good] == [None] * len(good)
    assert type(results["bad"]) is StoreRejectedError
    assert str(results["bad"]) == "DynamoDB answered ValidationException."
    calls = [len(statements) for statements in client.writes]
    assert calls == [1 + len(good), *[1] * (1 + len(good))]


def test_the_results_of_all_calls_come_together() -> None:
    """Rows and results of every call are in the answer, though a call takes only so many."""
    keys = [f"fax#{number}" for number in range(201)]

    def read(request: dict[str, Any]) -> dict[str, Any]:
        items = [{**key, "version": {"N": "1"}} for key in request["Keys"]]
        return {"Responses": {"table": items}, "UnprocessedKeys": {}}

    client = FakeDynamoDB(read=read)
    assert list(table(client).read(keys)) == keys
    assert [read["ConsistentRead"] for read in client.reads] == [False] * 3
    assert list(table(client).write([write(key) for key in keys])) == keys


def test_a_write_without_a_dynamodb_form_concerns_no_other() -> None:
    """A value that DynamoDB cannot hold is refused with its type; alone, it makes no call."""
    client = FakeDynamoDB()
    bad, good = write("bad", cast("Any", 0.5)), write("good")
    assert str(table(client).write([bad])["bad"]) == "A value has no DynamoDB form (TypeError)."
    assert client.writes == []
    results = table(client).write([bad, good])
    assert (type(results["bad"]), results["good"]) == (StoreRejectedError, None)


def test_nested_values_have_their_types() -> None:
    """Lists and maps hold their parts in DynamoDB's own form."""
    client = FakeDynamoDB()
    table(client).write([write("a", [{"b": "c", "d": Decimal("0.5")}])])
    form = {"L": [{"M": {"b": {"S": "c"}, "d": {"N": "0.5"}}}]}
    assert client.writes[0][0]["Parameters"][2] == form


@pytest.mark.parametrize(
    ("error", "expected", "reason"),
    [
        (refused("ThrottlingException"), StoreThrottledError, "ThrottlingException"),
        (refused("ResourceNotFoundException"), StoreUnavailableError, "ResourceNotFoundException"),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
            StoreUnavailableError,
            "EndpointConnectionError",
        ),
    ],
)
def test_a_call_that_fails_is_every_writes_and_reads_error(
    error: Exception, expected: type[StoreError], reason: str
) -> None:
    """The failure of a call is the error of each of its writes, without an immediate retry.

    It names the reason, and quotes nothing.
    """
    client = FakeDynamoDB(read=raising(error), write=raising(error))
    results = table(client).write([write("a"), write("b")])
    assert [type(result) for result in results.values()] == [expected] * 2
    assert all(reason in str(result) for result in results.values())
    assert len(client.writes) == 1
    with pytest.raises(expected, match=reason) as caught:
        table(client).read(["a"])
    assert PERSONAL not in str(caught.value)


def test_a_value_without_a_dynamodb_form_is_refused_alone() -> None:
    """A number with too many digits is rejected alone, and the other write succeeds."""
    client = FakeDynamoDB()
    results = table(client).write([write("bad", Decimal("1." + "1" * 50)), write("good")])
    assert type(results["bad"]) is StoreRejectedError
    assert results["good"] is None


# --- the clock ----------------------------------------------------------------------------------

#: 2026-05-04 12:00:00 UTC.
MOMENT = 1_777_896_000.0


class Machine:
    """A table on a machine whose clock is wrong by some seconds."""

    def __init__(self, ahead: float) -> None:
        """Begin at a full second."""
        self.ahead = ahead
        self.now = MOMENT
        self.client = FakeDynamoDB()
        self.table = table(self.client, lambda: self.now + self.ahead)

    def read(self, after: float = 0.0) -> float:
        """Read some seconds later; return how far the moment is ahead of the true time then."""
        self.now += after
        self.client.date = formatdate(self.now // 1, usegmt=True)
        self.table.read(["a"])
        return self.table.moment() - self.now


def test_before_an_answer_the_moment_is_the_machines() -> None:
    """There is nothing to compare it with."""
    assert Machine(ahead=7).table.moment() == MOMENT + 7


@pytest.mark.parametrize("ahead", [-3600, -1.5, 1.5, 3600])
@pytest.mark.parametrize("second", [0.0, 0.25, 0.999])
def test_one_answer_corrects_the_moment_within_a_second(ahead: float, second: float) -> None:
    """The header has whole seconds."""
    assert abs(Machine(ahead).read(after=second)) <= 1


@pytest.mark.parametrize("ahead", [-3600, -1.5, 1.5, 3600])
def test_answers_narrow_the_error(ahead: float) -> None:
    """Just before a full second and just after one, they show the clock nearly exactly."""
    machine = Machine(ahead)
    machine.read(after=0.75)
    machine.read(after=0.24)
    assert machine.read(after=0.02) == pytest.approx(0, abs=0.02)
    assert machine.read(after=0.5) == pytest.approx(0, abs=0.02)


def test_a_clock_that_is_right_is_believed() -> None:
    """No answer proves it wrong."""
    machine = Machine(ahead=0)
    assert [machine.read(after=0.3) for _ in range(20)] == [pytest.approx(0, abs=1e-6)] * 20


def test_a_clock_that_jumps_is_followed() -> None:
    """Its next answers prove it wrong again."""
    machine = Machine(ahead=0)
    machine.read(after=0.5)
    machine.ahead = 60
    assert abs(machine.read(after=0.5)) <= 1


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_an_answer_without_a_date_proves_nothing(date: str | None) -> None:
    """What earlier answers showed still holds."""
    machine = Machine(ahead=60)
    before = machine.read(after=0.5)
    machine.client.date = date
    machine.table.read(["a"])
    assert machine.table.moment() - machine.now == before


@pytest.mark.parametrize("said", [{}, {"ResponseMetadata": {}}])
def test_an_answer_without_headers_proves_nothing(said: dict[str, Any]) -> None:
    """Its rows are read all the same."""
    item = {"pk": {"S": "a"}, "version": {"N": "1"}}
    machine = Machine(ahead=60)
    before = machine.read(after=0.5)
    machine.client.has_no_metadata = True
    machine.client.read = lambda _: {"Responses": {"table": [item]}, "UnprocessedKeys": {}, **said}
    assert set(machine.table.read(["a"])) == {"a"}
    assert machine.table.moment() - machine.now == before


def test_a_date_in_another_zone_is_the_same_moment() -> None:
    """HTTP has GMT only, but a proxy may not know that."""
    machine = Machine(ahead=60)
    machine.client.date = "Mon, 04 May 2026 14:00:00 +0200"
    machine.table.read(["a"])
    assert abs(machine.table.moment() - MOMENT) <= 1
