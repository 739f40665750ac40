"""Errors of the command line and the console: one sentence each, with what to do about it."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)
from botocore.exceptions import (
    ConnectionError as NotConnectedError,
)

from hooklog.errors import HooklogError

type AwsError = ClientError | BotoCoreError


#: Codes of errors that are not hooklog's own: a command that is not understood, and a file that
#: cannot be read or written.
USAGE: Final = "command.not_understood"
FILE: Final = "file.failed"


class ExitStatus(IntEnum):
    """How a command ended, for scripts."""

    DONE = 0
    FAILED = 1
    NOT_UNDERSTOOD = 2  # Typer's own
    NOT_THERE = 3
    DECLINED = 4
    INTERRUPTED = 130  # Typer's own


class OperatorError(Exception):
    """Base of all errors that a command may raise; the text is one sentence for the operator."""

    #: For programs; stable.
    code: ClassVar[str]
    status: ClassVar[ExitStatus] = ExitStatus.FAILED


class StackNotFoundError(OperatorError):
    """The stack does not exist, or lacks a part of hooklog."""

    code = "stack.not_found"


class IndexMissingError(OperatorError):
    """The query needs an index that is not deployed."""

    code = "index.missing"


class CursorError(OperatorError):
    """The cursor is not one that an earlier page returned."""

    code = "cursor.invalid"

    def __init__(self) -> None:
        """Set the text, the same for every list."""
        super().__init__("The cursor is not one that an earlier page returned.")


class StoppedError(OperatorError):
    """The operator stopped a command that can continue later; the text says how."""

    code = "command.stopped"
    status = ExitStatus.INTERRUPTED


class NotThereError(OperatorError):
    """There is no such record."""

    code = "record.not_found"
    status = ExitStatus.NOT_THERE


class PeriodError(OperatorError):
    """The period is empty."""

    code = "period.empty"


class NumberError(OperatorError):
    """A text is not a telephone number."""

    code = "number.invalid"
    status = ExitStatus.NOT_UNDERSTOOD


class CountryMissingError(NumberError):
    """A telephone number names no country."""

    code = "number.no_country"

    def __init__(self, text: str) -> None:
        """Say how to name it."""
        super().__init__(
            f"{text!r} names no country: begin it with + and the country code, or add the country,"
            " such as --country US or HOOKLOG_COUNTRY=US."
        )


class ErasureError(OperatorError):
    """A number cannot be erased."""

    code = "erasure.failed"


class FunctionError(OperatorError):
    """An invoked function failed."""

    code = "function.failed"


class EventsMissingError(OperatorError):
    """The stack tells no events."""

    code = "events.missing"

    def __init__(self, stack: str) -> None:
        """Say how to have them told."""
        super().__init__(
            f"The stack {stack} has no events; deploy it with the parameter Events set to Failures,"
            " Ends or All."
        )


class TapError(OperatorError):
    """A tap on the event bus could not be set up, or not be removed."""

    code = "events.tap_failed"


class RedriveError(OperatorError):
    """Messages could not be redriven, and stay on their queue."""

    code = "events.not_redriven"


class ExtraMissingError(OperatorError):
    """A command needs one of the package's optional dependencies."""

    code = "extra.missing"

    def __init__(self, subject: str, extra: str) -> None:
        """Say how to install it; ``subject`` is plural."""
        super().__init__(
            f"{subject} need a library that is not installed: pip install 'hooklog[{extra}]'."
        )


class ConsoleError(OperatorError):
    """The console cannot be served."""

    code = "console.failed"


class UnreachableError(OperatorError):
    """A public URL gives no answer."""

    code = "webhook.unreachable"

    def __init__(self, url: str, reason: str) -> None:
        """Name the URL, and what its name or route may lack."""
        super().__init__(
            f"{url} does not answer ({reason}). Check its DNS record, its certificate, and that"
            " WebhookUrl is the URL that SignalWire calls."
        )


class QueryError(OperatorError):
    """CloudWatch Logs Insights did not answer a query."""

    code = "logs.query_failed"


class SendError(OperatorError):
    """The queue refused some messages."""

    code = "queue.refused"


def own_errors() -> list[type[OperatorError]]:
    """Return every error of the command line, a base before what derives from it."""
    return [
        one for base in OperatorError.__subclasses__() for one in (base, *base.__subclasses__())
    ]


_LOG_IN: Final = "Log in to AWS, or name a profile with --profile."
_ALLOW: Final = "Have it allowed, or name another profile with --profile."
_CHECK: Final = "Check --region, the network and AWS_ENDPOINT_URL."
_LATER: Final = "Try again in a minute."
#: What to do about AWS's own error codes.
_REFUSALS: Final = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"), _LOG_IN),
    **dict.fromkeys(("UnrecognizedClientException", "SignatureDoesNotMatch"), _LOG_IN),
    **dict.fromkeys(("AccessDenied", "AccessDeniedException"), _ALLOW),
    **dict.fromkeys(("Throttling", "ThrottlingException", "TooManyRequestsException"), _LATER),
    "ProvisionedThroughputExceededException": _LATER,
}
#: What to do where AWS was not reached.
_OBSTACLES: Final[tuple[tuple[type[BotoCoreError], str], ...]] = (
    (NoCredentialsError, _LOG_IN),
    (PartialCredentialsError, _LOG_IN),
    (SSOError, _LOG_IN),
    (
        NoRegionError,
        "Name one with --region or AWS_DEFAULT_REGION; or run hooklog here: `make run KEEP=1`.",
    ),
    (ProfileNotFound, "Run `aws configure list-profiles` to see the profiles that exist."),
    (NotConnectedError, _CHECK),
    (HTTPClientError, _CHECK),
)


def code_of(error: OperatorError | HooklogError | AwsError) -> str:
    """Return the stable code of an error, for programs."""
    match error:
        case ClientError():
            return f"aws.{error.response['Error']['Code']}"
        case BotoCoreError():
            return f"aws.{type(error).__name__}"
        case _:
            return error.code


def describe(error: OperatorError | HooklogError | AwsError) -> str:
    """Say what went wrong, and what to do about it where that is known."""
    match error:
        case HooklogError():
            return " ".join(dict.fromkeys((error.detail, error.operator)))
        case OperatorError():
            return str(error)
        case ClientError():
            problem = error.response["Error"]
            text = f"AWS refused {error.operation_name} ({problem['Code']}): {problem['Message']}"
            advice = _REFUSALS.get(problem["Code"])
        case _:
            text = str(error)
            advice = next((told for kind, told in _OBSTACLES if isinstance(error, kind)), None)
    return f"{text.rstrip('.')}. {advice}" if advice else text
