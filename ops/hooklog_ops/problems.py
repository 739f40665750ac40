"""What goes wrong at an operator's desk, as one sentence with what to do."""

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


class ExitStatus(IntEnum):
    """How a command ended, for scripts."""

    DONE = 0
    FAILED = 1
    NOT_UNDERSTOOD = 2  # Typer's own
    NOT_THERE = 3
    DECLINED = 4
    INTERRUPTED = 130  # Typer's own


class OperatorError(Exception):
    """Base of all that a command may raise; the text is one sentence for the operator."""

    status: ClassVar[ExitStatus] = ExitStatus.FAILED


class StackNotFoundError(OperatorError):
    """There is no such stack, or not all of it."""


class IndexMissingError(OperatorError):
    """What is asked for needs an index that is not deployed."""


class CursorError(OperatorError):
    """The place in a list where to go on cannot be read."""


class StoppedError(OperatorError):
    """The operator has stopped what can go on later; the text says how."""

    status = ExitStatus.INTERRUPTED


class NotThereError(OperatorError):
    """There is no such record."""

    status = ExitStatus.NOT_THERE


class PeriodError(OperatorError):
    """There is nothing between the two ends of a period."""


class ExportError(OperatorError):
    """Records cannot be written as asked for."""


class ReportError(OperatorError):
    """A report cannot be written."""


class ErasureError(OperatorError):
    """A number cannot be erased as asked for."""


class FunctionError(OperatorError):
    """A function that was called failed."""


class ConsoleError(OperatorError):
    """The console cannot be served."""


class SendError(OperatorError):
    """Some messages were not taken by the queue."""


_LOG_IN: Final = "Log in to AWS, or name a profile with --profile."
_ALLOW: Final = "Have it allowed, or name another profile with --profile."
_REACH: Final = "Check --region, the network and AWS_ENDPOINT_URL."
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
    (NotConnectedError, _REACH),
    (HTTPClientError, _REACH),
)


def advised(error: HooklogError) -> str:
    """Say what one of hooklog's own errors is, and what to do about it."""
    return " ".join(dict.fromkeys((error.detail, error.operator)))


def sentence(error: AwsError) -> str:
    """Say what AWS refused, and what to do about it where that is known."""
    if isinstance(error, ClientError):
        problem = error.response["Error"]
        told = f"AWS refused {error.operation_name} ({problem['Code']}): {problem['Message']}"
        advice = _REFUSALS.get(problem["Code"])
    else:
        told = str(error)
        advice = next((text for kind, text in _OBSTACLES if isinstance(error, kind)), None)
    return f"{told.rstrip('.')}. {advice}" if advice else told
