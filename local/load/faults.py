"""The faults that some logs have, and how the message of each should end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from local.space import Fault, FaultKind

#: More often than the log is fetched in a run.
_ALWAYS = 10_000
#: Seconds that the deployed function waits for data. With fewer, a busy machine would often be late
#: by itself, and the request that follows a timeout would overlap with the first.
READ_TIMEOUT_S = 5
_TOO_LATE_S = READ_TIMEOUT_S + 1.0
_LATE_S = 1.0


@dataclass(frozen=True, slots=True)
class FaultCase:
    """One way in which fetching a log fails.

    Attributes:
        name: for people.
        fault: of the simulated space, for any log.
        parked_as: the code under which the message is parked; None if the log is stored.

    """

    name: str
    fault: Fault
    parked_as: str | None = None

    def for_log(self, log_id: str) -> Fault:
        """Return the fault for one log."""
        return replace(self.fault, log_id=log_id)


def _answer(status: int, text: str, times: int = 1) -> Fault:
    return Fault(FaultKind.ANSWER, times, status=status, text=text)


#: Over after a few answers, so the log is stored.
TRANSIENT = (
    FaultCase("429 once", Fault(FaultKind.RATE_LIMITED)),
    FaultCase("429 with Retry-After: 1, twice", Fault(FaultKind.RATE_LIMITED, 2, retry_after=1)),
    FaultCase(
        "429 with Retry-After as a date, once",
        Fault(FaultKind.RATE_LIMITED, retry_after="Mon, 04 May 2020 12:00:00 GMT"),
    ),
    FaultCase("500 once", Fault(FaultKind.SERVER_ERROR, status=500)),
    FaultCase("502 twice", Fault(FaultKind.SERVER_ERROR, 2, status=502)),
    FaultCase(
        "503 with Retry-After: 1, once", Fault(FaultKind.SERVER_ERROR, status=503, retry_after=1)
    ),
    FaultCase("504 with a page, once", _answer(504, "<html>")),
    FaultCase("reset before the headers, once", Fault(FaultKind.DROPPED)),
    FaultCase("reset before the headers, five times", Fault(FaultKind.DROPPED, 5)),
    FaultCase("reset in the body, once", Fault(FaultKind.RESET)),
    FaultCase("reset in the body, three times", Fault(FaultKind.RESET, 3)),
    FaultCase("cut off in the body, three times", Fault(FaultKind.TRUNCATED, 3)),
    FaultCase("late headers, in time", Fault(FaultKind.SLOW, delay_s=_LATE_S)),
    FaultCase("headers too late, once", Fault(FaultKind.SLOW, delay_s=_TOO_LATE_S)),
    FaultCase("body too late, once", Fault(FaultKind.SLOW_BODY, delay_s=_TOO_LATE_S)),
    FaultCase("HTML with 200, twice", Fault(FaultKind.HTML, 2)),
    FaultCase("empty answer with 200, once", _answer(200, "")),
    FaultCase("half of the JSON with 200, once", _answer(200, '{"id": "')),
    FaultCase("401 once", Fault(FaultKind.UNAUTHORIZED)),
    FaultCase("403 once", Fault(FaultKind.FORBIDDEN)),
    FaultCase("404 once", Fault(FaultKind.NOT_FOUND)),
)

#: Permanent, and parked after at most five attempts.
PARKED = (
    FaultCase("404 always", Fault(FaultKind.NOT_FOUND, _ALWAYS), "fetch.not_found"),
    FaultCase("422 for its age", Fault(FaultKind.HISTORY_LIMIT, _ALWAYS), "fetch.history_limit"),
    FaultCase("400", _answer(400, '{"error": "Bad Request"}', _ALWAYS), "fetch.rejected"),
    FaultCase("another log's ID", Fault(FaultKind.WRONG_ID, _ALWAYS), "log.mismatch"),
    FaultCase(
        "values of wrong types", _answer(200, '{"id": 5, "charge": "much"}', _ALWAYS), "log.invalid"
    ),
)

#: Logs that end with a 5xx, or without an answer, for ever are not among them: left alone they look
#: like an outage, in which messages wait for days.
ALL = (*TRANSIENT, *PARKED)
