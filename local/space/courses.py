"""The courses that sends take: what their logs and their callbacks say, from queued to the end.

A fax has two vocabularies. Its log tells the status of the call, its callbacks that of the fax:

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

type Course = tuple[tuple[str, str | None], ...]
"""The statuses of a log in order, each with the callback's word for it, None for no callback."""

_FAX_FAILED = frozenset({"failed", "busy", "no-answer", "canceled"})
_MESSAGE_FAILED = frozenset({"undelivered", "failed"})
_MESSAGE_ENDED = _MESSAGE_FAILED | {"delivered", "read"}
_QUEUED = ("queued", "queued")
_PROCESSING = ("initiated", "processing")
_RINGING = ("ringing", None)

_BEFORE_THE_END: dict[str, Course] = {
    "canceled": (_QUEUED,),
    "busy": (_QUEUED, _PROCESSING),
    "no-answer": (_QUEUED, _PROCESSING, _RINGING),
    "failed": (_QUEUED, _PROCESSING, _RINGING, ("in-progress", "sending")),
    "completed": (_QUEUED, _PROCESSING, _RINGING, ("in-progress", "sending")),
}


def fax_cases(*, failing: bool) -> tuple[FaxCase, ...]:
    """Give the fax logs that a send can end as, those that failed or those that did not."""
    ends = (case for case in FAX_CASES if case.status in _BEFORE_THE_END and case.withheld is None)
    return tuple(case for case in ends if (_word_at_the_end(case) in _FAX_FAILED) == failing)


def message_cases(*, relay: bool, failing: bool) -> tuple[MessageCase, ...]:
    """Give the message logs that a send by Relay or LaML can end as, failed or not."""
    ends = (
        case
        for case in MESSAGE_CASES
        if case.relay == relay
        and case.direction != "inbound"
        # An MMS gets no receipt, so it ends as sent.
        and (case.status in _MESSAGE_ENDED or (case.kind == "mms" and case.status == "sent"))
    )
    return tuple(case for case in ends if (case.status in _MESSAGE_FAILED) == failing)


def fax_course(case: FaxCase) -> Course:
    """Give the way of a fax to this end; one that comes in reports once, when it is over."""
    end = (case.status, _word_at_the_end(case))
    if case.direction == "inbound":
        return (_RINGING, ("in-progress", None), end)
    return (*_BEFORE_THE_END[case.status], end)


def message_course(case: MessageCase) -> Course:
    """Give the way of a message to this end; LaML says sending where the log says initiated."""
    statuses = ["queued", "initiated"]
    if case.status != "failed":
        statuses.append("sent")
    if case.status == "read":
        statuses.append("delivered")
    if case.status != "sent":
        statuses.append(case.status)
    words = {} if case.relay else {"initiated": "sending"}
    return tuple((status, words.get(status, status)) for status in statuses)


def _word_at_the_end(case: FaxCase) -> str:
    if case.status in _FAX_FAILED:
        return case.status
    if case.failed:
        # The call is completed and the fax is not.
        return "failed"
    return "received" if case.direction == "inbound" else "delivered"
