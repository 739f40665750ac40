"""What goes wrong for some of the logs, and how each of those has to end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from local.space import Fault, FaultKind

#: Until the end of the run.
_ALWAYS = 10_000
#: Seconds that the deployed function waits for data. With fewer, a busy machine would be late too
#: often by itself, and who gives up and asks again would be counted twice for a moment.
READ_TIMEOUT_S = 5
_TOO_LATE_S = READ_TIMEOUT_S + 1.0
_LATE_S = 1.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way in which the space fails to give a log.

    Attributes:
        name: of the fault, for people.
        fault: for any log.
        parked_as: the code under which the message ends parked; None if the log gets its row.

    """

    name: str
    fault: Fault
    parked_as: str | None = None

    def of(self, log_id: str) -> Fault:
        """Give the fault for one log."""
        return replace(self.fault, log_id=log_id)


def _answer(status: int, text: str, times: int = 1) -> Fault:
    return Fault(FaultKind.ANSWER, times, status=status, text=text)


#: Over after an answer or a few; the log gets its row all the same.
PASSING = (
    Trouble("429 once", Fault(FaultKind.RATE_LIMITED)),
    Trouble("429 with Retry-After: 1, twice", Fault(FaultKind.RATE_LIMITED, 2, retry_after=1)),
    Trouble(
        "429 with Retry-After as a date, once",
        Fault(FaultKind.RATE_LIMITED, retry_after="Mon, 04 May 2020 12:00:00 GMT"),
    ),
    Trouble("500 once", Fault(FaultKind.SERVER_ERROR, status=500)),
    Trouble("502 twice", Fault(FaultKind.SERVER_ERROR, 2, status=502)),
    Trouble(
        "503 with Retry-After: 1, once", Fault(FaultKind.SERVER_ERROR, status=503, retry_after=1)
    ),
    Trouble("504 with a page, once", _answer(504, "<html>")),
    Trouble("reset before the headers, once", Fault(FaultKind.DROPPED)),
    Trouble("reset before the headers, five times", Fault(FaultKind.DROPPED, 5)),
    Trouble("reset in the body, once", Fault(FaultKind.RESET)),
    Trouble("reset in the body, three times", Fault(FaultKind.RESET, 3)),
    Trouble("cut off in the body, three times", Fault(FaultKind.TRUNCATED, 3)),
    Trouble("late headers, in time", Fault(FaultKind.SLOW, delay_s=_LATE_S)),
    Trouble("headers too late, once", Fault(FaultKind.SLOW, delay_s=_TOO_LATE_S)),
    Trouble("body too late, once", Fault(FaultKind.SLOW_BODY, delay_s=_TOO_LATE_S)),
    Trouble("HTML with 200, twice", Fault(FaultKind.HTML, 2)),
    Trouble("empty answer with 200, once", _answer(200, "")),
    Trouble("half of the JSON with 200, once", _answer(200, '{"id": "')),
    Trouble("401 once", Fault(FaultKind.UNAUTHORIZED)),
    Trouble("403 once", Fault(FaultKind.FORBIDDEN)),
    Trouble("404 once", Fault(FaultKind.NOT_FOUND)),
)

#: For good, and parked after five attempts at most.
SOON_PARKED = (
    Trouble("404 for good", Fault(FaultKind.NOT_FOUND, _ALWAYS), "fetch.not_found"),
    Trouble("422 for its age", Fault(FaultKind.HISTORY_LIMIT, _ALWAYS), "fetch.history_limit"),
    Trouble("400", _answer(400, '{"error": "Bad Request"}', _ALWAYS), "fetch.rejected"),
    Trouble("another log's ID", Fault(FaultKind.WRONG_ID, _ALWAYS), "log.mismatch"),
    Trouble(
        "values of wrong types", _answer(200, '{"id": 5, "charge": "much"}', _ALWAYS), "log.invalid"
    ),
)

#: For good, and parked after ten attempts, which take minutes.
LATE_PARKED = (
    Trouble("429 for good", Fault(FaultKind.RATE_LIMITED, _ALWAYS), "fetch.rate_limited"),
    Trouble("500 for good", Fault(FaultKind.SERVER_ERROR, _ALWAYS), "fetch.upstream"),
    Trouble("403 for good", Fault(FaultKind.FORBIDDEN, _ALWAYS), "fetch.forbidden"),
    Trouble("HTML for good", Fault(FaultKind.HTML, _ALWAYS), "fetch.bad_payload"),
    Trouble("cut off for good", Fault(FaultKind.TRUNCATED, _ALWAYS), "fetch.connection"),
    Trouble(
        "too late for good",
        Fault(FaultKind.SLOW, _ALWAYS, delay_s=_TOO_LATE_S),
        "fetch.timeout",
    ),
)
