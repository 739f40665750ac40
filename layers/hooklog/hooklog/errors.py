"""Every error that hooklog raises on purpose, with a stable code.

::

    HooklogError
    ├── SettingsError ................ settings.invalid            stops the cold start
    ├── EventError ................... event.unsupported           refuses the invocation
    ├── CallbackError                  the front door does not let a callback in
    │   ├── CallbackUnsignedError ...... callback.unsigned           refused  (403)
    │   ├── CallbackClosedError ........ callback.closed             refused  (403)
    │   ├── CallbackMalformedError ..... callback.malformed          refused  (400)
    │   ├── CallbackTooLargeError ...... callback.too_large          refused  (413)
    │   └── KeysUnavailableError ....... callback.keys_unavailable   refused  (503)
    ├── BackfillError ................ backfill.malformed          refuses the invocation
    ├── MessageError                   what came from the queue is unusable
    │   ├── MessageMalformedError ...... message.malformed           parked
    │   └── UnsupportedTypeError ....... message.unsupported_type    parked
    ├── FetchError                     SignalWire did not give us the log
    │   ├── NotFoundError .............. fetch.not_found             retried  (a few times)
    │   ├── UnauthorizedError .......... fetch.unauthorized          retried  (stops the batch)
    │   ├── ForbiddenError ............. fetch.forbidden             retried
    │   ├── HistoryLimitError .......... fetch.history_limit         parked
    │   ├── RejectedError .............. fetch.rejected              parked
    │   ├── RateLimitedError ........... fetch.rate_limited          retried  (stops the batch)
    │   ├── UpstreamError .............. fetch.upstream              retried
    │   ├── FetchTimeoutError .......... fetch.timeout               retried
    │   ├── FetchConnectionError ....... fetch.connection            retried
    │   ├── BadPayloadError ............ fetch.bad_payload           retried
    │   ├── BehindError ................ fetch.behind                retried  (already stored)
    │   └── OutOfTimeError ............. fetch.out_of_time           retried
    ├── LogError                       the log itself is unusable
    │   ├── LogInvalidError ............ log.invalid                 parked
    │   └── LogMismatchError ........... log.mismatch                parked
    ├── StoreError                     DynamoDB did not take the write
    │   ├── StoreUnavailableError ...... store.unavailable           retried
    │   ├── StoreThrottledError ........ store.throttled             retried
    │   ├── StoreContendedError ........ store.contended             retried
    │   ├── StoreTooLargeError ......... store.too_large             parked
    │   └── StoreRejectedError ......... store.rejected              parked
    ├── QueueUnavailableError ........ queue.unavailable           comes back unasked
    └── UnexpectedError .............. internal.unexpected         retried

*Retried* means redelivered later through the visibility timeout, and parked once the
error's ``max_attempts`` are used up. *Parked* means written to the table with its payload
and acknowledged at once. *Refused* means that the caller gets this HTTP status and nothing is
put on the queue. No message of an error may carry a phone number, a message body
or a credential: details end up in the table, codes in the logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar


class HooklogError(Exception):
    """Base of all; ``detail`` is one sentence, safe to store."""

    code: ClassVar[str]
    #: What an operator should know or do, one sentence.
    operator: ClassVar[str] = ""
    #: How often a message is tried before it is parked; 1 means that it is never retried.
    max_attempts: ClassVar[int] = 1

    def __init__(self, detail: str = "") -> None:
        """Keep the detail; without one the operator's line serves."""
        super().__init__(detail or self.operator)
        self.detail = detail or self.operator


#: About three hours with the default backoff, then a person has to look.
PATIENT = 10
#: About eight minutes with the default backoff.
IMPATIENT = 5


class SettingsError(HooklogError):
    """An environment variable is missing or malformed."""

    code = "settings.invalid"
    operator = "Correct the named environment variable in the template or samconfig and deploy."


class EventError(HooklogError):
    """The invocation's event is not what this function is wired to."""

    code = "event.unsupported"
    operator = "Only an SQS event source mapping may invoke this function."


class CallbackError(HooklogError):
    """The front door does not let a callback in; ``status`` is the answer's."""

    status: ClassVar[HTTPStatus]


class CallbackUnsignedError(CallbackError):
    """No signature, or none that any of the signing keys makes of this request."""

    code = "callback.unsigned"
    operator = (
        "Harmless when rare: anybody may call a public URL. If all callbacks are refused, compare "
        "WebhookUrl with the URL that SignalWire calls, and signing_keys with the signing key."
    )
    status = HTTPStatus.FORBIDDEN


class CallbackClosedError(CallbackError):
    """Nothing can be verified yet: the URL or the keys are not set."""

    code = "callback.closed"
    operator = "Set WebhookUrl, and put a list of signing_keys into the credentials secret."
    status = HTTPStatus.FORBIDDEN


class CallbackMalformedError(CallbackError):
    """The request cannot be read, or is no callback that hooklog knows."""

    code = "callback.malformed"
    operator = (
        "Only status callbacks of messages and faxes belong to this URL; the detail in the "
        "metric's line says what was wrong."
    )
    status = HTTPStatus.BAD_REQUEST


class CallbackTooLargeError(CallbackError):
    """The body is larger than any that SignalWire sends."""

    code = "callback.too_large"
    operator = "Nothing to do: SignalWire's callbacks end at 64 kB, so it was not one of them."
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class KeysUnavailableError(CallbackError):
    """The signing keys cannot be read at the moment; SignalWire sends the callback again."""

    code = "callback.keys_unavailable"
    operator = "Check the function's permission to read the secret, and Secrets Manager's health."
    status = HTTPStatus.SERVICE_UNAVAILABLE


class BackfillError(HooklogError):
    """The event that asks for a backfill lacks or garbles a key."""

    code = "backfill.malformed"
    operator = "Correct the named key; docs/sweep.md shows the event."


class MessageError(HooklogError):
    """The queue message cannot be used; trying again cannot help."""


class MessageMalformedError(MessageError):
    """The body is not JSON, or lacks or garbles a field."""

    code = "message.malformed"
    operator = "Correct the producer: the parked payload shows the body as it came."


class UnsupportedTypeError(MessageError):
    """The body names a log type that hooklog does not know."""

    code = "message.unsupported_type"
    operator = "Correct the producer's log_type, or add that kind of log to hooklog."


class FetchError(HooklogError):
    """SignalWire did not give us the log."""

    max_attempts = PATIENT

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        """Keep how many seconds the server wishes us to wait, if it said so."""
        super().__init__(detail)
        self.retry_after = retry_after


class NotFoundError(FetchError):
    """404: not readable yet, deleted, or another project's."""

    code = "fetch.not_found"
    operator = "Check that the log ID belongs to this project; deleted logs cannot be fetched."
    max_attempts = IMPATIENT


class UnauthorizedError(FetchError):
    """401 even after the credentials were read again."""

    code = "fetch.unauthorized"
    operator = "Put a valid project ID and API token into the credentials secret."


class ForbiddenError(FetchError):
    """403: the API token lacks a scope."""

    code = "fetch.forbidden"
    operator = "Give the API token the scopes Fax and Messaging."


class HistoryLimitError(FetchError):
    """422 ``exceeds_history_logs_limit``: older than the account keeps logs."""

    code = "fetch.history_limit"
    operator = "The log is older than the account's history; SignalWire no longer serves it."
    max_attempts = 1


class RejectedError(FetchError):
    """400, another 422 or another 4xx: the same request will be refused again."""

    code = "fetch.rejected"
    operator = "SignalWire refused the request itself; compare the parked detail with its API."
    max_attempts = 1


class RateLimitedError(FetchError):
    """429: too many requests."""

    code = "fetch.rate_limited"
    operator = "Lower MaximumConcurrency if this keeps coming, and FETCH_CONCURRENCY once it is 2."


class UpstreamError(FetchError):
    """5xx from SignalWire or a proxy before it."""

    code = "fetch.upstream"
    operator = "SignalWire has trouble; nothing to do unless it lasts."


class FetchTimeoutError(FetchError):
    """No answer within the connect or read timeout."""

    code = "fetch.timeout"
    operator = "SignalWire answers slowly; raise FETCH_READ_TIMEOUT if this keeps coming."


class FetchConnectionError(FetchError):
    """The connection could not be made, or broke before the whole answer came."""

    code = "fetch.connection"
    operator = "Check SIGNALWIRE_SPACE and the function's way to the internet."


class BadPayloadError(FetchError):
    """200, but not a JSON object: a proxy's page, a cut answer, too large a body."""

    code = "fetch.bad_payload"
    operator = "Something between hooklog and SignalWire rewrites answers."


class BehindError(FetchError):
    """The log has not yet reached the status that its callback announced."""

    code = "fetch.behind"
    operator = "SignalWire's API lags behind its callbacks; the row holds what the API says."
    max_attempts = 4


class OutOfTimeError(FetchError):
    """The invocation had too little time left to start or finish this fetch."""

    code = "fetch.out_of_time"
    operator = "Lower BatchSize or raise FETCH_CONCURRENCY if this keeps coming."


class LogError(HooklogError):
    """The log came, but cannot be used; ``payload`` is what came."""

    def __init__(self, detail: str = "", *, payload: str | None = None) -> None:
        """Keep the API's answer, for the parked item."""
        super().__init__(detail)
        self.payload = payload


class LogInvalidError(LogError):
    """A required value is missing or has a wrong type."""

    code = "log.invalid"
    operator = "SignalWire's schema changed in a way hooklog cannot read; see the parked payload."


class LogMismatchError(LogError):
    """The answer carries another ID than the one asked for."""

    code = "log.mismatch"
    operator = "Something between hooklog and SignalWire mixes up answers."


class StoreError(HooklogError):
    """DynamoDB did not take the write."""

    max_attempts = PATIENT


class StoreUnavailableError(StoreError):
    """The table could not be reached or failed by itself."""

    code = "store.unavailable"
    operator = "Check the table's name, the function's permissions and DynamoDB's health."


class StoreThrottledError(StoreError):
    """The table refused for capacity."""

    code = "store.throttled"
    operator = "Lower MaximumConcurrency, or raise the table's maximum throughput."


class StoreContendedError(StoreError):
    """Other invocations kept changing the same row while we tried."""

    code = "store.contended"
    operator = "Harmless when rare; raise DelaySeconds so that callbacks of one send coalesce."


class StoreTooLargeError(StoreError):
    """The item would exceed DynamoDB's 400 KB."""

    code = "store.too_large"
    operator = "A log or message is far larger than any documented one; see the queue message."
    max_attempts = 1


class StoreRejectedError(StoreError):
    """DynamoDB refuses this item whatever the time."""

    code = "store.rejected"
    operator = "A value cannot be stored; `hooklog show` with `--fetch` shows SignalWire's log."
    max_attempts = 1


class QueueUnavailableError(HooklogError):
    """SQS did not take a message or a change of visibility."""

    code = "queue.unavailable"
    operator = (
        "Harmless when rare: a retry comes after the queue's own visibility timeout, and "
        "SignalWire sends a callback again. Else check SQS's health and the permissions."
    )


class UnexpectedError(HooklogError):
    """A defect in hooklog; the log line has the place, without any value."""

    code = "internal.unexpected"
    operator = "A defect: look for the error line with this log ID and report it."
    max_attempts = IMPATIENT


def family(*bases: type[HooklogError]) -> list[type[HooklogError]]:
    """Return the errors with a code of their own that are these or below them, as in the tree."""
    found: list[type[HooklogError]] = []
    for base in bases:
        found += [base] if "code" in vars(base) else []
        found += family(*base.__subclasses__())
    return found


#: Every error by its code.
BY_CODE: Mapping[str, type[HooklogError]] = MappingProxyType(
    {kind.code: kind for kind in family(HooklogError)}
)
