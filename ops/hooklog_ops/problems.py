"""What goes wrong at an operator's desk, as one sentence with what to do."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

type AwsError = ClientError | BotoCoreError


class OperatorError(Exception):
    """Base of all that a command may raise; the text is one sentence for the operator."""


class StackNotFoundError(OperatorError):
    """There is no such stack, or not all of it."""


class IndexMissingError(OperatorError):
    """What is asked for needs an index that is not deployed."""


class CursorError(OperatorError):
    """The place in a list where to go on cannot be read."""


class NotThereError(OperatorError):
    """There is no such record."""


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


def sentence(error: AwsError) -> str:
    """Say what AWS refused, and what to do about it."""
    if isinstance(error, ClientError):
        problem = error.response["Error"]
        return f"AWS refused {error.operation_name} ({problem['Code']}): {problem['Message']}"
    for kind, advice in (
        (NoCredentialsError, "Log in to AWS, or name a profile with --profile."),
        (NoRegionError, "Name a region with --region, or set AWS_DEFAULT_REGION."),
        (ProfileNotFound, "Run `aws configure list-profiles` to see the profiles that exist."),
        (EndpointConnectionError, "Check --region, the network and AWS_ENDPOINT_URL."),
    ):
        if isinstance(error, kind):
            return f"{str(error).rstrip('.')}. {advice}"
    return str(error)
