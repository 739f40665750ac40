"""SQS: ten entries per call, failed visibility changes counted, failed sends raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoRegionError

from hooklog.adapters.aws.sqs import SqsProducer, SqsQueue
from hooklog.errors import QueueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Collection

    from mypy_boto3_sqs import SQSClient

URL = "https://sqs.us-east-1.amazonaws.com/000000000000/hooklog"
DOWN = ClientError({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "ChangeVisibility")
UNREACHABLE = EndpointConnectionError(endpoint_url=URL)


class Sqs:
    """An SQS that refuses some handles or whole calls."""

    def __init__(self, *errors: Exception, refused: Collection[str] = ()) -> None:
        """Raise these errors, one per call; refuse these handles."""
        self.errors = list(errors)
        self.refused = refused
        self.clients = 0
        self.calls: list[list[dict[str, Any]]] = []

    def client(self) -> SQSClient:
        """Return the client, and count it."""
        self.clients += 1
        return cast("SQSClient", self)

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - as in boto3
        Entries: list[dict[str, Any]],  # noqa: N803 - as in boto3
    ) -> dict[str, Any]:
        """Answer as AWS does."""
        assert QueueUrl == URL
        ids = [entry["Id"] for entry in Entries]
        assert 1 <= len(ids) <= 10
        assert len(set(ids)) == len(ids)
        self.calls.append(Entries)
        if self.errors:
            raise self.errors.pop(0)
        failed = [entry for entry in Entries if entry["ReceiptHandle"] in self.refused]
        answer: dict[str, Any] = {"Successful": [{"Id": name} for name in ids]}
        if failed:
            # AWS omits the key if nothing failed.
            answer["Failed"] = [{"Id": entry["Id"], "Code": "x"} for entry in failed]
        return answer

    @property
    def told(self) -> dict[str, int]:
        """The requested timeouts by handle."""
        return {
            entry["ReceiptHandle"]: entry["VisibilityTimeout"]
            for entries in self.calls
            for entry in entries
        }


def waits(count: int) -> dict[str, int]:
    """Return waits of different lengths for this number of handles."""
    return {f"handle-{number}": 30 + number for number in range(count)}


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (10, 1), (11, 2), (25, 3), (100, 10)])
def test_ten_a_call(count: int, calls: int) -> None:
    """Each message gets its own wait once, in as few calls as SQS allows."""
    sqs = Sqs()
    assert SqsQueue(sqs.client, URL).delay(waits(count)) == 0
    assert sqs.told == waits(count)
    assert len(sqs.calls) == calls


def test_client_is_made_when_needed() -> None:
    """A batch without waits creates no client."""
    sqs = Sqs()
    assert SqsQueue(sqs.client, URL).delay({}) == 0
    assert (sqs.clients, sqs.calls) == (0, [])


def test_refusals_are_counted() -> None:
    """Refused changes are counted; the others are made."""
    sqs = Sqs(refused={"handle-3", "handle-12", "handle-13"})
    assert SqsQueue(sqs.client, URL).delay(waits(15)) == 3


@pytest.mark.parametrize("error", [DOWN, UNREACHABLE])
def test_failed_calls_are_counted(error: Exception) -> None:
    """A failed call counts all its messages, and the next call is still made."""
    sqs = Sqs(error)
    assert SqsQueue(sqs.client, URL).delay(waits(15)) == 10
    assert len(sqs.calls) == 2


def test_all_calls_fail() -> None:
    """If every call fails nothing is raised, because SQS redelivers the messages anyway."""
    sqs = Sqs(DOWN, UNREACHABLE)
    assert SqsQueue(sqs.client, URL).delay(waits(15)) == 15


def test_no_client() -> None:
    """A client that cannot be created counts as a failed call."""

    def fail() -> SQSClient:
        raise NoRegionError

    assert SqsQueue(fail, URL).delay(waits(3)) == 3


# --- the depth ------------------------------------------------------------------------------------


class DeepSqs(Sqs):
    """An SQS that tells its depth."""

    attributes: ClassVar[dict[str, str]] = {
        "ApproximateNumberOfMessages": "1234",
        "ApproximateNumberOfMessagesNotVisible": "56",
        "ApproximateNumberOfMessagesDelayed": "7",
    }

    def get_queue_attributes(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - as in boto3
        AttributeNames: list[str],  # noqa: N803 - as in boto3
    ) -> dict[str, Any]:
        """Answer as AWS does: with the attributes that were asked for, as text."""
        assert QueueUrl == URL
        if self.errors:
            raise self.errors.pop(0)
        attributes = {
            name: self.attributes[name] for name in AttributeNames if name in self.attributes
        }
        # AWS omits the key if there are none.
        return {"Attributes": attributes} if attributes else {}


def test_the_depth_is_what_is_visible_and_what_is_in_flight() -> None:
    """SQS tells both as text."""
    assert SqsQueue(DeepSqs().client, URL).depth() == (1234, 56)


@pytest.mark.parametrize("error", [DOWN, UNREACHABLE])
def test_a_depth_that_sqs_does_not_tell_is_none(error: Exception) -> None:
    """The pace then knows only what it gave away itself."""
    assert SqsQueue(DeepSqs(error).client, URL).depth() == (0, 0)


@pytest.mark.parametrize(
    ("attributes", "depth"),
    [
        ({}, (0, 0)),
        ({"ApproximateNumberOfMessages": "3"}, (3, 0)),
        ({"ApproximateNumberOfMessagesNotVisible": "4"}, (0, 4)),
    ],
)
def test_what_sqs_leaves_out_of_its_depth_is_none(
    attributes: dict[str, str], depth: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the two counts for itself."""
    monkeypatch.setattr(DeepSqs, "attributes", attributes)
    assert SqsQueue(DeepSqs().client, URL).depth() == depth


def test_a_depth_without_a_client_is_none() -> None:
    """As if SQS were silent."""

    def fail() -> SQSClient:
        raise NoRegionError

    assert SqsQueue(fail, URL).depth() == (0, 0)


# --- the producer -------------------------------------------------------------------------------


class SendingSqs(Sqs):
    """An SQS that takes messages."""

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, Any]:  # noqa: N803
        """Answer as AWS does."""
        assert QueueUrl == URL
        if self.errors:
            raise self.errors.pop(0)
        self.calls.append([{"MessageBody": MessageBody}])
        return {"MessageId": "1"}


def test_a_message_is_sent() -> None:
    """A message is sent in one call, with its body unchanged."""
    sqs = SendingSqs()
    SqsProducer(sqs.client, URL).send('{"log_type": "fax"}')
    assert sqs.calls == [[{"MessageBody": '{"log_type": "fax"}'}]]


@pytest.mark.parametrize(
    ("error", "word"), [(DOWN, "ServiceUnavailable"), (UNREACHABLE, "EndpointConnectionError")]
)
def test_a_message_that_is_not_sent(error: Exception, word: str) -> None:
    """A message that is not sent raises an error with AWS's reason."""
    sqs = SendingSqs(error)
    with pytest.raises(QueueUnavailableError, match=word) as caught:
        SqsProducer(sqs.client, URL).send("personal")
    assert "personal" not in str(caught.value)
    assert sqs.calls == []


def test_no_client_to_send_with() -> None:
    """A client that cannot be created is a queue that cannot be reached."""

    def fail() -> SQSClient:
        raise NoRegionError

    with pytest.raises(QueueUnavailableError, match="NoRegionError"):
        SqsProducer(fail, URL).send("{}")


class BatchSqs(Sqs):
    """An SQS that takes messages in batches, and refuses some bodies."""

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto3's name
        Entries: list[dict[str, Any]],  # noqa: N803 - boto3's name
    ) -> dict[str, Any]:
        """Answer as AWS does."""
        assert QueueUrl == URL
        if self.errors:
            raise self.errors.pop(0)
        self.calls.append(Entries)
        failed = [entry for entry in Entries if entry["MessageBody"] in self.refused]
        return {"Failed": [{"Id": entry["Id"]} for entry in failed]}


def test_many_messages_are_sent_ten_a_call() -> None:
    """Many messages are sent ten per call, with unique entry IDs per call."""
    sqs = BatchSqs()
    bodies = [f"body {number}" for number in range(25)]
    SqsProducer(sqs.client, URL).send_all(bodies)
    assert [entry["MessageBody"] for call in sqs.calls for entry in call] == bodies
    assert [len({entry["Id"] for entry in call}) for call in sqs.calls] == [10, 10, 5]


def test_one_refused_message_of_many_is_an_error() -> None:
    """One refused message is an error; the caller repeats the page, and duplicates do no harm."""
    sqs = BatchSqs(refused={"body 1"})
    with pytest.raises(QueueUnavailableError, match="refused 1 of 3"):
        SqsProducer(sqs.client, URL).send_all(["body 0", "body 1", "body 2"])


@pytest.mark.parametrize(
    ("error", "words"), [(DOWN, "ServiceUnavailable"), (UNREACHABLE, "EndpointConnectionError")]
)
def test_a_batch_that_is_not_sent_is_an_error(error: Exception, words: str) -> None:
    """A failed batch is an error with its reason, and no later batch is sent."""
    sqs = BatchSqs(error)
    with pytest.raises(QueueUnavailableError, match=words):
        SqsProducer(sqs.client, URL).send_all(["body"] * 11)
    assert sqs.calls == []
