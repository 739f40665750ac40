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

from local.space.model import FAX_RESOURCE, FAX_RESOURCE_LIST, LOG_TYPES, is_uuid


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
    - `wrong_id`: the requested log or fax resource under another ID; never for a list request.
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


_ONE, _LIST = "_one", "_list"
_ENDPOINTS = (
    *(f"{name}{end}" for name in LOG_TYPES for end in (_LIST, _ONE)),
    FAX_RESOURCE,
    FAX_RESOURCE_LIST,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an API request asks for, by its path.

    `endpoint` is named as in the counts of `Requests`. A request for a log has a `log_id`, one for
    a fax resource a `fax_sid`, one for a list neither.
    """

    endpoint: str
    log_id: str | None = None
    fax_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, for the next `times` requests that match.

    Without `endpoint`, `log_id` and `fax_sid` every API request matches. Raises ValueError, with a
    sentence that names the field, for an invalid combination.

    - `endpoint`: only requests to it match: `<log type>_list`, `<log type>_one`, `fax_resource` or
      `fax_resource_list`.
    - `log_id`: only requests for that log match, never those for its fax resource.
    - `fax_sid`: only requests for the resource of that fax match.
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
    endpoint: str | None = None
    fax_sid: str | None = None

    def __post_init__(self) -> None:
        """Refuse an impossible fault."""
        if self.times < 1:
            raise ValueError(f"times must be at least 1, not {self.times}")
        self._check_selection()
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

    def _check_selection(self) -> None:
        if self.endpoint is not None and self.endpoint not in _ENDPOINTS:
            names = ", ".join(_ENDPOINTS)
            raise ValueError(f"endpoint must be one of {names}, not {self.endpoint!r}")
        for name, value in (("log_id", self.log_id), ("fax_sid", self.fax_sid)):
            if value is not None and not is_uuid(value):
                raise ValueError(f"{name} must be a UUID, not {value!r}")
        if self.log_id is not None and self.fax_sid is not None:
            raise ValueError("fax_sid and log_id exclude each other: no request has both")
        if self.endpoint is None:
            return
        if self.log_id is not None and not self.endpoint.endswith(_ONE):
            raise ValueError(f"log_id does not fit the endpoint {self.endpoint}")
        if self.fax_sid is not None and self.endpoint != FAX_RESOURCE:
            raise ValueError(f"fax_sid does not fit the endpoint {self.endpoint}")
        if self.kind is FaultKind.WRONG_ID and self.endpoint.endswith(_LIST):
            raise ValueError(f"endpoint does not fit a wrong_id fault: {self.endpoint}")

    def matches(self, asked: Asked) -> bool:
        """Return whether the fault applies to a request."""
        if self.endpoint is not None and self.endpoint != asked.endpoint:
            return False
        for wanted, given in ((self.log_id, asked.log_id), (self.fax_sid, asked.fax_sid)):
            if wanted is not None and (given is None or wanted.lower() != given.lower()):
                return False
        return self.kind is not FaultKind.WRONG_ID or not asked.endpoint.endswith(_LIST)


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

    def take(self, asked: Asked) -> Fault | None:
        """Use up one turn of the first fault that matches a request, if any, and return it."""
        for index, (fault, left) in enumerate(self._waiting):
            if fault.matches(asked):
                if left > 1:
                    self._waiting[index] = (fault, left - 1)
                else:
                    del self._waiting[index]
                return fault
        return None
