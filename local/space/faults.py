"""Faults on demand: what goes wrong, for which requests, and how often.

`fault_responses` turns a fault into a response.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import ClassVar

from pydantic import ConfigDict

from local.space.model import is_uuid


class FaultKind(StrEnum):
    """What can go wrong with a response.

    - `rate_limited`: 429, with `Retry-After` when the fault has one.
    - `server_error`: the fault's `status`, with `Retry-After` when the fault has one.
    - `answer`: the fault's `status` and `text`, with the content type of JSON.
    - `slow`: the usual response, `delay_s` seconds late.
    - `slow_body`: the usual headers at once, their body `delay_s` seconds late.
    - `dropped`: the connection is reset before the first byte.
    - `html`: 200 with an HTML page, as a proxy sends it.
    - `truncated`: headers with the full length, half of the body, then the connection closes.
    - `reset`: as `truncated`, but the connection is reset.
    - `wrong_id`: the requested log under another ID; never for a list request.
    - `unauthorized`, `forbidden`, `not_found`: 401, 403 and 404.
    - `history_limit`: 422, the log is older than the account's history.
    """

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    ANSWER = "answer"
    SLOW = "slow"
    SLOW_BODY = "slow_body"
    DROPPED = "dropped"
    HTML = "html"
    TRUNCATED = "truncated"
    RESET = "reset"
    WRONG_ID = "wrong_id"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    HISTORY_LIMIT = "history_limit"
    NOT_FOUND = "not_found"


_WITH_RETRY_AFTER = frozenset({FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR})
_WITH_DELAY = frozenset({FaultKind.SLOW, FaultKind.SLOW_BODY})
_STATUSES: Mapping[FaultKind, Collection[int]] = {
    FaultKind.SERVER_ERROR: (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    FaultKind.ANSWER: range(200, 600),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, for the next `times` requests that match.

    With a `log_id` only requests for that log match, without one any request for a log or a
    list. Raises ValueError, with a sentence that names the field, for an invalid combination.

    - `retry_after`: seconds, or text that is sent unchanged (an HTTP date); of `rate_limited` and
      `server_error`.
    - `delay_s`: seconds; of `slow` and `slow_body`.
    - `status`: 500 (default), 502 or 503 of `server_error`; 200 (default) to 599 of `answer`.
    - `text`: of `answer`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    kind: FaultKind
    times: int = 1
    log_id: str | None = None
    retry_after: int | str | None = None
    delay_s: float | None = None
    status: int | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        """Refuse an impossible fault."""
        if self.times < 1:
            raise ValueError(f"times must be at least 1, not {self.times}")
        if self.log_id is not None and not is_uuid(self.log_id):
            raise ValueError(f"log_id must be a UUID, not {self.log_id!r}")
        if (self.kind in _WITH_DELAY) != (self.delay_s is not None):
            raise ValueError("delay_s belongs to a slow fault, which needs it")
        if (self.kind is FaultKind.ANSWER) != (self.text is not None):
            raise ValueError("text belongs to an answer fault, which needs it")
        if self.delay_s is not None and self.delay_s <= 0:
            raise ValueError(f"delay_s must be over 0 seconds, not {self.delay_s}")
        if self.retry_after is not None and self.kind not in _WITH_RETRY_AFTER:
            raise ValueError("retry_after belongs to a rate_limited or server_error fault")
        if self.status is not None and self.status not in _STATUSES.get(self.kind, ()):
            raise ValueError(f"status does not fit a {self.kind} fault: {self.status}")

    def matches(self, log_id: str | None) -> bool:
        """Return whether the fault applies to a request for this log, or for a list (None)."""
        if self.log_id is not None:
            return log_id is not None and self.log_id.lower() == log_id.lower()
        return log_id is not None or self.kind is not FaultKind.WRONG_ID


class FaultQueue:
    """The faults that wait for a request, oldest first."""

    def __init__(self) -> None:
        """Start without faults."""
        self._waiting: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Add a fault after those that already wait."""
        self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        """Remove every fault that still waits."""
        self._waiting.clear()

    def take(self, log_id: str | None) -> Fault | None:
        """Use up one turn of the first fault that matches a request, if any, and return it.

        `log_id` is the requested log, None for a list.
        """
        for index, (fault, left) in enumerate(self._waiting):
            if fault.matches(log_id):
                if left > 1:
                    self._waiting[index] = (fault, left - 1)
                else:
                    del self._waiting[index]
                return fault
        return None
