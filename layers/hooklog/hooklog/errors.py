"""Every error that hooklog raises on purpose, with a stable code.

::

    HooklogError
    ├── SettingsError ................ settings.invalid            stops the cold start
    ├── EventError ................... event.unsupported           refuses the invocation
    ├── CallbackError                  the front door refuses a callback
    │   ├── CallbackUnsignedError ...... callback.unsigned           refused  (403)
    │   ├── CallbackClosedError ........ callback.closed             refused  (403)
    │   ├── CallbackMalformedError ..... callback.malformed          refused  (400)
    │   ├── CallbackTooLargeError ...... callback.too_large          refused  (413)
    │   └── KeysUnavailableError ....... callback.keys_unavailable   refused  (503)
    ├── BackfillError ................ backfill.malformed          refuses the invocation
    ├── MessageError                   what came from the queue is unusable
    │   ├── MessageMalformedError ...... message.malformed           parked
    │   └── UnsupportedTypeError ....... message.unsupported_type    parked
    ├── FetchError                     SignalWire did not return the log
    │   ├── NotFoundError .............. fetch.not_found             retried  (a few times)
    │   ├── OutageError                  SignalWire answers nobody, or not us
    │   │   ├── UnauthorizedError ...... fetch.unauthorized          retried
    │   │   ├── ForbiddenError ......... fetch.forbidden             retried
    │   │   ├── UpstreamError .......... fetch.upstream              retried
    │   │   ├── FetchTimeoutError ...... fetch.timeout               retried
    │   │   └── FetchConnectionError ... fetch.connection            retried
    │   ├── HistoryLimitError .......... fetch.history_limit         parked
    │   ├── RejectedError .............. fetch.rejected              parked
    │   ├── NotAskedError                SignalWire said nothing about the log
    │   │   ├── RateLimitedError ....... fetch.rate_limited          waits
    │   │   ├── HeldBackError .......... fetch.held_back             waits
    │   │   └── OutOfTimeError ......... fetch.out_of_time           waits
    │   ├── BadPayloadError ............ fetch.bad_payload           retried
    │   └── BehindError ................ fetch.behind                retried  (already stored)
    ├── LogError                       the log itself is unusable
    │   ├── LogInvalidError ............ log.invalid                 parked
    │   └── LogMismatchError ........... log.mismatch                parked
    ├── StoreError                     DynamoDB did not take the write
    │   ├── StoreUnavailableError ...... store.unavailable           retried
    │   ├── StoreThrottledError ........ store.throttled             retried
    │   ├── StoreContendedError ........ store.contended             retried
    │   ├── StoreTooLargeError ......... store.too_large             parked
    │   └── StoreRejectedError ......... store.rejected              parked
    ├── PublishError                   a changed outcome could not be told
    │   ├── PublishUnavailableError .... publish.unavailable         delivered again
    │   └── EventRefusedError .......... publish.refused             set aside
    ├── QueueUnavailableError ........ queue.unavailable           comes back by itself
    └── UnexpectedError .............. internal.unexpected         retried

*Retried* means that the visibility timeout brings the message back later, and that it is parked
once its log has met this error as often as ``max_attempts`` says; failures of other kinds, and
waiting, do not count. *Waits* means that the message comes back when its turn has come, and is
parked only at the age of nine days. While most requests end in an outage's errors, their messages
wait, too. *Parked* means that the message is written to the table with its payload and acknowledged
at once. *Refused* means that the caller gets this HTTP status and nothing goes on the queue.
*Delivered again* means that the table's stream comes back to this change; *set aside* means that
the row's key goes on the queue of unpublished changes. No error may carry a phone number, a message
body or a credential: details go to the table, codes to the logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar


class HooklogError(Exception):
    """Base of all errors; ``detail`` is one sentence, safe to store."""

    code: ClassVar[str]
    #: What an operator should know or do, in one sentence.
    operator: ClassVar[str] = ""
    #: How often a log may meet it before its message is parked; 1 means that it is never retried.
    max_attempts: ClassVar[int] = 1

    def __init__(self, detail: str = "") -> None:
        """Use the operator's sentence if there is no detail."""
        super().__init__(detail or self.operator)
        self.detail = detail or self.operator


#: About three hours with the default backoff; then a person has to look.
PATIENT = 10
#: About eight minutes with the default backoff.
IMPATIENT = 5
#: A message that waits for its turn is parked only when it nears the end of the queue's retention.
NEVER = 1_000_000


class SettingsError(HooklogError):
    """An environment variable is missing or malformed."""

    code = "settings.invalid"
    operator = "Correct the named environment variable in the template or samconfig and deploy."


class EventError(HooklogError):
    """The invocation's event is not what this function is wired to."""

    code = "event.unsupported"
    operator = (
        "Only the event source mappings of the template may invoke the function; the text says "
        "what is wrong with the event."
    )


class CallbackError(HooklogError):
    """The front door refuses a callback; ``status`` is the HTTP status of the answer."""

    status: ClassVar[HTTPStatus]


class CallbackUnsignedError(CallbackError):
    """There is no signature, or no signing key produces it for this request."""

    code = "callback.unsigned"
    operator = (
        "Harmless when rare: anyone can call a public URL. If all callbacks are refused, compare "
        "WebhookUrl with the URL that SignalWire calls, and signing_keys with the signing key."
    )
    status = HTTPStatus.FORBIDDEN


class CallbackClosedError(CallbackError):
    """No callback can be verified yet: the URL or the keys are not set."""

    code = "callback.closed"
    operator = "Set WebhookUrl, and put a list of signing_keys into the credentials secret."
    status = HTTPStatus.FORBIDDEN


class CallbackMalformedError(CallbackError):
    """The request cannot be read, or hooklog does not know this callback."""

    code = "callback.malformed"
    operator = (
        "Only status callbacks of messages and faxes belong at this URL; the detail in the "
        "metric's line says what was wrong."
    )
    status = HTTPStatus.BAD_REQUEST


class CallbackTooLargeError(CallbackError):
    """The body is larger than any that SignalWire sends."""

    code = "callback.too_large"
    operator = (
        "Nothing to do: SignalWire's callbacks are at most 64 kB, so this was not one of them."
    )
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class KeysUnavailableError(CallbackError):
    """The signing keys cannot be read now; SignalWire sends the callback again."""

    code = "callback.keys_unavailable"
    operator = "Check the function's permission to read the secret, and Secrets Manager's health."
    status = HTTPStatus.SERVICE_UNAVAILABLE


class BackfillError(HooklogError):
    """The event that requests a backfill has a missing or malformed key."""

    code = "backfill.malformed"
    operator = "Correct the named key; docs/sweep.md shows the event."


class MessageError(HooklogError):
    """The queue message cannot be used; a retry cannot help."""


class MessageMalformedError(MessageError):
    """The body is not JSON, or a field is missing or malformed."""

    code = "message.malformed"
    operator = "Correct the producer; the parked message shows the body as it arrived."


class UnsupportedTypeError(MessageError):
    """The body names an unknown log type."""

    code = "message.unsupported_type"
    operator = "Correct the producer's log_type, or add that kind of log to hooklog."


class FetchError(HooklogError):
    """SignalWire did not return the log."""

    max_attempts = PATIENT

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        """Keep the seconds that the server asked to wait, if it did."""
        super().__init__(detail)
        self.retry_after = retry_after


class NotFoundError(FetchError):
    """404: the log is not readable yet, was deleted, or belongs to another project."""

    code = "fetch.not_found"
    operator = "Check that the log ID belongs to this project; deleted logs cannot be fetched."
    max_attempts = IMPATIENT


class OutageError(FetchError):
    """SignalWire answers nobody, or not us; while most requests end so, messages wait."""


class UnauthorizedError(OutageError):
    """401 even after the credentials were read again."""

    code = "fetch.unauthorized"
    operator = "Put a valid project ID and API token into the credentials secret."


class ForbiddenError(OutageError):
    """403: the API token lacks a scope."""

    code = "fetch.forbidden"
    operator = "Give the API token the scopes Fax and Messaging."


class HistoryLimitError(FetchError):
    """422 ``exceeds_history_logs_limit``: the log is older than the account's history."""

    code = "fetch.history_limit"
    operator = "SignalWire no longer serves this log; its record cannot be fetched."
    max_attempts = 1


class RejectedError(FetchError):
    """400, another 422 or another 4xx: SignalWire would refuse the same request again."""

    code = "fetch.rejected"
    operator = "SignalWire refused the request; compare the parked detail with its API."
    max_attempts = 1


class NotAskedError(FetchError):
    """SignalWire said nothing about this log, so its message waits, and is not parked for it."""

    max_attempts = NEVER


class RateLimitedError(NotAskedError):
    """429: too many requests."""

    code = "fetch.rate_limited"
    operator = "Nothing to do: hooklog finds the limit and keeps to it; see the pace."


class HeldBackError(NotAskedError):
    """The request was not sent: its turn comes later, or an answer before it concerned all."""

    code = "fetch.held_back"
    operator = "Nothing to do: the message waits for its turn, or for the end of an outage."


class UpstreamError(OutageError):
    """5xx, 409 or 425 from SignalWire or from a proxy in front of it."""

    code = "fetch.upstream"
    operator = "SignalWire has a problem; nothing to do unless it lasts."


class FetchTimeoutError(OutageError):
    """No answer came within the connect or read timeout."""

    code = "fetch.timeout"
    operator = "SignalWire answers slowly; raise FetchReadTimeoutSeconds if this persists."


class FetchConnectionError(OutageError):
    """The connection failed, or broke before the whole answer arrived."""

    code = "fetch.connection"
    operator = "Check SignalWireSpace and the function's route to the internet."


class BadPayloadError(FetchError):
    """200, but no JSON object: a proxy's page, a truncated answer, or too large a body."""

    code = "fetch.bad_payload"
    operator = "Look for a proxy between hooklog and SignalWire that changes answers."


class BehindError(FetchError):
    """The log has not yet reached what a callback or the fax resource tells of its end."""

    code = "fetch.behind"
    operator = (
        "Nothing to do: the API lags, or its parts contradict each other; the row shows both."
    )
    max_attempts = 4


class OutOfTimeError(NotAskedError):
    """The invocation had too little time left for this fetch."""

    code = "fetch.out_of_time"
    operator = "Lower BatchSize or raise FetchConcurrency if this persists."


class LogError(HooklogError):
    """The log arrived, but cannot be used; ``payload`` is the answer."""

    def __init__(self, detail: str = "", *, payload: str | None = None) -> None:
        """Keep the API's answer for the parked message."""
        super().__init__(detail)
        self.payload = payload


class LogInvalidError(LogError):
    """A required value is missing or has a wrong type."""

    code = "log.invalid"
    operator = (
        "SignalWire changed its schema in a way that hooklog cannot read; see the parked payload."
    )


class LogMismatchError(LogError):
    """The answer carries another ID than the one asked for."""

    code = "log.mismatch"
    operator = "Look for a proxy between hooklog and SignalWire that mixes up answers."


class StoreError(HooklogError):
    """DynamoDB did not take the write."""

    max_attempts = PATIENT


class StoreUnavailableError(StoreError):
    """The table could not be reached, or DynamoDB failed."""

    code = "store.unavailable"
    operator = "Check the table's name, the function's permissions and DynamoDB's health."


class StoreThrottledError(StoreError):
    """The table's capacity is exceeded."""

    code = "store.throttled"
    operator = "Lower MaximumConcurrency, or raise the table's maximum throughput."


class StoreContendedError(StoreError):
    """Other invocations kept changing the same row."""

    code = "store.contended"
    operator = "Harmless when rare; raise DelaySeconds so that callbacks of one send coalesce."


class StoreTooLargeError(StoreError):
    """The item would exceed DynamoDB's limit of 400 KB."""

    code = "store.too_large"
    operator = "A log or message is far larger than documented; see the queue message."
    max_attempts = 1


class StoreRejectedError(StoreError):
    """DynamoDB refuses this item, now and later."""

    code = "store.rejected"
    operator = "A value cannot be stored; `hooklog show` with `--fetch` shows SignalWire's log."
    max_attempts = 1


class PublishError(HooklogError):
    """A changed outcome could not be told; what the table says is not affected."""


class PublishUnavailableError(PublishError):
    """EventBridge could not be reached, did not let us, or is overloaded."""

    code = "publish.unavailable"
    operator = (
        "Harmless when rare: the event is sent again. If it persists, check the function's "
        "permission on the event bus, EventBridge's health and the quota of PutEvents."
    )


class EventRefusedError(PublishError):
    """EventBridge refuses this event, now and later."""

    code = "publish.refused"
    operator = "Report it as a defect; `hooklog events redrive` tells the row once it is mended."


class QueueUnavailableError(HooklogError):
    """SQS did not take a message or a change of visibility."""

    code = "queue.unavailable"
    operator = (
        "Harmless when rare: the message comes back after the queue's own visibility timeout, and "
        "SignalWire sends a callback again. If it persists, check SQS's health and the permissions."
    )


class UnexpectedError(HooklogError):
    """A defect in hooklog; the log line says where, without any value."""

    code = "internal.unexpected"
    operator = "Report the defect with the error line that has this log ID."
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
