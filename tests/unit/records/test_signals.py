"""What callbacks and the fax resource tell of an end, and which of them counts."""

from __future__ import annotations

import itertools

import pytest

from hooklog.logs import FAX, MESSAGE
from hooklog.records.enrichment import weigh
from hooklog.records.signals import Signal, announced, failure_code, strongest
from tests.builders import MESSAGE_ID, fax_log, record, request

SENDING = Signal(by="fax", status="sending")
DELIVERED = Signal(by="callback", status="delivered")
ARRIVED = Signal(by="fax", status="delivered", duration=41)
BUSY = Signal(by="fax", status="busy")
EARLIER = Signal(by="log", status="failed", error_code="34004")
CODED = Signal(by="callback", status="failed", error_code="34004")
TOLD = Signal(by="fax", status="failed", error_code="34004", error_message="The line was cut")


def test_signals_have_one_order() -> None:
    """A failure outweighs an end, an end progress; then the error counts, then who told it."""
    weakest_first = [SENDING, DELIVERED, ARRIVED, BUSY, EARLIER, CODED, TOLD]
    for weaker, stronger in itertools.combinations(weakest_first, 2):
        assert strongest(FAX, weaker, stronger) == stronger
        assert strongest(FAX, stronger, None, weaker) == stronger
    assert strongest(FAX, None) is None


def test_equal_signals_have_one_order_too() -> None:
    """Whichever of two equal callbacks comes first, the row ends up with the same one."""
    received = Signal(by="callback", status="received")
    assert strongest(FAX, DELIVERED, received) == strongest(FAX, received, DELIVERED)


def test_a_text_in_place_of_a_status_is_not_kept() -> None:
    """A producer may send anything; its error code still counts."""
    asked = request("message", MESSAGE_ID, status="+12025550143 was off")
    assert announced(asked) is None
    coded = request("message", MESSAGE_ID, status="+12025550143 was off", error_code="30003")
    assert announced(coded) == Signal(by="callback", status="", error_code="30003")


@pytest.mark.parametrize(
    ("own", "told", "code"),
    [
        ("34004", "34010", "34004"),
        (34004, "34010", "34004"),
        ("0", "34010", "34010"),
        (None, "34010", "34010"),
        ("0", None, "0"),
        (None, None, None),
    ],
)
def test_the_code_of_a_row_is_its_logs(own: object, told: object, code: str | None) -> None:
    """Another's code counts only if the log's names no error."""
    assert failure_code("fax", {"error_code": own, "fax_error_code": told}) == code


def test_a_success_of_a_message_tells_no_more_than_its_log() -> None:
    """Only a fax's log leaves the end open."""
    assert announced(request("message", MESSAGE_ID, status="delivered")) is None
    assert announced(request("fax", status="delivered")) == DELIVERED
    assert not Signal(by="callback", status="completed").tells_end(FAX)
    assert Signal(by="callback", status="delivered").tells_end(MESSAGE)


def test_an_error_beside_progress_is_a_failure_only_if_nothing_follows() -> None:
    """A callback under way may still succeed; a log whose failure was seen had ended."""
    assert announced(request("fax", status="sending", error_code="34004")) is None
    assert Signal(by="log", status="sent", error_code="30003").is_failure(MESSAGE)


@pytest.mark.parametrize(
    ("last", "drift"),
    [({}, ("field:ecm",)), ({"is_last": True}, ("contradiction:callback", "field:ecm"))],
)
def test_a_contradiction_is_fetched_again_before_it_is_drift(
    last: dict[str, bool], drift: tuple[str, ...]
) -> None:
    """Only where the log is not fetched again, the drift names it, beside all other drift."""
    found = weigh(record(fax_log(ecm=True)), CODED, **last)
    assert (found.drift, found.is_unsettled) == (drift, not last)


def test_a_resource_under_way_leaves_only_the_end_of_a_call_open() -> None:
    """A log that tells the fax's own end needs nobody else."""
    found = weigh(record(fax_log(status="delivered")), SENDING)
    assert (found.outcome, found.is_unsettled) == ("succeeded", False)
    assert found.explanation is None
    found = weigh(record(fax_log(status="completed")), SENDING)
    assert (found.outcome, found.is_unsettled) == ("in_progress", True)


@pytest.mark.parametrize(
    ("log_status", "signal", "explanation"),
    [
        ("no-answer", Signal(by="callback", status="failed"), "status:no-answer"),
        ("completed", BUSY, "status:busy"),
        ("no-answer", CODED, "34004"),
    ],
)
def test_a_failed_log_without_an_error_is_explained_by_its_status_or_a_code(
    log_status: str, signal: Signal, explanation: str
) -> None:
    """The log's own status says more than the word of another, and a code more than both."""
    found = weigh(record(fax_log(status=log_status)), signal)
    assert found.explanation is not None
    assert found.explanation.key == explanation
