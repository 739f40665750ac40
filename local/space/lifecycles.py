"""The statuses that a sent fax or message passes through, in its log and in its callbacks.

A fax has two vocabularies. Its log states the status of the call, its callbacks that of the fax:

    log       queued      initiated   ringing  in-progress  completed
    callback  queued      processing     -     sending      delivered, or failed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.space.fax_logs import CASES as FAX_CASES
from local.space.message_logs import CASES as MESSAGE_CASES

if TYPE_CHECKING:
    from local.space.fax_logs import FaxCase
    from local.space.message_logs import MessageCase

type Lifecycle = tuple[tuple[str, str | None], ...]
"""The statuses of a log in order, each with the callback's word for it; None for no callback."""

_FAX_FAILED = frozenset({"failed", "busy", "no-answer", "canceled"})
_MESSAGE_FAILED = frozenset({"undelivered", "failed"})
_MESSAGE_ENDED = _MESSAGE_FAILED | {"delivered", "read"}
_QUEUED = ("queued", "queued")
_PROCESSING = ("initiated", "processing")
_RINGING = ("ringing", None)
_SENDING = ("in-progress", "sending")

_BEFORE_THE_END: dict[str, Lifecycle] = {
    "canceled": (_QUEUED,),
    "busy": (_QUEUED, _PROCESSING),
    "no-answer": (_QUEUED, _PROCESSING, _RINGING),
    "failed": (_QUEUED, _PROCESSING, _RINGING, _SENDING),
    "completed": (_QUEUED, _PROCESSING, _RINGING, _SENDING),
}


def fax_cases(*, failing: bool) -> tuple[FaxCase, ...]:
    """Return the cases that a sent fax can end as, either the failed ones or the others."""
    ends = (case for case in FAX_CASES if case.status in _BEFORE_THE_END and case.withheld is None)
    return tuple(case for case in ends if (_final_word(case) in _FAX_FAILED) == failing)


def message_cases(*, relay: bool, failing: bool) -> tuple[MessageCase, ...]:
    """Return the cases that a message sent by Relay or LaML can end as, failed or not."""
    ends = (
        case
        for case in MESSAGE_CASES
        if case.relay == relay
        and case.direction != "inbound"
        # An MMS gets no receipt, so it ends as sent.
        and (case.status in _MESSAGE_ENDED or (case.kind == "mms" and case.status == "sent"))
    )
    return tuple(case for case in ends if (case.status in _MESSAGE_FAILED) == failing)


def contradicted_fax_cases() -> tuple[FaxCase, ...]:
    """Return the cases whose log tells of no failure, so that the fax's own end contradicts it."""
    return tuple(case for case in fax_cases(failing=False) if case.status == "completed")


def contradicted_message_cases(*, relay: bool) -> tuple[MessageCase, ...]:
    """Return the delivered cases of Relay or LaML, which a callback can contradict."""
    cases = message_cases(relay=relay, failing=False)
    return tuple(case for case in cases if case.status == "delivered")


def fax_lifecycle(case: FaxCase) -> Lifecycle:
    """Return the lifecycle that ends in this case; an inbound fax has one callback, at its end."""
    end = (case.status, _final_word(case))
    if case.direction == "inbound":
        return (_RINGING, ("in-progress", None), end)
    return (*_BEFORE_THE_END[case.status], end)


def message_lifecycle(case: MessageCase) -> Lifecycle:
    """Return the lifecycle that ends in this case; for the log's `initiated` LaML says sending."""
    statuses = ["queued", "initiated"]
    if case.status != "failed":
        statuses.append("sent")
    if case.status == "read":
        statuses.append("delivered")
    if case.status != "sent":
        statuses.append(case.status)
    words = {} if case.relay else {"initiated": "sending"}
    return tuple((status, words.get(status, status)) for status in statuses)


def _final_word(case: FaxCase) -> str:
    if case.status in _FAX_FAILED:
        return case.status
    if case.failed:
        # The call completed, but the fax failed.
        return "failed"
    return "received" if case.direction == "inbound" else "delivered"
